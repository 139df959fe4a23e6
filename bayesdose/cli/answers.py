"""From what a command found, or raised, to output and an exit code."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayesdose.errors import BayesdoseError, Refused, explain

if TYPE_CHECKING:
    from rich.console import Console

FINE, REFUSED, BAD_INPUT, BUG, INTERRUPTED = 0, 1, 2, 70, 130

_WIDTH = 120  # of a table that goes to a file or a pipe


@dataclass(frozen=True)
class Answer:
    """What a command found.

    Parameters
    ----------
    record
        The result as JSON-able values.
    shown
        The result for people: texts, renderables of rich, or functions that print to a Console.
    code
        Exit code.
    """

    record: Mapping[str, Any]
    shown: tuple[Any, ...] = ()
    code: int = FINE


def answer(command: Callable[[], Answer], *, as_json: bool, debug: bool) -> int:
    """Run a command, print its answer or its error, and return the exit code.

    Parameters
    ----------
    command
        Returns an Answer, or raises.
    as_json
        Print JSON on standard output and everything else on standard error.
    debug
        Show the traceback of an error that nobody raised on purpose.
    """
    try:
        # Whatever a library prints belongs to the messages when the output is for a machine.
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            found = command()
        _print(found, as_json=as_json)
        return found.code
    except BrokenPipeError:
        raise  # the reader of our output has gone: typer ends quietly
    except (Exception, KeyboardInterrupt) as error:
        return _fail(error, as_json=as_json, debug=debug)


def say(text: str) -> None:
    """Print progress or a message on standard error."""
    typer.echo(clean(text), err=True)


def show(text: str) -> None:
    """Print a part of the result on standard output."""
    typer.echo(clean(text))


def clean(text: str) -> str:
    """Return text without the control characters that a table or a file name may hold; lines stay lines."""
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in text.split("\n"))


def _print(found: Answer, *, as_json: bool) -> None:
    if as_json:
        _print_json({**found.record, "exit_code": found.code})
        return
    for one in found.shown:
        if isinstance(one, str):
            show(one)
        elif callable(one):
            one(_console())
        else:
            _console().print(one)


def _print_json(record: Mapping[str, Any]) -> None:
    from bayesdose.case.record import to_json

    typer.echo(to_json(record), nl=False)


def _console() -> Console:
    """Return a Console on standard output that takes no text for markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


def _fail(error: BaseException, *, as_json: bool, debug: bool) -> int:
    code, title, text = _judge(error)
    if as_json:
        findings = [asdict(finding) for finding in getattr(error, "findings", ())]
        details = {"findings": findings} if findings else {}
        _print_json({"error": {"kind": title.lower(), "message": text, **details}, "exit_code": code})
    _print_error(title, text)
    if debug and not isinstance(error, BayesdoseError | KeyboardInterrupt):
        traceback.print_exception(error)
    return code


def _judge(error: BaseException) -> tuple[int, str, str]:
    """Return the exit code, what it is called, and what to say."""
    if isinstance(error, Refused):
        return REFUSED, "Refused", str(error)
    if isinstance(error, BayesdoseError):
        return BAD_INPUT, "Bad input", str(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "Interrupted", "nothing more was written"
    if isinstance(error, OSError) and error.filename is not None:
        return BAD_INPUT, "Bad input", f"{error.filename}: {error.strerror or type(error).__name__}"
    first = (str(error).strip().splitlines() or [""])[0]
    said = f"{type(error).__name__}: {first}"
    if (line := _line_of_own_spec(error)) is not None:
        fix = "correct the spec; --debug shows more"
        return BAD_INPUT, "Bad input", explain(f"the model spec failed at {line}", came=said, fix=fix)
    return BUG, "Unexpected", f"{said} (this is a bug; --debug shows where)"


def _line_of_own_spec(error: BaseException) -> str | None:
    """Return the last line of a user's spec that an error passed through, if it did."""
    from bayesdose.model.spec import MODULE, shipped_models

    shipped = {str(path) for path in shipped_models().values()}
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if str(frame.f_globals.get("__name__")).startswith(MODULE) and file not in shipped:
            found = f"line {line} of {Path(file).name}"
    return found


def _print_error(title: str, text: str) -> None:
    from rich.console import Console
    from rich.text import Text

    message = Text.assemble((f"{title}: ", "bold red"), clean(text))
    Console(stderr=True, markup=False, highlight=False).print(message, soft_wrap=True)
