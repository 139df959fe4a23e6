"""Are decisions as good as they say? Simulated patients, treated as was decided, and what came of it.

A patient is drawn from the population of a fit, gets levels by the model, and is conditioned on and decided
for. Because the truth is known, so is the utility of what was chosen: on average it must be the expected
utility that was promised (a calibrated forecast: Dawid 1982, J Am Stat Assoc 77:605), and it can be compared
with that of an oracle who knew the patient, and with that of the peers' rule: the dose that hits the target
at the mode (MAP).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.decision import decide
from bayesdose.decision.evaluate import evaluate
from bayesdose.decision.simplest import labels
from bayesdose.errors import InputError, Refused, explain
from bayesdose.fitting import Fit
from bayesdose.individual import condition, map_estimate
from bayesdose.individual.compiled import Compiled, compile_individual
from bayesdose.individual.groups import as_member
from bayesdose.individual.known import known
from bayesdose.simulation import simulate
from bayesdose.study import Options, Study, events

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Decisions:
    """What came of decisions for simulated patients.

    Parameters
    ----------
    table
        One row per patient: chosen, oracle and rule (labels of options); predicted (the expected utility
        that was promised), realised (that of the choice under the truth), best (the oracle's), by_rule (the
        rule's); refused (why there was no posterior; "" otherwise). All in units of utility.
    rule
        What the rule is, in words; "" where none was asked for.
    seed
        Seed of the patients.
    """

    table: pd.DataFrame
    rule: str
    seed: int

    def summary(self) -> pd.DataFrame:
        """Return means over patients with their 95 % intervals (normal, of the mean of n patients).

        Rows: predicted, realised, realised less predicted (0 when decisions are calibrated), regret (the
        oracle's utility less that of the choice), and with a rule its regret and what the choice gains over
        it. Columns: mean, low, high, patients.
        """
        kept = self.table[self.table["refused"] == ""]
        if kept.empty:
            why = self.table["refused"].iloc[0] if len(self.table) else "no patient was simulated"
            raise Refused(f"there is no decision to sum up: {len(self.table)} patients refused; {why}")
        rows = {
            "predicted": kept["predicted"],
            "realised": kept["realised"],
            "realised less predicted": kept["realised"] - kept["predicted"],
            "regret": kept["best"] - kept["realised"],
        }
        if self.rule:
            rows["regret of the rule"] = kept["best"] - kept["by_rule"]
            rows["gain over the rule"] = kept["realised"] - kept["by_rule"]
        return pd.DataFrame({name: _interval(values) for name, values in rows.items()}).T

    def __str__(self) -> str:
        n, refused = len(self.table), int((self.table["refused"] != "").sum())
        rule = f"\nrule: {self.rule}" if self.rule else ""
        head = f"{n} simulated patients, {refused} refused; utility, mean (95 % interval)"
        lines = [
            f"  {name:<24} {row['mean']:9.4f}  ({row['low']:.4f} to {row['high']:.4f})"
            for name, row in self.summary().iterrows()
        ]
        return "\n".join([head, *lines]) + rule


@dataclass(frozen=True)
class Hit:
    """The peers' rule: of the options that give a dose, the one whose metric at the mode is nearest a target.

    Parameters
    ----------
    metric
        Name of the outcome.
    target
        Where it should be, above 0, in the outcome's unit; nearest by ratio.
    """

    metric: str
    target: float

    def __str__(self) -> str:
        return f"the option whose {self.metric} at the mode (MAP) is nearest {self.target:g}, by ratio"

    def __call__(self, outcome: xr.Dataset) -> int:
        """Return the number of the option, from the outcome of one draw at the mode."""
        values = outcome[self.metric].to_numpy()[0]
        with np.errstate(divide="ignore"):
            return int(np.abs(np.log(np.maximum(values, 0.0) / self.target)).argmin())


def decisions(
    fit: Fit,
    design: Study,
    options: Callable[[Study], Options],
    metrics: Mapping[str, Any],
    utility: Callable[[xr.Dataset], xr.DataArray],
    *,
    seed: int,
    patients: int = 500,
    rule: Hit | None = None,
    draws: int = 2000,
) -> Decisions:
    """Decide for simulated patients, and see what comes of it.

    Parameters
    ----------
    fit
        The population that patients are drawn from, and that they are conditioned on.
    design
        One subject: covariates, doses and times of levels; values of the levels are not looked at.
    options
        Makes the candidate regimens of a patient: ``lambda patient: bd.regimens(..., after=patient)``.
    metrics, utility
        As in `simulate` and `decide`. The utility is also asked about a single draw.
    seed
        Of the patients; each is conditioned on with another one.
    patients
        How many.
    rule
        What the choice is compared with; `Hit` is the dose that hits a target at the mode, where kappas of
        occasions to come are zero. Patients have kappas of their own then.
    draws
        Posterior draws of each patient.

    Returns
    -------
    Decisions
        The table of patients, and a summary with intervals.
    """
    if design.n_subjects != 1:
        came = f"{design.n_subjects} subjects"
        raise InputError(explain("a design is one patient's", came=came, expected="a study of one subject"))
    rows = [
        _decided(fit, patient, truth, options, metrics, utility, rule, seed + i, draws)
        for i, (patient, truth) in enumerate(simulated(fit, design, patients, seed))
    ]
    return Decisions(pd.DataFrame(rows), "" if rule is None else str(rule), seed)


def simulated(
    fit: Fit, design: Study, n: int, seed: int
) -> Iterator[tuple[Study, tuple[dict[str, float], np.ndarray]]]:
    """Yield n patients drawn from a fit's population: the design with their levels, and theta and z.

    They are members of the design's study or centre where the fit knows it, as conditioning has them.
    """
    whole, tables = compile_individual(fit.model), events(design)
    _refuse_subpopulations(whole)
    data, rng = whole.data(tables), np.random.default_rng(seed)
    compiled, population, _ = as_member(fit, whole, data)
    for _ in range(n):
        theta = population.at(rng.integers(len(population), size=1))
        z = rng.standard_normal((1, compiled.size(data)))
        levels = compiled.measure(theta, z, data, rng.random((1, len(data["DV_data"]))))[0]
        yield _with_levels(design, levels), ({k: float(v[0]) for k, v in theta.items()}, z[0])


def _refuse_subpopulations(compiled: Compiled) -> None:
    if compiled.subpopulations:
        raise InputError(
            explain(
                "patients of a model with subpopulations are not simulated here",
                came=", ".join(compiled.subpopulations),
                fix="give the spec of one subpopulation",
            )
        )


def _with_levels(design: Study, levels: np.ndarray) -> Study:
    """Return the design with other values of its levels."""
    records = design.records.copy()
    rows = np.flatnonzero(design.is_level)
    values = records["DV"].to_numpy(float).copy()
    values[rows] = levels
    return Study(records.assign(DV=values), design.card)


def _decided(
    fit: Fit,
    patient: Study,
    truth: tuple[dict[str, float], np.ndarray],
    options: Callable[[Study], Options],
    metrics: Mapping[str, Any],
    utility: Callable[[xr.Dataset], xr.DataArray],
    rule: Hit | None,
    seed: int,
    draws: int,
) -> dict[str, Any]:
    candidates = options(patient)
    try:
        me = condition(fit, patient, seed=seed, draws=draws)
    except Refused as reason:
        return {"refused": str(reason)}
    choice = decide(simulate(me, candidates, metrics), utility)
    future = int(np.random.default_rng((seed, 3)).integers(2**31))  # of its own, not that of the draws
    happened = simulate(known(fit.model, patient, *truth, what="truth", seed=future), candidates, metrics)
    names = labels(happened)
    U = evaluate(utility, happened, names)[0]
    row = {
        "chosen": choice.best,
        "oracle": str(names[U.argmax()]),
        "predicted": float(choice.table["expected_utility"].sel(option=choice.best)),
        "realised": float(U[names == choice.best][0]),
        "best": float(U.max()),
        "refused": "",
    }
    if rule is not None:
        mode = map_estimate(fit.model, patient, fit)
        taken = rule(simulate(known(fit.model, patient, mode.theta, mode.z, what="MAP"), candidates, metrics))
        row |= {"rule": str(names[taken]), "by_rule": float(U[taken])}
    return row


def _interval(values: pd.Series) -> dict[str, float]:
    mean, error = float(values.mean()), float(values.std(ddof=1)) / np.sqrt(len(values))
    return {"mean": mean, "low": mean - Z_95 * error, "high": mean + Z_95 * error, "patients": len(values)}
