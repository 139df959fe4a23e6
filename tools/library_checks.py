"""Check the model library on simulated patients, pin what is found, write its page; ``make library-check``.

With names as arguments only those are run: ``python tools/library_checks.py vancomycin_goti2018``; ``--page``
writes the page alone. Finished patients are kept in .cache/library and count while the spec and the code that
makes patients are the same; an interrupted run goes on from them.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest

import bayesdose as bd
from bayesdose.card import Worked
from bayesdose.case import metrics_of, options_of
from bayesdose.decision import named_utility
from bayesdose.individual.known import known
from bayesdose.model import shipped_models

ROOT = Path(__file__).parents[1]
KEPT, PAGE = ROOT / ".cache" / "library", ROOT / "docs" / "models" / "checked.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"
PROBABILITIES, DRAWS, Z_95 = (50, 80, 90, 95), 1000, 1.959963984540054
PATIENTS, DECIDED = 500, 100
FEWER = {  # decided for, where a decision costs much; a run with more gives closer limits
    "docetaxel_kloft2006": 30,
    "fluorouracil_arshad2020": 30,
    "niraparib_platelets": 30,
    "omalizumab_hayashi2007": 30,
    "phenytoin_yukawa1990": 30,
    "synthetic_bypass": 50,
    "synthetic_chronotherapy": 50,
    "synthetic_scavenger": 50,
    "synthetic_tmdd_full": 30,
    "synthetic_tmdd_mm": 30,
    "synthetic_tmdd_qss": 50,
    "voriconazole_friberg2012": 30,
    "warfarin_hamberg2007": 30,
    "warfarin_pkpca_holford": 30,
    "warfarin_xia2024": 30,
}
RULES = ("label", "mode", "expected")
HEADS = (
    "| model | patients | refused | 50 % | 80 % | 90 % | 95 % |\n|---|---|---|---|---|---|---|\n",
    "| model | patients | label dose | oracle | regret of the label | of the mode | of expected utility "
    "| gain over the mode | no treatment |\n|---|---|---|---|---|---|---|---|---|\n",
)
sys.path.insert(0, str(ROOT / "tests"))

from populations.checked import (  # noqa: E402
    PINNED,
    SEED,
    Patient,
    checked_hash,
    code_hash,
    patients,
    target_of,
    together,
    worked_of,
)
from populations.labels import LABELS  # noqa: E402


def run(name: str) -> dict[str, Any]:
    """Return what is pinned of a spec, from patients that are made or kept."""
    fit = bd.load_fit(name)
    places = made(fit, PATIENTS, placed, "places")
    n_decided = FEWER.get(name, DECIDED)
    choices = made(fit, n_decided, decided, _decisions(name)) if name in LABELS else []
    return summary(fit.model, places, choices)


def _decisions(name: str) -> str:
    """Return the name of kept decisions: of another label they do not count."""
    return f"decisions_{crc32(LABELS[name].words.encode()):x}"


def made(fit: bd.Fit, n: int, check: Callable[..., dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """Return a row for each of n patients; what was kept of an earlier run is not made again."""
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / f"{fit.model.name}_{what}_{checked_hash(fit.model)[:8]}_{code_hash()[:8]}.jsonl"
    rows = [json.loads(line) for line in kept.read_text("utf-8").splitlines()] if kept.exists() else []
    started, first = time.process_time(), len(rows)
    with kept.open("a", encoding="utf-8") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for i, patient in patients(fit, range(first, n)):
            rows.append(_unless_refused(check, fit, patient, i))
            file.write(json.dumps(rows[-1]) + "\n")
            file.flush()
    spent = time.process_time() - started
    print(f"{fit.model.name} {what}: {n}, {max(n - first, 0)} of them now, {spent:.0f} CPU s", flush=True)
    return rows[:n]


def _unless_refused(check: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    try:
        return {"refused": ""} | check(*given)
    except bd.Refused as reason:
        return {"refused": str(reason).splitlines()[0]}


def placed(fit: bd.Fit, patient: Patient, i: int) -> dict[str, Any]:
    """Return where the next level lies in its predictive distribution, from 0 to 1."""
    me = bd.condition(fit, patient.now, seed=i, draws=DRAWS)
    levels = bd.predict(me, patient.later, residual=True, seed=i)["measurement"].isel(time=-1)
    return {"place": float((levels < patient.level).mean())}


def decided(fit: bd.Fit, patient: Patient, i: int) -> dict[str, Any]:
    """Return what each rule chooses, and what that is worth to the patient who is known."""
    case, me = worked_of(fit.model), bd.condition(fit, patient.now, seed=i, draws=DRAWS)
    numbers = dict(case.utility)
    utility = named_utility(numbers.pop("name"), **numbers)
    complete = [name for name in case.complete if name in dict(case.values)]
    options, mode = options_of(case, patient.now), bd.map_estimate(fit.model, patient.now, fit)
    true, modal = (known(fit.model, patient.now, who.theta, who.z) for who in (patient, mode))
    both = replace(me, data=xr.concat([me.data, true.data], dim="draw"))  # one call for all draws is faster
    whole = outcome(both, case, options)
    truth = whole.isel(draw=[-1])
    at_mode = outcome(modal, case, [replace(some, occasion="same") for some in options])
    worth = utility(truth).isel(draw=0).to_series()
    chosen = {
        "label": LABELS[fit.model.name].option(case, patient.person),
        "mode": hit(at_mode, dict(case.utility)),
        "expected": bd.decide(whole.isel(draw=slice(-1)), utility, complete=complete).best,
        "oracle": str(worth.idxmax()),
    }
    return {"chosen": chosen, "worth": {rule: float(worth[option]) for rule, option in chosen.items()}}


def outcome(me: bd.Draws, case: Worked, options: list[bd.Options]) -> xr.Dataset:
    """Return the outcome of every dose text, with one "no treatment"."""
    each = [bd.simulate(me, some, metrics_of(case.outcomes)) for some in options]
    rest = [found.isel(option=found["option"] != "no treatment") for found in each[1:]]
    return xr.concat([each[0], *rest], dim="option", join="override") if rest else each[0]


def hit(at_mode: xr.Dataset, utility: dict[str, Any]) -> str:
    """Return the peers' choice: a dose that does no harm at the mode, there nearest the target.

    Nearest by ratio, or by difference where the target is 0. Where every dose does harm at the mode, the one
    that does least.
    """
    doses = at_mode.isel(draw=0, option=at_mode["option"] != "no treatment")
    values, target = doses[utility["outcome"]].to_numpy(), target_of(utility)
    if "harm" in utility:
        harm = doses[utility["harm"]].to_numpy()
        allowed = (harm <= utility["harm_above"]) | (harm == harm.min())
    else:
        allowed = np.ones(len(values), dtype=bool)
    with np.errstate(divide="ignore"):
        off = np.abs(np.log(np.maximum(values, 0.0) / target)) if target > 0 else np.abs(values - target)
    return str(doses["option"].to_numpy()[np.where(allowed, off, np.inf).argmin()])


def summary(model: bd.Model, places: list[dict[str, Any]], choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is pinned of a spec."""
    at = np.array([row["place"] for row in places if "place" in row])
    found = {
        "spec": checked_hash(model),
        "code": code_hash(),
        "seed": SEED,
        "predicted": len(at),
        "refused": sum(row["refused"] != "" for row in places),
        "covered": {str(p): int((np.abs(at - 0.5) < p / 200).sum()) for p in PROBABILITIES},
        "tenths": np.histogram(at, np.linspace(0, 1, 11))[0].tolist(),
    }
    dosed = [row for row in choices if "worth" in row]
    return found | ({"label": LABELS[model.name].words} | compared(dosed) if dosed else {})


def compared(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return regrets and gains with their intervals, and how often each rule treats with nothing."""
    worth = pd.DataFrame([row["worth"] for row in rows])
    chosen = pd.DataFrame([row["chosen"] for row in rows])
    return {
        "dosed": len(worth),
        "oracle": _interval(worth["oracle"]),
        "regret": {rule: _interval(worth["oracle"] - worth[rule]) for rule in RULES},
        "gain": {rule: _interval(worth["expected"] - worth[rule]) for rule in RULES[:2]},
        "nothing": {rule: float((chosen[rule] == "no treatment").mean()) for rule in chosen},
    }


def _interval(values: pd.Series) -> list[float]:
    """Return the mean with its 95 % interval, normal."""
    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    return [float(f"{v:.5g}") for v in (mean, mean - Z_95 * error, mean + Z_95 * error)]


def pinned() -> dict[str, Any]:
    """Return what is pinned, by spec."""
    return json.loads(PINNED.read_text(encoding="utf-8")) if PINNED.exists() else {}


def pin(name: str, found: dict[str, Any]) -> None:
    """Write one spec into the pinned file, a line each."""
    every = pinned() | {name: found}
    lines = [f"{json.dumps(key)}: {json.dumps(every[key])}" for key in sorted(every)]
    PINNED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def write_page() -> None:
    """Write the page's tables from the pinned file."""
    found = pinned()
    covered = "".join(_covered_row(_link(name), one) for name, one in found.items())
    covered += _covered_row("**all together**", together(found))
    rules = "".join(_rules_row(name, one) for name, one in found.items() if "regret" in one)
    missing = [f"`{name}`" for name in shipped_models() if name not in found]
    note = f"\nNot run yet: {', '.join(missing)}.\n" if missing else ""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tables = f"{HEADS[0]}{covered}{note}\n{HEADS[1]}{rules}"
    PAGE.write_text(f"{before}{BEGIN}{tables}{END}{rest.partition(END)[2]}", encoding="utf-8")


def _covered_row(title: str, one: dict[str, Any]) -> str:
    shares = [binomtest(k, one["predicted"]) for k in one["covered"].values()]
    limits = [share.proportion_ci(0.95, method="exact") for share in shares]
    cells = [
        f"{100 * share.statistic:.1f} ({100 * at.low:.1f} to {100 * at.high:.1f})"
        for share, at in zip(shares, limits, strict=True)
    ]
    return f"| {' | '.join([title, str(one['predicted']), str(one['refused']), *cells])} |\n"


def _rules_row(name: str, one: dict[str, Any]) -> str:
    nothing = ", ".join(f"{100 * one['nothing'][rule]:.0f}" for rule in ("expected", "oracle"))
    cells = [_link(name), str(one["dosed"]), one["label"], f"{one['oracle'][0]:.3g}"]
    cells += [_shown(one["regret"][rule]) for rule in RULES]
    return f"| {' | '.join([*cells, _shown(one['gain']['mode']), nothing])} |\n"


def _shown(interval: list[float]) -> str:
    mean, low, high = (f"{v:.3g}" for v in interval)
    return f"{mean} ({low} to {high})"


def _link(name: str) -> str:
    return f"[`{name}`]({name}.md)" if (PAGE.parent / f"{name}.md").is_file() else f"`{name}`"


def main() -> None:
    """Run the specs that are named, or all."""
    asked = sys.argv[1:]
    for name in [] if asked == ["--page"] else asked or shipped_models():
        pin(name, run(name))
    write_page()


if __name__ == "__main__":
    main()
