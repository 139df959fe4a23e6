"""Model specs: one Python file per drug, with a card and a function from a study to a ``pm.Model``."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bayesdose.card import Card
from bayesdose.errors import InputError, explain, nearest

if TYPE_CHECKING:
    import pymc as pm

    from bayesdose.study import Study

MODULE = "bayesdose_spec_"
"""How the name of a module begins that is a spec."""

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Model:
    """A loaded spec.

    Parameters
    ----------
    name
        The file's name without its ending.
    hash
        SHA-256 of the spec's code without comments, docstrings and layout.
    card
        What the model is for and which columns it reads.
    declare
        The spec's function from a Study to a ``pm.Model``.
    path
        Where the spec was read.
    """

    name: str
    hash: str
    card: Card = field(compare=False)
    declare: Callable[[Study], pm.Model] = field(compare=False, repr=False)
    path: Path = field(compare=False)


def load_model(name: str | Path) -> Model:
    """Load a shipped spec by its name, or the user's own by its path; loading runs the file.

    Raises
    ------
    InputError
        When there is no such spec, or the file does not declare ``CARD`` and ``model``.
    """
    path = _find(name)
    text = path.read_text(encoding="utf-8")
    module = _run(path)
    card, declare = getattr(module, "CARD", None), getattr(module, "model", None)
    if not isinstance(card, Card) or not callable(declare):
        raise InputError(
            explain(
                f"{path.name} is not a model spec",
                came=f"CARD is {type(card).__name__}, model is {type(declare).__name__}",
                expected="CARD = bd.Card(...) and def model(study): ... in the file",
            )
        )
    return Model(name=path.stem, hash=spec_hash(text), card=card, declare=declare, path=path)


def shipped_models() -> dict[str, Path]:
    """Return name and path of every spec that comes with the package."""
    return {path.stem: path for path in sorted(shipped_folder("model_specs").glob("*.py"))}


def shipped_folder(name: str) -> Path:
    """Return a folder that the wheel carries inside the package and a checkout keeps at its top."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def spec_hash(text: str) -> str:
    """Return the SHA-256 of a spec's code; comments, docstrings and layout do not count."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def _find(name: str | Path) -> Path:
    path = Path(name)
    if path.suffix == ".py":
        if path.is_file():
            return path
        raise InputError(explain(f"there is no model spec at {path}", expected="the path of a Python file"))
    known = shipped_models()
    if str(name) in known:
        return known[str(name)]
    raise InputError(
        explain(
            f"there is no model {str(name)!r}",
            expected=f"one of the {len(known)} of `bayesdose models`, or the path of your own spec (.py)",
            meant=_meant(str(name), list(known)),
        )
    )


def _meant(name: str, known: list[str]) -> str | None:
    """Return the spec beside it, the models of a drug, or the nearest name."""
    if Path(f"{name}.py").is_file():
        return f"{name}.py"
    drug = nearest(name, [model.split("_")[0] for model in known])
    of_drug = [model for model in known if model.split("_")[0] == drug]
    return (", ".join(of_drug) if "_" not in name else None) or nearest(name, known)


def _run(path: Path) -> object:
    found = importlib.util.spec_from_file_location(f"{MODULE}{path.stem}", path)
    if found is None or found.loader is None:
        raise InputError(explain(f"{path} cannot be read as Python", expected="a .py file"))
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(
            explain(f"{path.name} is not valid Python: line {error.lineno}: {error.msg}")
        ) from error
    return module
