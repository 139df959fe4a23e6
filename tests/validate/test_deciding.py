"""Decisions for simulated patients: what the table says of each."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from populations.decided import decided

import bayesdose as bd
from bayesdose.errors import InputError, Refused
from bayesdose.individual.known import known
from bayesdose.validate.deciding import Decisions, simulated


@pytest.fixture(scope="module")
def found():
    return decided("oral", 6, 1)


def test_each_row_says_what_was_promised_and_what_came_of_it(found):
    table = found.table
    assert len(table) == 6
    assert set(np.round(table["realised"], 9)) <= {-1.5, 0.0, 1.0}
    assert (table["best"] >= table["realised"]).all()
    assert (table["best"] >= table["by_rule"]).all()
    assert (table["predicted"] <= 1.0).all()
    same = table["chosen"] == table["rule"]
    assert (table.loc[same, "realised"] == table.loc[same, "by_rule"]).all()


def test_again_is_the_same(found):
    pd.testing.assert_frame_equal(decided("oral", 6, 1).table, found.table)


def test_the_summary_is_of_paired_differences():
    table = pd.DataFrame(
        {"predicted": [0.5, 0.7], "realised": [1.0, 0.0], "best": [1.0, 1.0], "refused": ["", ""]}
    )
    summary = Decisions(table, "", 1).summary()
    assert summary.loc["realised less predicted", "mean"] == pytest.approx(-0.1)
    width = 1.959964 * np.std([0.5, -0.7], ddof=1) / np.sqrt(2)
    assert summary.loc["realised less predicted", "high"] == pytest.approx(-0.1 + width)
    assert list(summary.index) == ["predicted", "realised", "realised less predicted", "regret"]


def test_there_is_no_summary_of_refusals():
    with pytest.raises(Refused, match="2 patients refused; k-hat"):
        Decisions(pd.DataFrame({"refused": ["k-hat 1.2", "k-hat 2"]}), "", 1).summary()


def test_the_truth_is_the_patient_the_levels_came_from(neonates):
    """Without residual error worth speaking of, a known patient's prediction is the simulated level."""
    fit, design = neonates
    for patient, (theta, z) in simulated(fit, design, 3, 5):
        truth = known(fit.model, patient, theta, z)
        predicted = bd.predict(truth)["concentration"].to_numpy()[0]
        ratio = patient.levels["DV"].to_numpy() / predicted
        assert (np.abs(np.log(ratio)) < 5 * theta["sigma_prop"]).all()


def test_a_design_is_one_patients(neonates, two_neonates):
    fit, _ = neonates
    with pytest.raises(InputError, match="a design is one patient's"):
        bd.validate.decisions(fit, two_neonates, None, {}, None, seed=1)


@pytest.fixture
def neonates(stored_fit):
    table = bd.read_study(bd.data_path("phenobarbital"), stored_fit.model)
    return stored_fit, table.select(["4"])


@pytest.fixture
def two_neonates(stored_fit):
    return bd.read_study(bd.data_path("phenobarbital"), stored_fit.model).select(["4", "18"])


def test_a_model_of_numbers_has_patients_too():
    """It has no population draws: patients differ in their random effects alone."""
    model = bd.load_model(Path(__file__).parents[1] / "specs" / "case_mipdtrial_independent.py")
    rows = {"ID": 1, "TIME": [0.0, 6.0], "AMT": [100.0, 0.0], "EVID": [1, 0], "DV": [None, 1.0]}
    made = list(simulated(bd.fixed(model), bd.read_study(pd.DataFrame(rows), model), 3, 1))
    assert len({float(patient.levels["DV"].iloc[0]) for patient, _ in made}) == 3
    assert all(theta == {} for _, (theta, _) in made)


def test_every_patient_has_kappas_of_its_own_in_an_occasion_to_come_and_the_mode_none():
    """Clearance after 500 h, from what the utility and the rule are shown: 3 exp(eta + kappa), SD 0.3."""
    model = bd.load_model(Path(__file__).parents[1] / "specs" / "two_occasions.py")
    rows = {"ID": 1, "TIME": [0.0, 3.0], "AMT": [100.0, 0.0], "EVID": [1, 0], "DV": [None, 2.0], "OCC": 1}
    design, fit = bd.read_study(pd.DataFrame(rows), model), bd.fixed(model)
    truth, modes = [], []

    def clearance(outcome):
        c = outcome.c.to_numpy()[0, 1]
        return 20 * np.log(c[0] / c[1]) / 10

    def utility(outcome):
        if outcome.sizes["draw"] == 1:
            truth.append(clearance(outcome))
        return bd.in_window(outcome.c.isel(c_time=0), 2, 4)

    def rule(outcome):
        modes.append(clearance(outcome))
        return 1

    def options(patient):
        return bd.regimens("100 mg", after=patient, start=500.0, current=False)

    metrics = {"c": bd.concentration_at([502.0, 512.0])}
    bd.validate.decisions(fit, design, options, metrics, utility, seed=1, patients=60, rule=rule, draws=200)
    drawn = list(simulated(fit, design, 60, 1))
    etas = np.array([known(model, who, *t).data["eta_CL"].item() for who, t in drawn])
    kappas = np.log(np.array(truth) / 3) - etas
    assert kappas.std() == pytest.approx(0.3, rel=0.3)
    assert abs(kappas.mean()) < 5 * 0.3 / np.sqrt(60)
    at_mode = [bd.map_estimate(model, who, fit).eta["CL"] for who, _ in drawn]
    np.testing.assert_allclose(np.log(np.array(modes) / 3), at_mode, rtol=1e-6)
