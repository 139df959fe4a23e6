"""Patients that the model library is checked on: covariates, doses, levels so far and a level to come.

Of a spec with a worked patient: that patient's doses and times of levels, covariates drawn around it, then
one more dose, and a level as long after it as the last one was. Of a spec that was fitted here: a subject of
its data, with one or two of its levels to condition on and one to predict. Theta is a draw of the stored
prior or fitted draws; etas and residual errors are the model's.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

import bayesdose as bd
from bayesdose.card import Worked
from bayesdose.individual import compile_individual
from bayesdose.model import spec_hash
from bayesdose.study import events

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "tests" / "library" / "checked.json"
SEED = 1
SPREAD = 0.25  # SD of the log of a covariate around the worked patient's
AS_WORKED = ("COHORT", "CHILD")  # codes that go with the size of the worked patient
INTERVAL = {  # from the only dose of a worked patient to the next, in the card's time
    "amikacin_burdet2015": 24.0,
    "busulfan_mccune2014": 24.0,
    "busulfan_shukla2020": 24.0,
    "docetaxel_kloft2006": 504.0,
    "docetaxel_pregnancy_janssen2023": 504.0,
    "fluorouracil_arshad2020": 336.0,
    "gentamicin_xuan2003": 24.0,
    "synthetic_chronotherapy": 24.0,
    "synthetic_conversion_damage": 72.0,
    "synthetic_fibrinogen": 12.0,
    "synthetic_tmdd_full": 14.0,
    "synthetic_tmdd_mm": 14.0,
    "synthetic_tmdd_qss": 14.0,
    "tobramycin_hennig2013": 24.0,
    "warfarin_pkpca_holford": 24.0,
}
WORKED = {  # the decision of the README, for a spec whose card has none
    "phenobarbital": Worked(
        story="A neonate of the data.",
        table={},
        options="{amount} mg/kg every {interval} h for 10 days",
        values={"amount": [1, 1.5, 2, 2.5, 3, 3.5, 4], "interval": [12, 24]},
        outcomes={"trough": ("trough", {}), "peak": ("peak", {})},
        utility={
            "name": "window",
            "outcome": "trough",
            "low": 15,
            "high": 30,
            "harm": "peak",
            "harm_above": 40,
            "harm_weight": 2,
        },
        why="1 for a trough of 15 to 30 mg/L, 2 lost for a peak above 40",
    )
}


@dataclass(frozen=True)
class Patient:
    """A simulated patient.

    Parameters
    ----------
    now
        The table so far: doses and measured levels.
    later
        The same with the doses up to one more level, which is its last row.
    theta, z
        Who it is: population values, and the individual variables of `now`.
    """

    now: bd.Study
    later: bd.Study
    theta: dict[str, float]
    z: np.ndarray

    @property
    def person(self) -> dict[str, float]:
        """Covariates on the last record."""
        last = self.now.records.iloc[-1]
        return {c.name: float(last[c.name]) for c in self.now.card.covariates}

    @property
    def level(self) -> float:
        """The level to come."""
        return float(self.later.records["DV"].iloc[-1])


def worked_of(model: bd.Model) -> Worked | None:
    """Return options and utility of a spec: its card's, or those stated here."""
    return model.card.worked or WORKED.get(model.name)


def code_hash() -> str:
    """Return the SHA-256 of the code that makes the patients, without comments and layout."""
    return spec_hash(Path(__file__).read_text(encoding="utf-8"))


def checked_hash(model: bd.Model) -> str:
    """Return the SHA-256 of what the checks depend on: a spec's code and numbers, not its card's prose."""
    tree = ast.parse(model.path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if "CARD" not in _assigned(node)]
    card, case = model.card, worked_of(model)
    said: list[Any] = [card.units, card.compartments, sorted(card.endpoints.items())]
    said += [(c.name, c.range, c.varies, c.carry) for c in card.covariates]
    said += [c.codes for c in card.covariates if c.codes]
    if case:
        said += [vars(case)[name] for name in vars(case) if name not in ("story", "why")]
    return hashlib.sha256((spec_hash(ast.unparse(tree)) + repr(said)).encode()).hexdigest()


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def patients(fit: bd.Fit, numbers: range, seed: int = SEED) -> Iterator[tuple[int, Patient]]:
    """Yield patients of these numbers; each depends on the spec's name, its number and the seed alone."""
    for i in numbers:
        rng = np.random.default_rng((seed, crc32(fit.model.name.encode()), i))
        design, n = _design(fit.model, rng)
        yield i, _measured(fit, design, n, rng)


def _design(model: bd.Model, rng: np.random.Generator) -> tuple[bd.Study, int]:
    """Return a patient's table with a level to come, levels not measured yet, and the length without it."""
    if model.card.worked is None:
        design = _subject(_data(model), rng)
        return design, 1 + int(np.flatnonzero(design.is_level)[-2])
    design, n = _worked_design(model)
    last = design.records.iloc[-1]
    drawn = {
        one.name: _covariate(one, float(last[one.name]), rng)
        for one in model.card.covariates
        if (design.records[one.name] == last[one.name]).all() and one.name not in AS_WORKED
    }
    if "CYP2C9_2" in drawn:  # two alleles in all
        drawn["CYP2C9_3"] = min(drawn["CYP2C9_3"], 2 - drawn["CYP2C9_2"])
    return replace(design, records=design.records.assign(**drawn)), n


@lru_cache
def _data(model: bd.Model) -> bd.Study:
    return bd.read_study(bd.data_path(model.name.partition("_")[0]), model)


@lru_cache
def _worked_design(model: bd.Model) -> tuple[bd.Study, int]:
    """Return the worked patient's table with what comes next, and its own length."""
    frame = pd.DataFrame({"ID": "1", **model.card.worked.table})
    dose, level = frame[frame["EVID"] == 1].iloc[-1], frame[frame["EVID"] == 0].iloc[-1]
    interval, given = _interval(model.name, frame), dose["TIME"] + dose.get("II", 0) * dose.get("ADDL", 0)
    at = given + interval * np.ceil((frame["TIME"].max() - given) / interval - 1e-9)
    last = frame.iloc[-1].to_dict() | ({"OCC": frame["OCC"].max() + 1} if "OCC" in frame else {})
    again = {name: dose[name] for name in ("AMT", "RATE", "CMT", "DVID") if name in frame}
    none = {name: 0 for name in ("II", "ADDL") if name in frame}
    read = {name: level[name] for name in ("CMT", "DVID") if name in frame}
    nothing = {name: 0.0 for name in ("AMT", "RATE") if name in frame}
    after = {"TIME": at + level["TIME"] - given, "EVID": 0, "DV": 1.0}
    rows = [
        last | again | none | {"TIME": at, "EVID": 1, "DV": None},
        last | read | none | nothing | after,
    ]
    return bd.read_study(pd.DataFrame([*frame.to_dict("records"), *rows]), model), len(frame)


def _interval(name: str, frame: pd.DataFrame) -> float:
    """Return the time between doses: of the doses that are repeated, of the last two, or as stated."""
    doses = frame[frame["EVID"] == 1]
    if "II" in frame and doses["II"].iloc[-1] > 0:
        return float(doses["II"].iloc[-1])
    return float(doses["TIME"].diff().iloc[-1]) if len(doses) > 1 else INTERVAL[name]


def _covariate(one: bd.Covariate, value: float, rng: np.random.Generator) -> float:
    """Draw a code (whole numbers as ends of its range) evenly, another covariate around the worked one."""
    low, high = one.range
    if one.codes:
        return float(rng.choice(one.codes))
    if isinstance(low, int) and isinstance(high, int):
        return float(rng.integers(low, high + 1))
    return float(np.clip(value * np.exp(SPREAD * rng.standard_normal()), low, high))


def _subject(data: bd.Study, rng: np.random.Generator) -> bd.Study:
    """Return a subject with three of its levels, drawn at random, and nothing after the last of them."""
    while True:
        study = data.select(data.ids[rng.integers(data.n_subjects)])
        began = study.doses["TIME"].min()
        rows = np.flatnonzero(study.is_level & (study.records["TIME"].to_numpy() > began))
        if len(rows) >= 2:
            break
    kept = np.sort(rng.choice(rows, min(3, len(rows)), replace=False))
    stay = [k for k in range(kept[-1] + 1) if k in kept or not study.is_level[k]]
    return replace(study, records=study.records.iloc[stay].reset_index(drop=True))


def _measured(fit: bd.Fit, design: bd.Study, n: int, rng: np.random.Generator) -> Patient:
    """Draw who it is and what is measured; the first n rows are the table so far."""
    compiled = compile_individual(fit.model)
    draws = fit.population_draws
    which = rng.integers(len(next(iter(draws.values()))), size=1)
    theta = {name: values[which] for name, values in draws.items()}
    data = compiled.data(events(design))
    z = rng.standard_normal((1, compiled.size(data)))
    levels = compiled.measure(theta, z, data, rng.random((1, len(data["DV_data"]))))[0]
    records = design.records.copy()
    records.loc[np.flatnonzero(design.is_level), "DV"] = levels
    later = replace(design, records=records)
    now = replace(design, records=records.iloc[:n].copy())
    so_far = compiled.shapes(compiled.data(events(now)))
    parts = compiled.parted(z, data)
    own = [parts[name][0, : shape[0]].ravel() for name, shape in so_far.items()]
    truth = {name: float(value[0]) for name, value in theta.items()}
    return Patient(now, later, truth, np.concatenate([np.zeros(0), *own]))


def target_of(utility: dict[str, Any]) -> float:
    """Return what the rule of peers aims at: the target, or the geometric mean of the window."""
    if "target" in utility:
        return float(utility["target"])
    return float((utility["low"] * utility["high"]) ** 0.5)


def together(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is pinned of coverage, summed over specs."""
    every = list(found.values())
    sums = {key: sum(one[key] for one in every) for key in ("predicted", "refused")}
    covered = {p: sum(one["covered"][p] for one in every) for p in every[0]["covered"]}
    return sums | {"covered": covered, "tenths": np.sum([one["tenths"] for one in every], axis=0).tolist()}
