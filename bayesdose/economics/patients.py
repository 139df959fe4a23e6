"""From outcomes of single patients to that of a population of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayesdose.economics.arrays import words
from bayesdose.errors import InputError, explain

PAIRED = "by population draw"
APART = "no: each patient's draws are their own"


def population(outcomes: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Put outcomes of several patients, under the same options, side by side.

    Parameters
    ----------
    outcomes
        Name of a patient to what `simulate` returned for them: the same option labels (which templates in
        mg/kg make) and the same number of draws.

    Returns
    -------
    xarray.Dataset
        With a further dim subject. Facts of the options that differ between patients, such as an amount
        in mg, have it too. ``attrs["paired"]`` says whether a draw is the same population for all of
        them: so for patients without levels that were conditioned with one seed.

    Notes
    -----
    Expected values, over one subject or all, and the distribution of every single subject are right. The
    spread of an average over subjects is not that of a cohort: patients conditioned apart share the
    uncertainty of the population only where paired, and paired ones have the same random effects besides.
    Whoever decides for a cohort under uncertainty draws its patients for each draw of the population, as
    notebook 07 does.

    Raises
    ------
    InputError
        When options or numbers of draws differ.
    """
    if not outcomes or not all(isinstance(o, xr.Dataset) for o in outcomes.values()):
        raise InputError(
            explain("population: outcomes", came=len(outcomes), expected="a Dataset for each patient")
        )
    first_name, first = next(iter(outcomes.items()))
    for name, one in outcomes.items():
        _check_alike(first_name, first, name, one)
    paired = _paired(list(outcomes.values()))
    dropped = [] if paired else ["particle", "population_draw"]
    parts = [o.drop_vars(dropped, errors="ignore") for o in outcomes.values()]
    made = xr.concat(
        parts,
        xr.IndexVariable("subject", [str(name) for name in outcomes]),
        data_vars="all",
        coords="different",
        compat="equals",
        join="exact",
        combine_attrs="drop_conflicts",
    )
    return made.assign_attrs(paired=PAIRED if paired else APART)


def _check_alike(first_name: str, first: xr.Dataset, name: str, one: xr.Dataset) -> None:
    if any(dim not in one.dims for dim in ("draw", "option")) or "option" not in one.coords:
        raise InputError(
            explain(f"population: outcome of {name}", expected="dims draw and option, with labels")
        )
    if one.sizes["draw"] != first.sizes["draw"]:
        raise InputError(
            explain(
                f"population: draws of {name}",
                came=one.sizes["draw"],
                expected=f"{first.sizes['draw']}, as of {first_name}",
            )
        )
    own, wanted = words(one["option"]), words(first["option"])
    if own != wanted or set(one.data_vars) != set(first.data_vars):
        raise InputError(
            explain(
                f"population: options or variables of {name}",
                came=", ".join([*own, *map(str, one.data_vars)]),
                expected=", ".join([*wanted, *map(str, first.data_vars)]),
                fix="regimens from one template in mg/kg, without a current regimen that only some have",
            )
        )


def _paired(outcomes: list[xr.Dataset]) -> bool:
    """Say whether draw k comes from the same population draw in all of them."""
    if any("population_draw" not in o.coords for o in outcomes):
        return False
    first = outcomes[0]["population_draw"].to_numpy()
    return all(np.array_equal(first, o["population_draw"].to_numpy()) for o in outcomes)
