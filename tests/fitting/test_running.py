"""Long fits: chains kept on disk under a seal, interruption, what is told on the way."""

import _thread
import json
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.fitting import running
from bayesdose.fitting.kept import (
    claim,
    kept_chains,
    kept_draws,
    put_chains,
    put_draws,
    release,
    seal,
)
from bayesdose.fitting.nuts import _by_subpopulation
from bayesdose.fitting.running import Progress, Sampler
from bayesdose.fitting.subpopulations import settle
from bayesdose.model import build


def chains(n=2, draws=5, offset=0.0):
    values = offset + np.arange(n * draws, dtype=float).reshape(n, draws)
    group = xr.Dataset({"theta_CL": (("chain", "draw"), values)}, coords={"chain": np.arange(n)})
    return xr.DataTree.from_dict({"posterior": group, "sample_stats": group.rename(theta_CL="energy")})


def test_an_unknown_adaptation_is_refused():
    with pytest.raises(InputError, match=r"diagonal or low rank.*low rank"):
        Sampler(adaptation="low-rank")


def test_a_low_rank_mass_matrix_is_computed_by_window():
    model = bd.load_model("theophylline")
    study = bd.read_study(bd.data_path("theophylline"), model)
    fit = bd.fit(model, study, seed=1, draws=5, tune=60, chains=1, adaptation="low rank", progress=False)
    settings = json.loads(fit.posterior["sample_stats"].attrs["inference_library_settings"])["settings"]
    assert settings["adapt_options"]["mass_matrix_update_freq"] > settings["num_tune"] == 60


def test_finished_chains_come_back(tmp_path):
    keep = claim(tmp_path, b"this fit")
    put_chains(keep, range(2), chains())
    xr.testing.assert_equal(kept_chains(keep, range(2)), chains())
    assert kept_chains(keep, range(2, 4)) is None


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b""]
)
def test_a_file_that_is_not_whole_counts_as_none(tmp_path, damage):
    keep = claim(tmp_path, b"this fit")
    put_chains(keep, range(2), chains())
    (path,) = tmp_path.glob("chains-*")
    path.write_bytes(damage(path.read_bytes()))
    assert kept_chains(keep, range(2)) is None
    assert not path.exists()


def test_a_folder_keeps_chains_apart_by_fit(tmp_path):
    folder = tmp_path / "kept"
    mine, other = claim(folder, b"this fit"), claim(folder, b"another fit")
    put_chains(mine, range(2), chains())
    assert kept_chains(claim(folder, b"this fit"), range(2)) is not None
    assert kept_chains(other, range(2)) is None
    release(folder)
    assert not folder.exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    notes = tmp_path / "my-markov-chains-notes.txt"
    notes.write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        claim(tmp_path, b"this fit")
    assert notes.read_text() == "mine"


def test_chains_are_joined():
    both = running._joined([chains(), chains(offset=100.0)])
    assert both["posterior"].sizes == {"chain": 4, "draw": 5}
    assert both["posterior"]["theta_CL"].to_numpy()[:, 0].tolist() == [0, 5, 100, 105]
    assert both["posterior"].chain.to_numpy().tolist() == [0, 1, 2, 3]


def test_draws_that_one_chain_does_not_have_are_left_out():
    made = chains()
    made["posterior"]["theta_CL"][1, 3:] = np.nan
    assert running._made(made, ["theta_CL"])["posterior"].sizes["draw"] == 3


def test_what_is_told(capsys):
    told = Progress(Sampler(draws=100, tune=100), chains=2)
    told.update(
        [
            SimpleNamespace(finished_draws=150, divergences=1),
            SimpleNamespace(finished_draws=50, divergences=0),
        ]
    )
    told.began -= 30
    told.tell(("theta_ka", 212.4))
    told.tell(None)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "50 %, 1 divergences, ESS so far 212 (theta_ka), 30 s left"
    assert "warming up" in second


@pytest.fixture(scope="module")
def few(neonates):
    return neonates.select(list(neonates.ids[:12]))


def test_a_fit_goes_on_from_kept_chains(phenobarbital, few, tmp_path, monkeypatch):
    settings = {
        "seed": 1,
        "draws": 60,
        "tune": 150,
        "chains": 3,
        "progress": False,
        "keep": tmp_path / "kept",
    }
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    once = bd.fit(phenobarbital, few, **settings)
    assert len(list((tmp_path / "kept").glob("chains-*.nc"))) == 2
    (last,) = (tmp_path / "kept").glob("chains-*-2-2-*.nc")
    last.unlink()
    (first,) = (tmp_path / "kept").glob("chains-*-0-1-*.nc")
    written = first.stat().st_mtime_ns
    counted = []
    sample = running._one
    monkeypatch.setattr(running, "_one", lambda *a, **k: counted.append(len(a[0].chains)) or sample(*a, **k))
    again = bd.fit(phenobarbital, few, **settings)
    assert counted == [1]
    assert [p.stat().st_mtime_ns for p in (tmp_path / "kept").glob("chains-*-0-1-*.nc")] == [written]
    first, second = (f.posterior["posterior"]["theta_CL"].to_numpy() for f in (once, again))
    assert first.shape == (3, 60)
    np.testing.assert_array_equal(first[:2], second[:2])


def test_a_chain_goes_on_from_the_draws_it_had(phenobarbital, few, tmp_path, monkeypatch):
    """As after a kill: draws so far are kept while it samples; what is left is sampled after a warm-up."""
    settings = {"seed": 1, "draws": 20_000, "tune": 300, "chains": 2, "progress": False}
    monkeypatch.setattr(running, "_KEEP", 0.0)
    seen = []
    put = running.put_draws
    monkeypatch.setattr(running, "put_draws", lambda *a: seen.append(a[2]) or put(*a))
    monkeypatch.setattr(running, "put_chains", lambda *a: None)  # as if killed before that
    once = bd.fit(phenobarbital, few, keep=tmp_path / "kept", **settings)
    assert once.provenance["resumed"] == 0
    (left,) = (tmp_path / "kept").glob("sofar-*.nc")
    n = min(seen[-1]["posterior"].sizes["draw"], 20_000 - 20)
    assert 20 <= n <= 20_000
    monkeypatch.undo()
    again = bd.fit(phenobarbital, few, keep=tmp_path / "kept", **settings)
    assert again.provenance["resumed"] == n
    assert not left.exists()
    first, second = (f.posterior["posterior"]["theta_CL"].to_numpy() for f in (once, again))
    assert second.shape == (2, 20_000)
    np.testing.assert_array_equal(second[:, :n], first[:, :n])
    assert not np.isin(second[:, n:], first).any()


def test_texts_about_divergences_are_left_out():
    """Draws that have some and draws that have none could not be stored together."""
    made = chains()
    made["sample_stats"]["divergence_message"] = (("chain", "draw"), np.full((2, 5), "far", dtype=object))
    assert set(running._numbers(made)["sample_stats"].data_vars) == {"energy"}
    assert set(running._made(made, ["theta_CL"])["sample_stats"].data_vars) == {"energy"}
    assert set(running._numbers(made)["posterior"].data_vars) == {"theta_CL"}


def test_the_longer_of_two_kept_pieces_counts(tmp_path):
    keep = claim(tmp_path, b"this fit")
    put_draws(keep, range(2), chains(draws=3))
    (shorter,) = tmp_path.glob("sofar-*")
    saved = shorter.read_bytes()
    put_draws(keep, range(2), chains(draws=5))
    assert not shorter.exists()
    shorter.write_bytes(saved)  # a kill before it was removed
    xr.testing.assert_equal(kept_draws(keep, range(2)), chains(draws=5))
    put_chains(keep, range(2), chains(draws=9))
    assert kept_draws(keep, range(2)) is None


@pytest.fixture
def listening():
    """Take interruptions: a process in the background may have been started with them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interruption_keeps_the_draws_made_so_far(phenobarbital, few, listening):
    def interrupt(step):
        if step == "sample":
            threading.Timer(5.0, _thread.interrupt_main).start()

    settings = {"draws": 1_000_000, "tune": 200, "chains": 2, "progress": False}
    try:
        fit = bd.fit(phenobarbital, few, seed=1, say=interrupt, **settings)
    except KeyboardInterrupt:
        pytest.fail("the draws made so far were thrown away")
    n = fit.posterior["posterior"].sizes["draw"]
    assert 20 <= n < 1_000_000
    row = fit.check().rows[-1]
    assert (row.name, row.passed) == ("complete (share of draws)", False)
    assert row.value == pytest.approx(n / 1_000_000)
    assert np.isfinite(fit.population_draws["theta_CL"]).all()


@pytest.mark.parametrize("share", [0.5, None])
def test_an_interruption_hands_out_the_finished_chains(tmp_path, monkeypatch, share):
    """A later group that is interrupted, also in its warm-up, takes nothing from those before it."""

    def group(one, *, progress):
        if calls:
            if share is None:
                raise KeyboardInterrupt
            return chains(len(one.chains), draws=3), share
        calls.append(one.seed)
        return chains(len(one.chains)), 1.0

    calls = []
    monkeypatch.setattr(running, "_one", group)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    keep = claim(tmp_path, b"this fit")
    sampled = running.sample(None, Sampler(draws=5), 1, ["theta_CL"], progress=False, keep=keep)
    assert sampled.share == 0.5
    assert sampled.trace["posterior"].sizes == {"chain": 2, "draw": 5}


def test_exchanged_draws_are_refused(stored_fit, tmp_path):
    place = stored_fit.save(tmp_path / "a")
    other = bd.Fit(stored_fit.model, stored_fit.posterior.isel(draw=slice(10)), stored_fit.provenance)
    draws = other.save(tmp_path / "b") / "posterior.nc"
    (place / "posterior.nc").write_bytes(draws.read_bytes())
    with pytest.raises(InputError, match="not those its provenance belongs to"):
        bd.load_fit(place)
    assert seal(draws) != seal(tmp_path / "a" / "provenance.json")


def test_what_depends_on_the_subpopulation_is_stored_in_each():
    """A parameter of the first kind is not that of a subject of the second."""
    model = bd.load_model(Path(__file__).parents[1] / "specs" / "sim_mixture.py")
    table = {"ID": "1", "TIME": [0.0, 2.0], "AMT": [100, 0], "EVID": [1, 0], "DV": [0, 2.0]}
    declared = build(model, bd.read_study(pd.DataFrame(table).astype(str), model))
    assert _by_subpopulation(declared) == {"z", "CL", "V", "eta_CL", "eta_V", "DV_prediction"}
    each = {v.name for v in declared.deterministics if v.name.endswith("_by_subpopulation")}
    assert each == {f"{n}_by_subpopulation" for n in ("z", "CL", "V", "eta_CL", "eta_V")}


def test_a_subject_is_in_the_subpopulation_drawn_for_it():
    p = np.array([[0.0, 1.0, 0.3]])
    n, kinds = 4000, ["slow", "fast"]
    data = {
        "membership": (
            ("chain", "draw", "subpopulation", "subject"),
            np.tile(np.stack([p, 1 - p], 1), (1, n, 1, 1)),
        ),
        "CL_by_subpopulation": (
            ("chain", "draw", "subpopulation", "subject"),
            np.broadcast_to(np.array([1.0, 4.0])[:, None], (1, n, 2, 3)),
        ),
    }
    posterior = xr.Dataset(data, coords={"subpopulation": kinds, "subject": ["a", "b", "c"]})
    settled = settle(xr.DataTree.from_dict({"posterior": posterior}), None, seed=3)["posterior"]
    assert set(settled.data_vars) == {"membership", "member", "CL"}
    assert settled["member"].dims == ("chain", "draw", "subject")
    assert (settled["CL"] == xr.where(settled["member"] == 0, 1.0, 4.0)).all()
    slow = (settled["member"] == 0).mean(("chain", "draw")).to_numpy()
    assert slow[:2].tolist() == [0.0, 1.0]
    assert abs(slow[2] - 0.3) < 4 * np.sqrt(0.3 * 0.7 / n)
