"""A validation as files: an HTML page, and JSON without any identifier unless it is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesdose.case import NOTICE, fit_record, to_json
from bayesdose.reporting.atomic import write_whole
from bayesdose.reporting.figures.kinds import category_figure, event_figure
from bayesdose.reporting.figures.npde import npde_figure
from bayesdose.reporting.figures.vpc import coverage_figure, vpc_figure
from bayesdose.reporting.html import render_page
from bayesdose.reporting.population import population_view
from bayesdose.reporting.text import count, fixed, percent, significant
from bayesdose.reporting.view import Block, Picture, Section, Table
from bayesdose.validate.category_check import CategoryVpc
from bayesdose.validate.leaving_out import PLACES
from bayesdose.validate.levels import SORT

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.validate import Coverage, EventVpc, LooCheck, Npde, Validation, Vpc

PAGE, RECORD = "validation.html", "validation.json"

_AXES = {"TIME": "time", "TAD": "time after dose"}
_SIGNS = {"<=": "≤", ">=": "≥"}
_VPC_CAPTION = (
    "Points are levels. Lines are their percentiles in bins of time; shaded are the intervals of the same "
    "percentiles of studies simulated from the fit, each with a population draw of its own. A percentile "
    "outside its interval is crossed out in red."
)
_CORRECTED = (
    " Levels, measured and simulated alike, are scaled to the median prediction of their bin, so that "
    "differences between doses and covariates do not widen the bands."
)
_SHARES = (
    "The share of each count or category in bins of time; shaded is the interval of the same share of "
    "studies simulated from the fit."
)
_CURVES = (
    "The Kaplan-Meier curve of the time to the first event; shaded is the interval of the curves of studies "
    "simulated from the fit, whose subjects are observed as long as those of the study. Ticks: observed "
    "until then without an event."
)
_NUMBERS = (
    "The mean number of events per subject; shaded is the interval of the same of studies simulated from the "
    "fit, whose subjects are observed as long as those of the study. Ticks: observed until then."
)
_NPDE_CAPTION = (
    "Where each level stands in what the model predicts for it, once the correlation within its subject is "
    "taken out: standard normal values if the model is right. Bands are 90 % intervals of as many "
    "independent standard normal values."
)
_HELD_CAPTION = (
    "Left: the share of levels within intervals of each nominal probability, with its 95 % interval (levels "
    "of a subject count as alike). Right: the place of each level in its predictive distribution; flat is "
    "right, a hill means intervals that are too wide, a valley too narrow."
)


def write_validation(
    found: Validation, fit: Fit, folder: str | os.PathLike[str], *, ids: bool = False
) -> tuple[Path, Path]:
    """Write ``validation.html`` and ``validation.json``, each whole or not at all.

    Parameters
    ----------
    found
        From ``bayesdose.validate.validate``.
    fit
        The fit that was validated.
    folder
        Where; made when absent.
    ids
        Whether the JSON has a row for each level, with the subject's ID from the table.

    Returns
    -------
    tuple
        The two files.

    Raises
    ------
    InputError
        When the place cannot be written to.
    """
    place = Path(folder)
    record = validation_record(found, fit, ids=ids)
    page = validation_page(found, fit)
    return write_whole(place / PAGE, page), write_whole(place / RECORD, to_json(record))


def validation_record(found: Validation, fit: Fit, *, ids: bool = False) -> dict[str, Any]:
    """Return a validation as JSON-able values; parameters as in `write_validation`."""
    names = {"name": "check", "worst": "seen"}
    kept = ("name", "value", "relation", "limit", "passed", "worst")
    rows = [{names.get(name, name): getattr(row, name) for name in kept} for row in found.rows]
    record = {
        "notice": NOTICE,
        "passed": found.passed,
        "rows": rows,
        "limits": found.limits.to_dict(),
        "notes": list(found.notes),
        "left_out": dict(found.left_out),
        "study": {
            "subjects": found.study.n_subjects,
            "levels": int(found.study.is_level.sum()),
            "levels_in_fit": found.in_fit,
        },
        "seed": found.seed,
        "replicates": found.draws,
        "fit": fit_record(fit),
        "vpc": {name: _vpc_record(vpc) for name, vpc in found.vpcs.items()},
        "others": {name: _other_record(other) for name, other in found.others.items()},
        "npde": None if found.npde is None else _npde_record(found.npde),
        "loo": None if found.loo is None else _loo_record(found.loo),
        "coverage": None if found.coverage is None else _coverage_record(found.coverage),
    }
    if ids:
        record["levels"] = _levels_record(found)
    return record


def _vpc_record(vpc: Vpc) -> dict[str, Any]:
    return {
        "x": vpc.x,
        "corrected": vpc.corrected,
        "interval": vpc.interval,
        "units": dict(vpc.units),
        "left_out": vpc.left_out,
        "inside": vpc.inside,
        "p": vpc.p_value,
        "percentiles": vpc.table.to_dict("records"),
        "below_lloq": vpc.below.to_dict("records"),
    }


def _other_record(other: CategoryVpc | EventVpc) -> dict[str, Any]:
    rows = other.table.to_dict("records")
    curve = {} if isinstance(other, CategoryVpc) else {"curve": other.curve}
    return {**curve, "interval": other.interval, "inside": other.inside, "p": other.p_value, "table": rows}


def _npde_record(npde: Npde) -> dict[str, Any]:
    return {
        "n": len(npde.table),
        "decorrelation": npde.decorrelation,
        "mean": npde.mean,
        "variance": npde.variance,
        "tests": npde.tests.reset_index().to_dict("records"),
        "p": npde.p_value,
    }


def _loo_record(loo: LooCheck) -> dict[str, Any]:
    return {"levels": loo.table.to_dict("records"), "places": loo.places.to_dict("records")}


def _coverage_record(coverage: Coverage) -> dict[str, Any]:
    refused = coverage.refused.groupby("known").size().to_dict()
    return {
        "table": coverage.table.to_dict("records"),
        "folds": coverage.folds.to_dict("records"),
        "conditioned": coverage.conditioned,
        "refused": {str(known): int(n) for known, n in refused.items()},
    }


def _levels_record(found: Validation) -> dict[str, Any]:
    """Return the rows of levels, each under its subject's ID."""
    names = dict(enumerate(found.study.ids))
    tables = {} if found.npde is None else {"npde": found.npde.table}
    if found.coverage is not None:
        tables |= {"coverage": found.coverage.levels, "refused": found.coverage.refused}
    return {
        name: table.assign(subject=table["subject"].map(names)).to_dict("records")
        for name, table in tables.items()
    }


def validation_page(found: Validation, fit: Fit) -> str:
    """Return a validation as the text of an HTML page."""
    failed = [row.name for row in found.rows if not row.passed]
    alarms = (f"NOT PASSED: {'; '.join(failed)}.",) if failed else ()
    sections = [
        Section("Predictive checks", blocks=_checks(found)),
        _errors_section(found),
        _held_section(found),
        population_view(fit),
    ]
    about = (
        f"{found.study.n_subjects:,} subjects with {int(found.study.is_level.sum()):,} levels, "
        f"{found.draws:,} studies simulated from the fit (seed {found.seed})."
    )
    verdict = "Every check is within its limit." if found.passed else "Some checks are beyond their limits."
    return render_page(
        title=f"Validation: {fit.model.card.drug}",
        sections=sections,
        alarms=alarms,
        notes=(f"{verdict} {about}", *found.notes),
        overview=_overview(found),
        words=False,
    )


def _overview(found: Validation) -> Table:
    rows = tuple(
        (
            row.name,
            f"{row.value:g}" if float(row.value).is_integer() else significant(row.value),
            f"{_SIGNS.get(row.relation, row.relation)} {row.limit:g}",
            "ok" if row.passed else "FAILED",
            row.worst,
        )
        for row in found.rows
    )
    marks = tuple("" if row.passed else "failed" for row in found.rows)
    foot = (
        "A p is the share of studies simulated from the fit that look as bad. Off: how far the nominal "
        "probability lies outside the 95 % interval of the share covered."
    )
    head = ("Check", "Value", "Must be", "Result", "Seen")
    return Table("Checks", head, rows, columns="wnnww", marks=marks, foot=foot)


def _checks(found: Validation) -> tuple[Block, ...]:
    blocks = [_vpc_block(*item) for item in found.vpcs.items()]
    return (*blocks, *(_other_block(*item) for item in found.others.items()))


def _other_block(name: str, other: CategoryVpc | EventVpc) -> Block:
    if isinstance(other, CategoryVpc):
        drawn, caption = category_figure(other), _SHARES
    else:
        drawn, caption = event_figure(other), _NUMBERS if other.repeated else _CURVES
    what = "shares" if isinstance(other, CategoryVpc) else other.curve
    alt = f"{name}: observed {what} over bands of simulated ones."
    return Block(
        f"Visual predictive check of {name}",
        texts=[str(other)],
        pictures=[Picture(name, drawn, caption, alt)],
    )


def _vpc_block(name: str, vpc: Vpc) -> Block:
    title = "Prediction-corrected visual predictive check" if vpc.corrected else "Visual predictive check"
    texts = [
        f"{percent(vpc.inside)} of {len(vpc.table)} observed percentiles are in their "
        f"{100 * vpc.interval:g} % intervals; {percent(vpc.p_value)} of simulated studies have as few."
    ]
    if vpc.left_out:
        texts.append(f"{count(vpc.left_out, 'level')} left out: no {vpc.x}, no PRED, or not continuous.")
    caption = _VPC_CAPTION + (_CORRECTED if vpc.corrected else "")
    alt = f"{name}: percentiles of levels over bands of simulated ones."
    return Block(
        title,
        texts=texts,
        pictures=[Picture(f"{name} against {_AXES[vpc.x]}", vpc_figure(vpc), caption, alt)],
    )


def _errors_section(found: Validation) -> Section:
    blocks = [_npde_block(found.npde)] if found.npde is not None else []
    blocks += [_loo_block(found.loo)] if found.loo is not None else []
    names = ("npde", "LOO-PIT")
    texts = [f"{name}: {found.left_out[name].rstrip('.')}." for name in names if name in found.left_out]
    if texts:
        blocks.append(Block("Not computed", texts=texts))
    return Section("Prediction distribution errors", blocks=tuple(blocks))


def _loo_block(loo: LooCheck) -> Block:
    rows = tuple(
        (
            str(row["of"]),
            str(row["n"]),
            str(row["high_khat"]),
            f"{row['elpd']:.1f} ({row['se']:.1f})",
            *_shares(loo, row["of"]),
        )
        for row in loo.table.to_dict("records")
    )
    head = ("Levels", "Number", "k-hat too high", "elpd (se)", *(f"Below {p:g}" for p in PLACES))
    foot = (
        "Where each level stands in what all the others predict for it; shares of places below a number are "
        "that number if the model is right. Levels with a k-hat that is too high are not counted."
    )
    table = Table("LOO-PIT", head, rows, columns="wn", foot=foot)
    return Block("Levels left out one at a time", tables=[table])


def _shares(loo: LooCheck, of: str) -> tuple[str, ...]:
    """Return the shares of a sort's places below each number; dashes where no place can be relied on."""
    own = loo.places.loc[loo.places["of"] == of, "share"]
    return tuple(fixed(share, 2) for share in own) or ("–",) * len(PLACES)


def _npde_block(npde: Npde) -> Block:
    rows = tuple(
        (str(what), row["test"], significant(row["statistic"]), significant(row["p"]))
        for what, row in npde.tests.iterrows()
    )
    foot = (
        "The p of these tests hold for independent values and parameters that are known. Studies simulated "
        f"from the fit look as bad in {percent(npde.p_value)} of cases: that is what the limit is about."
    )
    table = Table("Tests", ("Of", "Test", "Statistic", "p"), rows, columns="wwnn", foot=foot)
    censored = int(npde.table["censored"].sum())
    texts = [
        f"{count(len(npde.table), 'level')}, decorrelated by {npde.decorrelation}: mean {npde.mean:.3f}, "
        f"variance {npde.variance:.3f}."
    ]
    if censored:
        texts.append(f"{count(censored, 'censored level')} drawn at random within what is known of them.")
    texts += [f"{text}." for text in npde.left_out]
    alt = "Four panels of npde: quantiles, histogram, against time, against PRED."
    picture = Picture("npde of each level", npde_figure(npde), _NPDE_CAPTION, alt)
    return Block("npde", texts=texts, tables=[table], pictures=[picture])


def _held_section(found: Validation) -> Section:
    coverage = found.coverage
    if coverage is None:
        text = "Not computed: it needs folds, or subjects who were not in the fit."
        return Section("Held-out subjects", blocks=(Block("Coverage", texts=[text]),))
    rows = tuple(
        (
            f"{row['of'] if row['of'] != SORT else 'continuous'}",
            str(row["known"]),
            f"{100 * row['nominal']:g} %",
            f"{row['n']}",
            f"{row['subjects']}",
            fixed(row["covered"], 3),
            f"{row['low']:.3f} to {row['high']:.3f}",
        )
        for row in coverage.table.to_dict("records")
    )
    head = ("Of", "Levels known", "Interval", "Levels", "Subjects", "Covered", "95 % interval")
    tables = [Table("Share of levels within predictive intervals", head, rows, columns="wn")]
    if len(coverage.folds):
        folds = tuple(
            (str(row["fold"]), str(row["subjects"]), row["failed"] or "none")
            for row in coverage.folds.to_dict("records")
        )
        tables.append(Table("Refits", ("Fold", "Held out", "Checks failed"), folds, columns="nnw"))
    alt = "Share covered against nominal probability, and histograms of the levels' places."
    picture = Picture("Covered and predicted", coverage_figure(coverage), _HELD_CAPTION, alt)
    return Section("Held-out subjects", blocks=(Block("Coverage", tables=tables, pictures=[picture]),))
