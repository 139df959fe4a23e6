"""From a population PK/PD model to the best dose for one patient: declare, fit, condition, decide.

Names load on first use, so that ``import bayesdose`` does not pay for PyMC.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_ROOMS: dict[str, tuple[str, ...]] = {
    "errors": ("BayesdoseError", "InputError", "Refused"),
    "card": ("Card", "Covariate", "Units"),
    "study": ("Study", "TableError", "read_study", "Options", "regimens"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'bayesdose' has no attribute {name!r}")
    value = getattr(import_module(f"bayesdose.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
