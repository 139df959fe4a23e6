"""Which row of a table is which parameter of a structure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bayesdose.errors import InputError, explain, nearest

_ORAL, _VEIN = ("oral",), ("iv", "bolus", "infusion")
_KEYWORDS = {
    "one_compartment": ("CL", "V"),
    "two_compartment": ("CL", "V1", "Q", "V2"),
    "three_compartment": ("CL", "V1", "Q2", "V2", "Q3", "V3"),
}
# Names that go together, in the order of the keywords above; the last of each is NONMEM's with a depot.
_SCHEMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "one_compartment": (("cl", "v"), ("cl", "vc"), ("cl", "v1"), ("cl", "vd"), ("cl", "v2")),
    "two_compartment": (
        ("cl", "v1", "q", "v2"),
        ("cl", "vc", "q", "vp"),
        ("cl", "v", "q", "vp"),
        ("cl", "v", "q", "v2"),
        ("cl", "v2", "q", "v3"),
    ),
    "three_compartment": (
        ("cl", "v1", "q2", "v2", "q3", "v3"),
        ("cl", "vc", "q", "vp", "q2", "vp2"),
        ("cl", "v", "q", "vp", "q2", "vp2"),
        ("cl", "v2", "q3", "v3", "q4", "v4"),
    ),
}
_DOSES = {"lag": ("lag", "alag", "alag1", "tlag", "lagtime"), "F": ("f", "f1", "fdepot")}
_ERRORS = {
    "add": ("addsd", "adderr"),
    "prop": ("propsd", "properr", "propcv"),
    "exp": ("lnormsd", "lnormerr", "expsd"),
    "add_variance": ("addvar", "addvariance"),
    "prop_variance": ("propvar", "propvariance"),
}
_PREFIXES = ("pop_", "theta_", "tv_", "tv", "log_", "log", "lt", "l", "t")


@dataclass(frozen=True)
class Kind:
    """A structure in words.

    Parameters
    ----------
    word
        "one_compartment" and so on.
    oral
        Whether doses enter a depot.
    """

    word: str
    oral: bool

    @property
    def compartments(self) -> tuple[str, ...]:
        """Names of its compartments."""
        number = list(_KEYWORDS).index(self.word) + 1
        return (*(("depot",) if self.oral else ()), *("central", "peripheral", "deep")[:number])


@dataclass(frozen=True)
class Name:
    """The name of a row, understood.

    Parameters
    ----------
    plain
        In lower case, without prefixes.
    marked
        Whether a prefix (tcl, lcl) may mean that the estimate is a logarithm.
    """

    plain: str
    marked: bool


def kind_of(text: str) -> Kind:
    """Return the structure that a text names: ``"one_compartment oral"``, ``"two_compartment"``.

    Raises
    ------
    InputError
        When a word is unknown, or none names a structure.
    """
    words = text.lower().replace("-", "_").split()
    known = (*_KEYWORDS, *_ORAL, *_VEIN)
    unknown = [word for word in words if word not in known]
    named = [word for word in words if word in _KEYWORDS]
    if unknown or len(named) != 1 or len(words) > 2:
        raise InputError(
            explain(
                f"the structure {text!r} cannot be read",
                expected=f"one of {', '.join(_KEYWORDS)}, and oral where doses enter a depot",
                meant=nearest(unknown[0], list(known)) if unknown else None,
            )
        )
    return Kind(named[0], any(word in _ORAL for word in words))


def name_of(text: str) -> Name:
    """Return a row's name in the words of `roles_of`."""
    plain = re.sub(r"[^a-z0-9_]", "", text.lower())
    known = _known()
    if plain.removesuffix("_pop").replace("_", "") in known:
        return Name(plain.removesuffix("_pop").replace("_", ""), marked=False)
    for prefix in _PREFIXES:
        rest = plain.removeprefix(prefix).replace("_", "")
        if plain.startswith(prefix) and rest in known:
            return Name(rest, marked=prefix not in ("pop_", "theta_"))
    return Name(plain, marked=False)


def _structural() -> set[str]:
    return {name for schemes in _SCHEMES.values() for scheme in schemes for name in scheme} | {"ka"}


def _known() -> set[str]:
    return _structural() | {name for group in (_DOSES, _ERRORS) for names in group.values() for name in names}


def roles_of(names: Iterable[str], kind: Kind) -> dict[str, str]:
    """Return keyword of the structure (CL, V1, ka, lag, F), or part of the error, to plain name.

    Parameters
    ----------
    names
        Plain names of the rows.
    kind
        The structure.

    Raises
    ------
    InputError
        When the rows do not have its parameters, or have them twice.
    """
    there = list(names)
    structural = set(there) & _structural() - {"ka"}
    schemes = [s for s in _SCHEMES[kind.word] if set(s) == structural]
    twice = sorted({name for name in there if there.count(name) > 1})
    lacks_ka = kind.oral and "ka" not in there
    if twice or not schemes or lacks_ka or (not kind.oral and "ka" in there):
        raise InputError(
            explain(
                f"the rows are not the parameters of {kind.word}{' with a depot' if kind.oral else ''}",
                came=", ".join(there) + (f"; twice: {', '.join(twice)}" if twice else ""),
                expected=" or ".join(", ".join(s) for s in _SCHEMES[kind.word])
                + (", and ka" if kind.oral else ""),
                fix="rename rows, or name another structure (with oral where there is a ka)",
            )
        )
    roles = dict(zip(_KEYWORDS[kind.word], schemes[0], strict=True)) | ({"ka": "ka"} if kind.oral else {})
    for role, group in (_DOSES | _ERRORS).items():
        found = [name for name in there if name in group]
        if found:
            roles[role] = found[0]
    return roles


def errors_in(roles: Iterable[str]) -> list[str]:
    """Return the roles that are parts of the residual error."""
    return [role for role in roles if role in _ERRORS]
