"""Three forms of one target-mediated model: how near the approximations are, and that the page says so.

The right-hand sides of the specs are solved by SciPy's Radau, which shares nothing with the package's solver.
Bounds: Gibiansky 2008 (J Pharmacokinet Pharmacodyn 35:573); QSS errs by kint / koff where the target is in
excess, as free drug is then held by koff / kon.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import bayesdose as bd
from bayesdose.pk.ode.system import evaluate

ROOT = Path(__file__).parents[2]
V, CL, KON, KOFF, KDEG, KINT = 3.0, 0.2, 10.0, 5.0, 1.0, 0.25
KSS = (KOFF + KINT) / KON
DAYS = np.array([0.1, 1.0, 3.0, 7.0, 14.0, 28.0, 42.0, 56.0])
SITUATIONS = {"drug in excess": (600.0, 1.0), "target in excess": (30.0, 50.0)}


def spec(form):
    path = bd.load_model(f"synthetic_tmdd_{form}").path
    found = importlib.util.spec_from_file_location(f"tmdd_{form}", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def amounts(form, situation):
    """Amounts by state over the days, nmol."""
    dose, target = SITUATIONS[situation]
    system = spec(form).SYSTEM
    values = {"CL": CL, "V": V, "R0": target, "kon": KON, "koff": KOFF, "kdeg": KDEG, "kint": KINT}
    values |= {"Kss": KSS, "Vm": KDEG * target, "Km": KSS * KDEG / KINT}
    p = [values[name] for name in system.parameters]
    start = [{"central": dose, "target": target * V}.get(state, 0.0) for state in system.states]
    solved = solve_ivp(
        lambda t, y: evaluate(system, t, y, p),
        (0.0, DAYS[-1]),
        start,
        method="Radau",
        t_eval=DAYS,
        rtol=1e-9,
        atol=1e-13,
    )
    return dict(zip(system.states, solved.y, strict=True))


def free_and_total(form, situation):
    """Free and total drug over the days, nmol/L."""
    A = amounts(form, situation)
    if form == "qss":
        total, target = A["central"] / V, A["target"] / V
        d = total - target - KSS
        return 0.5 * (d + np.sqrt(d**2 + 4.0 * KSS * total)), total
    return A["central"] / V, (A["central"] + A.get("complex", 0.0)) / V


@pytest.mark.parametrize("situation", SITUATIONS)
def test_quasi_steady_state_is_near_the_full_model(situation):
    """Free drug within 1.3 kint / koff at all times, total drug within 3 %."""
    (free, total), (near, near_total) = (free_and_total(form, situation) for form in ("full", "qss"))
    np.testing.assert_allclose(near_total, total, rtol=0.03)
    large = free > 1e-4  # where the plain root of the quadratic has digits left
    np.testing.assert_allclose(near[large], free[large], rtol=1.3 * KINT / KOFF)
    assert large.sum() >= 5


def test_quasi_steady_state_errs_by_internalisation_over_dissociation_where_the_target_is_in_excess():
    """Kss is (koff + kint) / kon, and what holds the free drug is koff / kon."""
    free, near = (free_and_total(form, "target in excess")[0] for form in ("full", "qss"))
    assert near[4] / free[4] - 1.0 == pytest.approx(KINT / KOFF, rel=0.05)


def test_michaelis_menten_serves_where_the_drug_is_in_excess_and_not_where_the_target_is():
    free, near = (free_and_total(form, "drug in excess")[0] for form in ("full", "mm"))
    np.testing.assert_allclose(near[:6], free[:6], rtol=0.01)  # to day 28
    assert near[-1] < 0.5 * free[-1]
    free, near = (free_and_total(form, "target in excess")[0] for form in ("full", "mm"))
    assert near[0] > 10.0 * free[0]
    assert near[2] < 0.1 * free[2]


def test_the_page_has_these_numbers():
    """After a change of a spec: ``python tools/tmdd.py``."""
    page = (ROOT / "docs" / "explanation" / "tmdd.md").read_text(encoding="utf-8")
    rows = [
        line.split("|")[1:-1] for line in page.splitlines() if line.startswith(("| drug in", "| target in"))
    ]
    assert len(rows) == len(SITUATIONS) * len(DAYS)
    for situation in SITUATIONS:
        printed = np.array([row[1:5] for row in rows if row[0].strip() == situation], dtype=float)
        computed = {form: free_and_total(form, situation)[0] for form in ("full", "qss", "mm")}
        np.testing.assert_allclose(printed[:, 0], DAYS)
        for k, form in enumerate(("full", "qss", "mm"), start=1):
            seen = printed[:, k] > 1e-4
            np.testing.assert_allclose(printed[seen, k], computed[form][seen], rtol=6e-3, err_msg=form)
