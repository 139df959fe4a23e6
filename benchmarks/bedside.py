"""Conditioning, warm: growth with levels and random effects, beside a density by hand, in batches."""

import time

import numba
import numpy as np
import pandas as pd
from scipy.stats import qmc

import bayesdose as bd
from bayesdose.individual import compile_individual
from bayesdose.study import Study, events
from benchmarks.individual import neonate
from benchmarks.populations import made_by
from benchmarks.rows import Row, cpu_seconds

LEVELS, OCCASIONS, BATCH = (1, 2, 4, 8), (1, 2, 4, 6), 1000


def rows() -> list[Row]:
    """Return the table's rows."""
    return [*by_levels(), *by_effects(), density(), batch()]


def by_levels() -> list[Row]:
    """Time two compartments, three etas, infusions every 12 h, more and more levels."""
    made = made_by("bedsides")
    fit = made.made_fit(made.SCENARIOS["infusion"])
    found: dict[int, list[float]] = {}
    for n in LEVELS:
        patient = infused(fit, n)
        found[n] = [ms(fit, patient, particles) for particles in (4096, 16384)]
    small, large = (" / ".join(f"{found[n][k]:.1f}" for n in LEVELS) for k in (0, 1))
    growth = (found[8][1] - found[1][1]) / (found[4][1] - found[1][1])
    how = "warm, CPU; 2 compartments, 3 etas, 6 infusions"
    return [
        Row(f"condition, {', '.join(map(str, LEVELS))} levels, 4,096 particles", f"{small} ms", "", how),
        Row(f"condition, {', '.join(map(str, LEVELS))} levels, 16,384 particles", f"{large} ms", "", how),
        Row(
            "growth from 1 to 8 levels over that from 1 to 4",
            f"{growth:.2f}",
            "2.33 is linear",
            "16,384 particles",
        ),
    ]


def by_effects() -> list[Row]:
    """Time boluses on more and more occasions: two etas and a kappa each."""
    made = made_by("bedsides")
    scenario = made.SCENARIOS["occasions"]
    fit = made.made_fit(scenario)
    found = {}
    for n in OCCASIONS:
        times = 24.0 * np.arange(n)
        kind = made.Scenario("bed_occasions", {"AMT": 100.0}, tuple(times), tuple(times + 10), (), True)
        patient = made.design(kind, fit.model, [2.0] * n)
        found[n + 2] = ms(fit, patient, 4096)
    return [
        Row(
            f"condition, {', '.join(map(str, found))} random effects, a level an occasion",
            " / ".join(f"{value:.1f}" for value in found.values()) + " ms",
            "",
            "warm, CPU; 4,096 particles",
        )
    ]


def infused(fit: bd.Fit, levels: int) -> Study:
    """Return six infusions, and the typical patient's levels spread over three days."""
    rows = [{"TIME": 12.0 * k, "AMT": 1000.0, "RATE": 1000.0, "EVID": 1} for k in range(6)]
    rows += [
        {"TIME": 11.5 + 60.0 * k / levels, "AMT": 0.0, "RATE": 0.0, "EVID": 0, "DV": 15.0}
        for k in range(levels)
    ]
    table = pd.DataFrame(rows).assign(ID="1").sort_values("TIME", kind="stable")
    blank, compiled = bd.read_study(table, fit.model), compile_individual(fit.model)
    theta = {name: np.array([np.median(draws)]) for name, draws in fit.population_draws.items()}
    data = compiled.data(events(blank))
    typical = compiled.predict(theta, np.zeros((1, compiled.size(data))), data)[1][0]
    table.loc[table["EVID"] == 0, "DV"] = typical
    return bd.read_study(table, fit.model)


def ms(fit: bd.Fit, patient: Study, particles: int) -> float:
    """Return the milliseconds of a call."""
    return 1e3 * cpu_seconds(lambda: bd.condition(fit, patient, seed=2, particles=particles), repeats=15)


@numba.njit
def by_hand(theta_CL, theta_V, omega_CL, omega_V, sigma, z, weight, dose_time, dose, level_time, level):
    """Return the log-likelihood (particle,) of boluses into one compartment, proportional error."""
    out = np.zeros(len(z))
    for p in range(len(z)):
        V = theta_V[p] * weight * np.exp(omega_V[p] * z[p, 1])
        k = theta_CL[p] * weight * np.exp(omega_CL[p] * z[p, 0]) / V
        for j in range(len(level_time)):
            amount = 0.0
            for i in range(len(dose_time)):
                if dose_time[i] < level_time[j]:
                    amount += dose[i] * np.exp(-k * (level_time[j] - dose_time[i]))
            predicted = amount / V
            sd = sigma[p] * predicted
            out[p] -= 0.5 * ((level[j] - predicted) / sd) ** 2 + np.log(sd) + 0.9189385332046727
    return out


def density() -> Row:
    """Compare the compiled declaration with a hand-written kernel of the same density, us per particle."""
    fit, patient = neonate()
    compiled, n = compile_individual(fit.model), 16384
    data = compiled.data(events(patient))
    at = np.arange(n) % len(fit.population_draws["theta_CL"])
    theta = {name: values[at] for name, values in fit.population_draws.items()}
    z = 4.0 * qmc.Sobol(2, rng=np.random.default_rng(1)).random(n) - 2.0
    names = ("theta_CL", "theta_V", "omega_CL", "omega_V", "sigma_prop")
    weight = float(patient.records["WT"].iloc[0]) / 1.3
    doses, levels = patient.doses, patient.levels
    table = [
        t[c].to_numpy(float) for t, c in ((doses, "TIME"), (doses, "AMT"), (levels, "TIME"), (levels, "DV"))
    ]

    def hand() -> np.ndarray:
        return by_hand(*(theta[name] for name in names), z, weight, *table)

    np.testing.assert_allclose(compiled.loglik(theta, z, data), hand(), rtol=1e-9)
    ours = 1e6 * cpu_seconds(lambda: compiled.loglik(theta, z, data), repeats=31) / n
    theirs = 1e6 * cpu_seconds(hand, repeats=31) / n
    return Row(
        "density of 2 levels after the declaration, beside a hand-written numba kernel",
        f"{ours:.2f} and {theirs:.2f} us a particle: {ours / theirs:.1f} x",
        "<= 2.5 x",
        "16,384 particles; the hand-written one knows boluses into one compartment and nothing else",
    )


def batch() -> Row:
    """Time a thousand patients in one call."""
    made = made_by("bedsides")
    scenario = made.SCENARIOS["oral"]
    fit = made.made_fit(scenario)
    whole = pd.concat(
        [one.records.assign(ID=str(k)) for k, (one, _) in enumerate(made.patients(scenario, fit, BATCH, 1))],
        ignore_index=True,
    )
    study = Study(whole, fit.model.card)
    start = time.process_time()
    found = bd.condition_each(fit, study, seed=1)
    spent = time.process_time() - start
    refused = int((found["reason"] != "").sum())
    return Row(
        f"condition_each, {BATCH:,} patients, one process",
        f"{BATCH / spent:.0f} patients a CPU second",
        "",
        f"oral, 3 levels, 4,096 particles; every tenth 3.5 SDs out; {refused} refused",
    )
