"""Decisions for simulated patients: three kinds, their options, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr
from populations.bedsides import SCENARIOS, made_fit

import bayesdose as bd


@dataclass(frozen=True)
class Kind:
    """A scenario of `bedsides`, one level, candidate regimens, and a window of AUC24 (mg h/L).

    The utility is 1 within the window, and less 1.5 above it.
    """

    scenario: str
    level: float
    template: str
    amounts: tuple[float, ...]
    window: tuple[float, float]

    def utility(self, outcome: xr.Dataset) -> xr.DataArray:
        low, high = self.window
        return bd.in_window(outcome.auc, low, high) - 1.5 * bd.above(outcome.auc, high)

    def options(self, patient: bd.Study) -> bd.Options:
        return bd.regimens(self.template, amount=self.amounts, after=patient)

    def design(self, model: bd.Model) -> bd.Study:
        scenario = SCENARIOS[self.scenario]
        rows = [{"TIME": t, "EVID": 1, **scenario.dose} for t in scenario.doses]
        table = pd.DataFrame([*rows, {"TIME": self.level, "EVID": 0, "DV": 1.0}]).assign(ID="1")
        given = dict.fromkeys(("AMT", "RATE"), 0.0)
        return bd.read_study(table.sort_values("TIME", kind="stable").fillna(given), model)


KINDS = {
    "infusion": Kind(
        "infusion", 35.5, "{amount} mg over 1 h every 12 h x 6", tuple(range(250, 3001, 125)), (400.0, 600.0)
    ),
    "oral": Kind("oral", 23.5, "{amount} mg every 12 h x 6", tuple(range(40, 641, 20)), (150.0, 250.0)),
    "saturable": Kind(
        "saturable", 23.0, "{amount} mg every 12 h x 6", tuple(range(50, 501, 25)), (150.0, 250.0)
    ),
}


def decided(name: str, patients: int, seed: int) -> bd.validate.Decisions:
    """Return what came of decisions for patients of a kind; the rule aims at the window's geometric mean."""
    kind = KINDS[name]
    fit = made_fit(SCENARIOS[kind.scenario])
    low, high = kind.window
    return bd.validate.decisions(
        fit,
        kind.design(fit.model),
        kind.options,
        {"auc": bd.auc24()},
        kind.utility,
        seed=seed,
        patients=patients,
        rule=bd.validate.Hit("auc", (low * high) ** 0.5),
    )
