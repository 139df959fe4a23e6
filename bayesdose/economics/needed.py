"""Numbers needed to treat and to harm: differences of risk, turned into numbers only to be shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from bayesdose.economics.arrays import Floats, check_probability, draws_of, interval, shown, together, words
from bayesdose.errors import InputError, explain


@dataclass(frozen=True)
class RiskReduction:
    """An absolute risk reduction with its interval; ``print`` shows the number needed to treat as well.

    Parameters
    ----------
    arr
        Risk without treatment less risk with it: above 0 where treatment helps.
    low, high
        Its interval.
    probability
        Of the interval.
    p_benefit
        Probability that treatment helps, where there are draws; NaN otherwise.
    """

    arr: float
    low: float
    high: float
    probability: float = 0.95
    p_benefit: float = math.nan

    @property
    def number(self) -> float:
        """How many are treated for one of them to be helped, or harmed: ``1 / |arr|``; infinite at 0."""
        return _inverse(self.arr)

    @property
    def kind(self) -> str:
        """Which way it goes: "NNTB" to help, "NNTH" to harm (Altman 1998, BMJ 317:1309)."""
        return _kind(self.arr)

    @property
    def whole(self) -> float:
        """The number rounded up, as is the custom; infinite at 0."""
        # 1 / 0.04 is 25, not what is left of a rounding above it
        return float(math.ceil(self.number * (1 - 1e-9))) if math.isfinite(self.number) else math.inf

    @property
    def number_interval(self) -> str:
        """The interval in numbers needed, through infinity where it holds both help and harm."""
        if self.low < 0 < self.high:
            return f"{_said(self.high)} to infinity to {_said(self.low)}"
        near, far = (self.high, self.low) if self.arr >= 0 else (self.low, self.high)
        return f"{_said(near)} to {_said(far)}"

    def __str__(self) -> str:
        share = f"{100 * self.probability:g} %"
        helps = "" if math.isnan(self.p_benefit) else f"; helps with probability {self.p_benefit:.2f}"
        return (
            f"ARR {self.arr:.3g} ({share} interval {self.low:.3g} to {self.high:.3g}); "
            f"{_said(self.arr, whole=True)} ({self.number_interval}){helps}"
        )


@dataclass(frozen=True, eq=False)
class RiskReductions:
    """Absolute risk reductions of subgroups and of all; ``print`` shows them with numbers needed to treat.

    Parameters
    ----------
    each
        Name of the group to its reduction; "all" comes last.
    shares
        Name of the group to its share of the population.
    """

    each: dict[str, RiskReduction]
    shares: dict[str, float]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each group: share, arr, low, high, p_benefit, needed and its interval."""
        rows = {name: _row(r, self.shares[name]) for name, r in self.each.items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")

    def __str__(self) -> str:
        probability = next(iter(self.each.values())).probability
        return shown(self.table, f"Absolute risk reduction, {100 * probability:g} % intervals", 3)


def risk_reduction(
    control: xr.DataArray, treated: xr.DataArray, *, probability: float = 0.95
) -> RiskReduction:
    """Return the absolute risk reduction from draws of the risk without and with treatment.

    Parameters
    ----------
    control, treated
        Risk of the event that treatment is to prevent, 0 to 1, over draw; averaged over every other dim, such
        as subject.
    probability
        Of the central interval over the draws.

    Returns
    -------
    RiskReduction
        For harm, give the risk of the harm: a negative reduction, whose number is an NNTH.
    """
    gain = _gain(control, treated)
    others = [dim for dim in gain.dims if dim != "draw"]
    return _reduction(gain.mean(others).to_numpy(), check_probability("risk_reduction", probability))


def risk_reductions(
    control: xr.DataArray, treated: xr.DataArray, group: xr.DataArray, *, probability: float = 0.95
) -> RiskReductions:
    """Return the absolute risk reduction of every subgroup, and of all.

    The average can hide a group that is harmed: numbers needed to treat of groups do not average, reductions
    do, weighted by the groups' shares.

    Parameters
    ----------
    control, treated
        Risks over (draw, subject).
    group
        Name of each subject's group, over subject.
    probability
        Of the intervals.
    """
    gain, p = _gain(control, treated), check_probability("risk_reductions", probability)
    if not isinstance(group, xr.DataArray) or group.dims != ("subject",) or "subject" not in gain.dims:
        raise InputError(
            explain(
                "risk_reductions: group",
                came=getattr(group, "dims", type(group)),
                expected="one over subject",
            )
        )
    if group.sizes["subject"] != gain.sizes["subject"]:
        raise InputError(
            explain("risk_reductions: group", came=group.sizes["subject"], expected=gain.sizes["subject"])
        )
    gain, group = together("risk_reductions: risks and group", gain, group)
    names = np.array(words(group))
    if "all" in names:
        raise InputError(explain("risk_reductions: a group is called 'all'", fix="give it another name"))
    each, shares = {}, {}
    for name in sorted(set(names.tolist())):
        inside = np.flatnonzero(names == name)
        each[name] = _reduction(gain.isel(subject=inside).mean("subject").to_numpy(), p)
        shares[name] = len(inside) / len(names)
    each["all"], shares["all"] = _reduction(gain.mean("subject").to_numpy(), p), 1.0
    return RiskReductions(each, shares)


def trial_reduction(
    events: int, n: int, control_events: int, control_n: int, *, probability: float = 0.95
) -> RiskReduction:
    """Return the absolute risk reduction that a trial found, with Newcombe's interval.

    The hybrid score interval, method 10 of Newcombe 1998, Stat Med 17:873: from Wilson's intervals of both
    shares, so that it stays right for rare events, unlike that of Wald (Bender 2001, Control Clin Trials
    22:102, recommends it for numbers needed to treat).

    Parameters
    ----------
    events, n
        Events and patients under treatment.
    control_events, control_n
        Without it.
    probability
        Of the interval.
    """
    p = check_probability("trial_reduction", probability)
    treated, control = _counts("treated", events, n), _counts("control", control_events, control_n)
    z = float(norm.ppf(0.5 + p / 2))
    (p1, l1, u1), (p2, l2, u2) = _wilson(*control, z), _wilson(*treated, z)
    arr = p1 - p2
    low = arr - math.hypot(p1 - l1, u2 - p2)
    high = arr + math.hypot(u1 - p1, p2 - l2)
    return RiskReduction(arr, low, high, p)


@dataclass(frozen=True, eq=False)
class Balance:
    """Help against harm of one treatment; ``print`` says it in words.

    Parameters
    ----------
    helped
        Absolute risk reduction of what treatment prevents.
    harmed
        Absolute risk increase of what it causes.
    draws
        Both over draw, (draw, 2), where there are draws.
    """

    helped: float
    harmed: float
    draws: Floats | None = None

    @property
    def likelihood(self) -> float:
        """How many times as likely to be helped as harmed, ``NNH / NNT``; NaN unless both are above 0.

        Infinite where nobody is harmed.
        """
        if self.helped > 0 and self.harmed >= 0:
            return self.helped / self.harmed if self.harmed else math.inf
        return math.nan

    @property
    def break_even(self) -> float:
        """How many times worse a harm must be than the event prevented for treatment to bring nothing.

        The same number as `likelihood`, and NaN where that is.
        """
        return self.likelihood

    def net(self, alpha: float) -> float:
        """Return net utility, ``helped - alpha * harmed``, a harm being alpha times as bad as the event."""
        return self.helped - float(draws_of("net: alpha", alpha, low=0.0)) * self.harmed

    def probability(self, alpha: float) -> float:
        """Return the probability that treatment is worth it, net utility above 0; NaN without draws."""
        if self.draws is None:
            return math.nan
        weight = float(draws_of("probability: alpha", alpha, low=0.0))
        return float((self.draws[:, 0] - weight * self.draws[:, 1] > 0).mean())

    def __str__(self) -> str:
        sure = (
            ""
            if self.draws is None
            else f"; more helped than harmed with probability {self.probability(1):.2f}"
        )
        ratio = (
            "no ratio, since not both help and harm are above 0"
            if math.isnan(self.likelihood)
            else f"{self.likelihood:.3g} times as likely to be helped as harmed; "
            f"in vain if a harm is {self.break_even:.3g} times as bad"
        )
        return f"{_said(self.helped, whole=True)} and {_said(-self.harmed, whole=True)}: {ratio}{sure}"


def helped_or_harmed(
    helped: float | RiskReduction | xr.DataArray, harmed: float | RiskReduction | xr.DataArray
) -> Balance:
    """Return the likelihood of being helped or harmed.

    Straus & Sackett 1999, BMJ 318:1003.

    Parameters
    ----------
    helped
        Absolute risk reduction of what treatment prevents: a number, 0 or more (``1 / NNT``), a
        `RiskReduction`, or draws over draw.
    harmed
        Absolute risk increase of what treatment causes: a number, 0 or more (``1 / NNH``), the
        `RiskReduction` of that harm, which is negative, or draws.
    """
    gain = helped.arr if isinstance(helped, RiskReduction) else helped
    loss = -harmed.arr if isinstance(harmed, RiskReduction) else harmed
    arrays = [a for a in (gain, loss) if isinstance(a, xr.DataArray)]
    if len(arrays) == 2 and all(a.dims == ("draw",) for a in arrays):
        both = together("help and harm", *(draws_of("help and harm", a, low=-1.0, high=1.0) for a in arrays))
        pairs = np.stack([a.to_numpy() for a in both], axis=1)
        return Balance(float(pairs[:, 0].mean()), float(pairs[:, 1].mean()), pairs)
    return Balance(
        float(draws_of("helped_or_harmed: helped", gain, low=0.0, high=1.0)),
        float(draws_of("helped_or_harmed: harmed", loss, low=0.0, high=1.0)),
    )


def _gain(control: xr.DataArray, treated: xr.DataArray) -> xr.DataArray:
    risks = []
    for name, given in (("control", control), ("treated", treated)):
        risk = draws_of(f"risk of {name}", given, low=0.0, high=1.0)
        risks.append(risk)
    before, after = together("risks of control and treated", *risks)
    made = before - after
    if "draw" not in made.dims:
        raise InputError(explain("risks", came=", ".join(map(str, made.dims)), expected="an array over draw"))
    return made


def _reduction(gain: np.ndarray, probability: float) -> RiskReduction:
    low, high = interval(gain, probability)
    return RiskReduction(float(gain.mean()), low, high, probability, float((gain > 0).mean()))


def _row(r: RiskReduction, share: float) -> dict[str, Any]:
    return {
        "share": share,
        "arr": r.arr,
        "low": r.low,
        "high": r.high,
        "p_benefit": r.p_benefit,
        "needed": _said(r.arr, whole=True),
        "interval": r.number_interval,
    }


def _counts(what: str, events: int, n: int) -> tuple[float, int]:
    whole = all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in (events, n))
    if not whole or not 0 <= events <= n or n < 1:
        raise InputError(
            explain(
                f"trial_reduction: {what}", came=f"{events} of {n}", expected="events of so many patients"
            )
        )
    return events / n, n


def _wilson(share: float, n: int, z: float) -> tuple[float, float, float]:
    """Return a share with its interval by Wilson 1927, J Am Stat Assoc 22:209."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return share, max(middle - half, 0.0), min(middle + half, 1.0)


def _inverse(arr: float) -> float:
    return 1.0 / abs(arr) if arr else math.inf


def _kind(arr: float) -> str:
    return "NNTH" if arr < 0 else "NNTB"


def _said(arr: float, *, whole: bool = False) -> str:
    number = _inverse(arr)
    if not math.isfinite(number):
        return "infinity"
    if whole:
        return f"{_kind(arr)} {math.ceil(number * (1 - 1e-9))}"
    return f"{_kind(arr)} {number:.1f}" if number < 100 else f"{_kind(arr)} {number:.0f}"
