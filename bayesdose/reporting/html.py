"""The report: one HTML file that needs nothing else, for a person who did not run it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from bayesdose.reporting.atomic import write_whole
from bayesdose.reporting.figures import to_svg_or_png
from bayesdose.reporting.patient import PatientSection, patient_view, summary_row
from bayesdose.reporting.population import alarms, population_view
from bayesdose.reporting.view import Section, Table

if TYPE_CHECKING:
    import jinja2
    import xarray as xr

    from bayesdose.decision.choice import Choice
    from bayesdose.decision.information.gains import Information
    from bayesdose.decision.sensitivity.thresholds import Thresholds
    from bayesdose.economics import CostEffectiveness
    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws
    from bayesdose.reporting.figures.exposure import Window
    from bayesdose.study import Study

_OVERVIEW = ("Patient", "Levels used", "Recommendation", "Expected utility", "Best in", "Status")


def report(
    choice: Choice,
    path: str | os.PathLike[str],
    *,
    draws: Draws | None = None,
    prior: Draws | None = None,
    outcome: xr.Dataset | None = None,
    fit: Fit | None = None,
    study: Study | None = None,
    windows: Mapping[str, Window] | None = None,
    thresholds: Thresholds | None = None,
    information: Sequence[Information] = (),
    economics: CostEffectiveness | None = None,
    title: str | None = None,
    question: str = "",
    show_ids: bool = False,
    notes: Sequence[str] = (),
) -> Path:
    """Write a report of one decision: a single HTML file without scripts or links to elsewhere.

    Parameters
    ----------
    choice
        From `decide`. Everything else may be left out; each adds what it knows.
    path
        Where to write. The file is written whole or not at all.
    draws
        The patient's draws: adds levels predicted and measured, the patient, diagnostics.
    prior
        The same patient conditioned on no level: adds the comparison.
    outcome
        What was simulated: adds the exposure of the options.
    fit
        The population fit: adds parameters, convergence checks, provenance.
    study
        The patient's whole table, where it holds levels later than those conditioned on.
    windows
        Outcome name to (low, high), either may be None: what the utility aims at, for the figures.
    thresholds
        From `threshold_analysis`: adds what would flip the choice.
    information
        From `evppi`, `evsi`, `enbs`, ...: adds what further information is worth.
    economics
        From `economics.cost_effectiveness`: adds what the options cost and bring.
    title, question
        In the user's words.
    show_ids
        Whether the patient's ID from the table is shown; a surrogate stands in its place otherwise.
    notes
        Sentences of the user's, put at the top.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        When the place cannot be written to.
    """
    section = PatientSection(
        name=_name(choice, draws, show_ids),
        choice=choice,
        draws=draws,
        prior=prior,
        outcome=outcome,
        study=study,
        windows=windows or {},
        thresholds=thresholds,
        information=tuple(information),
        economics=economics,
        question=question,
    )
    drug = choice.attrs.get("drug")
    heading = title or (f"Dose decision: {drug}" if drug else "Dose decision")
    return write_report(path, title=heading, fit=fit, patients=[section], notes=notes)


def write_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    fit: Fit | None = None,
    patients: Sequence[PatientSection] = (),
    notes: Sequence[str] = (),
) -> Path:
    """Write a report of one or more patients and the population behind them.

    Parameters
    ----------
    path
        Where to write. The file is written whole or not at all.
    title
        The heading.
    fit
        The population fit.
    patients
        One section each, in this order; with more than one, an overview comes first.
    notes
        Sentences put at the top.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        When the place cannot be written to.
    """
    return write_whole(path, render(title=title, fit=fit, patients=patients, notes=notes))


def render(
    *,
    title: str,
    fit: Fit | None = None,
    patients: Sequence[PatientSection] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return the report as the text of an HTML page; parameters as in `write_report`."""
    units = {} if fit is None else fit.provenance.get("units", {})
    sections = [patient_view(patient, units) for patient in patients]
    if fit is not None:
        sections.append(population_view(fit))
    return render_page(
        title=title,
        sections=sections,
        alarms=() if fit is None else alarms(fit),
        notes=notes,
        overview=_overview(patients),
    )


def render_page(
    *,
    title: str,
    sections: Sequence[Section],
    alarms: Sequence[str] = (),
    notes: Sequence[str] = (),
    overview: Table | None = None,
    words: bool = True,
) -> str:
    """Return a page of sections as the text of an HTML file.

    Parameters
    ----------
    title
        The heading.
    sections
        What it holds, in order.
    alarms, notes
        Sentences put at the top, the alarms loudly.
    overview
        A table that comes first.
    words
        Whether the words of a decision are explained at the end.
    """
    page: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            alarms=alarms,
            notes=notes,
            overview=overview,
            sections=sections,
            words=words,
            version=_version(),
            created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )
    return page.lstrip()


def _overview(patients: Sequence[PatientSection]) -> Table | None:
    if len(patients) < 2:
        return None
    rows = tuple(summary_row(patient) for patient in patients)
    foot = (
        "± is the Monte Carlo standard error; “best in”: share of draws in which the option is the best one."
    )
    return Table("Recommendations", _OVERVIEW, rows, columns="wnwnnw", foot=foot)


def _name(choice: Choice, draws: Draws | None, show_ids: bool) -> str:
    surrogate = str(choice.attrs.get("patient", "the patient"))
    if not show_ids or draws is None:
        return surrogate
    return f"{surrogate} (ID {draws.patient.ids[0]})"


def _version() -> str:
    try:
        return version("bayesdose")
    except PackageNotFoundError:
        return ""


@cache
def _environment() -> jinja2.Environment:
    """Return the template environment: every text is escaped, a missing one is an error."""
    import jinja2

    folder = Path(__file__).parent / "templates"
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["image"] = to_svg_or_png
    return made
