import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bayesdose.cli import app

CASE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "neonate.toml"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bayesdose(here):
    """Run the command line in an empty folder; no traceback may ever reach the user."""

    def run(*arguments):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def as_json(bayesdose):
    """Run the command line with --json: one JSON value on standard output, with the exit code in it."""

    def run(*arguments):
        result = bayesdose(*arguments, "--json")
        found = json.loads(result.stdout)
        assert found["exit_code"] == result.exit_code
        return found

    return run


@pytest.fixture
def case():
    """The shipped example of a case file."""
    return CASE
