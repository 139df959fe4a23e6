"""What `map_estimate` returns besides the mode: errors, predictions, objective, words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesdose as bd
from bayesdose.errors import InputError, Refused

SPECS = Path(__file__).parents[1] / "specs"


def spec(name):
    return bd.load_model(SPECS / f"{name}.py")


def patient(model, **columns):
    return bd.read_study(pd.DataFrame({"ID": "1", **columns}).astype(str), model)


OCCASIONS = {
    "TIME": [0, 3, 12, 48, 50, 60],
    "AMT": [100, 0, 0, 100, 0, 0],
    "EVID": [1, 0, 0, 1, 0, 0],
    "DV": [0, 2.6, 0.5, 0, 4.2, 2.3],
    "OCC": [1, 1, 1, 2, 2, 2],
}
TIMES, LEVELS, SIGMA = np.array([3.0, 12.0, 50.0, 60.0]), np.array([2.6, 0.5, 4.2, 2.3]), 0.15


@pytest.fixture(scope="module")
def occasions():
    model = spec("two_occasions")
    return bd.map_estimate(model, patient(model, **OCCASIONS))


def minus_log(eta, kappa_1, kappa_2):
    """-log p(levels, eta, kappas) of the spec two_occasions, written out; and the predictions."""
    k1, k2 = (3 * np.exp(eta + kappa) / 20 for kappa in (kappa_1, kappa_2))
    left = 5 * np.exp(-12 * k1 - 36 * k2)
    f = np.array([5 * np.exp(-3 * k1), 5 * np.exp(-12 * k1), *((left + 5) * np.exp(-np.array([2, 12]) * k2))])
    prior = stats.norm(0, [0.4, 0.3, 0.3]).logpdf([eta, kappa_1, kappa_2]).sum()
    return -stats.norm(f, SIGMA * f).logpdf(LEVELS).sum() - prior, f


def hessian(at, h=1e-4):
    moved = h * np.eye(3)
    return np.array(
        [
            [
                sum(s * t * minus_log(*(at + s * a + t * b))[0] for s in (1, -1) for t in (1, -1))
                / (4 * h**2)
                for a in moved
            ]
            for b in moved
        ]
    )


def test_occasions_errors_and_objective_are_those_written_out(occasions):
    at = np.array([occasions.eta["CL"], occasions.kappa["CL"][1], occasions.kappa["CL"][2]])
    value, f = minus_log(*at)
    for step in 1e-3 * np.vstack([np.eye(3), -np.eye(3)]):
        assert minus_log(*(at + step))[0] > value
    assert occasions.covariance.dims == ("effect", "effect_other")
    assert occasions.covariance["effect"].to_numpy().tolist() == ["eta_CL", "kappa_CL_1", "kappa_CL_2"]
    np.testing.assert_allclose(occasions.covariance, np.linalg.inv(hessian(at)), rtol=1e-4, atol=1e-7)
    of_z = 2 * value - 2 * np.log([0.4, 0.3, 0.3]).sum()  # the density of eta to that of z
    assert occasions.objective == pytest.approx(of_z, rel=1e-9)
    assert occasions.constant == pytest.approx(7 * np.log(2 * np.pi))
    weighted = ((LEVELS - f) / (SIGMA * f)) ** 2 + np.log((SIGMA * f) ** 2)
    quadratic = np.sum((at / [0.4, 0.3, 0.3]) ** 2)
    assert occasions.objective - occasions.constant == pytest.approx(weighted.sum() + quadratic, rel=1e-9)
    assert occasions.predictions["individual"].to_numpy() == pytest.approx(f, rel=1e-9)
    assert occasions.predictions["typical"].to_numpy() == pytest.approx(minus_log(0, 0, 0)[1], rel=1e-9)
    assert occasions.predictions["time"].to_numpy().tolist() == TIMES.tolist()
    assert occasions.converged
    assert not occasions.floored
    assert occasions.gradient < 1e-6


def test_parameters_are_by_occasion_where_they_vary(occasions):
    CL, se = occasions.parameters["CL"], occasions.standard_errors["CL"]
    assert CL.dims == se.dims == ("occasion",)
    assert CL["occasion"].to_numpy().tolist() == [1, 2]
    for occasion in (1, 2):
        both = ["eta_CL", f"kappa_CL_{occasion}"]
        variance = occasions.covariance.sel(effect=both, effect_other=both).to_numpy().sum()
        expected = 3 * np.exp(occasions.eta["CL"] + occasions.kappa["CL"][occasion])
        assert float(CL.sel(occasion=occasion)) == pytest.approx(expected)
        assert float(se.sel(occasion=occasion)) == pytest.approx(expected * np.sqrt(variance), rel=1e-6)
    assert float(occasions.parameters["V"]) == 20.0
    assert float(occasions.standard_errors["V"]) == 0.0


def test_errors_say_what_they_are(occasions):
    for made in (occasions.standard_errors, occasions.covariance):
        assert "ignores the population's uncertainty" in made.attrs["what"]
    text = str(occasions)
    assert "ignores the population's uncertainty" in text
    assert "kappa_CL_2" in text
    assert "CL occasion 2" in text
    assert "warning" not in text


def test_without_levels_the_mode_is_the_typical_patient():
    model = spec("mapbayr_run001")
    found = bd.map_estimate(model, patient(model, TIME=[0], AMT=[100], EVID=[1], DV=["."]))
    assert found.eta == pytest.approx({"CL": 0.0, "V": 0.0, "ka": 0.0}, abs=1e-8)
    assert float(found.standard_errors["eta_CL"]) == pytest.approx(0.2**0.5, rel=1e-6)
    assert float(found.standard_errors["V"]) == pytest.approx(70 * 0.2**0.5, rel=1e-6)
    assert found.objective == pytest.approx(found.constant)


def test_the_likeliest_subpopulation():
    model = spec("two_kinds_of_people")
    rows = {"TIME": [0, 6, 30], "AMT": [100, 0, 0], "EVID": [1, 0, 0], "CENS": 0, "WT": 70}
    slow = bd.map_estimate(model, patient(model, **rows, DV=[0, 3.7, 1.1]))
    fast = bd.map_estimate(model, patient(model, **rows, DV=[0, 1.5, 0.02]))
    assert (slow.subpopulation, fast.subpopulation) == ("slow", "fast")
    assert float(slow.parameters["CL"]) < 1.5 < 3 < float(fast.parameters["CL"])
    assert "likeliest subpopulation: slow" in str(slow)


def test_a_fit_gives_the_mean_of_its_draws(stored_fit, neonates):
    one = neonates.select("18")
    found = bd.map_estimate(stored_fit.model, one, stored_fit)
    draws = stored_fit.population_draws
    assert found.theta == pytest.approx({name: np.exp(np.log(v).mean()) for name, v in draws.items()})
    again = bd.map_estimate(stored_fit.model, one, found.theta)
    assert again.eta == pytest.approx(found.eta, abs=1e-9)
    assert "posterior mean" in str(found)
    assert "as given" in str(again)
    # a rough agreement with the posterior, whose spread it does not have
    me = bd.condition(stored_fit, one, seed=1)
    CL, sd = float(me.data["CL"].mean()), float(me.data["CL"].std())
    assert abs(float(found.parameters["CL"]) - CL) < sd


def test_what_is_refused(stored_fit, phenobarbital, neonates):
    model = spec("mapbayr_run001")
    one = neonates.select("18")
    with pytest.raises(InputError, match="one patient"):
        bd.map_estimate(phenobarbital, neonates, stored_fit)
    with pytest.raises(InputError, match=r"nothing for .*theta_CL"):
        bd.map_estimate(phenobarbital, one)
    values = {name: 1.0 for name in stored_fit.population_draws if name != "theta_CL"}
    with pytest.raises(InputError, match=r"Came: theta_Cl\. .*meant: theta_CL"):
        bd.map_estimate(phenobarbital, one, {**values, "theta_Cl": 1.0})
    table = {"TIME": [0, 1], "AMT": [100, 0], "EVID": [1, 0], "DV": [0, 1]}
    with pytest.raises(InputError, match="another model"):
        bd.map_estimate(model, patient(model, **table), stored_fit)
    early = patient(model, **table | {"EVID": [0, 1], "AMT": [0, 100], "DV": [1, 0]})
    with pytest.raises(Refused, match="impossible"):
        bd.map_estimate(model, early)
