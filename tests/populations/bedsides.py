"""Random patients for the individual estimator: five kinds of models, their designs, and who is far out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

import bayesdose as bd
from bayesdose.errors import Refused
from bayesdose.fitting import Fit
from bayesdose.individual import compile_individual, importance
from bayesdose.individual.mode import find_modes
from bayesdose.individual.population import population_of
from bayesdose.individual.target import Target
from bayesdose.model import build, names_of_population
from bayesdose.study import Study, events

SPECS = Path(__file__).parents[1] / "specs"
DRAWS, FAR, PART = 4000, 3.5, 2**16


@dataclass(frozen=True)
class Scenario:
    """One kind of patient.

    Parameters
    ----------
    spec
        Name of the spec.
    dose
        Columns of each dose.
    times
        Times of doses, and of levels, h.
    occasions
        Whether each dose begins an occasion.
    parameters
        Whose posterior is compared.
    """

    spec: str
    dose: dict[str, float]
    doses: tuple[float, ...]
    levels: tuple[float, ...]
    parameters: tuple[str, ...]
    occasions: bool = False


INFUSED = {"dose": {"AMT": 1000.0, "RATE": 1000.0}, "doses": (0.0, 12.0, 24.0), "levels": (11.5, 25.5, 35.5)}
SCENARIOS = {
    "infusion": Scenario("bed_infusion", **INFUSED, parameters=("CL", "V1", "V2")),
    "precise": Scenario("bed_precise", **INFUSED, parameters=("CL", "V1", "V2")),
    "oral": Scenario(
        "bed_oral", {"AMT": 320.0}, (0.0, 12.0), (1.0, 11.5, 14.0), parameters=("CL", "V", "ka")
    ),
    "occasions": Scenario(
        "bed_occasions",
        {"AMT": 100.0},
        (0.0, 24.0, 48.0, 72.0),
        (2.0, 23.0, 47.0, 71.0, 80.0),
        parameters=("CL", "V"),
        occasions=True,
    ),
    "saturable": Scenario("bed_saturable", {"AMT": 200.0}, (0.0, 12.0), (2.0, 11.5, 23.0), ("V", "Vm")),
}


def made_fit(scenario: Scenario, seed: int = 1) -> Fit:
    """Return a fit whose population draws are draws of the spec's priors, which stand for a posterior."""
    model = bd.load_model(SPECS / f"{scenario.spec}.py")
    compiled = compile_individual(model)
    declared = build(model, design(scenario, model, [1.0] * len(scenario.levels)))
    names = names_of_population(declared)
    drawn = pm.draw([declared[name] for name in names], draws=DRAWS, random_seed=seed)
    held = {name: (("chain", "draw"), v[None]) for name, v in zip(names, drawn, strict=True)}
    provenance = {
        "population": list(compiled.population),
        "parameters": list(compiled.parameters),
        "units": dict(compiled.units),
        "data": {"n_subjects": 0, "n_doses": 0, "n_levels": 0},
        "checks": [],
    }
    return Fit(model, xr.DataTree.from_dict({"posterior": xr.Dataset(held)}), provenance)


def design(scenario: Scenario, model: bd.Model, levels: list[float]) -> Study:
    """Return the table of one patient of the scenario with these levels."""
    rows = [{"TIME": t, "EVID": 1, **scenario.dose} for t in scenario.doses]
    rows += [{"TIME": t, "EVID": 0, "DV": v} for t, v in zip(scenario.levels, levels, strict=True)]
    table = pd.DataFrame(rows).assign(ID="1").sort_values("TIME", kind="stable")
    if scenario.occasions:
        table["OCC"] = (table["EVID"] == 1).cumsum()
    given = [name for name in ("AMT", "RATE") if name in table]
    return bd.read_study(table.fillna(dict.fromkeys(given, 0.0)), model)


def patients(
    scenario: Scenario, fit: Fit, n: int, seed: int, *, far: bool = True
) -> list[tuple[Study, dict[str, float]]]:
    """Return n random patients and their true parameters; every tenth has an eta of 3.5 SDs, unless told."""
    compiled = compile_individual(fit.model)
    rng = np.random.default_rng(seed)
    blank = design(scenario, fit.model, [1.0] * len(scenario.levels))
    data, made = compiled.data(events(blank)), []
    for i in range(n):
        which = rng.integers(DRAWS, size=1)
        theta = {name: values[which] for name, values in fit.population_draws.items()}
        z = rng.standard_normal((1, compiled.size(data)))
        if far and i % 10 == 9:
            z[0, rng.integers(len(compiled.etas))] = FAR * rng.choice([-1.0, 1.0])
        u = rng.random((1, len(scenario.levels)))
        levels = compiled.measure(theta, z, data, u)[0]
        truth = compiled.individual(theta, z, data)
        study = design(scenario, fit.model, np.maximum(levels, 1e-3).tolist())
        made.append((study, {name: float(truth[name][0, -1]) for name in scenario.parameters}))
    return made


def reference(fit: Fit, patient: Study, particles: int, seed: int) -> xr.Dataset:
    """Return weighted parameters (particle,) of many times more particles than `condition` takes."""
    compiled = compile_individual(fit.model)
    target = Target(compiled, compiled.data(events(patient)), population_of(fit))
    rounds = max(1, particles // PART)
    modes = find_modes(target.objective, target.k)
    found = importance.sample(target, modes, PART, seed, lambda made: False, rounds=rounds)
    kept = np.flatnonzero(found.weight > 1e-12)
    parts = np.array_split(kept, rounds)
    values = [compiled.individual(target.known.at(found.draw[i]), found.z[i], target.data) for i in parts]
    joined = {name: np.concatenate([v[name][:, -1] for v in values]) for name in compiled.parameters}
    weight = found.weight[kept] / found.weight[kept].sum()
    made = {name: ("particle", v) for name, v in joined.items()} | {"weight": ("particle", weight)}
    return xr.Dataset(made, attrs={"khat": found.khat, "ess": found.ess})


def moments(values: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return mean, SD, and 5 and 95 % limits."""
    if weight is None:
        weight = np.full(len(values), 1.0 / len(values))
    mean = weight @ values
    order = np.argsort(values)
    below = np.cumsum(weight[order]) - 0.5 * weight[order]
    limits = np.interp([0.05, 0.95], below, values[order])
    return np.array([mean, np.sqrt(weight @ (values - mean) ** 2), *limits])


def off(found: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """Return how far mean and limits lie from the reference, in its SDs."""
    apart = np.abs(found - exact) / exact[1]
    return float(apart[0]), float(max(apart[2:]))


def compared(
    scenario: Scenario, fit: Fit, patient: Study, truth: dict[str, float], seed: int, particles: int
) -> dict[str, object]:
    """Return what `condition` makes of a patient beside the reference, and the ranks of the true values."""
    row: dict[str, object] = {"refused": ""}
    try:
        me = bd.condition(fit, patient, seed=seed, precision="tails", draws=16_000)
    except Refused as reason:
        return {"refused": str(reason)}
    exact = reference(fit, patient, particles, seed + 1000)
    values = {
        name: (me.data[name].isel(record=-1) if "record" in me.data[name].dims else me.data[name]).to_numpy()
        for name in scenario.parameters
    }
    errors = [
        off(moments(values[name]), moments(exact[name].to_numpy(), exact["weight"].to_numpy()))
        for name in scenario.parameters
    ]
    d = me.diagnostics
    row |= {"method": d.method, "khat": d.khat, "ess": d.ess, "z_norm": d.z_norm, "rounds": d.rounds}
    row |= {"mean": max(e[0] for e in errors), "limit": max(e[1] for e in errors)}
    row |= {"reference_ess": exact.attrs["ess"], "reference_khat": exact.attrs["khat"], "ms": d.ms}
    row |= {f"rank_{name}": float((values[name] < truth[name]).mean()) for name in scenario.parameters}
    return row


def table(name: str, n: int, seed: int, particles: int) -> pd.DataFrame:
    """Return a row per random patient of a scenario."""
    scenario = SCENARIOS[name]
    fit = made_fit(scenario)
    made = patients(scenario, fit, n, seed)
    rows = [
        compared(scenario, fit, study, truth, seed + i, particles) for i, (study, truth) in enumerate(made)
    ]
    return pd.DataFrame(rows)


def ranks(name: str, n: int, seed: int, kept: int = 99) -> pd.DataFrame:
    """Return a row per patient drawn from the population: rank of each true parameter among kept draws.

    A patient who is refused has ranks of -1.
    """
    scenario = SCENARIOS[name]
    fit = made_fit(scenario)
    rows = []
    for i, (study, truth) in enumerate(patients(scenario, fit, n, seed, far=False)):
        try:
            me = bd.condition(fit, study, seed=seed + i)
        except Refused:
            rows.append(dict.fromkeys(scenario.parameters, -1))
            continue
        which = np.random.default_rng((seed, i)).choice(len(me), kept, replace=False)
        last = me.data.isel(record=-1) if "record" in me.data.dims else me.data
        rows.append({p: int((last[p].to_numpy()[which] < truth[p]).sum()) for p in scenario.parameters})
    return pd.DataFrame(rows)
