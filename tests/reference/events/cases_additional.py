"""ADDL and II, lag, and what happens at the time of an implied dose."""

from closed_forms import bolus, infusion, oral
from event_cases import case


@case("iv")
def additional_doses():
    """100 mg at 0, 12 and 24."""
    return [bolus(1), bolus(13) + bolus(1), bolus(30) + bolus(18) + bolus(6)]


@case("iv")
def additional_doses_of_nonmem_help():
    """NONMEM's help on ADDL: 15 mg at 10, 22 and 34 beside an extra 10 mg at 20."""
    return [bolus(5, 15), bolus(26, 15) + bolus(16, 10) + bolus(14, 15) + bolus(2, 15)]


@case("iv")
def additional_dose_at_a_level():
    """An implied dose at the time of a record acts before it: the levels at 12 and 24 see their dose."""
    return [bolus(12) + bolus(0), bolus(24) + bolus(12) + bolus(0)]


@case("iv")
def additional_dose_before_all_records_of_its_time():
    """At 12: a level sees the implied dose; the dose record below adds 50 mg; the reset empties all of it."""
    return [bolus(12) + bolus(0), bolus(12) + bolus(0) + bolus(0, 50), 0.0, 0.0]


@case("iv")
def additional_dose_at_a_level_in_decimals():
    """II 8.4: the fourth dose is due at 25.2, where a level stands; in doubles 3 times 8.4 is more."""
    return [sum(bolus(25.2 - s) for s in (0, 8.4, 16.8)) + bolus(0)]


@case("iv", lag_central=0.1)
def lagged_dose_at_a_level_in_decimals():
    """A dose of 0.2 with a lag of 0.1 arrives at 0.3, where a level stands; in doubles 0.2 + 0.1 is more."""
    return [bolus(0)]


@case("iv")
def additional_infusions_overlap():
    """Infusions of 20 h every 12 h."""
    return [sum(infusion(t - s, 5, 20) for s in (0, 12, 24)) for t in (6, 18, 30, 50)]


@case("iv")
def additional_doses_past_the_last_record():
    """1000 more doses are ordered; two of them come before the table ends."""
    return [bolus(30) + bolus(18) + bolus(6)]


@case("iv")
def two_series_at_once():
    """100 mg every 12 h from 0 and 30 mg every 8 h from 4."""
    return [
        sum(bolus(t - s) for s in (0, 12, 24)) + sum(bolus(t - s, 30) for s in (4, 12, 20, 28))
        for t in (5, 12, 30)
    ]


@case("iv")
def reset_cancels_doses_to_come():
    """EVID 3 at 15: no dose at 24 and 36."""
    return [bolus(14) + bolus(2), 0.0, 0.0]


@case("iv")
def reset_and_dose_cancels_doses_to_come():
    """EVID 4 at 15 with 50 mg and one more 10 h later."""
    return [bolus(14) + bolus(2), bolus(15, 50) + bolus(5, 50)]


@case("iv", lag_central=2.0)
def lagged_dose():
    """It arrives at 2; the level at 2 sees it (an implied event acts before the record of its time)."""
    return [0.0, bolus(0), bolus(3)]


@case("oral", lag_depot=2.0)
def lagged_oral_dose():
    """Absorption begins at 2."""
    return [0.0, 0.0, oral(0.5), oral(6)]


@case("iv", lag_central=0.5)
def lagged_additional_doses():
    """They arrive at 0.5, 12.5 and 24.5."""
    return [bolus(11.75), bolus(12) + bolus(0), bolus(29.5) + bolus(17.5) + bolus(5.5)]


@case("iv", lag_central=15.0)
def lag_longer_than_the_interval():
    """Doses every 12 h arrive at 15, 27 and 39 (Guide VI, III.F.6 allows it)."""
    return [0.0, bolus(1), bolus(13) + bolus(1), bolus(25) + bolus(13) + bolus(1)]


@case("iv", lag_central=3.0)
def reset_cancels_a_lagged_dose():
    """The dose of 0 would arrive at 3; EVID 3 stands at 2, and the dose of 2.5 arrives at 5.5."""
    return [0.0, bolus(0.5, 50)]


@case("iv", lag_central=3.0)
def lagged_doses_change_places_with_records():
    """Doses of 0 and 1 arrive at 3 and 4, after the level of 2 and around that of 3.5."""
    return [0.0, bolus(0.5), bolus(1) + bolus(0, 50), bolus(6) + bolus(5, 50)]


@case("oral", lag_depot=1.5, F_depot=0.6, F_central=0.9)
def additional_doses_of_two_routes():
    """By mouth at 0 and 12 (60 mg from 1.5 and 13.5 on), into the blood at 0, 8, 16 (18 mg each)."""
    return [
        sum(oral(t - s, 60) for s in (1.5, 13.5)) + sum(bolus(t - s, 18) for s in (0, 8, 16))
        for t in (1, 8, 14, 20)
    ]


@case("iv", lag_central=1.0, D_central=3.0, F_central=0.5)
def lagged_additional_infusions():
    """50 mg over 3 h, from 1, 13 and 25 on."""
    return [sum(infusion(t - s, 50 / 3, 3) for s in (1, 13, 25)) for t in (0.5, 2, 14, 26, 40)]
