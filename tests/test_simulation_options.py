"""Options that change the patient or the formulation, simulated: against matrix exponentials by stretches."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm

import bayesdose as bd

DEPOT, CENTRAL = 0, 1
LAST = 12.0


@pytest.fixture(scope="module")
def me():
    fit = bd.fixed(bd.load_model(Path(__file__).parent / "specs" / "options_kinds.py"))
    rows = [{"TIME": 0.0, "AMT": 100, "EVID": 1}, {"TIME": LAST, "AMT": ".", "EVID": 2}]
    table = pd.DataFrame(rows).assign(ID="1", DV=".", FORM=1, DIAL=0, WT=120)
    return bd.condition(fit, bd.read_study(table, fit.model), seed=1, particles=256, draws=5)


def walk(me, doses, changes, until):
    """Each draw's concentration at `until`: doses (time, amount, compartment), changes (time, FORM, DIAL)."""
    found = []
    typical = 2.0  # CL on the last record, without dialysis
    for CL in np.asarray(me.data["CL"])[:, -1]:
        state, now, form, dial = np.zeros(2), 0.0, 1.0, 0.0
        events = sorted([(t, 0, (f, d)) for t, f, d in changes] + [(t, 1, (a, c)) for t, a, c in doses])
        for time, kind, what in [*events, (until, 2, None)]:
            ka, k = 1.0 / form, CL * (typical + 8.0 * dial) / typical / 20.0
            state = expm(np.array([[-ka, 0.0], [ka, -k]]) * (min(time, until) - now)) @ state
            now = min(time, until)
            if time > until or kind == 2:
                break
            if kind == 0:
                form, dial = what
            else:
                state[what[1]] += what[0]
        found.append(state[CENTRAL] / 20.0)
    return np.array(found)


TIMES = [LAST + 3.0, LAST + 4.0, LAST + 5.0, LAST + 8.0, LAST + 20.0]


def simulated(me, text="50 mg every 12 h x 2", **arguments):
    options = bd.regimens(text, after=me.patient, start=LAST, current=False, **arguments)
    return bd.simulate(me, options, {"c": bd.concentration_at(TIMES), "auc": bd.auc(start=LAST, end=36.0)})


@pytest.mark.parametrize("at", range(len(TIMES)))
def test_a_dialysis_session(me, at):
    session = bd.Change("dialysis", {"DIAL": 1}, at="4 h", lasting="4 h")
    found = simulated(me, changes=[None, session])
    doses = [(0.0, 100, DEPOT), (LAST, 50, DEPOT), (LAST + 12, 50, DEPOT)]
    changes = [(LAST + 4, 1, 1), (LAST + 8, 1, 0)]
    for label, given, changed in (
        ("no treatment, with dialysis", doses[:1], changes),
        ("50 mg every 12 h x 2", doses, []),
        ("50 mg every 12 h x 2, with dialysis", doses, changes),
    ):
        c = found["c"].sel(option=label).isel(c_time=at)
        np.testing.assert_allclose(c, walk(me, given, changed, TIMES[at]), rtol=1e-9)


def test_an_area_sees_the_session(me):
    session = bd.Change("dialysis", {"DIAL": 1}, at=4, lasting=4)
    found = simulated(me, changes=session).auc.sel(option="50 mg every 12 h x 2")
    doses = [(0.0, 100, DEPOT), (LAST, 50, DEPOT), (LAST + 12, 50, DEPOT)]
    changes = [(LAST + 4, 1, 1), (LAST + 8, 1, 0)]
    area = 0.0
    for a, b in ((12, 16), (16, 20), (20, 24), (24, 36)):  # smooth in between
        x, w = np.polynomial.legendre.leggauss(12)
        nodes = a + (b - a) * (x + 1) / 2
        area = area + sum(
            v * (b - a) / 2 * walk(me, doses, changes, t) for v, t in zip(w, nodes, strict=True)
        )
    np.testing.assert_allclose(found, area, rtol=1e-6)


def test_formulations(me):
    plain = bd.Formulation("plain")
    slow = bd.Formulation("slow", F=0.8, covariates={"FORM": 4})
    direct = bd.Formulation("injection", into="central")
    found = simulated(me, formulation=[plain, slow, direct])
    before = (0.0, 100, DEPOT)
    for name, share, into, form in (
        ("plain", 1.0, DEPOT, 1),
        ("slow", 0.8, DEPOT, 4),
        ("injection", 1.0, CENTRAL, 1),
    ):
        doses = [before, (LAST, 50 * share, into), (LAST + 12, 50 * share, into)]
        c = found["c"].sel(option=f"50 mg every 12 h x 2 as {name}")
        for at, time in enumerate(TIMES):
            expected = walk(me, doses, [(LAST, form, 0)], time)
            np.testing.assert_allclose(c.isel(c_time=at), expected, rtol=1e-9)
    assert found["max_single"].to_numpy().tolist() == [0, 50, 50, 50]


def test_an_infusion_of_which_a_share_is_available(me):
    half = simulated(me, "50 mg over 2 h into central every 12 h x 2", formulation=bd.Formulation("", F=0.5))
    less = simulated(me, "25 mg over 2 h into central every 12 h x 2")
    np.testing.assert_allclose(half["c"], less["c"], rtol=1e-12)
    np.testing.assert_allclose(half["auc"], less["auc"], rtol=1e-12)


def test_options_that_begin_at_other_times(me):
    options = bd.regimens("50 mg", after=me.patient, start=["20:00", "23:00"], now="20:00", current=False)
    found = bd.simulate(me, options, {"c": bd.concentration_at(TIMES)})
    np.testing.assert_array_equal(found.time_of_day, [np.nan, 20, 23])
    for option, begin in ((1, LAST), (2, LAST + 3)):
        for at, time in enumerate(TIMES):
            expected = walk(me, [(0.0, 100, DEPOT), (begin, 50, DEPOT)], [], time)
            np.testing.assert_allclose(found["c"].isel(option=option, c_time=at), expected, rtol=1e-9)


def test_an_outcome_carries_the_stated_weight(me):
    found = simulated(me, ["15 mg/kg", "20 mg/m2"], sizes={"WT": "70 kg", "BSA": "1.5 m2"})
    assert found["max_single"].to_numpy().tolist() == [0, 1050, 30]
    assert (found.attrs["size_WT"], found.attrs["size_WT_unit"]) == (70, "kg")
    assert found.attrs["cov_WT"] == 120  # what the model knows
    assert (found.attrs["cov_BSA"], found.attrs["cov_BSA_unit"]) == (1.5, "m**2")
    # a limit per kg counts by the weight that doses were stated per: 1050 mg are 15 mg/kg, not 8.75
    assert [hit for hit, _ in bd.max_single("10 mg/kg").check(found)] == [False, True, False]
    assert [hit for hit, _ in bd.max_single("15 mg/kg").check(found)] == [False, False, False]
    assert [hit for hit, _ in bd.contraindicated("WT", above=100).check(found)] == [False, True, True]


def test_sizes_of_some_drugs_only_are_no_sizes_of_all(me):
    own, other = simulated(me, "15 mg/kg", sizes={"WT": "70 kg"}), simulated(me, "15 mg/kg")
    both = bd.join({"A": own[["auc"]], "B": other[["auc"]]})
    assert both.attrs["size_WT"] == "several"
    with pytest.raises(bd.InputError, match="covariate WT"):
        bd.max_single("10 mg/kg").check(both)


def harm(found):
    return bd.squared_error(found["auc"], 60.0)


def test_simulations_of_one_patient_are_paired_and_of_two_models_are_not(me):
    one, other = simulated(me), simulated(me, formulation=bd.Formulation("", covariates={"FORM": 4}))
    keep = [one[["auc"]], other[["auc"]]]
    both = bd.join({"plain": keep[0], "slow": keep[1]})
    assert "are paired: they are of one model, with the same seed and particles" in both.attrs["joined"]
    np.testing.assert_array_equal(both.auc[:, 1], one.auc[:, 1])
    np.testing.assert_array_equal(both.auc[:, 2], other.auc[:, 1])
    assert both["drug"].to_numpy().tolist() == ["", "plain", "slow"]
    assert both["option"].to_numpy()[2] == "slow: 50 mg every 12 h x 2"
    assert bd.decide(both, harm).best in both["option"].to_numpy()
    again = bd.condition(bd.fixed(me.model), me.patient, seed=2, particles=256, draws=5)
    apart = bd.join({"plain": keep[0], "slow": simulated(again)[["auc"]]})
    assert "are independent: they are of different seeds" in apart.attrs["joined"]


def test_thousands_of_options(me):
    options = bd.regimens(
        "{a} mg every {tau} h x 6", a=np.linspace(1, 200, 500), tau=[8, 12, 24], after=me.patient, start=LAST
    )
    metrics = {"trough": bd.trough(), "auc24": bd.auc24()}
    found = bd.simulate(me, options, metrics)
    assert dict(found.sizes) == {"draw": 5, "option": 1501}
    some = bd.regimens(
        "{a} mg every 12 h x 6", a=options.table["a"].to_numpy()[[1, -1]], after=me.patient, start=LAST
    )
    few = bd.simulate(me, some, {"trough": bd.trough(), "auc24": bd.auc24()})
    for label in some.table["option"].to_numpy()[1:]:
        for name in metrics:
            np.testing.assert_allclose(found[name].sel(option=label), few[name].sel(option=label), rtol=1e-9)
