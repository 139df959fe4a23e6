"""Parameters that change from record to record, and structures of more than one compartment.

XCL, XV, XF, XLAG, XD and XR multiply CL (2 L/h), V (10 L), F, lag, D and R of their record. NONMEM (Guide
VI, III.B.2): a record's values govern the interval that ends at it; F, D and R of an implied dose are those
of the first record at or after it; its lag is that of the record that ordered it.
"""

from math import exp, sqrt

from closed_forms import bolus, infusion
from event_cases import case


@case("varying")
def covariate_next():
    """nocb: clearance doubles with the record at 4 and falls to a half with that at 10."""
    at_4 = 10 * exp(-0.4 * 4)
    return [at_4, at_4 * exp(-0.1 * 6)]


@case("varying_locf")
def covariate_last():
    """locf on the same table: from 0 to 4 the value on the dose (1), from 4 to 10 that of 4 (2)."""
    at_4 = 10 * exp(-0.2 * 4)
    return [at_4, at_4 * exp(-0.4 * 6)]


@case("varying")
def covariate_on_an_other_record():
    """EVID 2 at 2 closes an interval of half clearance."""
    return [10 * exp(-0.1 * 2 - 0.2 * 3)]


@case("varying")
def volume_changes():
    """V doubles at 4: k halves in the interval that ends there and the amount is divided by 20 L."""
    return [100 / 20 * exp(-0.1 * 4), 100 / 10 * exp(-0.1 * 4 - 0.2 * 2)]


@case("varying_locf")
def volume_changes_last():
    """locf on the same table: V of the dose until 4, where the level is still divided by it."""
    return [100 / 10 * exp(-0.2 * 4), 100 / 20 * exp(-0.2 * 4 - 0.1 * 2)]


@case("varying_locf")
def covariate_last_and_a_reset_and_dose():
    """locf across EVID 4 at 5: its own value (3) governs from 5 to 8, that of the level at 8 (5) until 9."""
    return [10 * exp(-0.2 * 4), 5 * exp(-0.6 * 3), 5 * exp(-0.6 * 3 - 1.0)]


@case("varying")
def covariate_during_an_infusion():
    """10 mg/h from 0 to 8; CL is 2 until 4, then 4 L/h; the infusion's end has the row of the level at 10."""
    at_4 = 10 / 2 * (1 - exp(-0.2 * 4))
    at_8 = at_4 * exp(-0.4 * 4) + 10 / 4 * (1 - exp(-0.4 * 4))
    return [at_4, at_8 * exp(-0.4 * 2)]


@case("varying")
def bioavailability_of_an_additional_dose():
    """F is 1 at 0, 0.8 at 10 and 0.5 at 20: the dose of 12 has 0.5, that of the record at 10 its own 0.8."""
    return [bolus(10) + 8, bolus(20) + bolus(10, 80) + bolus(8, 50)]


@case("varying")
def argument_record_among_several_of_one_time():
    """The dose of 12 falls on three records; the first of them (F 0.5) is its argument record."""
    return [bolus(12) + bolus(0, 50), bolus(12) + bolus(0, 50)]


@case("varying", lag_central=2.0)
def lag_of_the_initiating_record():
    """The lag is 2 h on the dose, 4 h later: doses arrive at 2 and 14, with the levels' F 0.5 and 0.25."""
    return [bolus(2, 50), bolus(18, 50) + bolus(6, 25)]


@case("varying", D_central=2.0)
def duration_of_an_additional_dose():
    """D is 2 h at 0 and 4 h at 20: the dose of 12 runs until 16."""
    return [infusion(20, 50, 2) + infusion(8, 25, 4)]


@case("varying", R_central=25.0)
def rate_of_an_additional_dose():
    """R is 25 mg/h at 0 and 50 mg/h at 20: the dose of 12 runs for 2 h; that of 0 is over before."""
    return [infusion(10, 25, 4), infusion(20, 25, 4) + infusion(8, 50, 2)]


@case("varying")
def steady_state_has_the_row_of_its_record():
    """CL 4 L/h and F 0.5 on the record of the steady state, 2 L/h and 1 on the level after it."""
    return [50 / 10 / (1 - exp(-0.4 * 12)) * exp(-0.2 * 5)]


@case("varying", lag_central=3.0)
def steady_state_with_lag_and_changes():
    """II 12, lag 3, CL 4 L/h and F 0.5 on the record: at 0 the last dose is 9 h old, the next acts at 3.

    All doses of the steady state have the F of its record (Guide VI, V.F.1); CL is 2 L/h from then on. The
    additional dose, at 15, has the F of the level at 20, 1.
    """
    at_0 = 50 / 10 / (1 - exp(-0.4 * 12)) * exp(-0.4 * 9)
    at_5 = at_0 * exp(-0.2 * 5) + bolus(2, 50)
    return [at_5, at_5 * exp(-0.2 * 15) + bolus(5)]


def _two(t, dose):
    """Two compartments, a bolus: the sum of two exponentials (Gibaldi & Perrier 1982, eq. 2.17)."""
    k10, k12, k21 = 2 / 10, 1 / 10, 1 / 20
    total = k10 + k12 + k21
    alpha, beta = ((total + sign * sqrt(total**2 - 4 * k10 * k21)) / 2 for sign in (1, -1))
    a = (alpha - k21) / (alpha - beta) * exp(-alpha * t)
    return dose / 10 * (a + (k21 - beta) / (alpha - beta) * exp(-beta * t))


@case("two")
def two_compartments():
    """100 mg into the central one (CMT 2) at 0 and 50 mg at 8."""
    return [_two(1, 100), _two(12, 100) + _two(4, 50), _two(48, 100) + _two(40, 50)]


@case("two", F_depot=0.7, lag_depot=0.5)
def two_compartments_every_input():
    """By mouth with F and lag, a steady state of long infusions, a peripheral dose, a reset: the twin."""


@case("three", D_central=30.0)
def three_compartments_every_input():
    """Bolus, additional infusions of modelled duration, SS 2, a reset: the twin."""


@case("effect")
def effect_compartment():
    """ke0 dose/(V (ke0 - k)) (exp(-k t) - exp(-ke0 t)) after 100 mg into the blood."""
    return [100 / 10 * 0.3 / 0.1 * (exp(-0.2 * t) - exp(-0.3 * t)) for t in (0, 2, 12)]


@case("effect")
def effect_compartment_at_steady_state():
    """A copied flow at steady state: that of a constant infusion of 10 mg/h is its 5 mg/L."""
    return [5.0]


@case("effect")
def effect_compartment_every_input():
    """By mouth with ADDL, infusions longer than II at steady state into the blood: the twin."""


@case("two_endpoints", twin=False)
def kinds_of_level():
    """DVID 1 is the central concentration, DVID 2 that of the effect compartment, also at one time."""
    effect = [100 / 10 * 0.3 / 0.1 * (exp(-0.2 * t) - exp(-0.3 * t)) for t in (2, 6)]
    return [bolus(2), *effect, bolus(12)]
