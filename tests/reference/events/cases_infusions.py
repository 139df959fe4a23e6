"""Infusions: RATE above 0, -1 and -2, bioavailability, overlaps, ends, resets, the depot."""

from closed_forms import bolus, infusion, into_depot, oral
from event_cases import case


@case("iv")
def infusion_of_known_rate():
    """100 mg at 25 mg/h run for 4 h; a level while it runs, at its end, and after."""
    return [infusion(t, 25, 4) for t in (2, 4, 10)]


@case("iv", R_central=25.0)
def rate_from_the_model():
    """RATE -1: the rate is R, 25 mg/h, so that 100 mg run for 4 h."""
    return [infusion(t, 25, 4) for t in (2, 4, 10)]


@case("iv", D_central=4.0)
def duration_from_the_model():
    """RATE -2: the duration is D, 4 h."""
    return [infusion(t, 25, 4) for t in (2, 4, 10)]


@case("iv", F_central=0.5)
def bioavailability_of_an_infusion():
    """F AMT arrives at the RATE of the record, hence for 0.5 100 / 25 = 2 h (Guide VI, III.F.2)."""
    return [infusion(t, 25, 2) for t in (1, 3, 10)]


@case("iv", F_central=0.5, R_central=25.0)
def bioavailability_with_modelled_rate():
    """F AMT / R = 2 h (Guide VI, III.F.4)."""
    return [infusion(t, 25, 2) for t in (1, 3, 10)]


@case("iv", F_central=0.5, D_central=4.0)
def bioavailability_with_modelled_duration():
    """F AMT over D: 12.5 mg/h for 4 h (Guide VI, III.F.3)."""
    return [infusion(t, 12.5, 4) for t in (1, 3, 10)]


@case("iv")
def overlapping_infusions():
    """100 mg at 25 from 0, 100 mg at 50 from 2, 60 mg at 20 from 3: they run until 4, 4 and 6."""
    return [infusion(t, 25, 4) + infusion(t - 2, 50, 2) + infusion(t - 3, 20, 3) for t in (2.5, 3.5, 5, 10)]


@case("iv")
def infusion_past_the_last_record():
    """100 mg at 5 mg/h would run until 20; the table ends at 6."""
    return [infusion(t, 5, 20) for t in (2, 6)]


@case("iv", lag_central=0.5)
def lagged_infusion():
    """It runs from 0.5 to 4.5."""
    return [infusion(t - 0.5, 25, 4) for t in (0.25, 2, 4.5, 10)]


@case("iv")
def bolus_with_an_infusion():
    """A loading dose of 50 mg at the start of 10 mg/h for 10 h, and 20 mg on top at 4."""
    return [bolus(t, 50) + infusion(t, 10, 10) + bolus(t - 4, 20) for t in (2, 6, 12)]


@case("oral")
def zero_then_first_order():
    """An infusion into the depot: 25 mg/h for 4 h, absorbed at ka."""
    return [into_depot(t, 25, 4) for t in (2, 4, 10)]


@case("oral", D_central=3.0, lag_central=1.0)
def zero_and_first_order_at_once():
    """60 mg absorbed at ka and 40 mg into the blood over 3 h, which begin 1 h later."""
    return [oral(t, 60) + infusion(t - 1, 40 / 3, 3) for t in (0.5, 2, 6)]


@case("iv")
def reset_stops_an_infusion():
    """EVID 3 at 4 ends an infusion that would run until 10, and empties."""
    return [infusion(3, 10, 10), 0.0, 0.0]


@case("iv")
def reset_and_dose_stops_an_infusion():
    """EVID 4 at 4 ends it and gives 50 mg."""
    return [infusion(3, 10, 10), bolus(0, 50), bolus(4, 50)]


@case("iv")
def infusion_after_a_reset_to_an_earlier_time():
    """Time runs back to 0 while an infusion from 2 to 12 runs; a new one runs from 1 to 5."""
    return [infusion(4, 10, 10), 0.0, infusion(2, 25, 4), infusion(7, 25, 4)]


@case("oral", F_depot=0.5, R_central=25.0, D_depot=4.0)
def every_kind_of_input_at_once():
    """At 0: 100 mg by mouth, 100 mg at R, 100 mg over D into the depot (12.5 mg/h), 20 mg at 10 mg/h."""
    return [oral(t, 50) + infusion(t, 25, 4) + into_depot(t, 12.5, 4) + infusion(t, 10, 2) for t in (1, 3, 8)]
