"""The repository keeps its own promises: pins, sizes, names, links, lazy imports, covered contracts."""

from __future__ import annotations

import ast
import configparser
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bayesdose

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bayesdose"
LARGEST_FILE = 2_000_000
MOST_LINES = {ast.FunctionDef: 60, ast.AsyncFunctionDef: 60, ast.ClassDef: 200}
MOST_LINES_OF_A_FILE = 400
PICKLES = {".pkl", ".pickle", ".joblib", ".dill"}
HEAVY = {
    "pymc",
    "pytensor",
    "nutpie",
    "numba",
    "pandas",
    "xarray",
    "matplotlib",
    "scipy",
    "pint",
    "arviz_stats",
}
MAY_DRAW = {"reporting", "validate", "cli", "demo"}
LOCKED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<marker> ;[^\\\n]*)? \\\n(?P<hashes>(?: +--hash=.*\n)+)",
    re.MULTILINE,
)


def _pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _declared() -> list[Requirement]:
    project = _pyproject()
    return [Requirement(r) for r in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]


def _in_git() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode != 0:
        pytest.skip("this is not a git checkout")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [p for p in paths if p.is_file()]


def _sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _rooms() -> set[str]:
    modules = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__"}
    return modules | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}


def _id(path: object) -> str:
    return path.relative_to(ROOT).as_posix() if isinstance(path, Path) else str(path)


# Pins


@pytest.mark.parametrize("wanted", _declared(), ids=str)
def test_each_dependency_is_locked_with_hashes(wanted: Requirement) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = {canonicalize_name(m["name"]): m for m in LOCKED.finditer(lock)}
    pin = pins.get(canonicalize_name(wanted.name))
    assert pin is not None, f"{wanted.name} is not in requirements.lock: run `make lock`"
    assert pin["version"] in wanted.specifier, f"{wanted} but {pin['version']} is locked: run `make lock`"
    assert all("--hash=sha256:" in line for line in pin["hashes"].splitlines())


def test_the_lock_names_no_registry_and_every_pin_has_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", lock, re.MULTILINE)
    assert len(re.findall(r"^[A-Za-z0-9]", lock, re.MULTILINE)) == len(list(LOCKED.finditer(lock)))


def test_the_build_backend_is_locked_too() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    names = {canonicalize_name(m["name"]) for m in LOCKED.finditer(lock)}
    backend = {canonicalize_name(Requirement(r).name) for r in _pyproject()["build-system"]["requires"]}
    assert backend <= names


def test_each_dependency_has_one_row_in_the_docs() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(r.name for r in _declared())


# Files


def test_no_file_in_git_is_large() -> None:
    large = {_id(p): p.stat().st_size for p in _in_git() if p.stat().st_size > LARGEST_FILE}
    assert not large


def test_no_pickle_and_no_uv_lock_in_git() -> None:
    unwanted = [_id(p) for p in _in_git() if p.suffix in PICKLES or p.name == "uv.lock"]
    assert not unwanted


def _links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", text)


def test_relative_links_in_markdown_resolve() -> None:
    pages = [p for p in _in_git() if p.suffix == ".md"]
    broken = [
        f"{_id(page)}: {link}"
        for page in pages
        for link in _links(page)
        if not re.match(r"[a-z][a-z0-9+.-]*:|#", link) and not (page.parent / link.partition("#")[0]).exists()
    ]
    assert not broken


# Sizes


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    first = node.body[0]
    return first.end_lineno - first.lineno + 1 if ast.get_docstring(node) is not None else 0


@pytest.mark.parametrize("source", _sources(), ids=_id)
def test_files_functions_and_classes_stay_small(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES_OF_A_FILE
    for node in ast.walk(ast.parse(text)):
        most = MOST_LINES.get(type(node))
        if most is not None:
            lines = node.end_lineno - node.lineno + 1 - _docstring_lines(node)
            assert lines <= most, f"{node.name} has {lines} lines without its docstring"


# Names and imports


@pytest.mark.parametrize("name", bayesdose.__all__)
def test_each_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(bayesdose, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        text = value.__doc__ or ""
        made_by_dataclass = text.startswith(f"{value.__name__}(")
        assert text.strip(), f"{name} has no docstring"
        assert not made_by_dataclass, f"{name} has no docstring of its own"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = bayesdose.no_such_name


def test_importing_bayesdose_loads_nothing_heavy() -> None:
    program = "import sys, bayesdose; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert not HEAVY & set(ran.stdout.split())


def test_the_public_names_survive_the_import_of_every_room() -> None:
    # A module of the same name as a public function would hide it once something had imported the module.
    assert not _rooms() & set(bayesdose.__all__)


def test_each_room_that_may_not_draw_is_in_the_contract() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    covered = set(contracts["importlinter:contract:no-plots"]["source_modules"].split())
    assert {f"bayesdose.{room}" for room in _rooms() - MAY_DRAW} <= covered
