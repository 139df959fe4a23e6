"""What the analyses share: costs, effects and risks as arrays, the options that count, tables in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.choice import Choice
from bayesdose.decision.evaluate import LARGEST
from bayesdose.errors import InputError, explain, nearest

Floats = NDArray[np.float64]
Values = xr.DataArray | Mapping[str, float]
"""Values by option: an array over option, and draw where they are uncertain, or a plain dict."""

Allowed = Choice | Sequence[str] | None
"""Which options count: those a choice did not block, those named, or all."""


def by_option(what: str, values: Values, allowed: Allowed = None) -> xr.DataArray:
    """Return values as floats with dims (draw, option), one draw where there is none.

    Raises
    ------
    InputError
        When they are not finite numbers over option, or an option in `allowed` is not among them.
    """
    made = _from_mapping(values) if isinstance(values, Mapping) else values
    if not isinstance(made, xr.DataArray) or "option" not in made.dims or "option" not in made.coords:
        raise InputError(
            explain(what, came=_kind(made), expected="an array over option with labels, or a dict by option")
        )
    extra = [str(dim) for dim in made.dims if dim not in ("draw", "option")]
    if extra:
        raise InputError(
            explain(f"{what}: dims", came=", ".join(map(str, made.dims)), expected="draw, option")
        )
    if not made.indexes["option"].is_unique:
        raise InputError(explain(f"{what}: labels of the options", expected="each label once"))
    made = made if "draw" in made.dims else made.expand_dims("draw")
    made = made.transpose("draw", "option").astype(float)
    if not bool((np.abs(made) <= LARGEST).all()):
        came = f"values that are missing, or beyond {LARGEST:g}"
        raise InputError(explain(what, came=came, expected="finite numbers"))
    return made.sel(option=kept(made, allowed)) if allowed is not None else made


def kept(values: xr.DataArray, allowed: Allowed) -> list[str]:
    """Return the labels that count, in the order of the values."""
    labels = words(values["option"])
    if allowed is None:
        return labels
    wanted = _unblocked(allowed) if isinstance(allowed, Choice) else list(allowed)
    unknown = [label for label in wanted if label not in labels]
    if unknown or not wanted:
        raise InputError(
            explain(
                "allowed options",
                came=repr(unknown[0]) if unknown else "none",
                expected=", ".join(labels),
                meant=nearest(str(unknown[0]), labels) if unknown else None,
            )
        )
    return [label for label in labels if label in set(wanted)]


def pair(cost: Values, effect: Values, allowed: Allowed = None) -> tuple[xr.DataArray, xr.DataArray]:
    """Return cost and effect over the same draws and options.

    Raises
    ------
    InputError
        When they are of other options, or of other draws (one draw serves all).
    """
    c, e = by_option("cost", cost, allowed), by_option("effect", effect, allowed)
    if set(c.indexes["option"]) != set(e.indexes["option"]):
        raise InputError(
            explain(
                "cost and effect are of other options",
                came=", ".join(map(str, e["option"].to_numpy())),
                expected=", ".join(map(str, c["option"].to_numpy())),
            )
        )
    e = e.sel(option=c["option"])
    n = {c.sizes["draw"], e.sizes["draw"]}
    if len(n - {1}) > 1:
        raise InputError(
            explain("cost and effect: number of draws", came=sorted(n), expected="the same draws")
        )
    most = max(n)
    c, e = together("cost and effect", _spread(c, most), _spread(e, most))
    return c, e


def words(values: xr.DataArray) -> list[str]:
    """Return labels as Python strings, whatever kind of text they are stored as."""
    return [str(value) for value in values.to_numpy()]


def together(what: str, *arrays: xr.DataArray) -> tuple[xr.DataArray, ...]:
    """Return arrays that go together: where a dim has labels in several, they are the same in the same order.

    Raises
    ------
    InputError
        When they differ in labels or size: arithmetic would quietly drop what only one of them has.
    """
    try:
        return xr.align(*arrays, join="exact", copy=False)
    except ValueError as error:
        came = "; ".join(", ".join(f"{dim} ({n})" for dim, n in a.sizes.items()) or "no dims" for a in arrays)
        raise InputError(
            explain(what, came=came, expected="the same labels and sizes of the dims that they share")
        ) from error


def draws_of(what: str, values: object, *, low: float = -np.inf, high: float = np.inf) -> xr.DataArray:
    """Return an array of finite numbers within a range; a plain number becomes an array without dims."""
    made = values if isinstance(values, xr.DataArray) else xr.DataArray(values)
    numbers = made.dtype.kind in "biuf"
    if not numbers or not bool(((made >= low) & (made <= high) & np.isfinite(made)).all()):
        expected = "finite numbers" + ("" if low == -np.inf else f" from {low:g} to {high:g}")
        raise InputError(explain(what, came=_kind(values), expected=expected))
    return made.astype(float)


def interval(values: Floats, probability: float) -> tuple[float, float]:
    """Return the central interval that holds this share of the draws."""
    tail = (1.0 - probability) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def check_probability(what: str, probability: float) -> float:
    """Return the probability of an interval when it is one."""
    return float(draws_of(f"{what}: probability", probability, low=1e-9, high=1.0 - 1e-9))


def shown(frame: pd.DataFrame, title: str, decimals: int = 4) -> str:
    """Return a table as text: a title, then one line a row; numbers with so many significant digits."""
    cells = frame.reset_index().map(lambda value: _cell(value, decimals))
    widths = [max(len(str(n)), *(len(v) for v in cells[n])) if len(cells) else len(str(n)) for n in cells]
    lines = [title]
    for row in [list(map(str, cells.columns)), *cells.to_numpy().tolist()]:
        first, *rest = [
            f"{v:<{w}}" if k == 0 else f"{v:>{w}}" for k, (v, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(["", first, *rest]).rstrip())
    return "\n".join(lines)


def unit_text(*arrays: xr.DataArray) -> tuple[str, ...]:
    """Return the units of arrays, empty where there is none."""
    return tuple(str(a.attrs.get("units", "")) for a in arrays)


def _cell(value: Any, decimals: int) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        if np.isinf(value):
            return "infinity" if value > 0 else "-infinity"
        return "" if np.isnan(value) else f"{_rounded(float(value), decimals):,.10g}"
    return str(value)


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}") if abs(value) < 10**digits else round(value)


def _from_mapping(values: Mapping[str, float]) -> xr.DataArray:
    made = np.array(list(values.values()))
    if made.dtype.kind not in "iuf" or made.ndim != 1:
        raise InputError(
            explain("values by option", came=dict(values), expected="one number for each option")
        )
    return xr.DataArray(made, dims="option", coords={"option": list(values)})


def _unblocked(choice: Choice) -> list[str]:
    blocked = choice.table["blocked"].to_numpy()
    return [str(label) for label in choice.table["option"].to_numpy()[~blocked]]


def _spread(values: xr.DataArray, n: int) -> xr.DataArray:
    return values.isel(draw=[0] * n) if values.sizes["draw"] < n else values


def _kind(value: object) -> str:
    dims = getattr(value, "dims", None)
    return type(value).__name__ + (
        f" over {', '.join(map(str, dims)) or 'no dims'}" if dims is not None else ""
    )
