"""Full posteriors of published cases against NUTS on the one-patient model.

case_posteriors.json has mean, SD, 5 and 95 % limit and effective draws of each standard-normal random effect:
four chains of nutpie on what `bayesdose.model.build` declares for the patient, with its own gradient. Neither
the proposal of `condition` nor its weights are in it.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import events

HERE = Path(__file__).parent
TESTS = HERE.parent
CASES = json.loads((TESTS / "reference" / "individual_cases.json").read_text())["cases"]
NUTS = json.loads((HERE / "case_posteriors.json").read_text())["cases"]
SPECS = {"theo_9": "theophylline", "piperacillin": "piperacillin"}


def rows(doses, obs, **columns):
    doses = pd.DataFrame(doses).assign(evid=1)
    doses["rate"] = doses["amt"] / doses["dur"] if "dur" in doses else 0
    made = pd.concat([pd.DataFrame(obs).assign(evid=0, rate=0), doses]).sort_values("time", kind="stable")
    made = made.drop(columns=["cmt", "dur", "note"], errors="ignore").assign(ID=1, **columns)
    return made.rename(columns=str.upper)


def table(name):
    if name == "theo_9":
        case = CASES["tdmore_theophylline_12_subjects"]
        return rows(case["doses"], case["subjects"][8]["obs"])
    case = CASES["posologyr_piperacillin_iov_monolix"]
    return rows(case["doses"], case["obs"], **case["covariates"])


def in_order(me, reference):
    """Return the reference's rows in the order of `Draws.latents`."""
    names = sorted(reference, key=lambda key: int(key.rpartition("_")[2]))
    order = list(me.compiled.latents)
    return np.array([reference[key] for part in order for key in names if key.rpartition("_")[0] == part])


@pytest.mark.parametrize("name", NUTS)
def test_the_posterior_is_that_of_nuts(name):
    fit = bd.fixed(bd.load_model(TESTS / "specs" / f"case_{SPECS[name]}.py"))
    study = bd.read_study(table(name), fit.model)
    me = bd.condition(fit, study, seed=1, precision="tails", draws=16000)
    z = me.latents(me.compiled.data(events(study)))
    mean, sd, low, high, ess = in_order(me, NUTS[name]["z"]).T
    n = 1 / (1 / me.diagnostics.ess + 1 / ess)
    assert np.all(np.abs(z.mean(axis=0) - mean) < 4 * sd / np.sqrt(n))
    assert np.all(np.abs(z.std(axis=0) / sd - 1) < 0.05)
    # the standard error of a 5 % limit of a normal posterior is 2.11 SDs over the root of n
    for limit, p in ((low, 0.05), (high, 0.95)):
        assert np.all(np.abs(np.quantile(z, p, axis=0) - limit) < 4 * 2.11 * sd / np.sqrt(n) + 0.03 * sd)
