"""A process that is killed (SIGKILL) while it saves leaves nothing that is taken for a fit and is none."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.fitting import swapping

TESTS = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("killed_saves.py")
GONE = 2**22 + 1  # no process of Linux has this number


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What was left after a kill at each operation on files."""
    path = os.pathsep.join([str(TESTS), str(Path(bd.__file__).parents[1])])
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-W", "ignore", str(PROGRAM), str(tmp_path_factory.mktemp("killed"))]
    ran = subprocess.run(command, env=os.environ | alone, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_new_fit_is_there_or_not(told):
    found = told["new"]["found"]
    assert told["new"]["kills"] >= 10
    assert found[0] is None
    assert found[-1] == 1000 + told["new"]["kills"]
    first = next(k for k, seed in enumerate(found) if seed is not None)
    assert all(
        seed in (before, 1000 + k) for k, (before, seed) in enumerate(pairwise(found[first:]), first + 1)
    )


def test_a_fit_that_is_replaced_is_the_old_one_or_the_new_one(told):
    found = [1, *told["again"]["found"]]  # the first had the seed 1
    assert told["again"]["kills"] >= 10
    assert all(seed in (before, 1000 + k) for k, (before, seed) in enumerate(pairwise(found)))
    assert found[-1] == 1000 + told["again"]["kills"]
    assert told["left"] == []


def test_finished_chains_are_kept_whole_or_not_at_all(told):
    assert told["chains"]["kills"] >= 5
    assert told["chains"]["found"][0] is None
    assert told["chains"]["found"][-1] is True
    assert set(told["chains"]["found"]) == {None, True}


# What a kill between two renames leaves


def _aside(folder, process=GONE, machine=None):
    machine = machine or swapping._machine()
    return folder.with_name(f".{folder.name}-old-{machine}-{process}-abcdefgh")


def test_a_fit_that_stood_aside_is_found_and_put_back(stored_fit, tmp_path):
    folder = stored_fit.save(tmp_path / "mine")
    folder.rename(_aside(folder))
    assert bd.load_fit(folder).provenance["seed"] == stored_fit.provenance["seed"]
    assert not folder.exists()
    swapping.sweep(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert bd.load_fit(folder).provenance["seed"] == stored_fit.provenance["seed"]


def test_what_another_process_is_writing_is_left_alone(stored_fit, tmp_path):
    folder = stored_fit.save(tmp_path / "mine")
    mine = [swapping.fresh_folder(folder), _aside(folder, os.getpid()), _aside(folder, machine="00000000")]
    others = [tmp_path / ".mine-2-notes", _aside(tmp_path / "mine-too")]
    dead = [_aside(folder), tmp_path / f".mine-{swapping._machine()}-{GONE}-abcdefgh"]
    for path in [*mine[1:], *others, *dead]:
        path.mkdir()
    stored_fit.save(folder)
    assert all(path.is_dir() for path in [*mine, *others])
    assert not any(path.exists() for path in dead)


def test_an_empty_folder_aside_is_no_fit(tmp_path):
    _aside(tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="there is no fit at"):
        bd.load_fit(tmp_path / "mine")
