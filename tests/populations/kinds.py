"""A study of concentrations, counts, categories and events drawn from a model of numbers, and the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import bayesdose as bd
from bayesdose.fitting import Fit
from bayesdose.individual.compiled import compile_individual
from bayesdose.study import events

MODEL = Path(__file__).parents[1] / "specs" / "kinds_of_levels.py"
END, EVERY, FINE, LLOQ = 96.0, 6.0, 0.25, 0.9


def drawn(subjects: int, seed: int, *, repeated: bool = False) -> tuple[bd.Study, Fit]:
    """Return a study drawn from the spec, and the truth as a fit: a hundred draws, all the same.

    A dose every 12 h; concentrations (M3 below `LLOQ`), counts and categories every 6 h; the first event, of
    which half of the subjects are observed to the end and the others until some time before it; or all events
    until then.
    """
    model, rng = bd.load_model(MODEL), np.random.default_rng(seed)
    compiled = compile_individual(model)
    table = _design(subjects)
    made = bd.read_study(table, model)
    data = compiled.data(events(made))
    z = rng.standard_normal((1, compiled.size(data)))
    u = rng.random((1, len(data["DV_data"])))
    table.loc[table["AMT"].isna(), "DV"] = compiled.measure({}, z, data, u)[0]
    hazard = compiled.predict({}, z, data)[1][0]
    whole = pd.concat(
        [_levels(table), (_repeated if repeated else _events)(made, hazard, rng)], ignore_index=True
    )
    study = bd.read_study(whole.sort_values(["ID", "TIME"], kind="stable"), model)
    at = compiled.parted(z, data)["z"][:, None].repeat(100, axis=1)
    posterior = xr.Dataset({"z": (("chain", "draw", "subject", "eta"), at)}, {"subject": list(study.ids)})
    data_of = {"n_subjects": subjects, "n_doses": 8 * subjects, "n_levels": int(study.is_level.sum())}
    record = bd.fixed(model).provenance | {"data": data_of}
    return study, Fit(model, xr.DataTree.from_dict({"posterior": posterior}), record)


def _design(subjects: int) -> pd.DataFrame:
    times = {k: np.arange(EVERY, END + 1, EVERY) - shift for k, shift in ((1, 0.5), (2, 0.4), (3, 0.3))}
    times[4] = np.arange(FINE, END + FINE, FINE)
    rows = [pd.DataFrame({"TIME": [0.0], "AMT": [100.0], "II": [12.0], "ADDL": [7], "DVID": [1]})]
    rows += [pd.DataFrame({"TIME": t, "DVID": dvid, "DV": 1.0}) for dvid, t in times.items()]
    one = pd.concat(rows).sort_values("TIME", kind="stable")
    one = one.assign(CENS=0).fillna({"II": 0, "ADDL": 0})
    return pd.concat([one.assign(ID=k + 1, ARM=k % 2) for k in range(subjects)], ignore_index=True)


def _levels(table: pd.DataFrame) -> pd.DataFrame:
    kept = table[table["DVID"] != 4].copy()
    below = (kept["DVID"] == 1) & (kept["DV"] < LLOQ)
    return kept.assign(DV=kept["DV"].where(~below, LLOQ), CENS=below.astype(int))


def _events(made: bd.Study, hazard: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    levels = made.levels.assign(H=hazard)
    rows = []
    for k, (name, own) in enumerate(levels[levels["DVID"] == 4].groupby("ID", sort=False)):
        end = END if k % 4 < 2 else rng.uniform(END / 4, END)
        time = np.interp(rng.exponential(), np.r_[0.0, own["H"]], np.r_[0.0, own["TIME"]], right=np.inf)
        happened = {"DV": float(time <= end), "TIME": min(time, end), "DVID": 4, "CENS": 0}
        rows.append({"ID": int(name), "ARM": k % 2, "II": 0, "ADDL": 0} | happened)
    return pd.DataFrame(rows)


def _repeated(made: bd.Study, hazard: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    levels = made.levels.assign(H=hazard)
    rows = []
    for k, (name, own) in enumerate(levels[levels["DVID"] == 4].groupby("ID", sort=False)):
        end = END if k % 4 < 2 else rng.uniform(END / 4, END)
        whole, time = np.r_[0.0, own["H"]], np.r_[0.0, own["TIME"]]
        aims = np.cumsum(rng.exponential(size=200))
        times = np.interp(aims[aims < np.interp(end, time, whole)], whole, time)
        same = {"ID": int(name), "ARM": k % 2, "II": 0, "ADDL": 0, "DVID": 4, "CENS": 0}
        rows += [same | {"TIME": t, "DV": 1.0} for t in times] + [same | {"TIME": end, "DV": 0.0}]
    return pd.DataFrame(rows)
