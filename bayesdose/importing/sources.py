"""The two things that a draft can be made of."""

from __future__ import annotations

import os
from pathlib import Path

from bayesdose.card import Units
from bayesdose.importing.nonmem import read_parts
from bayesdose.importing.parts import Draft
from bayesdose.importing.table.draft import parts_of_table
from bayesdose.importing.writing import written


def import_nonmem(path: str | os.PathLike[str], *, units: Units | None = None) -> Draft:
    """Turn a NONMEM control stream into a draft spec.

    Parameters
    ----------
    path
        The control stream. The .ext and .cov files beside it give final estimates and standard errors;
        without them priors are centred on initial estimates. Its data set is not read.
    units
        Of time, amounts and concentrations, which a control stream does not state; h, mg and mg/L unless
        given, with a note.

    Returns
    -------
    Draft
        Marked unverified, with the list of what was not carried over.

    Raises
    ------
    InputError
        When pharmpy (the extra ``nonmem``) is not installed, or the model cannot be a spec: no compartments,
        a residual error of unknown form, several kinds of level, parameters that depend on time.
    """
    return written(read_parts(Path(path), units))


def import_table(path: str | os.PathLike[str], structure: str, *, units: Units | None = None) -> Draft:
    """Turn a table of parameters, as nlmixr2 prints one, into a draft spec.

    Parameters
    ----------
    path
        A CSV file: a row for each parameter, with columns parameter, Estimate, SE or %RSE, perhaps
        Back-transformed (for estimates that are logarithms) and one of BSV(CV%), BSV(SD), omega_variance.
    structure
        ``"one_compartment"``, ``"two_compartment"`` or ``"three_compartment"``, and ``"oral"`` where doses
        enter a depot: ``"one_compartment oral"``.
    units
        Of time, amounts and concentrations; h, mg and mg/L unless given, with a note.

    Returns
    -------
    Draft
        Marked unverified, with the list of what was not carried over.

    Raises
    ------
    InputError
        When table or structure cannot be read, or the rows are not the structure's parameters.
    """
    return written(parts_of_table(Path(path), structure, units))
