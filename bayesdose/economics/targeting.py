"""Whom to treat: individual effects with their posterior, and what treating only some of them gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.economics.arrays import check_probability, draws_of, interval, shown, together, words
from bayesdose.errors import InputError, explain


@dataclass(frozen=True, eq=False)
class Effects:
    """Conditional average treatment effects; ``print`` shows them.

    Parameters
    ----------
    draws
        Effect over (draw, subject): risk without treatment less risk with it, or utility gained by it.
    table
        Index subject: effect (posterior mean), low, high, p_benefit.
    probability
        Of the intervals.
    """

    draws: xr.DataArray
    table: pd.DataFrame
    probability: float

    def __str__(self) -> str:
        return shown(self.table, f"Effect of treatment, {100 * self.probability:g} % intervals", 3)


@dataclass(frozen=True, eq=False)
class Targeting:
    """What treating nobody, everyone, and only those it helps gains; ``print`` shows it.

    Parameters
    ----------
    U
        Gain per person of the population (draw, option), options "treat nobody", "treat everyone" and "treat
        those it helps": a utility for `decide`.
    table
        Index option: treated (share), gain (expected, per person), low, high, per_person (how many people of
        the population for one unit of gain, such as one event less; infinite where nothing is gained) and
        per_treated (how many of them are treated).
    treat
        Whether to treat each subject, over subject.
    probability
        Of the intervals.
    """

    U: xr.DataArray
    table: pd.DataFrame
    treat: xr.DataArray
    probability: float

    def __str__(self) -> str:
        return shown(self.table, f"Gain per person, {100 * self.probability:g} % intervals")


def cate(
    control: xr.DataArray,
    treated: xr.DataArray,
    *,
    better: Literal["lower", "higher"] = "lower",
    probability: float = 0.95,
) -> Effects:
    """Return every subject's effect of treatment, with its posterior.

    The conditional average treatment effect (Künzel et al. 2019, Proc Natl Acad Sci USA 116:4156): of people
    with the covariates of this subject, not of this one person, whose two fates are never both seen.

    Parameters
    ----------
    control, treated
        Risk (or cost, or utility) without and with treatment, over (draw, subject).
    better
        What is a gain: "lower", of a risk or cost (the effect is control less treated), or "higher", of a
        utility (treated less control).
    probability
        Of the intervals.

    Raises
    ------
    InputError
        When the arrays do not fit together, or `better` is neither.
    """
    p = check_probability("cate", probability)
    if better not in ("lower", "higher"):
        wanted = '"lower" (a risk, a cost) or "higher" (a utility)'
        raise InputError(explain("cate: better", came=repr(better), expected=wanted))
    pair = together("cate", draws_of("cate: control", control), draws_of("cate: treated", treated))
    effect = _over_subject(pair[0] - pair[1] if better == "lower" else pair[1] - pair[0])
    low, high = np.quantile(effect.to_numpy(), [(1 - p) / 2, (1 + p) / 2], axis=0)
    columns = {
        "effect": effect.mean("draw").to_numpy(),
        "low": low,
        "high": high,
        "p_benefit": (effect > 0).mean("draw").to_numpy(),
    }
    return Effects(effect, pd.DataFrame(columns, index=_subjects(effect)), p)


def targeted(
    effects: Effects | xr.DataArray, *, burden: float = 0.0, weight: xr.DataArray | None = None,
    probability: float = 0.95,
) -> Targeting:  # fmt: skip
    """Return what it gains to treat only those whom treatment is expected to help.

    Subjects are chosen by their expected effect, not draw by draw: that is what can be known (Manski 2004,
    Econometrica 72:1221). What choosing by the truth would add is the EVPI of the result's utilities.

    Parameters
    ----------
    effects
        From `cate`, or an array over (draw, subject).
    burden
        What treatment takes from everyone treated, in units of the effect, 0 or more.
    weight
        How many people each subject stands for, over subject; equal unless given.
    probability
        Of the intervals.
    """
    p = check_probability("targeted", probability)
    raw = effects.draws if isinstance(effects, Effects) else draws_of("targeted: effects", effects)
    gain = _over_subject(raw) - float(draws_of("targeted: burden", burden, low=0.0))
    share = _shares(gain, weight)
    treat = gain.mean("draw") > 0
    rules = {"treat nobody": treat & False, "treat everyone": treat | True, "treat those it helps": treat}
    columns = [(gain * share * rule).sum("subject") for rule in rules.values()]
    U = xr.concat(columns, xr.IndexVariable("option", list(rules))).transpose("draw", "option")
    treated = {name: float((share * rule).sum()) for name, rule in rules.items()}
    rows = {name: _gain_row(U.sel(option=name).to_numpy(), treated[name], p) for name in rules}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("option")
    return Targeting(U, table, treat, p)


def _gain_row(gain: np.ndarray, treated: float, probability: float) -> dict[str, float]:
    low, high = interval(gain, probability)
    mean = float(gain.mean())
    needed = 1.0 / mean if mean > 0 else np.inf
    return {
        "treated": treated,
        "gain": mean,
        "low": low,
        "high": high,
        "per_person": needed,
        "per_treated": needed * treated,
    }


def _over_subject(effect: xr.DataArray) -> xr.DataArray:
    if set(effect.dims) == {"subject"}:
        effect = effect.expand_dims("draw")
    if set(effect.dims) != {"draw", "subject"}:
        raise InputError(
            explain(
                "effects", came=", ".join(map(str, effect.dims)) or "no dims", expected="draw and subject"
            )
        )
    return effect.transpose("draw", "subject")


def _subjects(effect: xr.DataArray) -> pd.Index:
    known = "subject" in effect.coords
    labels = words(effect["subject"]) if known else map(str, range(1, effect.sizes["subject"] + 1))
    return pd.Index(list(labels), name="subject")


def _shares(gain: xr.DataArray, weight: xr.DataArray | None) -> xr.DataArray:
    if weight is None:
        return xr.ones_like(gain.isel(draw=0, drop=True)) / gain.sizes["subject"]
    w = draws_of("targeted: weight", weight, low=0.0)
    if w.dims != ("subject",) or w.sizes["subject"] != gain.sizes["subject"] or not float(w.sum()) > 0:
        raise InputError(
            explain("targeted: weight", came=dict(w.sizes), expected="one over subject, not all 0")
        )
    return together("targeted: weight and effects", w / w.sum(), gain)[0]
