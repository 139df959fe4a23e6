"""The exceptions of bayesdose and the one style of their messages."""

from __future__ import annotations


class BayesdoseError(Exception):
    """Whatever bayesdose raises on purpose; the message says what to do about it."""


class InputError(BayesdoseError):
    """What came in cannot be used: a table, an option, a name, a unit (exit code 2)."""


class Refused(BayesdoseError):  # noqa: N818  (an answer, not an accident)
    """The computation ran and declines to hand out a result; the message is the reason (exit code 1)."""


class Impossible(Refused):
    """The levels have no density under the model, at all: no dose reached blood yet, or a negative one."""


def explain(
    what: str,
    *,
    came: object = None,
    expected: object = None,
    meant: str | None = None,
    fix: str | None = None,
) -> str:
    """Compose an error message that names the thing, what came, what was expected, what was meant, the fix.

    Parameters
    ----------
    what
        The thing that is wrong, in the user's words ("covariate WT of subject 12").
    came, expected
        What was found and what would have been right; left out when None.
    meant
        What the user probably meant.
    fix
        What to do now.
    """
    parts = [_closed(what)]
    if came is not None:
        parts.append(f"Came: {came}.")
    if expected is not None:
        parts.append(f"Expected: {expected}.")
    if meant is not None:
        parts.append(f"Probably meant: {meant}.")
    if fix is not None:
        parts.append(_closed(f"Fix: {fix}"))
    return " ".join(parts)


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else sentence + "."


def nearest(name: str, known: list[str] | tuple[str, ...]) -> str | None:
    """Return the known name closest to a misspelt one, or None."""
    import difflib

    lowered = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None
