"""The commands: from arguments to nouns, one or two verbs, an answer."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayesdose import __version__
from bayesdose.cli.answers import FINE, REFUSED, Answer, answer, say, show
from bayesdose.cli.columns import Columns, columns_of
from bayesdose.cli.until import Until, known_by, recorded, said
from bayesdose.errors import BayesdoseError, InputError, Refused, explain

if TYPE_CHECKING:
    from bayesdose.case import Recommendation
    from bayesdose.decision import Acknowledged, Override
    from bayesdose.fitting import Fit
    from bayesdose.model import Model
    from bayesdose.study import Study

app = typer.Typer(
    help="From a population PK/PD model to one patient's dose. Research software, no medical device.",
    epilog="Exit codes: 0 fine, 1 the computation refused (with its reason), 2 bad input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # half a second of imports that a help page can do without
    context_settings={"help_option_names": ["-h", "--help"]},
)

Spec = Annotated[str, typer.Argument(metavar="MODEL", help="Name of a shipped model, or path of a spec.")]
Table = Annotated[Path, typer.Argument(metavar="TABLE", help="CSV file of doses, levels and covariates.")]
Stored = Annotated[str, typer.Argument(metavar="FIT", help="Folder of a fit, or the name of a shipped one.")]
OwnSpec = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="Path of the spec, where the fit is of your own model."),
]
Overridden = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LIMIT", help="Let options pass this limit of the case; needs --why, --by, --audit."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Size = Annotated[int, typer.Option(min=1, help="Of each chain.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")]


def main() -> None:
    """Run the command line (the console script)."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app()


def _command(function: Callable[..., Answer]) -> Callable[..., None]:
    """Make a command of a function that returns an Answer or raises."""

    @app.command(function.__name__.replace("_", "-"))
    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        as_json, debug = arguments["as_json"], arguments["debug"]
        raise typer.Exit(answer(functools.partial(function, **arguments), as_json=as_json, debug=debug))

    return run


@_command
def fit(
    model: Spec,
    table: Annotated[
        Path | None,
        typer.Argument(metavar="TABLE", help="CSV file of doses, levels and covariates; not with --prior."),
    ] = None,
    prior: Annotated[
        bool, typer.Option("--prior", help="No table: store the spec's priors (published numbers) as a fit.")
    ] = False,
    column: Columns = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the fit goes; unless given, MODEL-fit or MODEL-prior."),
    ] = None,
    seed: Seed = 1,
    draws: Annotated[int, typer.Option(min=1, help="Of each chain; of the priors, with --prior.")] = 1000,
    tune: Size = 1000,
    chains: Annotated[int, typer.Option(min=1, help="How many.")] = 4,
    target_accept: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the sampler.")] = 0.9,
    centred: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Sample this parameter centred (for rich data); repeatable."),
    ] = None,
    low_rank: Annotated[
        bool, typer.Option("--low-rank", help="Learn correlations while tuning (few subjects, rich data).")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Fit a population model to a table, and store the fit.

    Convergence is checked: a fit that fails is stored too, is said to have failed, and ends in exit code 1.
    With --prior nothing is fitted: draws of the spec's priors are stored, for conditioning on a patient.
    """
    from bayesdose.cli.prior_fit import require_one_source, store_prior

    require_one_source(model, table, prior=prior)
    loaded = _load_model(model)
    study = None if table is None else _read(table, loaded, column)
    folder = out or Path(f"{loaded.name}-{'prior' if prior else 'fit'}")
    from bayesdose.fitting import refuse_foreign

    refuse_foreign(folder)  # before minutes are spent on a fit
    sampler = {
        "tune": tune,
        "chains": chains,
        "target_accept": target_accept,
        "centred": tuple(centred or ()),
        "low_rank": low_rank,
    }
    if study is None:
        asked = {**sampler, "centred": centred, "column": column}
        unless = inspect.signature(fit).parameters
        given = [name for name, value in asked.items() if value != unless[name].default]
        made = store_prior(loaded, folder, seed=seed, draws=draws, given=given)
        return _fit_answer(made, folder, f"\nstored in {folder}")
    return _fitted(loaded, study, folder, {"seed": seed, "draws": draws, **sampler})


@_command
def check(fit: Stored, spec: OwnSpec = None, as_json: Json = False, debug: Debug = False) -> Answer:
    """Show the checks and parameters of a stored fit."""
    return _fit_answer(_load_fit(fit, spec), fit)


@_command
def recommend(
    fit: Stored,
    table: Table,
    case: Annotated[Path, typer.Option(metavar="CASE.toml", help="Options, utility and limits.")],
    subject: Annotated[
        str | None, typer.Option("--id", metavar="SUBJECT", help="The patient, where the table has several.")
    ] = None,
    until: Until = None,
    column: Columns = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the files go.")] = None,
    acknowledge: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Escalate under red flags, for this reason; needs --by."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who acknowledges or overrides.")] = None,
    override: Overridden = None,
    why: Annotated[str | None, typer.Option(metavar="REASON", help="Why a limit is overridden.")] = None,
    audit: Annotated[Path | None, typer.Option(metavar="FILE", help="Where overrides are kept.")] = None,
    spec: OwnSpec = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Choose a treatment for one patient, as a case file asks.

    Red flags in the table are shown first, and block what escalates unless they are acknowledged. With --out
    it also writes report.html and decision.json.
    """
    from bayesdose.case import NOTICE, condition_for, fit_record, flags_for, individual_text, read_case
    from bayesdose.case import recommend as choose

    passed = _overrides(override, why, by)
    seen = None if passed and acknowledge is None else _acknowledged(acknowledge, by)

    problem = read_case(case)
    fitted = _load_fit(fit, spec)
    from bayesdose.fitting import require_converged

    require_converged(fitted)
    patient, left_out = known_by(_one(_read(table, fitted.model, column), subject), until)
    problem.try_on(patient)
    flags = flags_for(problem, fitted, patient)
    if flags:
        say(str(flags))
    try:
        me = condition_for(problem, fitted, patient)
    except Refused as reason:  # the flags are most useful where there is no posterior
        names = f" Red flags: {'; '.join(flags.names)}." if flags else ""
        raise Refused(f"{reason}{names}") from reason
    found = choose(problem, me, flags=flags, acknowledged=seen, overrides=passed, audit_file=audit)
    record = {
        "notice": NOTICE,
        "fit": fit_record(fitted),
        "case": problem.to_dict(),
        **recorded(left_out),
        "red_flags": flags.to_dict(),
        **found.to_dict(),
    }
    written = () if out is None else _write(out, fitted, found, record)
    files = tuple(f"written: {path}" for path in written)
    about = individual_text(found.me, fitted.provenance.get("units"))
    money = () if found.economics is None else (str(found.economics), "")
    shown = (*said(left_out), about, "", str(found.choice), "", *money, NOTICE, *files)
    return Answer({**record, "written": [str(path) for path in written]}, shown)


@_command
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("bayesdose-demo"),
    seed: Seed = 1,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Run the main job: from 56 neonates to three others.

    Writes decision.json, parameters.csv, predictions.csv and report.html.
    """
    from bayesdose.demo import run_demo

    return Answer(run_demo(out, seed, say=say if as_json else show).record)


def _fitted(loaded: Model, study: Study, folder: Path, arguments: dict[str, Any]) -> Answer:
    """Fit a table, keeping what is done so far beside the folder."""
    from bayesdose.demo import Steps
    from bayesdose.fitting import complete, release
    from bayesdose.fitting import fit as fit_population

    say(study.summary())
    steps, kept = Steps(say), folder.with_name(f"{folder.name}.unfinished")
    low_rank = arguments.pop("low_rank")
    made = fit_population(
        loaded,
        study,
        **arguments,
        adaptation="low rank" if low_rank else "diagonal",
        progress=sys.stderr.isatty(),
        keep=kept,
        say=steps,
    )
    steps.done()
    saved = made.save(folder if complete(made) else kept.with_name(f"{folder.name}.interrupted"))
    if complete(made):
        release(kept)
    return _fit_answer(made, saved, f"\nstored in {saved}")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bayesdose {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    pass


def _load_model(name: str) -> Model:
    from bayesdose.model import load_model

    try:
        return load_model(name)
    except BayesdoseError:
        raise
    except Exception as error:  # the user's code
        what = f"the model spec {name} failed while it was loaded"
        raise InputError(explain(what, came=f"{type(error).__name__}: {error}")) from error


def _load_fit(folder: str, spec: str | None) -> Fit:
    from bayesdose.fitting import load_fit

    return load_fit(folder, None if spec is None else _load_model(spec))


def _read(table: Path, model: Model, column: list[str] | None = None) -> Study:
    from bayesdose.study import TableError, read_study

    try:
        return read_study(table, model, columns=columns_of(column))
    except TableError as error:
        if "columns=" in str(error):
            say("On the command line columns={'DV': 'conc'} is --column DV=conc.")
        raise


def _one(study: Study, subject: str | None) -> Study:
    if subject is not None:
        return study.select(subject)
    if study.n_subjects == 1:
        return study
    came = f"{study.n_subjects} subjects"
    raise InputError(explain("the table is not of one patient", came=came, fix="name one: --id SUBJECT"))


def _acknowledged(why: str | None, who: str | None) -> Acknowledged | None:
    from bayesdose.decision import Acknowledged

    return None if why is None and who is None else Acknowledged(who=who or "", why=why or "")


def _overrides(limits: list[str] | None, why: str | None, who: str | None) -> list[Override]:
    from bayesdose.decision import Override

    if not limits and why is not None:
        raise InputError(explain("--why without --override", fix="name the limit: --override LIMIT"))
    return [Override(limit, who=who or "", why=why or "") for limit in limits or ()]


def _fit_answer(made: Fit, folder: Path | str, *more: str) -> Answer:
    from bayesdose.case import fit_record
    from bayesdose.reporting import parameter_table, parameters, prior_table, priors

    checks, table = made.check(), parameter_table(made)
    record = {"fit": str(folder), **fit_record(made), "parameters": table.to_dict("records")}
    record["priors"] = made.provenance.get("priors", {})
    beside = (functools.partial(priors.show, prior_table(made)),)
    shown = (str(checks), "", functools.partial(parameters.show, table), *beside, *more)
    return Answer(record, shown, FINE if checks.passed else REFUSED)


def _write(folder: Path, fitted: Fit, found: Recommendation, record: dict[str, Any]) -> tuple[Path, Path]:
    """Write decision.json and report.html, each whole or not at all."""
    from bayesdose.case import condition_for, to_json
    from bayesdose.reporting import report, utility_windows
    from bayesdose.reporting.atomic import write_whole

    me = found.me
    prior = condition_for(found.case, fitted, me.patient.without_levels()) if me.diagnostics.levels else None
    page = report(
        found.choice,
        folder / "report.html",
        draws=me,
        prior=prior,
        outcome=found.outcome,
        fit=fitted,
        thresholds=found.thresholds,
        economics=found.economics,
        windows=utility_windows(found.case.utility),
    )
    return write_whole(folder / "decision.json", to_json(record)), page
