"""One patient's part of a report: the decision, predicted and measured levels, figures, diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.reporting import verdict as words
from bayesdose.reporting.costs import costs
from bayesdose.reporting.doses import Routes, dose_table, given
from bayesdose.reporting.figures import expected_utility, exposure, individual_fit, prior_to_posterior
from bayesdose.reporting.figures.exposure import SHOWN, Window, metrics
from bayesdose.reporting.levels import levels_table, predicted_levels, score
from bayesdose.reporting.predictions import curve_times, present_course
from bayesdose.reporting.sensitivity import flips, worth
from bayesdose.reporting.text import (
    count,
    decimals,
    fixed,
    interval,
    percent,
    plus_minus,
    significant,
    with_unit,
)
from bayesdose.reporting.view import Block, Picture, Section, Table
from bayesdose.study.drawn_out import drawn_out

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice
    from bayesdose.decision.information.gains import Information
    from bayesdose.decision.sensitivity.thresholds import Thresholds
    from bayesdose.economics import CostEffectiveness
    from bayesdose.individual import Draws
    from bayesdose.study import Study

CONCENTRATION = 1
"""The DVID that curves are drawn of."""


@dataclass(frozen=True, eq=False)
class PatientSection:
    """What a report says about one patient; everything may be left out, and more is said the more is given.

    Parameters
    ----------
    name
        A surrogate ("patient 1"), never the ID of a table unless the caller wants it shown.
    choice
        From `decide`.
    draws
        From `condition`: the patient's posterior.
    prior
        The same patient conditioned on no level (``study.without_levels()``), for comparison.
    outcome
        From `simulate`.
    study
        The patient's whole table where it holds levels later than those conditioned on: they are predicted
        and shown beside what was measured.
    predictions
        From `predictions_table`, instead of predicting anew.
    windows
        Outcome name to (low, high), what the utility aims at: shaded in figures. See `utility_windows`.
    thresholds
        From `threshold_analysis`: what would flip the choice.
    information
        What further information is worth, from `evppi`, `evsi` and the like.
    economics
        Costs and effects of the options, from `economics.cost_effectiveness`.
    question
        What was asked, in the user's words.
    pictures
        Further figures, put last.
    """

    name: str = "the patient"
    choice: Choice | None = None
    draws: Draws | None = None
    prior: Draws | None = None
    outcome: xr.Dataset | None = None
    study: Study | None = None
    predictions: pd.DataFrame | None = None
    windows: Mapping[str, Window] = field(default_factory=dict)
    thresholds: Thresholds | None = None
    information: tuple[Information, ...] = ()
    economics: CostEffectiveness | None = None
    question: str = ""
    pictures: tuple[Picture, ...] = ()


def utility_windows(utility: object) -> dict[str, Window]:
    """Return the windows of a named utility for the figures: that of its outcome, and the limit of harm.

    A utility without ``outcome``, ``low`` and ``high`` (another named one, a function) has none.
    """
    name, low, high = (getattr(utility, n, None) for n in ("outcome", "low", "high"))
    if name is None or low is None or high is None:
        return {}
    found: dict[str, Window] = {str(name): (float(low), float(high))}
    harm, above = getattr(utility, "harm", None), getattr(utility, "harm_above", None)
    if harm is not None and above is not None and harm != name:
        found[str(harm)] = (None, float(above))
    return found


def patient_view(section: PatientSection, units: Mapping[str, str] | None = None) -> Section:
    """Return the page's section about a patient.

    Parameters
    ----------
    section
        What is known.
    units
        Unit of each individual parameter, as the fit's provenance has them.
    """
    blocks: list[Block] = []
    units = dict(units or {})
    if section.choice is not None:
        blocks += _decision(section, units)
    blocks += [_predictions(section), _figures(section, units)]
    if section.draws is not None:
        blocks += [_patient(section, section.draws, units), _diagnostics(section.draws)]
    return Section(
        title=section.name[:1].upper() + section.name[1:],
        alarms=section.draws.warnings if section.draws is not None else (),
        asked=None if section.choice is None else words.question(section.choice, section.question),
        verdict=None if section.choice is None else words.verdict(section.choice),
        blocks=tuple(block for block in blocks if not block.empty),
    )


def _decision(section: PatientSection, units: dict[str, str]) -> list[Block]:
    choice = section.choice
    assert choice is not None
    individual = None if section.draws is None else _individual(section.draws)
    return [
        words.red_flags(choice),
        words.how_sure(choice),
        words.change(choice, individual, units),
        flips(section.thresholds, choice),
        worth(section.information),
        costs(section.economics),
        words.near_optimal(choice),
        words.blocked(choice),
        words.passed(choice),
        words.ranking(choice),
        *([] if section.outcome is None else [words.judged_by(section.outcome)]),
    ]


def _individual(draws: Draws) -> xr.Dataset:
    """Return the individual parameters (draw,); one that changes in time has its value at the last record."""
    kept = draws.data[list(draws.compiled.parameters)]
    return kept.isel(record=-1) if "record" in kept.dims else kept


def _until(draws: Draws) -> float | None:
    """Return the time of the last level conditioned on, None without one."""
    levels = draws.patient.levels["TIME"]
    return None if levels.empty else float(levels.max())


def _predictions(section: PatientSection) -> Block:
    """Return predicted beside measured levels."""
    table, draws = section.predictions, section.draws
    if table is None and draws is not None:
        table = predicted_levels(draws, section.study or draws.patient, _until(draws))
    if table is None or table.empty:
        return Block("Predicted and measured")
    units = None if draws is None else draws.model.card.units
    return Block("Predicted and measured", texts=score(table), tables=[levels_table(table, units)])


# Figures


def _figures(section: PatientSection, units: dict[str, str]) -> Block:
    made = [
        _concentrations(section),
        _utilities(section),
        _exposures(section),
        _learned(section, units),
        *section.pictures,
    ]
    return Block("Figures", pictures=[picture for picture in made if picture is not None])


def _concentrations(section: PatientSection) -> Picture | None:
    draws, prior = section.draws, section.prior
    if draws is None:
        return None
    study, kinds = section.study or draws.patient, draws.compiled.declaration.kinds
    if study.doses.empty or (kinds is not None and CONCENTRATION not in kinds):
        return None
    from bayesdose.simulation import predict

    times, until = curve_times(study), _until(draws)
    levels = present_course(study)
    levels = levels[levels.index.isin(study.levels.index) & (levels["DVID"] == CONCENTRATION)]
    doses = drawn_out(study, float(times[-1]))
    before = None if prior is None else predict(prior, _as_of(prior, study), times=times)
    figure = individual_fit(
        predict(draws, study, times=times),
        before,
        levels,
        doses[doses["COURSE"] == doses["COURSE"].max()],
        until=-np.inf if until is None else until,
        units=draws.model.card.units,
        routes=Routes.of(draws),
    )
    caption = (
        "Concentration against time under the doses given (below, as high as their amounts): median, 50 % "
        "and 90 % of the draws, without residual error."
    )
    if len(levels):
        caption += " Filled: levels that were used; open: later ones, only predicted."
    later = len(study.levels) - draws.diagnostics.levels
    alt = f"Predicted concentration over time with {count(draws.diagnostics.levels, 'level')} used"
    return Picture(
        "Concentration over time",
        figure,
        caption,
        alt + (f" and {count(later, 'later level')}." if later > 0 else "."),
    )


def _as_of(prior: Draws, study: Study) -> Study:
    """Return the study under the prior's ID, whose doses and times it shares."""
    return study if study.ids == prior.patient.ids else prior.patient


def _utilities(section: PatientSection) -> Picture | None:
    choice = section.choice
    if choice is None:
        return None
    caption = (
        "Expected utility of the options, with twice the Monte Carlo standard error either side; the green "
        "shade reaches from the best down to what counts as near-optimal. Below or beside it: in what share "
        "of the draws an option does better or worse than the best; in the others they do equally well."
    )
    n = len(choice.table["option"])
    return Picture(
        "Expected utility",
        expected_utility(choice),
        caption,
        f"Expected utility of {n} options; highest is {choice.best}.",
    )


def _exposures(section: PatientSection) -> Picture | None:
    outcome = section.outcome
    if outcome is None:
        return None
    labels = [str(label) for label in outcome["option"].to_numpy()]
    if section.choice is not None:
        labels = [str(label) for label in section.choice.ranking().index]
    shown = labels[:SHOWN]
    windows = {name: window for name, window in section.windows.items() if name in metrics(outcome)}
    rest = f" The first {len(shown)} options of the ranking." if len(labels) > len(shown) else ""
    caption = (
        "Exposure under each option: dot, median; thick bar, 50 %; thin bar, 90 % of the draws, without "
        "residual error."
        + (" Shaded: what the utility aims at (green) or avoids (red)." if windows else "")
        + rest
    )
    alt = f"Distribution of {' and '.join(metrics(outcome))} under {count(len(shown), 'option')}."
    return Picture("Exposure under each option", exposure(outcome, shown, windows), caption, alt)


def _learned(section: PatientSection, units: dict[str, str]) -> Picture | None:
    draws, prior = section.draws, section.prior
    if draws is None or prior is None or not draws.diagnostics.levels:
        return None
    figure = prior_to_posterior(prior, draws, units=units)
    caption = (
        "What the levels taught about this patient: each parameter before any level, and given those used."
    )
    names = ", ".join(draws.compiled.parameters)
    return Picture(
        "What the levels taught",
        figure,
        caption,
        f"Densities of {names} before and after the levels were used.",
    )


# The patient and the computation


def _patient(section: PatientSection, draws: Draws, units: dict[str, str]) -> Block:
    patient, card = draws.patient, draws.model.card
    last = patient.records.iloc[-1]
    told = {c: with_unit(f"{last[c.name]:g}", c.unit) for c in card.covariates}
    terms = [
        (c.description or c.name, "not known" if last[c.name] != last[c.name] else told[c]) for c in told
    ]
    levels = patient.levels
    terms.append(("Given before the decision", given(patient, card.units)))
    times = ", ".join(f"{t:g}" for t in levels["TIME"].head(12)) + (", …" if len(levels) > 12 else "")
    used = f"{len(levels)}, at {times} {card.units.time}"
    terms.append(
        ("Levels used", used if len(levels) else "none: the prediction is from the covariates alone")
    )
    doses = dose_table(patient, card.units, Routes.of(draws))
    tables = [*([doses] if doses else []), _parameters(section, draws, units)]
    return Block("The patient", terms=terms, tables=tables)


def _parameters(section: PatientSection, draws: Draws, units: dict[str, str]) -> Table:
    columns = [("given the levels", draws)] if draws.diagnostics.levels else [("from covariates", draws)]
    if section.prior is not None and draws.diagnostics.levels:
        columns.insert(0, ("before any level", section.prior))
    head = ["Parameter", "Unit"]
    for name, _ in columns:
        head += [f"Median {name}", "90 % interval"]
    rows = []
    for name in draws.compiled.parameters:
        cells = [name, units.get(name) or str(draws.data[name].attrs.get("units", ""))]
        for _, source in columns:
            values = _individual(source)[name].to_numpy()
            cells += [significant(float(np.median(values))), interval(*np.quantile(values, (0.05, 0.95)))]
        rows.append(tuple(cells))
    return Table("This patient's parameters", tuple(head), tuple(rows), columns="wwn")


def _diagnostics(draws: Draws) -> Block:
    d = draws.diagnostics
    rows = [("Method", d.method, ""), ("Draws handed out", f"{len(draws):,}", "")]
    if d.khat is not None:
        rows.append(
            ("Pareto k-hat: how heavy the tail of the weights is", f"{d.khat:.2f}", f"below {d.khat_limit}")
        )
    if d.levels:
        rows += [
            (
                "Effective number of particles (ESS)",
                f"{d.ess:,.0f} of {d.particles:,}",
                f"at least {d.least_ess:,.0f}",
            ),
            ("Effective number of population draws (theta-ESS)", f"{d.theta_ess:,.0f}", ""),
            ("Distance from the typical patient, in SDs (|z|)", f"{d.z_norm:.2f}", ""),
        ]
    rows += [("Seed", str(d.seed), ""), ("Processor time", f"{d.ms:.0f} ms", "")]
    failed = (d.khat is not None and d.khat >= d.khat_limit) or (d.levels > 0 and d.ess < d.least_ess)
    marks = tuple("failed" if failed and limit else "" for _, _, limit in rows)
    table = Table("How the patient's draws were made", ("", "Value", "Must be"), tuple(rows), marks=marks)
    return Block("Diagnostics", tables=[table])


def summary_row(section: PatientSection) -> tuple[str, ...]:
    """Return the patient's row of the overview: name, levels, recommendation, how sure, status."""
    choice, draws = section.choice, section.draws
    levels = "–" if draws is None else str(draws.diagnostics.levels)
    if choice is None:
        return (section.name, levels, "–", "–", "–", "–")
    row = choice.row(choice.best)
    d = decimals(row["mcse"])
    value = plus_minus(fixed(row["expected_utility"], d), fixed(row["mcse"], d))
    return (section.name, levels, choice.best, value, percent(row["p_best"]), choice.status)
