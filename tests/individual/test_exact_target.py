"""Conditioning against its exact target: NUTS on the other 58 neonates *plus* the patient's first level.

For each of ten neonates two seeded fits are made: of the 58 others (what `condition` starts from), and of
the 58 others with the patient's first level added (the posterior that `condition` approximates).
"""

import numpy as np
import nutpie
import pandas as pd
import pytest
import xarray as xr
from arviz_stats import ess, mcse

import bayesdose as bd
from bayesdose.fitting import Fit
from bayesdose.fitting.nuts import Sampler, compile_nuts
from bayesdose.model import build, data_values, names_of_population
from bayesdose.study import Study, events

NEONATES = ("4", "9", "14", "18", "20", "24", "25", "36", "48", "50")
SAMPLER = Sampler(draws=1500)


class Nuts:
    """Fits of one model to studies with the same number of subjects; compiled once."""

    def __init__(self, model: object, study: Study) -> None:
        declared = build(model, study)
        self.population = names_of_population(declared)
        self.compiled = compile_nuts(declared)

    def __call__(self, study: Study, seed: int) -> xr.Dataset:
        data = {k: v for k, v in data_values(events(study)).items() if k in self.shared}
        compiled = self.compiled.with_data(**data)
        trace = nutpie.sample(
            compiled, draws=SAMPLER.draws, seed=seed, target_accept=0.9, progress_bar=False, chains=4
        )
        assert int(trace["sample_stats"]["diverging"].sum()) <= 4
        return trace["posterior"].to_dataset()

    @property
    def shared(self) -> set[str]:
        return {variable.name for variable in self.compiled.shared_var_keys}


@pytest.fixture(scope="module")
def without(phenobarbital, neonates):
    return Nuts(phenobarbital, neonates.drop(NEONATES[0]))


@pytest.fixture(scope="module")
def with_first_level(phenobarbital, neonates):
    return Nuts(phenobarbital, neonates)


def last(study: Study, patient: Study) -> Study:
    """The study with the patient's records put at the end."""
    records = pd.concat([study.records, patient.records], ignore_index=True)
    return Study(records, study.card)


@pytest.mark.slow
@pytest.mark.parametrize("neonate", NEONATES)
def test_means_and_sds_are_those_of_the_joint_fit(
    phenobarbital, neonates, without, with_first_level, neonate
):
    others, patient = neonates.drop(neonate), neonates.select(neonate).first_levels(1)
    posterior = without(others, seed=11)
    record = {"population": without.population, "checks": [], "data": {"levels": []}}
    fit = Fit(phenobarbital, xr.DataTree.from_dict({"posterior": posterior}), record)
    exact = with_first_level(last(others, patient), seed=12)
    me = bd.condition(fit, patient, seed=3, particles=16_384, draws=16_384)  # none of the ten is refused
    for name in ("CL", "V"):
        compare(me, exact[name][..., -1], posterior[f"theta_{name}"], name)


def compare(me, exact, theta, name):
    """Compare mean and sd within 4 combined Monte Carlo errors; the mean also within 0.1 sd."""
    found, sd = me.data[name].to_numpy(), float(exact.std(ddof=1))
    particles = me.diagnostics.ess
    # the population draws are themselves a finite chain: what the patient's mean inherits from theta
    slope = np.polyfit(me.data[f"theta_{name}"].values, found, 1)[0]
    inherited = slope * float(theta.std()) / np.sqrt(float(ess(theta)))
    error = np.sqrt(sd**2 / particles + inherited**2 + float(mcse(exact, method="mean")) ** 2)
    difference = abs(found.mean() - float(exact.mean()))
    assert difference <= 4 * error
    assert difference < 0.1 * sd
    error = np.sqrt(sd**2 / (2 * particles) + float(mcse(exact, method="sd")) ** 2)
    assert abs(found.std(ddof=1) - sd) <= 4 * error
