"""Random decisions: options, limits, utilities, criteria and overrides, many of them unusable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr

from bayesdose import decision as d
from bayesdose.decision.limits.overrides import Soft
from bayesdose.errors import InputError, Refused

MG = {"mg": 1.0, "g": 1000.0, "ug": 0.001}
WEIGHT = 2.0
ODD = ["", "10", "ten mg", "-3 mg", "1e999 mg", "10 mg/L", "nan mg", "10 Mg", None, 7]
LEVELS = [1.0, 5.0, 15.0, 20.0, 30.0, 1e6]


@dataclass
class Problem:
    """One decision, and what must hold whatever comes out.

    Parameters
    ----------
    outcome, utility, arguments
        What `decide` is given.
    holds
        For each hard limit, its words and a plain recomputation of which options keep it (option,).
    """

    outcome: Any
    utility: Any
    arguments: dict[str, Any]
    holds: list[tuple[Any, np.ndarray]] = field(default_factory=list)


def outcome(rng: np.random.Generator) -> xr.Dataset:
    """Return an outcome of a few options and draws; one in eight has something wrong with it."""
    n, draws = int(rng.integers(1, 9)), int(rng.integers(2, 40))
    amount = np.sort(rng.choice([0.5, 1, 2, 3, 4, 6, 8, 12], n, replace=False))
    kind = np.array(["candidate"] * n)
    if rng.random() < 0.8:
        kind[0], amount[0] = "none", 0.0
    if rng.random() < 0.2:
        kind[-1] = "current"
    interval = np.where(kind == "none", np.nan, rng.choice([6.0, 12.0, 24.0], n))
    clearance = np.exp(0.4 * rng.standard_normal((draws, 1)))
    trough = 4 * amount / clearance
    daily = amount * np.where(np.isnan(interval), 0.0, 24 / np.nan_to_num(interval, nan=24.0))
    coords: dict[str, Any] = {
        "option": [
            f"{k} {a:g} mg" if k != "none" else "no treatment" for k, a in zip(kind, amount, strict=True)
        ],
        "kind": ("option", kind),
        "amount": ("option", np.where(kind == "none", np.nan, amount)),
        "interval": ("option", interval),
        "n_doses": ("option", np.where(kind == "none", 0, 10)),
        "max_single": ("option", amount),
        "max_daily": ("option", daily),
        "total_amount": ("option", 10 * amount),
        "load_sodium_daily": ("option", 0.3 * daily, {"units": "mg"}),
        "particle": ("draw", rng.integers(0, max(2, draws // 2), draws)),
    }
    variables = {
        "trough": (("draw", "option"), trough, {"units": "mg/L"}),
        "peak": (("draw", "option"), 2 * trough, {"units": "mg/L"}),
        "p": (("draw", "option"), trough / (trough + 20)),
    }
    attrs = {"amount_unit": "mg", "time_unit": "h", "cov_WT": WEIGHT, "cov_WT_unit": "kg", "cov_CYP2D6": "PM"}
    made = xr.Dataset(variables, coords, attrs)
    return _spoilt(made, rng) if rng.random() < 0.125 else made


def _spoilt(made: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Return it with one thing missing or wrong."""
    wrong: list[Callable[[], xr.Dataset]] = [
        lambda: made.assign(trough=made.trough.where(made.trough > 8)),
        lambda: made.assign(trough=made.trough * np.inf),
        lambda: made.drop_vars("max_daily"),
        lambda: made.assign_coords(max_daily=made.max_daily.where(made.max_daily > 4)),
        lambda: made.assign_attrs(amount_unit="mL"),
        lambda: made.drop_attrs(),
        lambda: made.assign_attrs(cov_WT=np.nan),
        lambda: made.isel(draw=[0]),
        lambda: made.isel(option=[]),
        lambda: made.assign_coords(option=["same"] * made.sizes["option"]),
        lambda: made.drop_vars("kind"),
        lambda: made.drop_vars("option"),
        lambda: made.drop_vars(["trough", "peak"]),
    ]
    return wrong[int(rng.integers(len(wrong)))]()


def utility(rng: np.random.Generator) -> Any:
    """Return a utility, by name or as a function; some are no utility."""
    a, b = np.sort(rng.choice(LEVELS, 2, replace=False))
    weight = float(rng.choice([0.1, 1.0, 3.0]))
    makers: list[Callable[[], Any]] = [
        lambda: d.named_utility("window", outcome="trough", low=a, high=b),
        lambda: d.named_utility("target", outcome="trough", target=a),
        lambda: d.named_utility("target", outcome="peak", target=a, loss="log-squared"),
        lambda: d.named_utility("asymmetric", outcome="trough", target=a, under=1, over=weight),
        lambda: d.named_utility("log target", outcome="trough", target=a, half_at=1.5),
        lambda: d.named_utility("benefit minus harm", benefit="p", harm="p", alpha=weight),
        lambda: d.named_utility(
            "failure and toxicity",
            failure="trough",
            toxicity="peak",
            failure_below=a,
            toxicity_above=b,
            failure_cost=1,
            toxicity_cost=weight,
        ),
        lambda: d.named_utility("net clinical benefit", prevented="p", caused="p", weight=weight),
        lambda: d.stakeholders(a=(lambda o: o.p, 0.5), b=(lambda o: -o.trough, 0.5)),
        lambda: lambda o: o.trough,
        lambda: lambda o: -o.trough,
        lambda: lambda o: o.trough * 0,
        lambda: lambda o: o.trough.where(o.trough < b),
        lambda: lambda o: 1 / (o.trough - o.trough.min()),
        lambda: lambda o: o.trough.isel(option=slice(1, None)),
        lambda: lambda o: o.trough.to_numpy(),
        lambda: "trough",
    ]
    return makers[int(rng.integers(len(makers)))]()


def hard_limit(rng: np.random.Generator, o: xr.Dataset) -> tuple[Any, Callable[[], np.ndarray]]:
    """Return a limit, and what recomputes from plain numbers which options keep it."""
    value, unit = float(rng.choice([0.5, 2.0, 4.0, 9.0, 24.0])), str(rng.choice(list(MG)))
    per_kg = bool(rng.random() < 0.3)
    mg = value * MG[unit] * (WEIGHT if per_kg else 1.0) * (1 + 1e-8)
    words = f"{value:g} {unit}" + "/kg" * per_kg
    share, event = float(rng.choice([0.05, 0.3, 0.9])), d.Event("peak", above=float(rng.choice(LEVELS)))
    hours = float(rng.choice([4, 8, 12]))
    nothing = (
        o.coords["kind"].to_numpy() == "none"
        if "kind" in o.coords
        else o["option"].to_numpy() == "no treatment"
    )
    kinds: list[tuple[Callable[[], Any], Callable[[], np.ndarray]]] = [
        (lambda: d.max_daily(words), lambda: nothing | (o.max_daily.to_numpy() <= mg)),
        (lambda: d.max_single(words), lambda: nothing | (o.max_single.to_numpy() <= mg)),
        (
            lambda: d.max_load("sodium", f"{value:g} {unit}/day"),
            lambda: nothing | (o.load_sodium_daily.to_numpy() <= value * MG[unit] * (1 + 1e-8)),
        ),
        (lambda: d.min_interval(f"{hours:g} h"), lambda: nothing | ~(o.interval.to_numpy() < hours - 1e-6)),
        (
            lambda: d.contraindicated("CYP2D6", among=["PM"], only={"kind": "current"}),
            lambda: o.coords["kind"].to_numpy() != "current",
        ),
        (
            lambda: d.chance(event, at_most=share),
            lambda: (o.peak.to_numpy() > event.above).mean(axis=0) <= share,
        ),
        (
            lambda: d.max_daily(ODD[int(rng.integers(len(ODD)))]),
            lambda: np.ones(o.sizes["option"], dtype=bool),
        ),  # type: ignore[arg-type]
    ]
    weights = np.array([3, 3, 2, 2, 1, 3, 0.4])
    return_ = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    return return_[0](), return_[1]


def problem(rng: np.random.Generator, folder: Path) -> Problem:
    """Return a random problem; making it may already find that a part is none."""
    o = outcome(rng)
    made = Problem(o, utility(rng), {})
    limits: list[Any] = []
    for _ in range(int(rng.integers(0, 4))):
        limit, keeps = hard_limit(rng, o)
        if rng.random() < 0.2:
            limit = d.soft(limit, cost=None if rng.random() < 0.5 else 0.3)
        else:
            made.holds.append((limit, keeps))  # type: ignore[arg-type]
        limits.append(limit)
    criteria = [
        "expected utility",
        "minimax regret",
        d.cvar(0.2),
        d.attainment(d.Event("trough", within=(5, 30))),
    ]
    made.arguments = {
        "limits": limits,
        "criterion": criteria[int(rng.integers(4))] if rng.random() < 0.4 else criteria[0],
    }
    if limits and rng.random() < 0.2:
        names = o["option"].to_numpy().tolist() if "option" in o.coords else ["0"]
        option = str(names[-1]) if rng.random() < 0.5 and names else None
        made.arguments["overrides"] = [d.Override(limits[0], "Dr A", "why", option=option)]
        made.arguments["audit_file"] = folder / "audit.jsonl" if rng.random() < 0.9 else None
    if rng.random() < 0.1:
        made.arguments["flags"] = [SimpleNamespace(name="level", where="6 h")]
    if rng.random() < 0.3:
        made.arguments["complete"] = ["amount"]
    if rng.random() < 0.2:
        made.arguments["indifference"] = float(rng.choice([0, 0.1, -1, np.nan]))
    return made


def check(made: Problem, choice: d.Choice) -> None:
    """Assert that a choice is one of finite numbers, within every hard limit that nobody overrode."""
    row = choice.row(choice.best)
    assert np.isfinite(
        [row["expected_utility"], row["mcse"], row["score"], row["expected_regret"], choice.evpi]
    ).all()
    assert np.isfinite(choice.U).all()
    recommended = {choice.best, choice.simplest, *choice.near_optimal} | ({choice.runner_up} - {None})
    assert not recommended & set(choice.blocked)
    names = choice.table["option"].to_numpy().astype(str).tolist()
    passed = {(record["limit"], name) for record in choice.overrides for name in record["options"]}
    for limit, keeps in made.holds:
        kept = keeps()  # type: ignore[operator]
        for name in recommended:
            assert kept[names.index(name)] or (str(limit), name) in passed, f"{name} passes {limit}"
    soft = [limit for limit in made.arguments["limits"] if isinstance(limit, Soft)]
    assert soft or choice.overrides or not choice.warned
    text = str(choice)
    assert choice.criterion.split(":")[0] in text
    assert max(map(len, text.splitlines())) <= 100
    json.dumps(choice.to_dict(), allow_nan=False)


def run(cases: int, seed: int, folder: Path) -> Counter[str]:
    """Decide so many random problems, and count what came of them; anything but ours is an error."""
    counts: Counter[str] = Counter()
    for rng in _streams(cases, seed):
        try:
            made = problem(rng, folder)
            choice = d.decide(made.outcome, made.utility, **made.arguments)
        except (InputError, Refused) as error:
            counts[type(error).__name__] += 1
            continue
        check(made, choice)
        counts[choice.status] += 1
    return counts


def _streams(cases: int, seed: int) -> Iterator[np.random.Generator]:
    for k in range(cases):
        yield np.random.default_rng([seed, k])
