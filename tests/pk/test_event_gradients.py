"""Gradients by rates, F, lag, D and R: central differences, crossings, one-sided limits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pk.event_tables import DOSE, OBSERVE, ROLES, SYSTEMS, Case, cases, kernel, kernel_gradients

KINETICS = "kinetics"


def parameters(case):
    """Return the parameters of a case by name; all (record, ...)."""
    return {KINETICS: case.rates} | case.doses


def moved(case, name, at, by):
    """Return a case with one parameter moved."""
    values = parameters(case)[name].copy()
    values[at] += by
    return (
        replace(case, rates=values) if name == KINETICS else replace(case, doses=case.doses | {name: values})
    )


def central(case, bar, name, at, h):
    f = [(kernel(moved(case, name, at, s * h)) * bar).sum() for s in (-2, -1, 1, 2)]
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)


def one_sided(case, bar, name, at, h):
    """Return the second-order difference towards lower values, or with h < 0 towards higher ones."""
    f = [(kernel(moved(case, name, at, -s * h)) * bar).sum() for s in (0, 1, 2)]
    return (3 * f[0] - 4 * f[1] + f[2]) / (2 * h)


def gradients(case, bar, modal=True):
    by_rates, by_role = kernel_gradients(case, bar, modal)
    return {KINETICS: by_rates} | by_role


def check(case, bar, modal=True):
    """Compare each derivative to a difference where two steps agree; return how many did, and did not."""
    found, smooth, kinks = gradients(case, bar, modal), 0, 0
    for name, values in parameters(case).items():
        for at, x in np.ndenumerate(values):
            h = 1e-4 * (0.1 + abs(x))
            coarse, fine = (central(case, bar, name, at, step) for step in (h, h / 2))
            if abs(coarse - fine) > 1e-6 * max(1.0, abs(fine)):
                kinks += 1
                continue
            smooth += 1
            assert abs(found[name][at] - fine) <= 1e-5 * max(1.0, abs(fine)), (
                name,
                at,
                found[name][at],
                fine,
            )
    return smooth, kinks


def generic(case, rng):
    """Return a case off the grid, where no two events meet."""
    later = np.cumsum(rng.uniform(0.01, 0.05, len(case)))
    stretch = rng.uniform(1.01, 1.04)
    table = [
        r | {"TIME": r["TIME"] + d} | ({"II": r["II"] * stretch} if "II" in r else {})
        for r, d in zip(case.table, later, strict=True)
    ]
    doses = {role: v * rng.uniform(1.01, 1.09, v.shape) for role, v in case.doses.items()}
    doses["lag"] = doses["lag"] + rng.uniform(0.011, 0.09, doses["lag"].shape)
    return replace(case, table=table, doses=doses)


@pytest.mark.parametrize("modal", [True, False])
def test_random_tables(modal):
    counts = []

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(cases(), st.integers(0, 10**6))
    def run(case, seed):
        rng = np.random.default_rng(seed)
        case = generic(case, rng)
        counts.append(check(case, rng.normal(size=(len(case), case.diagram.n_states)), modal))

    run()
    smooth, kinks = np.sum(counts, axis=0)
    assert smooth > 500
    assert kinks < 0.02 * smooth


EVERYTHING = [
    {"TIME": 0.0, "EVID": DOSE, "AMT": 100.0, "II": 7.1, "ADDL": 2},
    {"TIME": 3.3, "EVID": OBSERVE},
    {"TIME": 5.2, "EVID": DOSE, "AMT": 60.0, "RATE": -2, "CMT": 2},
    {"TIME": 9.9, "EVID": DOSE, "AMT": 300.0, "RATE": 14.0, "II": 10.3, "SS": 2},
    {"TIME": 12.4, "EVID": DOSE, "AMT": 40.0, "RATE": -1, "II": 6.3, "SS": 2, "CMT": 2},
    {"TIME": 17.7, "EVID": OBSERVE},
    {"TIME": 20.0, "EVID": DOSE, "AMT": 0.0, "RATE": -1, "SS": 2, "CMT": 1},
    {"TIME": 25.0, "EVID": DOSE, "AMT": 50.0, "II": 8.2, "SS": 1},
    {"TIME": 33.1, "EVID": OBSERVE},
]
MEETINGS = {
    "oral": {"ka = ke": [0.3, 0.3], "nearly": [0.3, 0.3 * (1 + 1e-9)], "flip-flop": [0.1, 0.9]},
    "two": {
        "k21 = k10": [1.1, 0.2, 0.15, 0.2],
        "ka = an eigenvalue": [0.4, 0.2, 0.1, 0.2],
        "ka = 0.1": [0.1] * 4,
    },
    "three": {"k21 = k31": [0.3, 0.2, 0.1, 0.05, 0.1], "all equal": [0.2] * 5},
    "cycle": {"all equal": [0.2] * 4},
    "effect": {"ke0 = ke = ka": [0.25] * 4},
}


@pytest.mark.parametrize(
    ("name", "rates"), [(n, r) for n, by in MEETINGS.items() for r in by.values()], ids=lambda v: str(v)
)
def test_where_eigenvalues_meet(name, rates):
    diagram, n = SYSTEMS[name], len(EVERYTHING)
    values = {"F": 0.8, "lag": 0.45, "duration": 4.1, "rate": 9.3}
    doses = {role: np.full((n, diagram.n_states), v) for role, v in values.items()}
    case = Case(diagram, EVERYTHING, np.tile(rates, (n, 1)), doses)
    bar = np.random.default_rng(3).normal(size=(n, diagram.n_states))
    smooth, kinks = check(case, bar)
    assert kinks == 0
    assert smooth == n * (diagram.n_rates + 4 * diagram.n_states)


def tied(name, dose, rates, time, **doses):
    """Return a dose at 0 and a record at `time`, and a bar that looks at the last compartment there."""
    diagram = SYSTEMS[name]
    table = [{"TIME": 0.0, "EVID": DOSE, **dose}, {"TIME": time, "EVID": OBSERVE}]
    neutral = {"F": 1.0, "lag": 0.0, "duration": 1.0, "rate": 1.0} | doses
    by_role = {role: np.full((2, diagram.n_states), neutral[role]) for role in ROLES}
    bar = np.zeros((2, diagram.n_states))
    bar[1, -1] = 1.0
    return Case(diagram, table, np.tile(rates, (2, 1)), by_role), bar


def test_absorption_begins_at_the_time_of_a_level():
    """An implied dose acts before the record of its time: its side is that of a shorter lag, -ka dose.

    From the other side the level comes before the dose, and the derivative is 0.
    """
    case, bar = tied("oral", {"AMT": 100.0}, [0.9, 0.1], 2.0, lag=2.0)
    found = gradients(case, bar)["lag"].sum()
    assert_allclose(found, -0.9 * 100, rtol=1e-12)
    assert_allclose(found, one_sided(case, bar, "lag", (0, 0), 1e-4), rtol=1e-5)
    assert one_sided(case, bar, "lag", (0, 0), -1e-4) == 0.0


def test_a_bolus_arrives_at_the_time_of_a_level():
    """The level jumps there; its slope is that of the side with the dose, ke dose."""
    case, bar = tied("one", {"AMT": 100.0}, [0.1], 2.0, lag=2.0)
    found = gradients(case, bar)["lag"].sum()
    assert_allclose(found, 0.1 * 100, rtol=1e-12)
    assert_allclose(found, one_sided(case, bar, "lag", (0, 0), 1e-4), rtol=1e-5)


@pytest.mark.parametrize("role", ["lag", "duration", "F"])
def test_an_infusion_ends_at_the_time_of_a_level(role):
    """It ends before the record: the side is that of a shorter lag or duration."""
    case, bar = tied("one", {"AMT": 100.0, "RATE": -2}, [0.1], 4.0, lag=1.0, duration=3.0)
    found = gradients(case, bar)[role].sum()
    at = (0, 0) if role == "lag" else (1, 0)  # F and D are those of the argument record
    assert_allclose(found, one_sided(case, bar, role, at, 1e-4), rtol=1e-5)


@pytest.mark.parametrize("name", ["one", "oral"])
@pytest.mark.parametrize(
    "dose", [{}, {"RATE": 25.0}, {"SS": 1, "II": 12.0}, {"SS": 1, "II": 12.0, "RATE": 25.0}]
)
def test_no_lag_has_the_slope_of_a_small_one(name, dose):
    rates = [0.1] if name == "one" else [0.9, 0.1]
    case, bar = tied(name, {"AMT": 100.0, **dose}, rates, 2.5)
    found = gradients(case, bar)["lag"][0].sum()
    assert_allclose(found, one_sided(case, bar, "lag", (0, 0), -1e-4), rtol=1e-5)


@pytest.mark.parametrize(
    "dose",
    [
        {},
        {"RATE": 25.0},
        {"RATE": -1},
        {"RATE": 25.0, "SS": 1, "II": 12.0},
        {"RATE": -2},
        {"RATE": -2, "SS": 1, "II": 12.0},
    ],
)
def test_no_bioavailability_has_the_slope_of_a_little(dose):
    case, bar = tied("oral", {"AMT": 100.0, **dose}, [0.9, 0.1], 3.5, F=0.0, duration=3.0)
    found = gradients(case, bar)["F"].sum()
    small = replace(case, doses=case.doses | {"F": np.full_like(case.doses["F"], 1e-5)})
    assert_allclose(found, (kernel(small) * bar).sum() / 1e-5, rtol=1e-4)


@pytest.mark.parametrize("dose", [{}, {"SS": 1, "II": 2.0}, {"II": 1.0, "ADDL": 3}, {"RATE": -2}])
@pytest.mark.parametrize("time", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("lag", [0.0, 2.0, 4.0])
def test_gradients_are_finite_wherever_events_meet(dose, time, lag):
    case, bar = tied("two", {"AMT": 100.0, **dose}, [0.9, 0.1, 0.2, 0.1], time, lag=lag, duration=2.0)
    assert all(np.isfinite(v).all() for v in gradients(case, np.ones_like(bar)).values())
