"""Control streams become drafts that predict what the control stream's equations say."""

import control_streams as streams
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import bayesdose as bd
from bayesdose.model import build

TIMES = np.array([1.0, 4.0, 12.0])


@pytest.fixture
def imported(tmp_path):
    """Import a control stream; files beside it by their ending."""

    def run(code, **beside):
        path = tmp_path / "run1.mod"
        path.write_text(code, encoding="utf-8")
        for ending, text in beside.items():
            path.with_suffix(f".{ending}").write_text(text, encoding="utf-8")
        return bd.import_nonmem(path)

    return run


@pytest.fixture
def built(imported, tmp_path):
    """Import, load and build on one patient who gets 100 at 0 and is sampled at TIMES."""

    def run(code, dose=(), **covariates):
        path = tmp_path / "draft.py"
        path.write_text(imported(code).text, encoding="utf-8")
        model = bd.load_model(path)
        rows = {"ID": 1, "TIME": [0.0, *TIMES], "AMT": [100.0, 0, 0, 0], "DV": [np.nan, 1, 1, 1]}
        return build(model, bd.read_study(pd.DataFrame(rows | dict(dose) | covariates), model))

    return run


def typical(made, **values):
    """Return the predictions at given thetas, with all random effects 0 unless they are given."""
    effects = {n: np.zeros_like(made.initial_point()[n]) for n in ("z", "z_kappa") if n in made.named_vars}
    return pm.do(made, effects | values)["DV_prediction"].eval()


def bateman(t, dose, ka, k, V):
    return dose * ka / (V * (ka - k)) * (np.exp(-k * t) - np.exp(-ka * t))


def amounts(rates, start, infused=0.0, duration=0.0):
    """Return amounts at TIMES by matrix exponential, with an infusion into the first compartment."""
    size = len(start)
    with_pump = np.zeros((size + 1, size + 1))
    with_pump[:size, :size], with_pump[0, size] = rates, infused

    def at(t):
        during = min(t, duration)
        after = expm(with_pump * during) @ [*start, 1.0]
        return expm(rates * (t - during)) @ after[:size]

    return np.array([at(t) for t in TIMES])


def test_an_oral_model_with_allometric_weight(built):
    made = built(streams.THEOPHYLLINE, WT=80.0)
    found = typical(made, theta_KA=1.5, theta_CL=2.8, theta_V=32.0)
    expected = bateman(TIMES, 100.0, 1.5, 2.8 * (80 / 70) ** 0.75 / 32.0, 32.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert {"omega_KA", "omega_CL", "omega_V", "sigma_add", "sigma_prop"} <= set(made.named_vars)
    assert made.declaration.card.covariates[0].reference == 70.0
    assert made.declaration.card.evidence.status == "unverified"


def test_columns_in_lower_case_are_those_of_the_card(built):
    made = built(streams.THEOPHYLLINE.replace("WT", "wt"), WT=80.0)
    found = typical(made, theta_KA=1.5, theta_CL=2.8, theta_V=32.0)
    expected = bateman(TIMES, 100.0, 1.5, 2.8 * (80 / 70) ** 0.75 / 32.0, 32.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_condition_on_a_covariate(built):
    for apgar, factor in ((3.0, 1.15), (7.0, 1.0)):
        made = built(streams.PHENOBARBITAL, WT=1.4, APGR=apgar)
        V = 0.99 * 1.4 * factor
        found = typical(made, theta_CL=0.0047, theta_V=0.99, theta_APGR_on_V=0.15)
        np.testing.assert_allclose(found, 100.0 / V * np.exp(-0.0047 * 1.4 / V * TIMES), rtol=1e-9)


def test_an_infusion_into_two_compartments_with_a_block_and_a_scale(built):
    made = built(streams.TWO_COMPARTMENTS, dose={"RATE": [50.0, 0, 0, 0]}, SEX=1.0)
    thetas = {"theta_CL": 5.0, "theta_V1": 20.0, "theta_Q": 3.0, "theta_V2": 40.0, "theta_SEX_on_CL": 0.2}
    CL = 5.0 * 1.2
    rates = np.array([[-CL / 20 - 3 / 20, 3 / 40], [3 / 20, -3 / 40]])
    expected = 1000.0 * amounts(rates, [0.0, 0.0], infused=50.0, duration=2.0)[:, 0] / 20.0
    np.testing.assert_allclose(typical(made, **thetas), expected, rtol=1e-9)
    rho = 0.03 / np.sqrt(0.09 * 0.06)
    assert made.declaration.fixed["rho_CL_V1"] == pytest.approx(rho, rel=1e-5)


def test_occasions_lag_and_bioavailability(built):
    made = built(streams.OCCASIONS, OCC=[1, 1, 1, 2])
    thetas = {"theta_KA": 1.5, "theta_CL": 2.8, "theta_V": 32.0, "theta_ALAG1": 0.3}
    found = typical(made, **thetas)
    np.testing.assert_allclose(found, bateman(TIMES - 0.3, 80.0, 1.5, 2.8 / 32.0, 32.0), rtol=1e-9)
    omega = {"omega_kappa_CL": 0.2}
    later = typical(made, **thetas, **omega, z_kappa=np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(later[:2], found[:2], rtol=1e-9)
    slower = found[2] * np.exp(-2.8 / 32.0 * (np.exp(0.2) - 1.0) * (12.0 - 4.0))  # absorption is over at 4 h
    assert later[2] == pytest.approx(slower, rel=5e-3)
    assert made.declaration.scales["V"] == "normal"


def test_saturable_elimination(built):
    made = built(streams.MICHAELIS_MENTEN)
    found = typical(made, theta_KA=0.8, theta_VM=12.0, theta_KM=2.0, theta_V=20.0)

    def slopes(t, a):
        C = a[1] / 20.0
        return [-0.8 * a[0], 0.8 * a[0] - 12.0 * C / (2.0 + C)]

    solved = solve_ivp(slopes, (0, 12), [100.0, 0.0], t_eval=TIMES, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found, solved.y[1] / 20.0, rtol=1e-4)


def test_rate_constants_between_named_compartments(built):
    made = built(streams.RATE_CONSTANTS)
    thetas = {"theta_K12": 1.5, "theta_K20": 0.1, "theta_K23": 0.2, "theta_K32": 0.3, "theta_V": 20.0}
    rates = np.array([[-1.5, 0, 0], [1.5, -0.3, 0.3], [0, 0.2, -0.3]])
    expected = amounts(rates, [100.0, 0.0, 0.0])[:, 1] / 20.0
    np.testing.assert_allclose(typical(made, **thetas), expected, rtol=1e-9)
    assert made.declaration.structure.compartments == ("depot", "central", "peri")


def test_equations_that_are_linear_become_flows(built, imported):
    made = built(streams.TRANSIT)
    rates = np.array([[-2.0, 0, 0], [2.0, -2.0, 0], [0, 2.0, -3.0 / 20.0]])
    found = typical(made, theta_KTR=2.0, theta_CL=3.0, theta_VC=20.0)
    np.testing.assert_allclose(found, amounts(rates, [100.0, 0.0, 0.0])[:, 2] / 20.0, rtol=1e-9)
    draft = imported(streams.TRANSIT)
    assert '"tr1 -> central": KTR' in draft.text
    assert "THETA1: its bound 9 is not in the prior" in map(str, draft.notes)


def test_compartments_keep_the_numbers_of_the_model_record(built):
    made = built(streams.REVERSED, dose={"CMT": [2, 1, 1, 1]})
    assert made.declaration.structure.compartments == ("central", "gut")
    found = typical(made, theta_KA=1.2, theta_CL=3.0, theta_V=25.0)
    np.testing.assert_allclose(found, bateman(TIMES, 100.0, 1.2, 3.0 / 25.0, 25.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (streams.THEOPHYLLINE, "combined2(bd.published.sigma(0.1, scale=\"variance\""),
        (streams.PHENOBARBITAL, "proportional(bd.published.sigma(0.013, scale=\"variance\""),
        (streams.TWO_COMPARTMENTS, "combined2(bd.published.sigma(0.5, scale=\"sd\""),
        (streams.OCCASIONS, "log_normal(bd.published.sigma(0.02, scale=\"variance\""),
        (streams.RATE_CONSTANTS, "combined1(bd.published.sigma(0.1, scale=\"sd\""),
        (streams.REVERSED, "proportional(bd.published.sigma(0.02, scale=\"variance\""),
        (
            streams.REVERSED.replace("Y = F*EXP(EPS(1))", "W = THETA(4)*F**0.5\n  Y = F + W*EPS(1)")
            .replace("(0, 25)", "(0, 25) (0, 0.3)")
            .replace("$SIGMA 0.02", "$SIGMA 1 FIX"),
            "power(bd.published.sigma(0.3, scale=\"sd\", rse_percent=RSE_SIGMA), 0.5)",
        ),
    ],
)  # fmt: skip
def test_residual_errors_are_recognised(imported, code, error):
    text = " ".join(imported(code).text.split()).replace("( ", "(")
    assert f"error = bd.{error}" in text


def test_final_estimates_and_their_errors_come_from_the_ext_file(imported):
    draft = imported(streams.THEOPHYLLINE, ext=streams.EXT)
    assert 'bd.theta("KA", bd.published.theta(1.6, rse_percent=10))' in draft.text
    assert '"V": bd.published.omega(0.019, scale="variance", rse_percent=30)' in draft.text
    assert 'bd.published.sigma(0.018, scale="variance", rse_percent=10)' in draft.text
    assert "final estimates" in draft.text
    assert "RSE = " not in draft.text


def test_errors_come_from_the_cov_file_where_the_ext_file_has_none(imported):
    ext = "\n".join(line for line in streams.EXT.splitlines() if "-1000000001" not in line)
    cov = "TABLE NO. 1\n NAME THETA1 THETA2\n THETA1 2.56E-02 0.0\n THETA2 0.0 4.84E-02\n"
    draft = imported(streams.THEOPHYLLINE, ext=ext, cov=cov)
    assert 'bd.theta("KA", bd.published.theta(1.6, rse_percent=10))' in draft.text
    assert "published.theta(31.5, rse_percent=RSE)" in draft.text
    assert any("correlations" in note.why for note in draft.notes)


def test_what_was_not_carried_over_is_listed(imported):
    notes = {note.line: note.why for note in imported(streams.RATE_CONSTANTS).notes}
    assert "first order" in next(why for line, why in notes.items() if "V = THETA(5)" in line)
    assert "h, mg and mg/L" in notes["units"]
    draft = imported(streams.THEOPHYLLINE)
    assert any("EXCL" in note.line for note in draft.notes)
    assert all(str(note).split(":")[0] in draft.text for note in draft.notes)
    logged = imported(streams.OCCASIONS)
    assert any("not logged" in note.why for note in logged.notes)


def test_an_eta_that_enters_in_no_known_way_is_left_out_and_said(imported):
    code = streams.MICHAELIS_MENTEN.replace("KM = THETA(3)", "KM = THETA(3)*(1+ETA(1)**2)")
    draft = imported(code)
    assert any("left out" in note.why and "KM" in note.line for note in draft.notes)
    assert 'KM = bd.parameter("KM", theta_KM)' in draft.text


def test_an_eta_without_variance_is_left_out_and_said(imported):
    draft = imported(streams.THEOPHYLLINE.replace("$OMEGA 0.4 0.07", "$OMEGA 0.4 0 FIX"))
    assert "ETA_2: its variance is 0: left out" in map(str, draft.notes)
    assert 'eta["CL"]' not in draft.text


def test_the_default_error_of_a_logarithm_is_absolute(imported):
    """100 % of the logarithm 3.4657 would be an SD of 3.5 of log V."""
    code = streams.THEOPHYLLINE.replace("THETA(3)*EXP(ETA(3))", "EXP(THETA(3)+ETA(3))")
    text = imported(code.replace("(0, 32) ", "3.4657")).text
    assert "bd.published.effect(3.4657, se=RSE / 100)" in text
    assert "# THETA3: volume (L), a logarithm" in text
    assert "bd.published.theta(2.8, rse_percent=RSE)" in text


def test_occasions_in_another_column(imported):
    draft = imported(streams.OCCASIONS.replace("OCC", "VISI"))
    assert any("columns={'OCC': 'VISI'}" in note.why for note in draft.notes)
    assert "VISI = " not in draft.text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("hello", "no control stream"),
        ("$PROBLEM x\n$INPUT ID TIME DV\n$DATA x.csv\n$PRED\nY=THETA(1)+ETA(1)+EPS(1)\n"
         "$THETA 1\n$OMEGA 1\n$SIGMA 1\n", "no compartments"),
        (streams.THEOPHYLLINE.replace("ADVAN2 TRANS2", "ADVAN9"), "pharmpy cannot read"),
        (streams.THEOPHYLLINE.replace("EXP(ETA(1))", "EXP(ETA(1)"), "pharmpy cannot read"),
        (streams.THEOPHYLLINE.replace("THETA(1)*EXP", "THETA(9)*EXP"), "never assigned"),
        (streams.THEOPHYLLINE.replace("THETA(1)*EXP", "THETA(1)*EXP(-TIME)*EXP"), "TIME governs"),
        (streams.THEOPHYLLINE.replace("IPRED*EPS(1)", "IPRED*WT*EPS(1)"), "depends on WT"),
        (streams.THEOPHYLLINE.replace("IPRED*EPS(1) + EPS(2)", "0"), "no epsilon"),
        (streams.THEOPHYLLINE.replace("IPRED*EPS(1)", "EPS(1)"), "residual error"),
        (streams.THEOPHYLLINE + "$MIX\nNSPOP=2\n", "mixtures"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_spec_is_refused_with_a_reason(imported, code, words):
    with pytest.raises(bd.InputError, match=words):
        imported(code)


def test_estimates_of_another_run_are_refused(imported):
    with pytest.raises(bd.InputError, match="not of one run"):
        imported(streams.RATE_CONSTANTS, ext=streams.EXT)
    ext = streams.EXT.replace("THETA3", "THETA3 THETA4", 1)
    more = [f"{line} 1" if line.split()[0].startswith("-") else line for line in ext.splitlines()]
    with pytest.raises(bd.InputError, match="an estimate of THETA4, which it has not"):
        imported(streams.THEOPHYLLINE, ext="\n".join(more))
    unfinished = "\n".join(streams.EXT.splitlines()[:3])
    with pytest.raises(bd.InputError, match="no final estimates"):
        imported(streams.THEOPHYLLINE, ext=unfinished)


def test_long_expressions_labels_and_titles_are_folded(built, imported):
    effects = "(WT/70)**0.75 * EXP(THETA(4)*(WT-70)) * (1+THETA(5)*(WT-70)/70) * (1+THETA(6)*(WT-70)**2)"
    code = streams.THEOPHYLLINE.replace("(WT/70)**0.75", effects).replace(
        "(0, 32)  ; volume (L)", f"(0, 32) ; {'volume of distribution ' * 6}\n 0.001\n 0.1\n 0.0001"
    )
    code = code.replace("$PROBLEM Theophylline, by mouth", f"$PROBLEM {'Theophylline by mouth ' * 8}")
    text = imported(code).text
    assert max(len(line) for line in text.splitlines()) <= 110
    assert "\n        # THETA3: volume of distribution" in text
    thetas = {"theta_KA": 1.5, "theta_CL": 2.8, "theta_V": 32.0, "theta_WT_on_CL": 0.001}
    thetas |= {"theta_THETA5": 0.1, "theta_THETA6": 0.0001}
    found = typical(built(code, WT=90.0), **thetas)
    CL = 2.8 * (90 / 70) ** 0.75 * np.exp(0.02) * (1 + 0.1 * 20 / 70) * (1 + 0.0001 * 400)
    np.testing.assert_allclose(found, bateman(TIMES, 100, 1.5, CL / 32, 32), rtol=1e-6)


def test_a_missing_extra_says_how_to_install_it(imported, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pharmpy.model", None)
    with pytest.raises(bd.InputError, match=r"pip install 'bayesdose\[nonmem\]'"):
        imported(streams.THEOPHYLLINE)


def test_a_title_cannot_leave_the_docstring(imported, tmp_path):
    code = streams.MICHAELIS_MENTEN.replace("Saturable elimination", 'x""" \nimport os\n')
    text = imported(code.replace("\nimport os\n", " import os # \\")).text
    path = tmp_path / "draft.py"
    path.write_text(text, encoding="utf-8")
    assert bd.load_model(path).card.title.startswith("x'''")
    assert "\nimport os" not in text
