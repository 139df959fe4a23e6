"""The catalogue of bad tables: each must raise exactly these findings."""

import json

import pytest
from spec_of_kinds import CARD
from study_tables import BAD_TABLES

import bayesdose as bd
from bayesdose.study import Finding, TableError, read_study

# table: [row, subject, column, level, problem, fix] of every finding, in order; a table under kinds/ is read
# with the card of spec_of_kinds.py
CATALOGUE = json.loads((BAD_TABLES / "findings.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def found(card):
    """Read a table of the catalogue, and return what is raised."""

    def read_bad(name):
        with pytest.raises(TableError) as caught:
            read_study(BAD_TABLES / f"{name}.csv", CARD if name.startswith("kinds/") else card)
        return caught.value

    return read_bad


def test_every_file_is_in_the_catalogue():
    files = {p.relative_to(BAD_TABLES).with_suffix("").as_posix() for p in BAD_TABLES.rglob("*.csv")}
    assert files == set(CATALOGUE)
    assert len(files) >= 150


@pytest.mark.parametrize("name", CATALOGUE)
def test_exactly_these_findings(name, found):
    error = found(name)
    shown = [[f.row, f.subject, f.column, f.level, f.problem, f.fix] for f in error.findings]
    assert shown == CATALOGUE[name]
    assert str(error).startswith(f"{name.rpartition('/')[2]}.csv: ")


@pytest.mark.parametrize("name", CATALOGUE)
def test_free_text_is_not_echoed(name, found):
    for secret in ("Mary", "Smith", "Jones", "notes", "heavy", "Zo", "ller", "North", "Jan"):
        assert secret not in str(found(name))


def test_no_such_file_names_the_nearest(card, tmp_path):
    (tmp_path / "neonates.csv").write_text("x")
    with pytest.raises(TableError, match=r"no such file.*'neonates.csv' was meant"):
        read_study(tmp_path / "neonate.csv", card)


def test_a_directory_or_an_impossible_path(card, tmp_path):
    with pytest.raises(TableError, match="is a directory"):
        read_study(tmp_path, card)
    with pytest.raises(TableError, match="is a directory"):
        read_study("", card)
    for path in ("a\0b.csv", "x" * 5000):
        with pytest.raises(TableError):
            read_study(path, card)


def test_an_unreadable_file(card, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(TableError, match="permission denied"):
        read_study(path, card)


@pytest.mark.parametrize("table", [None, 3, b"ID", ["ID"], {"ID": [1]}, "ID,TIME\n1,0\n"])
def test_not_a_table(table, card):
    with pytest.raises(bd.InputError, match="a path or a DataFrame"):
        read_study(table, card)


@pytest.mark.parametrize("model", [None, "phenobarbital", 3])
def test_not_a_model(model):
    with pytest.raises(bd.InputError, match="a model or a card"):
        read_study("x.csv", model)


def test_all_findings_are_kept_and_the_first_fifty_shown(read):
    with pytest.raises(TableError) as caught:
        read(*(f"1,{k},.,x,0,0,1.4,7" for k in range(400)))
    assert len(caught.value.findings) == 400
    lines = str(caught.value).splitlines()
    assert lines[0] == "table.csv: 400 errors"
    assert len(lines) == 1 + 1 + 50 + 1
    assert lines[-1] == "... and 350 more (see .findings)"
    assert len({line.find("text where") for line in lines[2:-1]}) == 1  # aligned


def test_control_characters_of_an_id_do_not_reach_the_terminal():
    error = TableError([Finding(2, "a\x1b[31mb\u202ec" + "d" * 99, "DV", "error", "p", "f")], "t\n.csv")
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)
    assert "d" * 30 not in str(error)
