"""Outcomes of patients side by side."""

import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.errors import InputError


def outcome(values, amount=10.0, draws=(0, 1), options=("none", "a")):
    return xr.Dataset(
        {"auc24": (("draw", "option"), np.array(values, dtype=float), {"units": "mg*h/L"})},
        coords={
            "option": list(options),
            "population_draw": ("draw", list(draws)),
            "particle": ("draw", list(draws)),
            "n_doses": ("option", [0, 3]),
            "total_amount": ("option", [0.0, amount], {"units": "mg"}),
        },
        attrs={"drug": "x", "cov_WT": amount},
    )


def test_patients_of_one_population():
    found = bd.economics.population({"1": outcome([[0, 1], [0, 3]]), "2": outcome([[0, 5], [0, 7]], 20.0)})
    assert found["auc24"].sel(subject="2", option="a").to_numpy().tolist() == [5.0, 7.0]
    assert found["auc24"].attrs["units"] == "mg*h/L"
    assert found.attrs == {"drug": "x", "paired": "by population draw"}
    assert found["n_doses"].dims == ("option",)
    assert found["total_amount"].sel(subject="2").to_numpy().tolist() == [0.0, 20.0]
    assert found["population_draw"].dims == ("draw",)
    cost = bd.outcomes.cost(found, "EUR", amount=(2.0, "1 mg"))
    np.testing.assert_allclose(cost.sel(option="a"), [20.0, 40.0])
    choice = bd.decide(found[["auc24"]].mean("subject"), lambda o: o.auc24)
    assert choice.best == "a"


def test_draws_of_other_populations_are_said_to_be_apart():
    found = bd.economics.population(
        {"1": outcome([[0, 1], [0, 3]]), "2": outcome([[0, 5], [0, 7]], draws=(1, 0))}
    )
    assert found.attrs["paired"].startswith("no")
    assert "population_draw" not in found.coords


@pytest.mark.parametrize(
    "other",
    [
        outcome([[0, 1], [0, 3]], options=("none", "b")),
        outcome([[0, 1], [0, 3], [0, 4]], draws=(0, 1, 2)),
        outcome([[0, 1], [0, 3]]).rename(auc24="trough"),
        outcome([[0, 1], [0, 3]]).isel(draw=0),
        3,
    ],
)
def test_patients_that_do_not_compare_are_refused(other):
    with pytest.raises(InputError):
        bd.economics.population({"1": outcome([[0, 1], [0, 3]]), "2": other})
