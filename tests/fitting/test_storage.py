"""Fits on disk: round trip, whole or not at all, a changed spec, nothing run, sizes."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.fitting import Fit, storage


@pytest.fixture
def folder(stored_fit, tmp_path):
    return stored_fit.save(tmp_path / "mine")


def test_round_trip(stored_fit, folder):
    again = bd.load_fit(folder)
    assert again.provenance["seed"] == stored_fit.provenance["seed"]
    assert again.check().passed == stored_fit.check().passed
    for name, draws in stored_fit.population_draws.items():
        np.testing.assert_array_equal(again.population_draws[name], draws)


def test_the_folder_holds_two_files_and_no_pickle(folder):
    assert sorted(p.name for p in folder.iterdir()) == ["posterior.nc", "provenance.json"]
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


def test_saving_again_replaces_whole(stored_fit, folder):
    changed = replace(stored_fit, provenance={**stored_fit.provenance, "seed": 77})
    changed.save(folder)
    assert bd.load_fit(folder).provenance["seed"] == 77
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


def test_a_failed_save_leaves_the_old_fit(stored_fit, folder, monkeypatch):
    def fail(fresh, target):
        raise OSError("disk full")

    monkeypatch.setattr(storage, "swap", fail)
    with pytest.raises(OSError, match="disk full"):
        stored_fit.save(folder)
    assert bd.load_fit(folder).provenance["seed"] == stored_fit.provenance["seed"]
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


def test_a_folder_that_is_no_fit_is_left_alone(stored_fit, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="not a stored fit"):
        stored_fit.save(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_changed_spec_is_told_with_both_hashes_and_the_command(folder, tmp_path):
    model = bd.load_model("phenobarbital")
    mine = tmp_path / "phenobarbital.py"
    mine.write_text(model.path.read_text().replace("HalfNormal.dist(0.5)", "HalfNormal.dist(0.4)"))
    changed = bd.load_model(mine)
    with pytest.raises(InputError, match="has changed since") as told:
        bd.load_fit(folder, model=changed)
    message = str(told.value)
    assert changed.hash[:12] in message
    assert model.hash[:12] in message
    assert "bayesdose fit" in message


def test_the_users_own_spec_must_be_named(folder):
    record = json.loads((folder / "provenance.json").read_text())
    record["model"]["name"] = "my_drug"
    (folder / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"bd\.load_model"):
        bd.load_fit(folder)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("provenance.json", b"{", "is not JSON"),
        ("provenance.json", b"[1]", "is not the provenance of a fit"),
        ("provenance.json", b"\xff\xfe", "is not JSON"),
        ("posterior.nc", b"not netCDF", "not those its provenance belongs to"),
    ],
)
def test_a_damaged_fit_is_told(folder, name, content, told):
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=told):
        bd.load_fit(folder)


def test_a_file_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setitem(storage._LARGEST, "provenance.json", 10)
    with pytest.raises(InputError, match="too large"):
        bd.load_fit(folder)


def test_no_such_fit(tmp_path):
    with pytest.raises(InputError, match="bayesdose models"):
        bd.load_fit("nothing")
    shutil.rmtree(tmp_path)
    with pytest.raises(InputError, match="no fit at"):
        bd.load_fit(tmp_path)


def test_slim_is_small_and_has_no_individual(stored_fit, tmp_path):
    slim = stored_fit.save(tmp_path / "slim", slim=True)
    size = sum(p.stat().st_size for p in slim.iterdir())
    assert size <= 2_000_000
    again = bd.load_fit(slim)
    assert set(again.posterior["posterior"].data_vars) == set(stored_fit.population)
    np.testing.assert_allclose(
        again.population_draws["theta_CL"], stored_fit.population_draws["theta_CL"], rtol=1e-6
    )


def test_a_full_fit_stores_no_subject_id(phenobarbital, neonates, tmp_path):
    ids = [f"Mrs {i}" for i in neonates.ids[:2]]
    draws = xr.Dataset({"CL": (("chain", "draw", "subject"), np.ones((1, 3, 2)))}, coords={"subject": ids})
    record = {"model": {"name": "phenobarbital", "hash": phenobarbital.hash}, "population": [], "data": {}}
    fit = Fit(phenobarbital, xr.DataTree.from_dict({"posterior": draws}), {**record, "seed": 1, "checks": []})
    folder = fit.save(tmp_path / "full")
    assert bd.load_fit(folder).posterior["posterior"]["subject"].to_numpy().tolist() == ["1", "2"]
    assert not any(b"Mrs" in path.read_bytes() for path in folder.iterdir())
    assert fit.posterior["posterior"]["subject"].to_numpy().tolist() == ids
