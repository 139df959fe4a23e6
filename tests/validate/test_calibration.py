"""Simulation-based calibration: ranks, exact bands, verdicts, keeping, refusals, the figure."""

import json

import numpy as np
import pytest
import xarray as xr
from arviz_stats.ecdf_utils import get_pointwise_confidence_band, simulate_confidence_bands
from populations.calibrated import SPECS, design

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.validate import Calibration, calibrate
from bayesdose.validate.calibrating import FIT_COLUMNS, draw_truths
from bayesdose.validate.calibration_kept import Kept
from bayesdose.validate.ranks import band, counts, p_value, verdict


def made_up(ranks, draws=99):
    """Return a Calibration of given ranks (replication, quantity)."""
    names = ["theta_CL", "omega_CL", "sigma_prop", "eta_CL[0]", "partial_CL_V", "log_likelihood"][
        : ranks.shape[1]
    ]
    fits = dict.fromkeys(FIT_COLUMNS, [1] * len(ranks)) | {"converged": [True] * (len(ranks) - 1) + [False]}
    plain = {"record": {"seed": 1}, "draws": draws, "fits": fits}
    return Calibration.from_dict(
        {**plain, "ranks": {n: r.tolist() for n, r in zip(names, ranks.T, strict=True)}}
    )


@pytest.mark.parametrize(("n", "draws"), [(50, 99), (200, 99), (37, 20)])
def test_uniform_ranks_are_outside_as_often_as_stated(n, draws):
    rng = np.random.default_rng(1)
    found = np.array([p_value(rng.integers(0, draws + 1, n), draws) for _ in range(300)])
    for level in (0.01, 0.05, 0.5):  # p-values are those of whole counts: at most as often
        assert (found <= level).mean() < level + 3 * np.sqrt(level * (1 - level) / 300)
    assert (found <= 0.5).mean() > 0.4


def test_the_band_and_the_p_value_say_the_same():
    rng = np.random.default_rng(2)
    low, high = band(60, 99, level=0.2)
    for _ in range(200):
        ranks = rng.integers(0, 100, 60)
        ecdf = counts(ranks, 99) / 60
        assert ((ecdf >= low) & (ecdf <= high)).all() == (p_value(ranks, 99) > 0.2)


def test_the_exact_band_is_that_of_simulation():
    points = np.arange(1, 100) / 100
    level = simulate_confidence_bands(100, 1, points, 0.95, 4000, np.random.default_rng(3))
    twin = get_pointwise_confidence_band(level, 100, points)
    for ours, theirs in zip(band(100, 99, level=0.05), twin, strict=True):
        assert np.abs(ours - theirs).max() <= 0.01 + 1e-12  # one count of a hundred


@pytest.mark.parametrize("shape", [(2.0, 1.0), (1.0, 2.0), (3.0, 3.0), (0.4, 0.4)])
def test_wrong_posteriors_are_outside(shape):
    ranks = np.floor(100 * np.random.default_rng(4).beta(*shape, (100, 1))).astype(int)
    row = verdict(ranks, 99, ["theta_CL"]).iloc[0]
    assert row["outside"]
    assert row["p"] < 1e-4
    assert row["mean"] == pytest.approx(shape[0] / sum(shape), abs=0.1)
    assert (row["spread"] > 1) == (shape == (0.4, 0.4))


def test_one_wrong_quantity_among_many_is_named():
    rng = np.random.default_rng(5)
    ranks = rng.integers(0, 100, (200, 6))
    ranks[:, 1] = np.floor(100 * rng.beta(2.0, 1.0, 200))
    table = made_up(ranks).verdict()
    assert list(table["quantity"][table["outside"]]) == ["omega_CL"]


def test_what_is_no_rank_is_refused():
    for ranks in (np.array([[100]]), np.array([[-1]]), np.zeros((0, 1))):
        with pytest.raises(InputError, match="no ranks"):
            verdict(ranks, 99, ["theta_CL"])


def test_json_and_text():
    first = made_up(np.random.default_rng(6).integers(0, 100, (50, 3)))
    second = Calibration.from_dict(json.loads(json.dumps(first.to_dict())))
    xr.testing.assert_identical(first.ranks, second.ranks)
    assert first.fits.equals(second.fits)
    assert second.unconverged == 1
    assert second.repeated == 0
    assert "50 replications, 0 fitted again, 1 not converged" in str(second)


def test_kept_replications_survive_an_interruption(tmp_path):
    path = tmp_path / "kept.jsonl"
    kept = Kept(path, {"seed": 1})
    kept.put(0, {"ranks": {"a": 3}})
    kept.put(1, {"ranks": {"a": 5}})
    path.write_text(path.read_text() + '{"replication": 2, "ra')
    again = Kept(path, {"seed": 1})
    assert again.rows == {0: {"ranks": {"a": 3}}, 1: {"ranks": {"a": 5}}}
    again.put(2, {"ranks": {"a": 7}})
    assert len(Kept(path, {"seed": 1}).rows) == 3
    with pytest.raises(InputError, match="another calibration"):
        Kept(path, {"seed": 2})


def test_the_figure_has_a_line_for_each_quantity_and_marks_what_is_outside():
    rng = np.random.default_rng(7)
    ranks = rng.integers(0, 100, (100, 6))
    ranks[:, 0] = 99
    drawn = bd.figure(made_up(ranks))
    labels = [
        text.get_text() for ax in drawn.axes if ax.get_visible() for text in ax.get_legend().get_texts()
    ]
    assert sorted(labels) == sorted(
        ["theta_CL: outside", "omega_CL", "sigma_prop", "eta_CL[0]", "partial_CL_V", "log_likelihood"]
    )


@pytest.mark.slow
def test_other_variables_and_subpopulations_are_refused():
    oral, bolus = (bd.load_model(SPECS / f"sbc_{name}.py") for name in ("oral", "censored"))
    study = bd.read_study(design((1, 4)), bolus)
    with pytest.raises(InputError, match="other variables"):
        draw_truths(oral, bolus, study, 2, 1, None)
    with pytest.raises(InputError, match="no censored levels"):
        draw_truths(oral, oral, study, 2, 1, 0.5)
    mixed = bd.load_model(SPECS / "sim_mixture.py")
    with pytest.raises(InputError, match="no subpopulations"):
        draw_truths(mixed, mixed, bd.read_study(design((1, 4)), mixed), 2, 1, None)


@pytest.mark.slow
def test_truths_are_drawn_from_the_priors():
    model = bd.load_model(SPECS / "sbc_censored.py")
    study = bd.read_study(design((1, 12, 36)), model)
    drawn = draw_truths(model, model, study, 4000, 1, 0.5)
    logs = np.log(drawn.population["theta_CL"])
    assert logs.mean() == pytest.approx(1.1, abs=4 * 0.3 / np.sqrt(4000))
    assert logs.std() == pytest.approx(0.3, rel=0.05)
    ratio = drawn.effects["eta_CL"] / drawn.population["omega_CL"][:, None]
    assert ratio.std() == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(ratio[:, 3], drawn.z.reshape(4000, 10, 2)[:, 3, 0], rtol=1e-12)
    assert (drawn.levels >= 0.5).all()
    np.testing.assert_array_equal(drawn.censored, drawn.levels == 0.5)
    assert 0.02 < drawn.censored.mean() < 0.5


@pytest.mark.slow
def test_a_few_replications(tmp_path):
    model = bd.load_model(SPECS / "sbc_censored.py")
    study = bd.read_study(design((1, 12, 36), subjects=6), model)
    said = []

    def again(replications=3):
        return calibrate(
            model,
            study,
            replications=replications,
            seed=2,
            draws=400,
            tune=300,
            ranked=49,
            members=1,
            lloq=0.5,
            centred=("V",),
            keep=tmp_path / "kept.jsonl",
            say=said.append,
        )

    found = again()
    assert found.ranks.shape == (3, 9)
    assert {"eta_CL[0]", "eta_V[0]", "log_likelihood"} < set(found.ranks["quantity"].values)
    assert 0 <= int(found.ranks.min()) <= int(found.ranks.max()) <= 49
    assert found.record["model"]["hash"] == model.hash
    assert len(said) == 3
    xr.testing.assert_identical(found.ranks, again().ranks)  # read, not sampled
