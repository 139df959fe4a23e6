"""The gallery says what cards and stored results say."""

import importlib.util
from pathlib import Path

from library import library

import bayesdose as bd

ROOT = Path(__file__).parents[2]


def gallery(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")  # where a tool finds its neighbours
    found = importlib.util.spec_from_file_location("gallery", ROOT / "tools" / "gallery.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_every_page_is_as_the_tool_writes_it(monkeypatch):
    """After a change of a card: ``make library gallery``."""
    pages = gallery(monkeypatch).pages()
    assert set(pages) == {"README.md", *(f"{name}.md" for name in library())}
    for name, text in pages.items():
        assert (ROOT / "docs" / "models" / name).read_text(encoding="utf-8") == text, name
    missing = [n for n in library() if not (ROOT / "docs" / "models" / f"{n}_structure.png").is_file()]
    assert not missing


def test_every_stored_fit_of_the_library_belongs_to_its_spec():
    """`load_fit` refuses one whose spec has changed since."""
    for name in library():
        assert bd.load_fit(name).provenance["origin"] == "prior draws, no data"
