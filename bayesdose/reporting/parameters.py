"""The parameter table of a population fit, as pharmacometricians print it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesdose.reporting.atomic import write_whole
from bayesdose.reporting.text import interval, significant

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

    from bayesdose.fitting import Fit

COLUMNS = (
    "parameter",
    "unit",
    "estimate",
    "lower90",
    "upper90",
    "iiv_cv_percent",
    "iiv_lower90",
    "iiv_upper90",
    "rhat",
    "ess_bulk",
)
"""Columns of the table and of its CSV file, in order."""

HEADINGS = ("Parameter", "Unit", "Estimate", "90 % interval", "IIV, CV % (90 %)", "R-hat", "Bulk ESS")
"""Headings of the rows that `formatted` returns."""

FOOTNOTE = (
    "Estimate: posterior median; interval: 5 to 95 % of the posterior. "
    "IIV: variability between patients as coefficient of variation of a log-normal parameter, "
    "100 sqrt(exp(omega²) − 1). Where a row has an estimate and an IIV, R-hat is the larger and ESS the "
    "smaller of the two."
)

_TAILS = (0.5, 0.05, 0.95)


def parameter_table(fit: Fit) -> pd.DataFrame:
    """Tabulate theta, omega and sigma of a fit.

    Parameters
    ----------
    fit
        A population fit, whole or slim.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. The typical value and the variability of a parameter share a row: ``CL`` has
        theta_CL in estimate (posterior median) and lower90/upper90 (5 and 95 %), omega_CL in the iiv
        columns as CV % of a log-normal parameter, ``100 sqrt(exp(omega^2) - 1)``. The omega of a parameter
        that is not log-normal is an SD in the parameter's unit and has its own row, ``omega_CL``. sigma_prop
        is in %, sigma_add in the unit of the concentration. rhat and ess_bulk are the rank-normalised ones
        (Vehtari et al. 2021, Bayesian Analysis 16:667), the worse of theta and omega where they share a row;
        for a slim fit they come from the draws it kept. nan: the row has no such number.
    """
    draws = dict(_scalars(fit.posterior["posterior"].to_dataset()[list(fit.population)]))
    convergence = {name: _convergence(array) for name, array in draws.items()}
    rows = []
    for name, members in _rows(list(draws), fit.provenance.get("scales", {})):
        worst = [convergence[n] for n in members]
        unit, factor = _unit(name, fit)
        main = draws[members[0]] if not members[0].startswith("omega_") or name == members[0] else None
        iiv = next((draws[n] for n in members if n.startswith("omega_") and n != name), None)
        rows.append(
            (
                name,
                unit,
                *_limits(None if main is None else factor * main.to_numpy()),
                *_limits(None if iiv is None else cv_percent(iiv.to_numpy())),
                max(r for r, _ in worst),
                min(e for _, e in worst),
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def cv_percent(omega: np.ndarray) -> np.ndarray:
    """Return the CV in % of a log-normal parameter whose log has standard deviation `omega` (any shape).

    The exact formula, ``100 sqrt(exp(omega^2) - 1)``, not its first-order form ``100 omega``.
    """
    return 100.0 * np.sqrt(np.expm1(np.square(omega)))


def formatted(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the table's rows as texts under `HEADINGS`, three significant digits."""
    return [_formatted({str(k): v for k, v in row.items()}) for row in table.to_dict("records")]


def show(table: pd.DataFrame, console: Console | None = None) -> None:
    """Print a parameter table to the terminal, with its footnote.

    Parameters
    ----------
    table
        From `parameter_table`.
    console
        Where to; standard output unless given.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = formatted(table)
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "collapse_padding": True, "pad_edge": False}
    made = Table(title="Population parameters", caption=FOOTNOTE, **look)
    made.title_justify = made.caption_justify = "left"
    for k, heading in enumerate(HEADINGS):
        # Headings may wrap, numbers never.
        widest = max((len(row[k]) for row in rows), default=1)
        made.add_column(heading, justify="left" if k < 2 else "right", min_width=widest)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    (console or Console()).print(made)


def to_csv(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a parameter table as CSV with `COLUMNS`, whole or not at all; nan is an empty cell."""
    return write_whole(
        path, table[list(COLUMNS)].to_csv(index=False, lineterminator="\n", float_format="%.6g")
    )


def _scalars(population: xr.Dataset) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield each scalar's name and draws (chain, draw); an element of a vector is named by its position."""
    for name, array in population.data_vars.items():
        rest = [dim for dim in array.dims if dim not in ("chain", "draw")]
        ordered = array.astype(float).transpose("chain", "draw", *rest)
        for place in np.ndindex(*ordered.shape[2:]):
            suffix = f"[{', '.join(map(str, place))}]" if place else ""
            yield f"{name}{suffix}", ordered[(slice(None), slice(None), *place)].reset_coords(drop=True)


def _rows(names: list[str], scales: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows: a name, and the variables that share it (theta first)."""
    for name in names:
        kind, _, parameter = name.partition("_")
        shared = scales.get(parameter, "log") == "log"
        if kind == "theta":
            omega = f"omega_{parameter}"
            yield parameter, [name, omega] if omega in names and shared else [name]
        elif kind == "omega" and shared:
            if f"theta_{parameter}" not in names:  # the typical value is fixed
                yield parameter, [name]
        else:
            yield name, [name]


def _unit(name: str, fit: Fit) -> tuple[str, float]:
    """Return the unit of a row, and the factor that turns its draws into it."""
    if name == "sigma_prop":
        return "%", 100.0
    if name == "sigma_add":
        return fit.model.card.units.concentration, 1.0
    return fit.provenance.get("units", {}).get(name.removeprefix("omega_"), ""), 1.0


def _limits(values: np.ndarray | None) -> tuple[float, float, float]:
    if values is None:
        return (np.nan, np.nan, np.nan)
    middle, low, high = np.quantile(values, _TAILS)
    return float(middle), float(low), float(high)


def _convergence(array: xr.DataArray) -> tuple[float, float]:
    """Return R-hat (nan for a single chain, or one that never moved) and bulk ESS."""
    from arviz_stats.base import array_stats

    values = np.ascontiguousarray(array.to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        rhat = array_stats.rhat(values, method="rank", chain_axis=0, draw_axis=1)
        ess = array_stats.ess(values, method="bulk", chain_axis=0, draw_axis=1)
    return float(rhat), float(ess)


def _formatted(row: Mapping[str, Any]) -> tuple[str, ...]:
    iiv = ""
    if np.isfinite(row["iiv_cv_percent"]):
        limits = interval(row["iiv_lower90"], row["iiv_upper90"], 2)
        iiv = f"{significant(row['iiv_cv_percent'], 2)} ({limits})"
    known = np.isfinite(row["estimate"])
    return (
        row["parameter"],
        row["unit"],
        significant(row["estimate"]) if known else "fixed",
        interval(row["lower90"], row["upper90"]) if known else "",
        iiv,
        f"{row['rhat']:.3f}" if np.isfinite(row["rhat"]) else "–",
        f"{row['ess_bulk']:.0f}" if np.isfinite(row["ess_bulk"]) else "–",
    )
