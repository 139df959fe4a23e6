"""Priors beside posteriors: what was believed before the data, and what after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesdose.model import Prior
from bayesdose.reporting.parameters import independent
from bayesdose.reporting.text import interval, percent, significant

if TYPE_CHECKING:
    from rich.console import Console

    from bayesdose.fitting import Fit

COLUMNS = (
    "variable",
    "unit",
    "prior",
    "prior_median",
    "prior_lower90",
    "prior_upper90",
    "exact",
    "median",
    "lower90",
    "upper90",
    "width",
)
"""Columns of the table, in order."""

HEADINGS = ("Variable", "Prior", "Prior median (90 %)", "Posterior median (90 %)", "Width")
"""Headings of the rows that `formatted` returns."""

FOOTNOTE = (
    "Natural scale: omega is the SD of eta, sigma_prop a fraction. 90 %: 5 to 95 %; ~ marks quantiles of "
    "draws, where the prior has no inverse distribution function or depends on other variables. Width: that "
    "of the posterior's 90 % interval as a share of the prior's; near 100 % the data say nothing."
)


DRAWN_HEADINGS = ("Variable", "Prior", "Prior median (90 %)", "Median of the draws (90 %)")
"""Headings where the draws are the prior's own."""

DRAWN_FOOTNOTE = (
    "Natural scale: omega is the SD of eta, sigma_prop a fraction. 90 %: 5 to 95 %; ~ marks quantiles of "
    "draws, where the prior has no inverse distribution function or depends on other variables."
)


def prior_table(fit: Fit) -> pd.DataFrame:
    """Tabulate the prior of each theta, omega and sigma beside its posterior.

    Parameters
    ----------
    fit
        A population fit, whole or slim.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, on the natural scale of each variable. `prior` is the distribution as text; `exact`
        says whether its quantiles come from the inverse distribution function, or from draws; `width` is the
        width of the posterior's 90 % interval over that of the prior, nan for draws of the priors
        themselves (`bayesdose.prior_fit`). Empty for a fit made before priors were kept with it; a vector has
        no row.
    """
    rows = [_row(name, Prior.from_dict(record), fit) for name, record in _scalars(fit)]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    made.attrs["origin"] = fit.provenance.get("origin")
    return made


def _scalars(fit: Fit) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield name and stored prior of each scalar of the population."""
    known = fit.provenance.get("priors", {})
    group = fit.posterior["posterior"]
    for name in fit.population:
        if name in known and set(group[name].dims) == {"chain", "draw"}:
            yield name, known[name]


def _row(name: str, prior: Prior, fit: Fit) -> dict[str, Any]:
    draws = fit.posterior["posterior"][name].to_numpy().astype(float)
    low, middle, high = (float(q) for q in np.quantile(draws, (0.05, 0.5, 0.95)))
    origin = fit.provenance.get("origin")
    return {
        "variable": name,
        "unit": fit.provenance.get("units", {}).get(name.removeprefix("theta_"), ""),
        "prior": prior.distribution,
        "prior_median": prior.median,
        "prior_lower90": prior.lower90,
        "prior_upper90": prior.upper90,
        "exact": prior.exact,
        "median": middle,
        "lower90": low,
        "upper90": high,
        "width": np.nan if origin else (high - low) / (prior.upper90 - prior.lower90),
    }


def formatted(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the table's rows as texts under `HEADINGS`, three significant digits."""
    end = len(headings(table))
    return [_formatted({str(k): v for k, v in row.items()})[:end] for row in table.to_dict("records")]


def headings(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the headings of `formatted`: draws of the priors are no posterior, and have no width."""
    return DRAWN_HEADINGS if independent(table) else HEADINGS


def footnote(table: pd.DataFrame) -> str:
    """Return what the columns of `headings` are."""
    return DRAWN_FOOTNOTE if independent(table) else FOOTNOTE


def title(table: pd.DataFrame) -> str:
    """Return what the table is called."""
    return "Priors and their draws" if independent(table) else "Priors and posteriors"


def _formatted(row: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"{row['variable']} ({row['unit']})" if row["unit"] else row["variable"]
    before = _quantiles(*(row[f"prior_{part}"] for part in ("median", "lower90", "upper90")))
    after = _quantiles(row["median"], row["lower90"], row["upper90"])
    return name, row["prior"], before if row["exact"] else f"~ {before}", after, percent(row["width"])


def _quantiles(middle: float, low: float, high: float) -> str:
    return f"{significant(middle)} ({interval(low, high)})"


def show(table: pd.DataFrame, console: Console | None = None) -> None:
    """Print a table of priors and posteriors to the terminal; nothing where it is empty.

    Parameters
    ----------
    table
        From `prior_table`.
    console
        Where to; standard output unless given.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if table.empty:
        return
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "collapse_padding": True, "pad_edge": False}
    made = Table(title=title(table), caption=footnote(table), **look)
    made.title_justify = made.caption_justify = "left"
    for k, heading in enumerate(headings(table)):
        made.add_column(heading, justify="left" if k < 2 else "right")
    for row in formatted(table):
        made.add_row(*(Text(cell) for cell in row))
    (console or Console()).print(made)
