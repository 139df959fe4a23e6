"""What information is worth: one noun for perfect information, parameters, levels and tests, and its net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.decision.compared import EXPECTED_UTILITY
from bayesdose.decision.criteria import Floats
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

SURE = 2.0
"""How many Monte Carlo standard errors count as told apart."""

COLUMNS = {
    "value": "worth",
    "mcse": "MCSE",
    "held_out": "held out",
    "delay": "waiting",
    "share": "of EVPI",
    "changes": "changes",
    "ess": "ESS",
    "low_ess": "low ESS",
    "cost": "cost",
    "net": "net",
}
"""Variables of `Information.data` and what a printed table calls them."""


@dataclass(frozen=True, eq=False)
class Information:
    """What information is worth for one choice, in units of what it compares. ``print(information)`` says it.

    Parameters
    ----------
    about
        What it is the worth of: "EVPI", "EVPPI", "EVSI", "EVSI of a test".
    data
        Dim source (a parameter, a sampling time, a test). ``value``: expected gain of choosing after the
        information; ``mcse``; ``share`` of EVPI; ``changes``: probability that another option is chosen then.
        Where they apply: ``held_out``, the gain of options chosen on other draws than those they are valued
        on (`value` errs upwards, this errs downwards: what lies between is Monte Carlo bias); ``ess``, the
        median effective number of distinct draws behind a re-weighting, and ``low_ess``, the share of those
        with too few; ``delay``, what waiting costs; ``cost`` and ``net`` from `enbs`. nan where the
        re-weighting was refused.
    best
        The option chosen without the information.
    evpi
        The worth of perfect information: the most that any can be worth.
    method
        How it was computed.
    policy
        What would be chosen given what is learned: source, result (``low`` and ``high`` of a measurement),
        probability, option. Empty where there is no such table.
    notes
        What a reader must know: what was refused and why.
    unit
        What it is measured in: "utility", or "probability" of the event that is to be attained.
    criterion
        By what options are compared.
    """

    about: str
    data: xr.Dataset
    best: str
    evpi: float
    method: str
    policy: pd.DataFrame
    notes: tuple[str, ...] = ()
    unit: str = "utility"
    criterion: str = EXPECTED_UTILITY

    def table(self) -> pd.DataFrame:
        """Return a row per source, in the order given."""
        kept = [name for name in (*COLUMNS, *self._extra()) if name in self.data]
        return self.data[kept].reset_coords(drop=True).to_dataframe()

    def row(self, source: object) -> dict[str, float]:
        """Return one source's numbers as a plain dict."""
        names = self.data["source"].to_numpy().tolist()
        if str(source) not in names:
            raise InputError(
                explain("there is no such source", came=repr(source), expected=", ".join(names[:8]))
            )
        found = self.table().to_dict("index")[str(source)]
        return {str(name): float(value) for name, value in found.items()}

    @property
    def measured(self) -> str:
        """The unit in words, and the criterion where it is not expected utility."""
        unit = "in units of utility" if self.unit == "utility" else f"in {self.unit}"
        return unit if self.criterion == EXPECTED_UTILITY else f"{unit} ({self.criterion})"

    @property
    def most(self) -> str:
        """The source with the highest net worth (`value` where no cost was stated)."""
        of = self.data["net" if "net" in self.data else "value"].to_numpy()
        return str(self.data["source"].to_numpy()[int(np.nanargmax(of))])

    @property
    def worth_it(self) -> dict[str, bool]:
        """Whether each source's net worth, less 2 MCSE, is above zero (above its cost, after `enbs`).

        By the smaller of `value` and `held_out`, where there are both: the first errs upwards.
        """
        data, patients = self.data, self.data.attrs.get("patients", 1.0)
        sure = np.minimum(data["value"], data["held_out"]) if "held_out" in data else data["value"]
        cost = data.get("cost", 0.0)
        net = patients * (sure - SURE * data["mcse"]) - cost
        return dict(zip(self.data["source"].to_numpy().tolist(), (net > 0).to_numpy().tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON; a number that is not finite becomes None."""
        rows = self.table().reset_index().to_dict("records")
        policy = self.policy.to_dict("records")
        made = {"about": self.about, "best": self.best, "evpi": self.evpi, "method": self.method}
        made |= {"unit": self.unit, "criterion": self.criterion}
        return {**made, "sources": finite(rows), "policy": finite(policy), "notes": list(self.notes)}

    def __str__(self) -> str:
        head = f"{self.about}, {self.measured}; without it: {self.best} (EVPI {self.evpi:.4g})"
        table = self.table()
        shown = table.rename(columns=COLUMNS).to_string(
            na_rep="refused", float_format=lambda v: f"{v:.3g}", index_names=False
        )
        return "\n".join([head, shown, *self._conclusion(), *self.notes, f"by {self.method}"])

    def _conclusion(self) -> list[str]:
        row = self.row(self.most)
        if "net" not in self.data:
            if not row["value"] > 0:
                return ["nothing that it could tell is worth anything here"]
            return [f"worth having where it costs less; the most: {self.most}, {row['value']:.3g}"]
        if not any(self.worth_it.values()):
            return ["none is worth its cost beyond 2 MCSE"]
        return [f"most worth its cost: {self.most}, net {row['net']:.3g}"]

    def _extra(self) -> list[str]:
        return [str(n) for n in self.data.data_vars if n not in COLUMNS]


def enbs(
    information: Information,
    *,
    cost: float | Mapping[str, float] | Sequence[float] = 0.0,
    cost_per_time: float = 0.0,
    patients: float = 1.0,
) -> Information:
    """Return the expected net benefit of sampling: the worth of the information less what it costs.

    Parameters
    ----------
    information
        From `evsi`, `evsi_test` or `evppi`.
    cost
        Of one level or test, in units of the utility: one number, one for each source, or by source. A source
        of several levels costs it for each.
    cost_per_time
        What a unit of time (of the model) costs until the last level is known, in units of the utility; for
        levels only. Where waiting also worsens the outcome, simulate options that start later instead:
        ``evsi(..., later=)``.
    patients
        How many patients profit from the same information, at the same worth each (a study; 1: the patient's
        own level). The cost is then that of the study.

    Returns
    -------
    Information
        With ``cost`` and ``net = patients x value - cost`` (Raiffa & Schlaifer 1961, Applied Statistical
        Decision Theory, ch. 4). Sources stay in order; `most` is the one with the highest net worth.

    Raises
    ------
    InputError
        A cost that is negative or not finite; a cost of time where nothing is awaited.
    """
    data = information.data
    each = _costs(cost, data)
    _number("cost_per_time", cost_per_time)
    _number("patients", patients)
    levels = data["n_levels"].to_numpy() if "n_levels" in data.coords else np.ones(data.sizes["source"])
    total = each * levels
    if cost_per_time:
        if "wait" not in data.coords:
            raise InputError(explain("cost_per_time is for levels that are awaited", came=information.about))
        total = total + cost_per_time * data["wait"].to_numpy()
    net = patients * data["value"].to_numpy() - total
    made = data.assign(cost=("source", total), net=("source", net)).assign_attrs(patients=float(patients))
    return replace(information, data=made)


def _costs(cost: Any, data: xr.Dataset) -> Floats:
    names = data["source"].to_numpy().tolist()
    if isinstance(cost, Mapping):
        named = {str(k): v for k, v in cost.items()}
        if set(named) != set(names):
            raise InputError(explain("cost by source", came=", ".join(named), expected=", ".join(names)))
        cost = [named[name] for name in names]
    found = np.atleast_1d(np.asarray(cost, dtype=np.float64))
    if found.ndim != 1 or found.size not in (1, len(names)):
        raise InputError(explain("cost", came=f"{found.size} numbers", expected=f"1 or {len(names)}"))
    if not (np.isfinite(found) & (found >= 0)).all():
        raise InputError(explain("cost", came=repr(cost), expected="numbers, 0 or more, in units of utility"))
    return np.broadcast_to(found, len(names)).copy()


def _number(name: str, value: float) -> None:
    if not (isinstance(value, int | float | np.number) and np.isfinite(value) and value >= 0):
        raise InputError(explain(name, came=repr(value), expected="a number, 0 or more"))


def finite(rows: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Return a table's rows for JSON: a number that is not finite becomes None."""
    return [
        {str(k): None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
        for row in rows
    ]


def assembled(
    about: str,
    columns: Mapping[str, Any],
    sources: Sequence[str],
    choice: Choice,
    evpi: float,
    method: str,
    *,
    coords: Mapping[str, Any] | None = None,
    policy: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
) -> Information:
    """Return an `Information` from its columns (source,)."""
    unit = unit_of(choice)
    values = np.asarray(columns["value"], dtype=np.float64)
    share = values / evpi if evpi > 0 else np.full(len(values), np.nan)
    made = {**columns, "share": share}
    data = xr.Dataset(
        {name: ("source", np.asarray(v)) for name, v in made.items()},
        coords={"source": list(sources), **{k: ("source", np.asarray(v)) for k, v in (coords or {}).items()}},
    )
    for name in ("value", "mcse", "held_out", "delay"):
        if name in data:
            data[name].attrs["units"] = unit
    empty = pd.DataFrame(columns=["source", "result", "probability", "option"])
    table = empty if policy is None else policy
    return Information(about, data, choice.best, evpi, method, table, tuple(notes), unit, choice.criterion)


def unit_of(choice: Choice) -> str:
    """Return what a choice's scores are measured in: "utility", or "probability" of an event."""
    return "utility" if choice.comparison is None else choice.comparison.criterion.unit
