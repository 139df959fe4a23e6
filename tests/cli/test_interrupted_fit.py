"""Ctrl-C (SIGINT) while ``bayesdose fit`` runs: what is stored, and what is said."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.fitting import complete

HOME = Path(bd.__file__).parents[1]
# A process that a background shell starts ignores SIGINT, and its children do.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from bayesdose.cli.commands import main; main()"
)
PATIENCE = 300.0  # seconds
ONE_CORE = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HOME)}


@pytest.fixture
def table(tmp_path):
    """All neonates: a smaller table is sampled before the key is pressed."""
    records = pd.read_csv(bd.data_path("phenobarbital"), dtype=str, comment="#")
    records.to_csv(tmp_path / "neonates.csv", index=False)
    return tmp_path / "neonates.csv"


def interrupted(table, step, seconds, *arguments):
    """Run a fit, press Ctrl-C so long after a step began, and return its exit code, output and messages."""
    said = table.parent / "said"
    command = [sys.executable, "-c", PROGRAM, "fit", "phenobarbital", str(table), *arguments]
    with said.open("w") as messages:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            cwd=table.parent,
            env=os.environ | ONE_CORE,
        )
        until = time.monotonic() + PATIENCE
        while step not in said.read_text() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        assert step in said.read_text()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, shown, said.read_text()


@pytest.mark.slow
def test_ctrl_c_while_it_samples_stores_what_there_is(table):
    arguments = ("--out", "out", "--draws", "100000", "--tune", "150", "--chains", "2", "--json")
    for seconds in (4.0, 12.0, 36.0):  # a busy machine may have no draws yet: code 130 says so
        code, shown, said = interrupted(table, "Sampling", seconds, *arguments)
        if code != 130:
            break
    assert code == 1, said
    assert json.loads(shown)["exit_code"] == 1
    assert "Traceback" not in said
    assert sorted(path.name for path in table.parent.glob("out*")) == ["out.interrupted", "out.unfinished"]
    fit = bd.load_fit(table.parent / "out.interrupted")
    assert not complete(fit)
    assert 20 <= fit.posterior["posterior"].sizes["draw"] < 100_000
    assert not fit.check().passed


def test_ctrl_c_before_there_are_draws_stores_nothing(table):
    code, shown, said = interrupted(table, "Compiling", 0.2, "--out", "out")
    assert code == 130, said
    assert shown == ""
    assert "Interrupted" in said
    assert "Traceback" not in said
    assert list(table.parent.glob("out*")) == []
