"""Steady state: SS 1 and 2, boluses and infusions of every length, lag, F, ADDL, resets, several routes."""

from math import exp

from closed_forms import Q12, bolus, infusion, oral, steady_bolus, steady_infusion, steady_oral
from event_cases import CL, KE, case


@case("iv")
def steady_state_of_a_bolus():
    """100 mg every 12 h, the last at 0; no dose follows."""
    return [steady_bolus(t) for t in (0, 4, 12, 20)]


@case("iv")
def steady_state_resets():
    """SS 1 at 5: the 100 mg of 0 are gone."""
    return [bolus(4), steady_bolus(0, 50), steady_bolus(7, 50)]


@case("iv")
def steady_state_adds():
    """SS 2 at 5: they are still there."""
    return [bolus(4), bolus(5) + steady_bolus(0, 50), bolus(12) + steady_bolus(7, 50)]


@case("oral")
def steady_state_of_an_oral_dose():
    """The textbook sum of two geometric series."""
    return [steady_oral(t) for t in (0, 1, 4, 12)]


@case("iv")
def steady_state_of_short_infusions():
    """4 h of 12: 25 mg/h."""
    return [steady_infusion(t, 25, 4) for t in (0, 2, 4, 10)]


@case("iv")
def steady_state_of_infusions_as_long_as_the_interval():
    """12 h of 12: 10 mg/h without a pause, 5 mg/L, until the last one ends at 12."""
    return [5.0, 5.0, 5.0, 5 * exp(-KE * 8)]


@case("iv")
def steady_state_of_infusions_longer_than_the_interval():
    """30 h every 12 h: two run always (10 mg/L), a third for the first 6 h of each interval.

    At 0 the third begins. The two that ran end at 6 and at 18 and the third at 30; nothing follows.
    """
    at = {0: 10 + steady_infusion(0, 10, 6)}
    for begin, end, rates in ((0, 6, 30), (6, 18, 20), (18, 30, 10), (30, 40, 0)):
        at |= {
            t: at[begin] * exp(-KE * (t - begin)) + rates / CL * (1 - exp(-KE * (t - begin)))
            for t in range(begin + 1, end + 1)
        }
    return [at[t] for t in (0, 3, 6, 15, 24, 40)]


@case("iv")
def steady_state_of_infusions_of_two_intervals():
    """24 h every 12 h: two run always; the one before ends at 12, the last at 24."""
    return [10.0, 10.0, 5 + 5 * exp(-KE * 12), (5 + 5 * exp(-KE * 12)) * exp(-KE * 6)]


@case("iv")
def steady_state_of_a_constant_infusion():
    """AMT 0, RATE 10: rate/CL = 5 mg/L at 3, where the infusion ends (Guide VI, V.F)."""
    return [5.0, 5 * exp(-KE * 5)]


@case("iv", R_central=10.0)
def steady_state_of_a_constant_infusion_from_the_model():
    """RATE -1 with AMT 0: the rate is R."""
    return [5.0, 5 * exp(-KE * 5)]


@case("iv", F_central=0.5, lag_central=2.0)
def constant_infusion_has_no_lag():
    """Neither lag (Guide VI, III.F.6) nor F acts on it: it is a rate, which ends at 0."""
    return [5.0, 5 * exp(-KE * 2), 5 * exp(-KE * 5)]


@case("iv")
def two_constant_infusions():
    """SS 1 with 10 mg/h until 0, SS 2 with 4 mg/h until 3: what is left of the one and the other's 2 mg/L."""
    return [5 * exp(-KE * 3) + 2, (5 * exp(-KE * 3) + 2) * exp(-KE * 4)]


@case("iv", lag_central=8.0)
def steady_state_with_lag():
    """The Guide's example (VI, V.F.4 note 3): II 24, lag 8; at 0 the last dose is 16 h old, one acts at 8."""
    return [steady_bolus(t, interval=24.0) for t in (16, 20, 0, 12)]


@case("iv", lag_central=12.0)
def steady_state_with_a_lag_of_one_interval():
    """The dose of -12 arrives at 0, after the steady state and before the level; that of 0 arrives at 12."""
    return [steady_bolus(t) for t in (0, 6, 0, 8)]


@case("iv", lag_central=15.0)
def steady_state_with_a_lag_longer_than_the_interval():
    """The doses of -24, -12 and 0 arrive at -9, 3 and 15."""
    return [steady_bolus(t) for t in (9, 0, 11, 0, 5)]


@case("iv")
def steady_state_and_additional_doses():
    """Doses at 12 and 24 keep it up; after that it falls."""
    return [steady_bolus(t) for t in (0, 8, 0, 6, 16)]


@case("iv", lag_central=3.0)
def steady_state_with_lag_and_additional_doses():
    """They arrive at 3, 15 and 27."""
    return [steady_bolus(t) for t in (11, 0, 0, 0, 13)]


@case("iv", F_central=0.5)
def steady_state_with_bioavailability():
    """F acts on every dose of the past: 50 mg."""
    return [steady_bolus(t, 50) for t in (0, 4)]


@case("iv", F_central=0.5)
def steady_infusions_with_bioavailability():
    """F shortens every infusion of the past: 2 h."""
    return [steady_infusion(t, 25, 2) for t in (0, 1, 4)]


@case("iv", R_central=25.0)
def steady_infusions_at_a_modelled_rate():
    """RATE -1: 100 mg at R, 4 h."""
    return [steady_infusion(t, 25, 4) for t in (0, 2, 4, 10)]


@case("iv", D_central=4.0, F_central=0.5)
def steady_infusions_of_modelled_duration():
    """RATE -2: 50 mg over D, 12.5 mg/h."""
    return [steady_infusion(t, 12.5, 4) for t in (0, 2, 4, 10)]


@case("iv", lag_central=5.0)
def steady_infusions_with_lag():
    """10 h of 12, lagged by 5 h: at 0 one that began at -7 runs on until 3; the last runs from 5 to 15."""
    after = steady_infusion(12, 10, 10) * exp(-KE * 3)
    return [*(steady_infusion(t, 10, 10) for t in (7, 9, 11, 3, 9)), after]


@case("iv", lag_central=5.0)
def steady_long_infusions_with_lag():
    """18 h every 12, lagged by 5 h: those that began at -19 and -7 end at -1 and 11; the last runs 5 to 23.

    One runs always (5 mg/L), a second for the first 6 h after each start: a rest of 6 h.
    """
    at_5 = 5 + steady_infusion(0, 10, 6)
    at_11 = at_5 * exp(-KE * 6) + 10 * (1 - exp(-KE * 6))
    at_23 = at_11 * exp(-KE * 12) + 5 * (1 - exp(-KE * 12))
    return [5 + steady_infusion(7, 10, 6), 5 + steady_infusion(10, 10, 6), at_11, at_23, at_23 * exp(-KE * 2)]


@case("iv")
def reset_and_steady_dose():
    """EVID 4 with SS 1 at 5, and with SS 2 at 15, where after the reset there is nothing to add to."""
    return [bolus(4), steady_bolus(0, 50), steady_bolus(0, 30), steady_bolus(5, 30)]


@case("iv", lag_central=1.0)
def steady_state_cancels_what_was_to_come():
    """SS 1 at 13.5: the infusion since 13, the doses at 25 and 37 and the lagged one of 13 are no more."""
    return [steady_bolus(t, 50) for t in (11.5, 0, 11.5)]


@case("iv")
def added_steady_state_cancels_nothing():
    """SS 2 at 13: the infusions of 0 and 12 run on, and that of 24 comes."""
    return [
        sum(infusion(t - s, 5, 20) for s in (0, 12, 24)) + steady_bolus(t - 13, 50) for t in (13, 18, 25, 36)
    ]


@case("iv")
def three_doses_a_day():
    """The Guide's example (VI, V.F.1): 20 mg at 8, 10 mg at 15 and at 20 o'clock, each with II 24.

    A steady-state record for each of the last three, at 20, 32 and 39, the first with SS 1.
    """
    return [
        steady_bolus(t - 20, 10, 24.0) + steady_bolus(t - 32, 20, 24.0) + steady_bolus(t - 39, 10, 24.0)
        for t in (39, 40, 43)
    ]


@case("oral", F_depot=0.5)
def steady_state_of_two_routes():
    """By mouth every 24 h (50 mg of 100) and, with SS 2 at the same time, a constant infusion of 4 mg/h."""
    return [steady_oral(t, 50, 24.0) + 2 * exp(-KE * t) for t in (0, 2, 10)]


@case("oral", lag_depot=1.0)
def steady_oral_dose_with_lag():
    """At 0 the last dose acts since -11; the next from 1 on."""
    return [steady_oral(11), steady_oral(11.5), steady_oral(0), steady_oral(5)]


@case("iv")
def steady_state_after_a_reset_to_an_earlier_time():
    """EVID 3 at 0 after a series; SS 1 at 2, then a single dose at 14."""
    return [bolus(10), 0.0, steady_bolus(3), steady_bolus(0)]


@case("iv")
def steady_state_is_a_long_series():
    """Fifty doses every 12 h: what is missing of steady state is Q12^50, 1e-52."""
    return [steady_bolus(t) * (1 - Q12**50) for t in (0, 6)]


@case("oral")
def oral_dose_on_top_of_steady_state():
    """A single dose of 30 mg 6 h after the steady-state dose."""
    return [steady_oral(7) + oral(1, 30), steady_oral(12) + oral(6, 30)]
