"""The shipped models written by hand in plain PyMC, as somebody without bayesdose would."""

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt

import bayesdose as bd


def pairs(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return every (level, earlier dose of the same subject) pair, with indices."""
    subject = table["ID"].astype("category").cat.codes.to_numpy()
    levels = np.flatnonzero((table["EVID"] == 0).to_numpy())
    doses = np.flatnonzero((table["EVID"] == 1).to_numpy())
    time = table["TIME"].to_numpy()
    i, j = np.nonzero((subject[levels][:, None] == subject[doses]) & (time[levels][:, None] >= time[doses]))
    return {
        "level": i,
        "subject": subject[levels],
        "dt": time[levels][i] - time[doses][j],
        "amount": table["AMT"].to_numpy()[doses][j],
        "DV": table["DV"].to_numpy()[levels],
        "WT": table.groupby(subject)["WT"].first().to_numpy(),
    }


def phenobarbital() -> pm.Model:
    """One compartment, bolus, CL and V proportional to weight, proportional error, non-centred."""
    d = pairs(pd.read_csv(bd.data_path("phenobarbital"), na_values="."))
    with pm.Model() as model:
        theta = [pm.LogNormal("theta_CL", -5.0, 1.0), pm.LogNormal("theta_V", 0.6, 1.0)]
        omega = [pm.HalfNormal("omega_CL", 1.0), pm.HalfNormal("omega_V", 1.0)]
        z = pm.Normal("z", shape=(len(d["WT"]), 2))
        CL, V = (theta[k] * d["WT"] / 1.3 * pt.exp(omega[k] * z[:, k]) for k in range(2))
        subject = d["subject"][d["level"]]
        part = d["amount"] / V[subject] * pt.exp(-(CL / V)[subject] * d["dt"])
        f = pt.zeros(len(d["DV"]))[d["level"]].inc(part)
        pm.Normal("DV", f, pm.HalfNormal("sigma_prop", 0.5) * f, observed=d["DV"])
    return model


def theophylline() -> pm.Model:
    """One compartment, first-order absorption, additive error, non-centred."""
    d = pairs(pd.read_csv(bd.data_path("theophylline"), na_values="."))
    with pm.Model() as model:
        priors = {"CL": 1.0, "V": 3.5, "ka": 0.5}
        z = pm.Normal("z", shape=(len(d["WT"]), 3))
        value = {}
        for k, (name, centre) in enumerate(priors.items()):
            theta = pm.LogNormal(f"theta_{name}", centre, 1.0)
            value[name] = theta * pt.exp(pm.HalfNormal(f"omega_{name}", 1.0) * z[:, k])
        CL, V, ka = (value[name][d["subject"][d["level"]]] for name in priors)
        ke = CL / V
        part = d["amount"] * ka / (V * (ka - ke)) * (pt.exp(-ke * d["dt"]) - pt.exp(-ka * d["dt"]))
        f = pt.zeros(len(d["DV"]))[d["level"]].inc(part)
        pm.Normal("DV", f, pm.HalfNormal("sigma_add", 2.0), observed=d["DV"])
    return model


MODELS = {"phenobarbital": phenobarbital, "theophylline": theophylline}
