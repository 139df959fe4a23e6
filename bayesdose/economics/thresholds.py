"""Net benefit and decision curves: whether a prediction is worth acting on at a decider's threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from bayesdose.economics.arrays import Floats, check_probability, draws_of, shown
from bayesdose.errors import InputError, explain

ALL, NONE = "treat all", "treat none"
_SHOWN = 9


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit of rules at every threshold; ``print`` shows some of them.

    Parameters
    ----------
    curves
        Dims (threshold, rule), rules the predictions and "treat all" and "treat none": ``net_benefit`` (true
        positives per person, less false positives at the exchange rate of the threshold), ``low`` and
        ``high`` where there is an interval, ``treated`` (share), ``avoided`` (treatments saved per 100
        people at no loss of benefit, against treating all; NaN at a threshold of 0).
    n
        Number of people.
    basis
        What events are, and what the interval stands for.
    """

    curves: xr.Dataset
    n: int
    basis: str

    @property
    def best(self) -> xr.DataArray:
        """The rule with the highest net benefit at each threshold, over threshold."""
        return self.curves["net_benefit"].idxmax("rule")

    def __str__(self) -> str:
        frame = self.curves["net_benefit"].to_pandas()
        rows = np.unique(np.linspace(0, len(frame) - 1, _SHOWN).astype(int))
        picked = pd.DataFrame(frame).iloc[rows]
        picked.columns = pd.Index([str(name) for name in picked.columns])
        return shown(picked, f"Net benefit per person by threshold; {self.n} people, {self.basis}", 3)


def treatment_threshold(harm: float, benefit: float) -> float:
    """Return the risk from which treating pays, ``harm / (harm + benefit)``.

    Pauker & Kassirer 1975, N Engl J Med 293:229.

    Parameters
    ----------
    harm
        What treatment takes from someone who would not have had the event, above 0.
    benefit
        What it brings to someone who would have, above 0, in the same unit.
    """
    loss = float(draws_of("treatment_threshold: harm", harm, low=1e-300))
    gain = float(draws_of("treatment_threshold: benefit", benefit, low=1e-300))
    return loss / (loss + gain)


def decision_curve(
    risks: Mapping[str, ArrayLike | xr.DataArray],
    event: ArrayLike | xr.DataArray,
    *,
    thresholds: Sequence[float] | Floats | None = None,
    harm: Mapping[str, float] | None = None,
    bootstrap: int = 0,
    seed: int | None = None,
    probability: float = 0.95,
) -> DecisionCurve:
    """Compute the net benefit of acting on predictions, beside treating everyone and no one.

    ``mean(treated * event) - mean(treated * (1 - event)) * t / (1 - t) - harm`` with those treated whose
    predicted risk is t or more (Vickers & Elkin 2006, Med Decis Making 26:565; `avoided` as in Vickers, Van
    Calster & Steyerberg 2016, BMJ 352:i6).

    Parameters
    ----------
    risks
        Name of a prediction to the risk of each person, 0 to 1, over subject; with draws, their mean is what
        can be acted on.
    event
        Who had the event: 0 or 1 over subject. Or draws of the risk over (draw, subject), where no event was
        seen yet: then net benefit is what the model expects, and its interval that of the draws.
    thresholds
        Risks from which the decider would treat, 0 or more and below 1; 0.01 to 0.5 by 0.01 unless given.
    harm
        Harm of obtaining a prediction (a test), by its name, in units of net benefit.
    bootstrap
        Number of resamples of the people for an interval; none unless given, not with draws.
    seed
        Of the resampling.
    probability
        Of the interval.
    """
    t = _thresholds(thresholds)
    events = _events(event)
    rules = {name: _risk(name, values, events.shape[1]) for name, values in risks.items()}
    names = [*rules, ALL, NONE]
    treat = _treated(list(rules.values()), t, events.shape[1])
    lost = np.array([*_harms(harm or {}, rules), 0.0, 0.0])
    cases, weights, said = _cases(events, bootstrap, seed)
    net = _net(treat, events.mean(axis=0)[None], None, t)[0] - lost
    made = _curves(net, treat, t, names)
    if said:
        tail = (1 - check_probability("decision_curve", probability)) / 2
        low, high = np.quantile(_net(treat, cases, weights, t) - lost, [tail, 1 - tail], axis=0)
        made = made.assign(low=(("threshold", "rule"), low), high=(("threshold", "rule"), high))
        said = f"; {100 * probability:g} % interval of {said}"
    kind = "events as observed" if len(events) == 1 else "events as the draws expect"
    return DecisionCurve(made, events.shape[1], kind + said)


def _cases(events: Floats, bootstrap: int, seed: int | None) -> tuple[Floats, Floats | None, str]:
    """Return the events of every case of the interval, how often each person counts in it, and its name."""
    if len(events) > 1:
        return events, None, f"{len(events)} draws"
    if not bootstrap:
        return events, None, ""
    if seed is None:
        raise InputError(explain("decision_curve: seed", came="none", expected="a seed for the resamples"))
    n = events.shape[1]
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=bootstrap).astype(float)
    return np.broadcast_to(events, counts.shape), counts, f"{bootstrap} resamples"


def _net(treat: Floats, events: Floats, weights: Floats | None, t: Floats) -> Floats:
    """Return net benefit (case, threshold, rule); treat is (threshold, rule, subject)."""
    w = np.ones_like(events) if weights is None else weights
    n = treat.shape[-1]
    true = np.einsum("trs,cs->ctr", treat, w * events, optimize=True) / n
    false = np.einsum("trs,cs->ctr", treat, w * (1 - events), optimize=True) / n
    return np.asarray(true - false * (t / (1 - t))[:, None])


def _curves(net: Floats, treat: Floats, t: Floats, names: list[str]) -> xr.Dataset:
    dims, odds = ("threshold", "rule"), np.where(t > 0, t / (1 - t), np.nan)[:, None]
    saved = 100 * (net - net[:, [names.index(ALL)]]) / odds
    return xr.Dataset(
        {
            "net_benefit": (dims, net, {"units": "true positives per person"}),
            "treated": (dims, treat.mean(axis=-1)),
            "avoided": (dims, saved, {"units": "treatments per 100 people"}),
        },
        coords={"threshold": t, "rule": names},
    )


def _treated(rules: list[Floats], t: Floats, n: int) -> Floats:
    """Return who is treated (threshold, rule, subject), treating all and none last."""
    made = np.zeros((len(t), len(rules) + 2, n))
    for k, risk in enumerate(rules):
        made[:, k] = risk >= t[:, None]
    made[:, -2] = 1.0
    return made


def _thresholds(given: Sequence[float] | Floats | None) -> Floats:
    t = np.arange(1, 51) / 100 if given is None else np.atleast_1d(np.asarray(given, dtype=float))
    if t.ndim != 1 or not len(t) or not ((t >= 0) & (t < 1)).all() or (np.diff(t) <= 0).any():
        raise InputError(
            explain(
                "decision_curve: thresholds", came=given, expected="increasing risks, 0 or more and below 1"
            )
        )
    return t


def _events(given: ArrayLike | xr.DataArray) -> Floats:
    """Return events (case, subject): one case where they were seen."""
    made = draws_of("decision_curve: event", given, low=0.0, high=1.0)
    if "draw" in made.dims and made.ndim == 2:
        return np.asarray(made.transpose("draw", ...).to_numpy())
    if made.ndim != 1 or not made.size:
        raise InputError(
            explain(
                "decision_curve: event", came=dict(made.sizes), expected="over subject, or draw and subject"
            )
        )
    if not bool(((made == 0) | (made == 1)).all()):
        raise InputError(explain("decision_curve: event", came="shares", expected="0 or 1 for each person"))
    return made.to_numpy()[None]


def _risk(name: str, values: ArrayLike | xr.DataArray, n: int) -> Floats:
    made = draws_of(f"decision_curve: risk {name!r}", values, low=0.0, high=1.0)
    made = made.mean("draw") if "draw" in made.dims else made
    if made.shape != (n,) or name in (ALL, NONE):
        raise InputError(
            explain(
                f"decision_curve: risk {name!r}",
                came=dict(made.sizes),
                expected=f"{n} people, a name of its own",
            )
        )
    return np.asarray(made.to_numpy())


def _harms(harm: Mapping[str, float], rules: Mapping[str, Floats]) -> list[float]:
    unknown = [name for name in harm if name not in rules]
    if unknown:
        raise InputError(explain("decision_curve: harm", came=repr(unknown[0]), expected=", ".join(rules)))
    return [float(draws_of(f"harm of {name}", harm.get(name, 0.0), low=0.0)) for name in rules]
