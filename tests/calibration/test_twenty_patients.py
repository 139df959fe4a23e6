"""Twenty patients each of gentamicin and tobramycin: posteriors against weighed draws of the prior.

The population is the draws of the specs' published priors (`prior_fit`), so thetas, omegas and sigmas are
uncertain. The reference is plain importance sampling from the prior, 10^6 particles, equations of the papers
written out (tests/twins/bedside.py): no mode, no derivative, no code of the package but the population draws.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from twins.bedside import levels, normal, summary, two_compartments

import bayesdose as bd
from bayesdose.errors import Refused

SPECS = Path(__file__).parents[2] / "model_specs"
N, PART = 1_000_000, 100_000
DOSES = [(24.0 * k, 450.0, 0.5) for k in range(3)]
TIMES = [(8.0,), (1.0, 10.0), (23.5, 25.0), (1.0, 8.0, 23.5, 60.0)]  # by turns
NAMES = {"gentamicin_xuan2003": ("CL", "V"), "tobramycin_hennig2013": ("CL", "V1", "V2")}


def gentamicin(p, z, WT, CRCL):
    """Individual parameters (name to (n,)) of etas z (n, 4) under thetas and omegas p."""
    own = {
        "CL": p["theta_CL_per_CRCL"] * CRCL * np.exp(p["omega_CL"] * z[:, 0]),
        "V": p["theta_V_per_kg"] * WT * np.exp(p["omega_V"] * z[:, 1]),
        "k12": p["theta_k12"] * np.exp(p["omega_k12"] * z[:, 2]),
        "k21": p["theta_k21"] * np.exp(p["omega_k21"] * z[:, 3]),
    }
    V, k12 = own["V"], own["k12"]
    return own, (own["CL"], V, k12 * V, V * k12 / own["k21"])


KNOWN = np.array([[1, 0.658, 0.711, 0], [0.658, 1, 0.475, 0], [0.711, 0.475, 1, 0], [0, 0, 0, 1.0]])


def tobramycin(p, z, WT, HT, AGE, FEMALE, SCR):
    """The same, of CL, V1, Q and V2; fat-free mass as Janmahasatian et al. 2005 have it."""
    eta = z @ np.linalg.cholesky(KNOWN).T
    bmi = WT / (HT / 100) ** 2
    mass = 9270 * WT / ((8780 + 244 * bmi) if FEMALE else (6680 + 216 * bmi)) / 70
    size = mass ** p["theta_FFM_on_CL"]
    age = 1 + p["theta_AGE_on_CL_child" if AGE <= 18 else "theta_AGE_on_CL_adult"] * (AGE - 18)
    sex = "female" if FEMALE else "male"
    renal = (SCR / 37.2) ** -p["theta_SCR_on_CL"]
    own = {
        "CL": p[f"theta_CL_{sex}"] * size * age * renal * np.exp(p["omega_CL"] * eta[:, 0]),
        "V1": p[f"theta_V1_{sex}"] * mass * np.exp(p["omega_V1"] * eta[:, 1]),
        "Q": p["theta_Q"] * size * np.exp(p["omega_Q"] * eta[:, 2]),
        "V2": p["theta_V2"] * mass * np.exp(p["omega_V2"] * eta[:, 3]),
    }
    return own, (own["CL"], own["V1"], own["Q"], own["V2"])


MADE = {"gentamicin_xuan2003": gentamicin, "tobramycin_hennig2013": tobramycin}


def residual(p, f):
    return p.get("sigma_add", np.zeros(len(f)))[:, None] + p["sigma_prop"][:, None] * f


def covariates(name, rng):
    if name == "gentamicin_xuan2003":
        return {"WT": float(rng.uniform(50, 100)), "CRCL": float(rng.uniform(25, 140))}
    female, age = int(rng.integers(2)), float(rng.uniform(8, 70))
    known = {"WT": float(rng.uniform(35, 95)), "HT": float(rng.uniform(140, 190)), "AGE": age}
    return known | {"FEMALE": female, "SCR": float(rng.uniform(30, 150))}


def chosen(draws, which):
    return {key: values[which] for key, values in draws.items()}


def drawn(name, draws, times, known, rng, far):
    """Levels of one patient; every fifth has an eta 3.5 SDs out."""
    z = rng.standard_normal((1, 4))
    if far:
        z[0, rng.integers(2)] = 3.5 * rng.choice([-1, 1])
    p = chosen(draws, rng.integers(len(draws["theta_" + FIRST[name]]), size=1))
    f = levels(times, DOSES, two_compartments(*MADE[name](p, z, **known)[1]))
    low = 0.05 if "sigma_add" in p else 1e-6  # what is left where the additive error takes a level below 0
    return np.maximum(f + residual(p, f) * rng.standard_normal(f.shape), low)[0]


FIRST = {"gentamicin_xuan2003": "CL_per_CRCL", "tobramycin_hennig2013": "CL_male"}


def exact(name, draws, times, dv, known, seed):
    """Means, SDs and limits by weighed draws of the prior, and their effective number."""
    rng, values, loglik = np.random.default_rng(seed), [], []
    for _ in range(N // PART):
        p = chosen(draws, rng.integers(len(draws["theta_" + FIRST[name]]), size=PART))
        own, macro = MADE[name](p, rng.standard_normal((PART, 4)), **known)
        f = levels(times, DOSES, two_compartments(*macro))
        loglik.append(normal(dv, f, residual(p, f)))
        values.append(np.column_stack([own[key] for key in NAMES[name]]))
    weight = np.exp(np.concatenate(loglik) - np.max(np.concatenate(loglik)))
    return summary(np.concatenate(values), weight), weight.sum() ** 2 / (weight**2).sum()


def table(times, dv, known):
    rows = [{"TIME": t, "AMT": a, "RATE": a / d, "EVID": 1} for t, a, d in DOSES]
    rows += [{"TIME": t, "DV": y, "AMT": 0.0, "RATE": 0.0, "EVID": 0} for t, y in zip(times, dv, strict=True)]
    return pd.DataFrame(rows).sort_values("TIME", kind="stable").assign(ID=1, **known)


@pytest.fixture(scope="module", params=MADE)
def fit(request):
    model = bd.load_model(SPECS / f"{request.param}.py")
    return request.param, bd.prior_fit(model, seed=1, draws=4000)


@pytest.mark.calibration
@pytest.mark.parametrize("number", range(20))
def test_the_posterior_is_that_of_weighed_prior_draws(fit, number):
    name, population = fit
    draws, rng = dict(population.population_draws), np.random.default_rng((7, number))
    times, known = TIMES[number % 4], covariates(name, rng)
    dv = drawn(name, draws, times, known, rng, number % 5 == 4)
    study = bd.read_study(table(times, dv, known), population.model)
    try:
        me = bd.condition(population, study, seed=number, precision="tails", draws=16_000)
    except Refused as reason:
        pytest.fail(f"refused: {reason}")
    found = summary(np.column_stack([me.data[key].to_numpy() for key in NAMES[name]]))
    reference, ess = exact(name, draws, times, dv, known, number)
    assert ess > 1000
    apart = np.abs(found - reference) / reference[1]
    print(f"{name} {number}: {apart[:2].max():.3f} {apart[2:].max():.3f}, reference worth {ess:.0f}")
    assert apart[0].max() < 0.1
    assert apart[2:].max() < 0.2
