"""From a NONMEM control stream, as pharmpy reads it, to the parts of a draft.

The modules of this room need the extra ``nonmem`` (pharmpy, which brings sympy); `read_parts` imports them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.card import Units
    from bayesdose.importing.parts import Parts

INSTALL = "pip install 'bayesdose[nonmem]'"


def read_parts(path: Path, units: Units | None) -> Parts:
    """Return the parts of a draft of a control stream.

    Parameters
    ----------
    path
        The control stream.
    units
        Of time, amounts and concentrations; None when nobody has stated them.

    Raises
    ------
    InputError
        When pharmpy is not installed; those of `draft.parts_of`.
    """
    parts_of = _reader()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of mpmath, about how sympy uses it
        return parts_of(path, units)


def _reader() -> Callable[[Path, Units | None], Parts]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what sympy and pharmpy warn of while they load
        try:
            import pharmpy.model  # noqa: F401
        except ImportError as error:
            raise InputError(
                explain("control streams are read by pharmpy, which is not installed", fix=INSTALL)
            ) from error
        from bayesdose.importing.nonmem.draft import parts_of
    return parts_of
