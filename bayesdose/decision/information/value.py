"""Perfect information: about everything (EVPI), about some parameters or covariates (EVPPI)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import Floats
from bayesdose.decision.information.gains import Information, assembled
from bayesdose.decision.information.regression import basis, fitted, probabilities
from bayesdose.decision.information.views import (
    Gains,
    at_best,
    judged_again,
    none_allowed,
    taken,
    unmet,
    views,
)
from bayesdose.decision.one_thread import one_thread
from bayesdose.errors import InputError, Refused, explain, nearest

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

LEAST_EACH = 10
"""Distinct draws that each column of a regression, or each category, needs."""

_COLUMNS = ("value", "mcse", "held_out", "changes")

_METHOD = "regression of the gains on the parameters (Strong, Oakley & Brennan 2014)"


def evpi(choice: Choice) -> Information:
    """Return the expected value of perfect information about this patient.

    Parameters
    ----------
    choice
        What `decide` returned.

    Returns
    -------
    Information
        One source, "everything": ``E[max_j U_j] - max_j E[U_j]`` over allowed options, which is the expected
        regret of the best (Raiffa & Schlaifer 1961); its Monte Carlo error is clustered by particle. For
        another criterion it is the score of choosing the best option in each draw, less that of the choice.

    Raises
    ------
    Refused
        When the choice was made by minimax regret.
    """
    found = views(choice)
    g, top = at_best(found, found[0])
    columns = {"value": [float(top.mean())], "mcse": [g.error(top)]}
    columns |= {"changes": [float((g.perfect != g.best).mean())]}
    notes = [*judged_again(g), *unmet("everything", float(none_allowed(g.excess).mean()))]
    method = "expected regret of the best over the draws"
    return assembled("EVPI", columns, ["everything"], choice, float(top.mean()), method, notes=notes)


@one_thread
def evppi(choice: Choice, parameters: Any, of: Sequence[str | Sequence[str]] | None = None) -> Information:
    """Return the expected value of knowing some parameters or covariates exactly.

    Parameters
    ----------
    choice
        What `decide` returned.
    parameters
        The draws it was made from (`condition`), or a Dataset with the same draws: any variable (draw,), such
        as a covariate that differs between the draws of a population.
    of
        Names; a tuple of names stands for knowing them together. Unless given, each individual parameter and
        all of them together.

    Returns
    -------
    Information
        Per source: ``E[max_j E[U_j | phi]] - max_j E[U_j]``, as the mean gain of the options that the fitted
        expectations choose: no more than EVPI whatever the fit. ``held_out`` is the gain of the options that
        a regression on four fifths of the draws would choose in the last fifth: `value` errs upwards by
        overfitting, `held_out` downwards. `mcse` is that of the gain in each draw (the functional's influence
        function), so it holds for both.

    Raises
    ------
    InputError
        A name that is not there, or other draws than those of the choice.
    Refused
        When the choice was made by minimax regret; when for every source there are fewer than ten
        distinct draws for each column of its regression (a source among others is left out, nan, with a
        note).

    Notes
    -----
    ``E[U_j - U_best | phi]`` is estimated by regression on the draws: Strong, Oakley & Brennan 2014, Med
    Decis Making 34:311, with cubic splines of normal scores fitted by least squares in the place of their
    penalised smoothers (`bayesdose.decision.information.regression`); parameters with up to 12 distinct
    values by their means. Parameters that change in time count as on the last record.
    """
    found = views(choice)
    data = _drawn(parameters, choice)
    wanted = _wanted(of, data, parameters)
    sources, rows, refused, notes = [" + ".join(names) for names in wanted], [], [], judged_again(found[0])
    for source, names in zip(sources, wanted, strict=True):
        X = basis([data[name] for name in names])
        if note := too_few(source, X.shape[1], found[0]):
            refused.append(note)
        rows.append(dict.fromkeys(_COLUMNS, np.nan) if note else _one(found, X))
        notes += unmet(source, rows[-1].pop("unmet", 0.0))
    if len(refused) == len(rows):
        raise Refused("\n".join(refused[:3]))
    columns = {k: [row[k] for row in rows] for k in _COLUMNS}
    evpi = float(at_best(found, found[0])[1].mean())
    return assembled("EVPPI", columns, sources, choice, evpi, _METHOD, notes=[*refused, *notes])


def too_few(source: str, columns: int, g: Gains) -> str:
    """Say that there are too few distinct draws for so many columns or categories; "" where there are not.

    With fewer the expected gains are mostly noise, and the largest of them is worth something by chance.
    """
    n = g.particles.n
    if n >= LEAST_EACH * columns:
        return ""
    return explain(
        f"too few distinct draws to tell what {source} is worth",
        came=f"{n} for {columns} columns or categories",
        expected=f"{LEAST_EACH} for each: {LEAST_EACH * columns}",
        fix="condition with more particles, or ask about fewer parameters or categories",
    )


def _one(found: Sequence[Gains], X: Floats) -> dict[str, float]:
    """Return the columns of a source, at the level of the criterion where it is worth most."""
    own = found[0]
    excess = _expected(X, own)
    each = [_at(g, own, X, excess) for g in found]
    return max(each, key=lambda row: row["value"])


def _at(g: Gains, own: Gains, X: Floats, excess: Floats) -> dict[str, float]:
    inside, outside = fitted(X, g.D, g.groups)
    policy = g.policy(inside, excess)
    gain = g.base - own.base + taken(g.D, policy)
    held = g.base - own.base + taken(g.D, g.policy(outside, excess))
    value = float(gain.mean())
    return {
        "value": value if len(excess) else max(value, 0.0),
        "mcse": g.error(gain),
        "held_out": float(held.mean()),
        "changes": float((policy != g.best).mean()),
        "unmet": float(none_allowed(excess).mean()),
    }


def _expected(X: Floats, g: Gains) -> Floats:
    """Return each constraint's expected excess given the parameters (constraint, draw, option)."""
    made = np.empty_like(g.excess)
    for k, (excess, allowance) in enumerate(zip(g.excess, g.allowance, strict=True)):
        made[k] = probabilities(X, excess + allowance) - allowance
    return made


def _drawn(parameters: Any, choice: Choice) -> dict[str, NDArray]:
    """Return what can be asked about: name to values (draw,)."""
    data = getattr(parameters, "data", parameters)
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "parameter")
    if not isinstance(data, xr.Dataset) or "draw" not in data.dims:
        raise InputError(
            explain(
                "parameters",
                came=type(parameters).__name__,
                expected="draws from condition, or a Dataset with dim draw",
            )
        )
    same_draws(choice, data, "parameters")
    kept = {n: v for n, v in data.variables.items() if "draw" in v.dims and n not in _BOOKKEEPING}
    last = {str(n): v.isel(record=-1) if "record" in v.dims else v for n, v in kept.items()}
    return {n: v.to_numpy() for n, v in last.items() if v.dims == ("draw",)}


_BOOKKEEPING = ("draw", "particle", "population_draw")


def same_draws(choice: Choice, data: xr.Dataset | xr.DataArray, what: str) -> None:
    """Refuse draws that are not those of the choice: other in number, particles, or (without those) labels.

    Raises
    ------
    InputError
        When they are not.
    """
    n = choice.U.sizes["draw"]
    same = data.sizes["draw"] == n
    known = [name for name in ("particle", "draw") if name in data.coords and name in choice.U.coords]
    if same and known:
        same = bool((data[known[0]].to_numpy() == choice.U[known[0]].to_numpy()).all())
    if not same:
        raise InputError(
            explain(
                f"{what}: not the draws of the choice",
                came=f"{data.sizes['draw']} draws",
                expected=f"the same {n}, in the same order",
                fix="use the draws that the outcome was simulated from",
            )
        )


def _wanted(of: Any, data: dict[str, NDArray], parameters: Any) -> list[list[str]]:
    if of is None:
        compiled = getattr(parameters, "compiled", None)
        names = list(data) if compiled is None else [n for n in compiled.parameters if n in data]
        return [[n] for n in names] + ([names] if len(names) > 1 else [])
    if isinstance(of, str) or not len(of):
        raise InputError(explain("of", came=repr(of), expected='a list of names, such as ["CL", "V"]'))
    made = [[one] if isinstance(one, str) else list(one) for one in of]
    for name in (n for names in made for n in names):
        if name not in data:
            raise InputError(
                explain(
                    f"there is no parameter {name!r}",
                    expected=", ".join(list(data)[:20]),
                    meant=nearest(str(name), list(data)),
                )
            )
    return made
