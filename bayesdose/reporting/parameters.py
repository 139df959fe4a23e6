"""The parameter table of a population fit, as pharmacometricians print it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesdose.errors import InputError
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
    "mean",
    "rse_percent",
    "iiv_rse_percent",
    "shrinkage_sd_percent",
    "shrinkage_variance_percent",
    "prior",
    "iiv_prior",
)
"""Columns of the table and of its CSV file, in order."""

HEADINGS = ("Parameter", "Unit", "Estimate", "90 % interval", "IIV, CV % (90 %)", "R-hat", "Bulk ESS")
"""Headings of the rows that `formatted` returns; those of independent draws (`headings`) end before R-hat."""

MORE_HEADINGS = ("RSE, %", "RSE of omega, %", "Shrinkage, %: SD", "variance", "Prior", "Prior of omega")
"""Headings of what `formatted` adds with ``full=True``."""

FOOTNOTE = (
    "Estimate: posterior median; interval: 5 to 95 % of the posterior. "
    "IIV: variability between patients as coefficient of variation of a log-normal parameter, "
    "100 sqrt(exp(omega²) − 1). Where a row has an estimate and an IIV, R-hat is the larger and ESS the "
    "smaller of the two."
)

INDEPENDENT_FOOTNOTE = (
    "Independent draws of the model's priors: no chain was sampled, so that nothing had to converge. "
    "Estimate: median of the draws; interval: 5 to 95 % of them. "
    "IIV: variability between patients as coefficient of variation of a log-normal parameter, "
    "100 sqrt(exp(omega²) − 1)."
)

MORE_FOOTNOTE = (
    "RSE: posterior SD in % of the estimate; that of omega, not of the CV. Shrinkage: 1 − sd(eta_hat)/omega "
    "and 1 − var(eta_hat)/omega², eta_hat the posterior mean of a subject's eta."
)

_TAILS = (0.5, 0.05, 0.95)
_CHAIN = HEADINGS.index("R-hat")  # where the columns about chains begin


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
        theta_CL in estimate (posterior median), mean, rse_percent (posterior SD in % of the estimate) and
        lower90/upper90 (5 and 95 %), and omega_CL in the iiv columns as CV % of a log-normal parameter, ``100
        sqrt(exp(omega^2) - 1)``; iiv_rse_percent is of omega itself. The omega of a parameter that is not
        log-normal, or whose etas are Student-t, is an SD (a scale) on the scale of eta and has its own row,
        ``omega_CL``. Shrinkage as `bayesdose.validate.shrinkage` has it, nan for a slim fit. sigma_prop is in
        %, sigma_add in the unit of the concentration. rhat and ess_bulk are the rank-normalised ones (Vehtari
        et al. 2021, Bayesian Analysis 16:667), the worse of theta and omega where they share a row; for a
        slim fit they come from the draws it kept, and both are nan where the draws are independent
        (`bayesdose.prior_fit`). prior and iiv_prior are texts, where the fit knows them.
        nan: the row has no such thing.
    """
    draws = dict(_scalars(fit.posterior["posterior"].to_dataset()[list(fit.population)]))
    shrunken = _shrinkage(fit)
    rows = [_row(name, members, draws, fit, shrunken) for name, members in _rows(list(draws), fit)]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    made.attrs["origin"] = fit.provenance.get("origin")
    return made


def _row(
    name: str,
    members: list[str],
    draws: Mapping[str, xr.DataArray],
    fit: Fit,
    shrunken: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """Return a row of the table from the variables that share it."""
    unit, factor = _unit(name, fit)
    main = draws[members[0]].to_numpy() if not members[0].startswith("omega_") or name == members[0] else None
    omega = next((n for n in members if n.startswith("omega_")), None)
    iiv = draws[omega].to_numpy() if omega is not None and omega != name else None
    chain = not fit.provenance.get("origin")
    convergence = [_convergence(draws[n]) if chain else (np.nan, np.nan) for n in members]
    sd, variance = shrunken.get(omega or "", (np.nan, np.nan))
    numbers = dict(zip(("estimate", "lower90", "upper90"), _limits(main, factor), strict=True))
    spread = cv_percent(iiv) if iiv is not None else None
    numbers |= dict(zip(("iiv_cv_percent", "iiv_lower90", "iiv_upper90"), _limits(spread), strict=True))
    return {
        "parameter": name,
        "unit": unit,
        **numbers,
        "rhat": max(r for r, _ in convergence),
        "ess_bulk": min(e for _, e in convergence),
        "mean": np.nan if main is None else factor * float(main.mean()),
        "rse_percent": rse_percent(main),
        "iiv_rse_percent": rse_percent(iiv),
        "shrinkage_sd_percent": sd,
        "shrinkage_variance_percent": variance,
        "prior": np.nan if main is None else _prior(members[0], fit),
        "iiv_prior": np.nan if iiv is None else _prior(str(omega), fit),
    }


def rse_percent(values: np.ndarray | None) -> float:
    """Return the SD (n - 1) of draws in % of the size of their median; nan where that is 0, or for None."""
    if values is None or (middle := abs(float(np.median(values)))) == 0:
        return float("nan")
    return 100.0 * float(np.std(values, ddof=1)) / middle


def _shrinkage(fit: Fit) -> dict[str, tuple[float, float]]:
    """Return the two shrinkages by the name of omega; none for a slim fit."""
    from bayesdose.validate.shrinking import shrinkage

    try:
        table = shrinkage(fit)
    except InputError:
        return {}
    columns = (table[name].tolist() for name in ("effect", "sd_percent", "variance_percent"))
    return {f"omega_{e.removeprefix('eta_')}": (sd, var) for e, sd, var in zip(*columns, strict=True)}


def _prior(name: str, fit: Fit) -> Any:
    """Return the prior of a variable as text; nan where the fit does not know it."""
    found = fit.provenance.get("priors", {}).get(name)
    return found["distribution"] if isinstance(found, Mapping) else np.nan if found is None else str(found)


def cv_percent(omega: np.ndarray) -> np.ndarray:
    """Return the CV in % of a log-normal parameter whose log has standard deviation `omega` (any shape).

    The exact formula, ``100 sqrt(exp(omega^2) - 1)``, not its first-order form ``100 omega``.
    """
    return 100.0 * np.sqrt(np.expm1(np.square(omega)))


def formatted(table: pd.DataFrame, *, full: bool = False) -> list[tuple[str, ...]]:
    """Return the table's rows as texts under `HEADINGS`, three significant digits.

    Parameters
    ----------
    table
        From `parameter_table`.
    full
        Whether the columns of `MORE_HEADINGS` follow.
    """
    rows = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    for row in rows:  # a kappa has no typical value; that of CL may be CL_slow and CL_fast
        begins = f"{row['parameter']}_"
        row["typical"] = not begins.startswith("kappa_") and not any(
            str(other).startswith(begins) for other in table["parameter"]
        )
    end = len(headings(table))
    return [(*_formatted(row)[:end], *(_more(row) if full else ())) for row in rows]


def headings(table: pd.DataFrame, *, full: bool = False) -> tuple[str, ...]:
    """Return the headings of `formatted`; without R-hat and ESS where the draws are independent."""
    more = MORE_HEADINGS if full else ()
    return (*(HEADINGS[:_CHAIN] if independent(table) else HEADINGS), *more)


def footnote(table: pd.DataFrame) -> str:
    """Return what the columns of `headings` are."""
    return INDEPENDENT_FOOTNOTE if independent(table) else FOOTNOTE


def independent(table: pd.DataFrame) -> bool:
    """Whether a fit's table is of independent draws of priors, as its `attrs` say: no chain was sampled."""
    return bool(table.attrs.get("origin"))


def show(table: pd.DataFrame, console: Console | None = None, *, full: bool = False) -> None:
    """Print a parameter table to the terminal, with its footnote.

    Parameters
    ----------
    table
        From `parameter_table`.
    console
        Where to; standard output unless given.
    full
        Whether to show RSE, shrinkage and priors as well; needs a wide terminal.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = formatted(table, full=full)
    note = f"{footnote(table)} {MORE_FOOTNOTE}" if full else footnote(table)
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "collapse_padding": True, "pad_edge": False}
    made = Table(title="Population parameters", caption=note, **look)
    made.title_justify = made.caption_justify = "left"
    for k, heading in enumerate(headings(table, full=full)):
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


def _rows(names: list[str], fit: Fit) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows: a name, and the variables that share it (theta first)."""
    for name in names:
        kind, _, parameter = name.partition("_")
        shared = _log_normal(parameter, names, fit.provenance.get("scales", {}))
        if kind == "theta":
            omega = f"omega_{parameter}"
            yield parameter, [name, omega] if omega in names and shared else [name]
        elif kind == "omega" and shared:
            if f"theta_{parameter}" not in names:  # the typical value is fixed, or the effect is a kappa
                yield parameter, [name]
        else:
            yield name, [name]


def _log_normal(parameter: str, names: list[str], scales: Mapping[str, str]) -> bool:
    """Return whether the effects of an omega make a log-normal parameter; "kappa_CL" is of CL."""
    if parameter not in scales:
        parameter = next((p for p in scales if parameter.endswith(f"_{p}")), parameter)
        return scales.get(parameter, "log") == "log"
    return scales[parameter] == "log" and "df_eta" not in names


def _unit(name: str, fit: Fit) -> tuple[str, float]:
    """Return the unit of a row, and the factor that turns its draws into it."""
    if name == "sigma_prop":
        return "%", 100.0
    if name == "sigma_add":
        return fit.model.card.units.concentration, 1.0
    return fit.provenance.get("units", {}).get(name.removeprefix("omega_"), ""), 1.0


def _limits(values: np.ndarray | None, factor: float = 1.0) -> tuple[float, float, float]:
    if values is None:
        return (np.nan, np.nan, np.nan)
    middle, low, high = np.quantile(factor * values, _TAILS)
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
        significant(row["estimate"]) if known else "fixed" if row["typical"] else "",
        interval(row["lower90"], row["upper90"]) if known else "",
        iiv,
        f"{row['rhat']:.3f}" if np.isfinite(row["rhat"]) else "–",
        f"{row['ess_bulk']:.0f}" if np.isfinite(row["ess_bulk"]) else "–",
    )


def _more(row: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = ("rse_percent", "iiv_rse_percent", "shrinkage_sd_percent", "shrinkage_variance_percent")
    shown = [f"{row[name]:.0f}" if np.isfinite(row[name]) else "" for name in numbers]
    return (*shown, *(row[name] if isinstance(row[name], str) else "" for name in ("prior", "iiv_prior")))
