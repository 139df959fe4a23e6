"""Hard patients whose modes and posteriors are also found from scratch (tests/twins/bedside.py).

Sparse and rich, censored, precise, 5 SDs out, a slip of ten, a lag, a full omega, 13 random effects: the mode
must be the twin's, and what `condition` hands out within 0.1 SD of its means and 0.2 SD of its limits.
"""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from twins.bedside import (
    Bedside,
    absorbed,
    levels,
    metropolis,
    mode,
    normal,
    one_compartment,
    ridge,
    summary,
    two_compartments,
)

import bayesdose as bd
from bayesdose.errors import InputError

SPECS = Path(__file__).parents[1] / "specs"
DOSES = [(0.0, 1000.0, 1.0), (12.0, 1000.0, 1.0), (24.0, 1000.0, 1.0)]
MANY = [(12.0 * k, 1000.0, 1.0) for k in range(50)]
TYPICAL, OMEGA = np.array([5.0, 20.0, 40.0]), np.diag([0.4, 0.3, 0.5]) ** 2


@functools.cache
def spec(name):
    return bd.load_model(SPECS / f"{name}.py")


def table(doses, times, dv, **columns):
    """Return an event table; a level at the time of a dose comes before it."""
    given = [{"TIME": t, "AMT": a, "RATE": a / d if d else 0.0, "EVID": 1} for t, a, d in doses]
    drawn = pd.DataFrame({"TIME": times, "DV": dv, "AMT": 0.0, "RATE": 0.0, "EVID": 0, **columns})
    rows = pd.concat([drawn, pd.DataFrame(given)]).sort_values("TIME", kind="stable").assign(ID=1)
    return rows.fillna({"CENS": 0}) if "CENS" in rows else rows


def infused(eta, times, doses):
    CL, V1, V2 = (TYPICAL * np.exp(eta)).T
    return levels(times, doses, two_compartments(CL, V1, np.full(len(eta), 8.0), V2))


def infusion(times, dv, doses=DOSES, below=()):
    """Return spec, table and twin of a patient of stress_limits."""

    def loglik(eta):
        f = infused(eta, times, doses)
        return normal(dv, f, np.sqrt(0.2**2 + (0.15 * f) ** 2), below)

    censored = {"CENS": np.asarray(below, int)} if len(below) else {}
    return "stress_limits", table(doses, times, dv, **censored), Bedside(loglik, OMEGA)


def true(eta, times, doses=DOSES):
    return infused(np.array([eta]), times, doses)[0]


def slipped():
    return infusion([11.5, 25.5], true([0.3, -0.2, 0.4], [11.5, 25.5]) * [10, 1])


def rich():
    times = [1.2, *np.linspace(2, 11.5, 9), *np.linspace(13.2, 23.5, 10), *np.linspace(25.2, 47, 10)]
    noise = np.exp(0.15 * np.random.default_rng(5).standard_normal(30))
    return infusion(times, true([0.3, -0.2, 0.4], times) * noise)


def many_doses():
    times = [299.5, 301.5, 599.5]
    return infusion(times, true([0.3, -0.2, 0.4], times, MANY), MANY)


def outside(which, sds):
    eta = np.zeros(3)
    eta[which] = sds * np.sqrt(OMEGA[which, which])
    times = [2.0, 11.5, 25.5, 35.5]
    return infusion(times, true(eta, times))


def lagged():
    """Return the patient of posologyr's test of a lag; two levels of its four."""
    times, dv = [1.5, 7.1], [67.4275, 83.7768]

    def loglik(eta):
        CL, V, ka, lag = (np.array([4.0, 70.0, 1.0, 1.0]) * np.exp(eta)).T
        f = levels(times, [(0, 10_000, 0)], absorbed(one_compartment(CL, V), ka), lag)
        return normal(dv, f, 0.05**0.5 * f)

    return "case_lagged", table([(0, 10_000, 0)], times, dv), Bedside(loglik, 0.2 * np.eye(4))


def correlated():
    """Return the patient of posologyr's test of amikacin."""
    omega = [[0.1, 0.01, 0.01, -0.06], [0.01, 0.05, 0.02, 0.004], [0.01, 0.02, 0.2, 0.003]]
    omega = np.array([*omega, [-0.06, 0.004, 0.003, 0.08]])
    typical = np.array([4.3 * (50 / 82) ** 0.7, 15.9 * (62 / 78) ** 0.9, 21.4, 12.1])
    doses, times, dv = [(0, 1600, 0.5)], [1, 6], [75, 32]

    def loglik(eta):
        CL, V1, V2, Q = (typical * np.exp(eta)).T
        f = levels(times, doses, two_compartments(CL, V1, Q, V2))
        return normal(dv, f, np.sqrt(0.2**2 + (0.1 * f) ** 2))

    rows = table(doses, times, dv).assign(CLCREAT4H=50, TBW=62, POVERF=169)
    return "case_amikacin", rows, Bedside(loglik, omega)


def stepped(eta, times):
    """Concentrations of 300 by mouth every 24 h, from event to event; CL and V change each day."""
    depot, central, now = np.zeros(len(eta)), np.zeros(len(eta)), 0.0
    ka, found = 1.2 * np.exp(eta[:, 2]), []
    for t, dose in sorted([(24.0 * k, True) for k in range(5)] + [(t, False) for t in times]):
        day = int(t // 24)  # a record's parameters govern the interval that ends there
        V = 30.0 * np.exp(eta[:, 1] + eta[:, 4 + 2 * day])
        k, h = 4.0 * np.exp(eta[:, 0] + eta[:, 3 + 2 * day]) / V, t - now
        kept, came = np.exp(-k * h), ka / (ka - k) * (np.exp(-k * h) - np.exp(-ka * h))
        central, depot, now = central * kept + depot * came, depot * np.exp(-ka * h) + 300.0 * dose, t
        if not dose:
            found.append(central / V)
    return np.transpose(found)


def occasions(times):
    omega = np.diag([0.35, 0.3, 0.6, *np.tile([0.25, 0.2], 5)]) ** 2
    rng = np.random.default_rng(3)
    truth = rng.standard_normal((1, 13)) @ np.sqrt(omega)
    dv = stepped(truth, times)[0] * np.exp(0.15 * rng.standard_normal(len(times)))

    def loglik(eta):
        f = stepped(eta, times)
        return normal(dv, f, np.sqrt(0.1**2 + (0.15 * f) ** 2))

    rows = table([(24.0 * k, 300.0, 0.0) for k in range(5)], times, dv)
    return "stress_occasions", rows.assign(OCC=rows["TIME"] // 24 + 1), Bedside(loglik, omega)


CASES = {
    "one level": lambda: infusion([11.5], [12.0]),
    "thirty levels": rich,
    "fifty doses": many_doses,
    "below the limit, all": lambda: infusion([6.0, 11.5, 35.0], [3.0, 2.0, 1.0], below=[True] * 3),
    "far below the limit": lambda: infusion([6.0, 11.5, 35.0], [0.5, 0.2, 0.2], below=[True] * 3),
    "a level at the time of a dose": lambda: infusion([12.0, 24.0], [9.0, 14.0]),
    "CL 5 SDs high": lambda: outside(0, 5.0),
    "V1 5 SDs low": lambda: outside(1, -5.0),
    "V2 5 SDs high": lambda: outside(2, 5.0),
    "one level ten times too high": slipped,
    "a lag": lagged,
    "a full omega": correlated,
    "13 random effects, 3 levels": lambda: occasions([2.0, 20.0, 98.0]),
    "13 random effects, 10 levels": lambda: occasions([24.0 * k + h for k in range(5) for h in (2.0, 20.0)]),
}
QUICK = ("one level", "far below the limit", "V1 5 SDs low", "a lag", "13 random effects, 3 levels")


@functools.cache
def made(name):
    """Return fit, study and twin."""
    which, rows, twin = CASES[name]()
    model = spec(which)
    return bd.fixed(model), bd.read_study(rows, model), twin


def effects(values):
    """Return etas and kappas in the twin's order: etas, then the kappas of each occasion."""
    etas, kappas = values
    return np.column_stack([*etas, *(k[:, o] for o in range(5) for k in kappas)] if kappas else [*etas])


@pytest.mark.parametrize("name", CASES)
def test_the_mode_is_that_of_the_twin(name):
    fit, study, twin = made(name)
    found = bd.map_estimate(fit.model, study)
    kappas = [np.array([list(k.values())]) for k in found.kappa.values()]
    at = effects(([np.array([e]) for e in found.eta.values()], kappas))
    ours = float(twin.log_joint(at)[0])
    assert found.converged
    # the density of z is that of eta times the root of |Omega|
    assert found.objective == pytest.approx(-2 * ours - np.linalg.slogdet(twin.omega)[1], abs=1e-8)
    if twin.k < 6:
        best, value = mode(twin, starts=3)
        assert -2 * ours <= value + 1e-9
        assert at[0] == pytest.approx(best, abs=1e-5)
    nearby = at + 1e-3 * np.vstack([np.eye(twin.k), -np.eye(twin.k)]) @ np.linalg.cholesky(twin.omega).T
    assert (twin.log_joint(nearby) < ours).all()


def check(name, precision, **twin_steps):
    fit, study, twin = made(name)
    me = bd.condition(fit, study, seed=1, precision=precision, draws=16_000)
    data = me.data
    kappas = [data[f"kappa_{k}"].to_numpy() for k in me.compiled.declaration.kappas]
    found = summary(effects(([data[f"eta_{e}"].to_numpy() for e in me.compiled.etas], kappas)))
    exact = summary(metropolis(twin, seed=2, **twin_steps))
    apart = np.abs(found - exact) / exact[1]
    assert apart[:2].max() < 0.1
    assert apart[2:].max() < 0.2


@pytest.mark.parametrize("name", QUICK)
def test_the_posterior_is_that_of_the_twin(name):
    check(name, "tails", chains=200, warm=300, steps=600)


@pytest.mark.calibration
@pytest.mark.parametrize("name", CASES)
def test_the_posterior_is_that_of_a_longer_twin(name):
    check(name, "tails", chains=600, warm=800, steps=3000)


# Refused, with a reason


def told(rows):
    model = spec("stress_limits")
    return bd.condition(bd.fixed(model), bd.read_study(rows, model), seed=1)


def test_a_dose_of_nothing_is_told():
    with pytest.raises(InputError, match="dose record without an amount"):
        told(table([(0.0, 1000.0, 1.0), (12.0, 0.0, 0.0)], [11.5], [12.0]))


def test_precise_levels_that_contradict_each_other_have_one_answer():
    """What makes levels possible that nobody has is found on every seed: means and evidence agree."""
    model = spec("stress_precise")
    times = [2.0, 11.5, 11.6]
    dv = true([0.3, -0.2, 0.4], times) * [1.0, 1.02, 0.98]  # 0.2 % of error, 4 % within six minutes
    study = bd.read_study(table(DOSES, times, dv), model)
    each = [bd.condition(bd.fixed(model), study, seed=seed, precision="tails") for seed in (1, 2, 3)]
    means = np.array([me.data["z"].mean("draw").to_numpy() for me in each])
    sd = np.max([me.data["z"].std("draw").to_numpy() for me in each], axis=0)
    ess = min(me.diagnostics.ess for me in each)
    assert np.all(np.ptp(means, axis=0) < 4 * np.sqrt(2 / ess) * sd)
    assert np.ptp([me.diagnostics.log_evidence for me in each]) < 0.2
    assert min(me.diagnostics.z_norm for me in each) > 3


@pytest.mark.calibration
def test_a_curved_ridge_is_walked_or_refused():
    """Two levels with 0.2 % of error, three etas: importance sampling does not serve, tempering does."""
    times, model = [2.0, 11.5], spec("stress_precise")
    dv = true([0.3, -0.2, 0.4], times)

    def loglik(eta):
        f = infused(eta, times, DOSES)
        return normal(dv, f, 0.002 * f)

    branches = np.array([[0.3, -0.06, 0.36], [0.36, -0.06, 0.0]])  # a loop: two values of V2 for each V1
    exact = ridge(Bedside(loglik, OMEGA), 1, np.linspace(-1.2, 1.2, 241), branches)
    study = bd.read_study(table(DOSES, times, dv), model)
    me = bd.condition(bd.fixed(model), study, seed=1, precision="tails", draws=16_000)
    found = summary(np.column_stack([me.data[f"eta_{name}"].to_numpy() for name in ("CL", "V1", "V2")]))
    apart = np.abs(found - exact) / exact[1]
    assert me.diagnostics.method == "tempered SMC"
    assert apart[:2].max() < 0.1
    assert apart[2:].max() < 0.3  # measured on eight seeds: up to 0.27
