"""Correlations of etas that are given as numbers."""

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.model.correlation import fixed_factors

CARD = bd.Card(drug="x", source="here")
TABLE = pd.DataFrame({"ID": "1", "TIME": [0, 2], "AMT": [100, 0], "EVID": [1, 0], "DV": [0, 4.0]})
SD = {"CL": 0.3, "V": 0.2, "ka": 0.5, "F": 0.1}


def declared(**options):
    with bd.population_model(bd.read_study(TABLE, CARD), CARD) as m:
        eta = bd.eta(SD, **options)
        typical = {"CL": 3.0, "V": 20.0, "ka": 1.0, "F": 0.5}
        own = {name: bd.parameter(name, value, eta[name]) for name, value in typical.items()}
        bd.observe("DV", bd.one_compartment(**own), error=bd.proportional(0.2))
    return m


def etas(made, z):
    at = pm.do(made, {"z": np.asarray(z)[None]})
    return np.array([at[f"eta_{name}"].eval()[0] for name in SD])


def test_etas_have_the_covariance_that_is_given():
    rho = {("CL", "ka"): -0.4, ("V", "CL"): 0.7, ("V", "ka"): 0.1}
    made = declared(correlation=rho)
    J = np.column_stack([etas(made, row) for row in np.eye(4)])
    sd = np.array(list(SD.values()))
    R = np.array([[1, 0.7, -0.4, 0], [0.7, 1, 0.1, 0], [-0.4, 0.1, 1, 0], [0, 0, 0, 1]])
    np.testing.assert_allclose(J @ J.T, R * np.outer(sd, sd), atol=1e-14)
    assert [v.name for v in made.free_RVs] == ["z"]
    assert made.declaration.fixed["rho_V_CL"] == 0.7


def test_the_others_may_be_correlated_with_a_prior():
    made = declared(correlation={("CL", "V"): 0.5}, correlated=[("ka", "F")])
    assert {v.name for v in made.free_RVs} == {"z", "partial_ka_F"}
    assert {v.name for v in declared(correlation={("CL", "V"): 0.5}, correlated=True).free_RVs} == {
        "z",
        "partial_ka_F",
    }


def test_blocks_are_what_is_linked():
    found = fixed_factors(list("abcde"), {("e", "a"): 0.5, ("c", "b"): 0.3, ("a", "d"): 0.2})
    assert list(found) == [("a", "d", "e"), ("b", "c")]
    L = np.zeros((3, 3))
    L[np.tril_indices(3)] = np.concatenate(found["a", "d", "e"])
    np.testing.assert_allclose(L @ L.T, [[1, 0.2, 0.5], [0.2, 1, 0], [0.5, 0, 1]], atol=1e-15)
    assert fixed_factors(["a"], {}) == {}


@pytest.mark.parametrize(
    ("correlation", "words"),
    [
        ({("CL", "v"): 0.5}, "meant: V"),
        ({("CL", "CL"): 0.5}, "not of pairs"),
        ({("CL", "V"): 0.5, ("V", "CL"): 0.5}, "a pair twice"),
        ({("CL", "V"): 1.0}, "between -1 and 1"),
        ({("CL", "V"): 0.9, ("CL", "ka"): 0.9}, "contradict"),
    ],
)
def test_what_is_no_correlation(correlation, words):
    with pytest.raises(InputError, match=f"(?i){words}"):
        declared(correlation=correlation)
