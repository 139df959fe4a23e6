"""A patient, a fit and a choice made by hand: one compartment, IV bolus, no sampler and no compiler."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import bayesdose.decision as decision
from bayesdose.card import Card, Covariate, Units
from bayesdose.fitting import Check, Checks, Fit
from bayesdose.individual import Diagnostics, Draws
from bayesdose.model import Model
from bayesdose.study import Options, Study, read_study, regimens

CARD = Card(
    drug="phenobarbital",
    title="Phenobarbital in neonates",
    units=Units(),
    covariates=[Covariate("WT", unit="kg", reference=1.3, range=(0.5, 5.0))],
    source="doi:10.1159/000457062",
    population="59 preterm and term neonates",
    limitations="Routine-care data.",
)
THETA = {"theta_CL": 0.006, "theta_V": 1.9, "omega_CL": 0.2, "omega_V": 0.17, "sigma_prop": 0.11}


def study() -> Study:
    """A load, eight maintenance doses, a first and two later levels; weight 1.4 kg."""
    doses = [(0.0, 25.0), *((12.5 + 12 * k, 3.5) for k in range(8))]
    levels = [(2.0, 17.3), (60.0, 23.1), (112.5, 31.0)]
    rows = [(t, a, np.nan) for t, a in doses] + [(t, np.nan, v) for t, v in levels]
    table = pd.DataFrame(sorted(rows), columns=["TIME", "AMT", "DV"]).assign(ID="MRN-4711", WT=1.4)
    return read_study(table, CARD)


def diagnostics(**more: Any) -> Diagnostics:
    """Those of a patient with one level."""
    numbers = {"particles": 4096, "khat": 0.21, "ess": 2710.0, "theta_ess": 1630.0, "z_norm": 0.84}
    made = {"method": "importance sampling", "levels": 1, "seed": 2, "ms": 21.0, **numbers, **more}
    return Diagnostics(**made)


MODEL = Model("phenobarbital", "3f" * 32, CARD, declare=None, path=Path("phenobarbital.py"))
DECLARATION = SimpleNamespace(structure=None, kinds=None)
COMPILED = SimpleNamespace(
    parameters=("CL", "V"), etas=("CL", "V"), population=tuple(THETA), model=MODEL, declaration=DECLARATION
)


def draws(patient: Study, *, shift: float = 0.0, spread: float = 1.0, n: int = 400, seed: int = 1) -> Draws:
    """Draws of CL and V, log-normal around the typical patient of that weight."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 2)) * spread + shift
    weight = patient.records["WT"].iloc[0] / 1.3
    columns = {
        name: ("draw", np.full(n, value) * np.exp(0.03 * rng.standard_normal(n)))
        for name, value in THETA.items()
    }
    columns["z"] = (("draw", "eta"), z)
    columns["CL"] = ("draw", 0.006 * weight * np.exp(0.2 * z[:, 0]), {"units": "L/h"})
    columns["V"] = ("draw", 1.9 * weight * np.exp(0.17 * z[:, 1]), {"units": "L"})
    coords = {"draw": np.arange(n), "eta": ["CL", "V"], "particle": ("draw", np.arange(n))}
    return Draws(xr.Dataset(columns, coords), patient, diagnostics(), COMPILED)


def concentration(me: Draws, times: np.ndarray, at: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Superposition of boluses, just after a dose at the same time: (draw, time)."""
    ke = (me.data["CL"] / me.data["V"]).to_numpy()[:, None]
    since = np.asarray(times, dtype=float)[:, None] - np.asarray(at, dtype=float)
    lived = np.where(since >= 0, np.asarray(amounts, dtype=float), 0.0)
    out = np.zeros((len(me), len(since)))
    for k in range(since.shape[1]):
        out += lived[None, :, k] * np.exp(-ke * np.maximum(since[None, :, k], 0.0))
    return out / me.data["V"].to_numpy()[:, None]


def predict(
    me: Draws,
    study: Study | None = None,
    *,
    times: Any = None,
    residual: bool = False,
    seed: int | None = None,
) -> xr.Dataset:
    """Shaped as bayesdose.simulation.predict."""
    study = study or me.patient
    coords: dict[str, Any] = {"draw": np.arange(len(me))}
    if times is None:
        times = study.levels["TIME"].to_numpy()
        coords["DV"] = ("time", study.levels["DV"].to_numpy())
    doses = study.doses
    values = concentration(me, times, doses["TIME"].to_numpy(), doses["AMT"].to_numpy())
    made = {"concentration": (("draw", "time"), values, {"units": "mg/L"})}
    if residual:
        noise = np.random.default_rng(seed or 3).standard_normal(values.shape)
        sigma = me.data["sigma_prop"].to_numpy()[:, None]
        made["measurement"] = (("draw", "time"), values * (1 + sigma * noise), {"units": "mg/L"})
    return xr.Dataset(made, {**coords, "time": np.asarray(times, dtype=float)}, {"time_unit": "h"})


def outcome(me: Draws, options: Options) -> xr.Dataset:
    """Trough and peak of the last interval, shaped as bayesdose.simulate."""
    given = me.patient.doses
    trough, peak = [], []
    for o in range(len(options)):
        own = options.doses[options.doses["option"] == o]
        at = np.concatenate([given["TIME"], own["TIME"]])
        amounts = np.concatenate([given["AMT"], own["AMT"]])
        start, end = options.window(o, -1)
        peak.append(concentration(me, np.array([start]), at, amounts)[:, 0])
        trough.append(concentration(me, np.array([end]), at, amounts)[:, 0])
    variables = {
        "trough": (("draw", "option"), np.stack(trough, 1), {"units": "mg/L", "long_name": "trough"}),
        "peak": (("draw", "option"), np.stack(peak, 1), {"units": "mg/L", "long_name": "peak"}),
    }
    attrs = {
        "drug": "phenobarbital",
        "model": "phenobarbital",
        "time_unit": "h",
        "amount_unit": "mg",
        "concentration_unit": "mg/L",
        "seed": 2,
        "cov_WT": 1.4,
        "cov_WT_unit": "kg",
    }
    coords = {"particle": me.data["particle"]}
    return xr.Dataset(variables, coords, attrs).assign_coords(dict(options.table.variables.items()))


def utility(o: xr.Dataset) -> xr.DataArray:
    """Trough in the window; twice as much is lost above the peak."""
    return decision.in_window(o.trough, 15, 30) - 2.0 * (o.peak > 40)


WINDOW = {
    "outcome": "trough",
    "low": 15,
    "high": 30,
    "harm": "peak",
    "harm_above": 40,
    "harm_weight": 2,
}


def choose(
    me: Draws, *, amounts: Any = (1, 1.5, 2, 2.5, 3, 4), intervals: Any = (12, 24), **more: Any
) -> Any:
    """The demo's decision: (outcome, choice)."""
    text = "{amount} mg/kg every {interval} h x 10"
    options = regimens(text, after=me.patient, amount=list(amounts), interval=list(intervals))
    simulated = outcome(me, options)
    stated = decision.named_utility("window", **WINDOW)
    limits = [decision.max_single("3 mg/kg")]
    return simulated, decision.decide(simulated, stated, limits=limits, **more)


def population(chains: int = 4, n: int = 250, seed: int = 0) -> xr.DataTree:
    """A posterior of the population, log-normal around THETA."""
    rng = np.random.default_rng(seed)
    made = {
        name: (("chain", "draw"), value * np.exp(0.06 * rng.standard_normal((chains, n))))
        for name, value in THETA.items()
    }
    return xr.DataTree.from_dict({"posterior": xr.Dataset(made)})


def fit(*, failed: bool = False, posterior: xr.DataTree | None = None, **provenance: Any) -> Fit:
    """A fit of two parameters, shaped as bayesdose.Fit."""
    rows = (
        Check("R-hat", 1.004, "<", 1.01, "omega_CL"),
        Check("bulk ESS", 1510.0, ">=", 400, "omega_V"),
        Check("divergences", 12.0 if failed else 0.0, "<=", 0, advice="sample longer"),
    )
    record = {
        "model": {"name": "phenobarbital", "hash": "3f" * 32, "drug": CARD.drug, "source": CARD.source},
        "population": list(THETA),
        "units": {"CL": "L/h", "V": "L"},
        "data": {"n_subjects": 56, "n_doses": 560, "n_levels": 147, "key": "5ec2e7", "levels": ["ab12"]},
        "seed": 1,
        "sampler": {"name": "nutpie", "backend": "numba", "draws": 1000, "tune": 1000, "chains": 4},
        "versions": {"python": "3.12.4", "bayesdose": "0.1.0", "pymc": "6.4.0"},
        "seconds": {"compile_wall": 9.0, "sample_wall": 6.0},
        "created": "2025-01-01T00:00:00+00:00",
        "checks": Checks(rows).to_list(),
        **provenance,
    }
    return Fit(MODEL, population() if posterior is None else posterior, record)
