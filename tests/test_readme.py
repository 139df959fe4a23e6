"""The README's script, run as it stands."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def script():
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    return block


@pytest.mark.slow
def test_the_script_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(script(), str(README), "exec"), names)
    said = capsys.readouterr().out
    assert "59" in said
    assert names["choice"].best in said
    assert names["me"].diagnostics.khat < 0.7
    assert (tmp_path / "neonate.html").read_text().startswith("<!DOCTYPE html>")
