"""Records: EVID, MDV, CMT, resets, records of one time, several routes, what is only carried."""

from closed_forms import bolus, oral
from event_cases import case


@case("iv")
def evid_left_out():
    """Without EVID, AMT above 0 is a dose: 100 mg at 0 and 50 mg at 12."""
    return [bolus(2), bolus(12) + bolus(0, 50), bolus(20) + bolus(8, 50)]


@case("iv")
def other_records():
    """EVID 2 does nothing, at a time of its own or of a level."""
    return [bolus(2), bolus(5)]


@case("iv")
def mdv_hides_a_level():
    """MDV 1 leaves the level at 2 out; nothing else changes."""
    return [bolus(3)]


@case("iv")
def reset():
    """EVID 3 at 3 empties every compartment; 50 mg at 5 start anew."""
    return [bolus(2), 0.0, 0.0, bolus(1, 50)]


@case("iv")
def reset_and_dose():
    """EVID 4 at 3 empties and then gives 50 mg."""
    return [bolus(2), bolus(0, 50), bolus(3, 50)]


@case("iv")
def time_back_after_reset():
    """After EVID 3 time starts again at whatever its record says (Guide VI, V.B): dose at 1, level at 3."""
    return [bolus(10), 0.0, bolus(2, 50)]


@case("iv")
def time_back_after_reset_and_dose():
    """The same with EVID 4 at 0."""
    return [bolus(10), bolus(2, 50)]


@case("oral")
def compartment_by_number():
    """CMT 1 depot, 2 central; 0 and nothing are the default, the depot."""
    return [
        oral(2) + bolus(2, 50),
        oral(26) + bolus(26, 50) + oral(2, 80),
        oral(50) + bolus(50, 50) + oral(26, 80) + oral(2, 40),
    ]


@case("oral", twin=False)
def compartment_by_name():
    """The same doses, compartments by the names on the card, in any case."""
    return [oral(2) + bolus(2, 50), oral(26) + bolus(26, 50) + oral(2, 80)]


@case("oral", F_depot=0.5, F_central=0.8, lag_depot=1.0, lag_central=0.25)
def routes_with_their_own_f_and_lag():
    """100 mg by mouth and 50 mg into the blood at once: 50 mg from 1 h on, 40 mg from 0.25 h on."""
    return [0.0, bolus(0.25, 40), bolus(0.75, 40), oral(3, 50) + bolus(3.75, 40)]


@case("iv")
def split_dose():
    """60 and 40 mg at one time are 100 mg."""
    return [bolus(0), bolus(5)]


@case("iv")
def samples_around_doses():
    """At 12: a level, 50 mg, a level, 25 mg, a level; each sees what stands above it."""
    left = bolus(12)
    return [left, left + 5, left + 7.5, (left + 7.5) * bolus(8) / bolus(0)]


@case("iv")
def one_time_in_file_order():
    """All at 10: level, reset, level, 50 mg, level, reset and 30 mg, level."""
    return [bolus(10), 0.0, 5.0, 3.0]


@case("iv")
def subjects_apart():
    """The second subject has its own dose only, the third none, and time runs back between them."""
    return [bolus(4), 0.0, bolus(1, 10), 0.0]


@case("iv", twin=False)
def lower_case_and_reordered():
    """Names in lower case, in another order."""
    return [bolus(2), bolus(7)]


@case("iv")
def carried_columns():
    """DVID 1, CENS 0, LIMIT and OCC are carried; they do not move a prediction."""
    return [bolus(2), bolus(5), bolus(12) + bolus(0, 50)]


@case("iv", twin=False)
def clock_times():
    """Dates and times of the clock: a dose at 22:30, levels at 23:00, 01:15 and 22:30 of the next day."""
    return [bolus(0.5), bolus(2.75), bolus(24)]
