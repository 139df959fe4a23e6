"""Utilities that cannot be used, outcomes that are none: each is said in the house's words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from synthetic_outcome import TOY, TOY_OPTIONS, of_utilities, u

from bayesdose.decision import decide
from bayesdose.errors import InputError

OUTCOME = of_utilities(TOY, TOY_OPTIONS)
WRONG: dict[str, tuple[Callable[[xr.Dataset], object], str]] = {
    "numpy": (lambda o: o.u.to_numpy(), r"Came: ndarray of shape \(5, 3\)"),
    "number": (lambda o: 1.0, "Came: float"),
    "None": (lambda o: None, "Came: NoneType"),
    "Dataset": (lambda o: o, "Came: Dataset"),
    "no dims": (lambda o: o.u.mean(), "Came: no dims"),
    "extra dim": (lambda o: o.u.expand_dims(time=4), r"time \(4\).*reduce time to one number"),
    "text": (lambda o: o.u.astype(str), "dtype <U"),
    "complex": (lambda o: o.u.astype(complex), "dtype complex128"),
    "dropped option": (lambda o: o.u.isel(option=[0, 1]), "the 3 options of the outcome"),
    "dropped draw": (lambda o: o.u.isel(draw=[0, 1]), "the 5 draws of the outcome"),
    "other options": (lambda o: o.u.assign_coords(option=["a", "b", "c"]), "the 3 options of the outcome"),
    "NaN": (lambda o: o.u.where(o.u > -0.3), "'intensive' is not a finite number. Came: nan in 1 of 5 draws"),
    "inf": (lambda o: o.u / (o.option != "nothing"), "'nothing' is not a finite number"),
    "too large": (lambda o: o.u * 1e200, "'standard' is not a finite number. Came: 5.9"),
    "minus inf": (lambda o: xr.where(o.u < 0, -np.inf, o.u), "Came: -inf in 1 of 5 draws, 2 option"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_utilities_that_are_refused(wrong: str) -> None:
    function, said = WRONG[wrong]
    with pytest.raises(InputError, match=said):
        decide(OUTCOME, function)  # type: ignore[arg-type]


def test_a_variable_that_is_not_there_is_named() -> None:
    for absent in (lambda o: o.uu, lambda o: o["uu"]):
        with pytest.raises(InputError, match=r"no variable 'uu'\. Expected: u\. Probably meant: u"):
            decide(OUTCOME, absent)
    with pytest.raises(AttributeError, match="nonsense"):
        decide(OUTCOME, lambda o: o.u.nonsense)
    with pytest.raises(KeyError, match="a"):
        decide(OUTCOME, lambda o: {}["a"])


def test_a_utility_is_a_function() -> None:
    with pytest.raises(InputError, match="Came: DataArray"):
        decide(OUTCOME, OUTCOME.u)


def test_booleans_and_integers_are_cast() -> None:
    choice = decide(OUTCOME, lambda o: o.u > 0.45)
    assert choice.table.expected_utility.to_numpy().tolist() == [0.6, 0.8, 0.0]
    assert decide(OUTCOME, lambda o: (10 * o.u).round().astype(np.int16)).best == "intensive"
    assert decide(OUTCOME, lambda o: o.u.astype(np.float32)).U.dtype == np.float64


def test_a_lacking_dim_is_broadcast() -> None:
    by_option = decide(OUTCOME, lambda o: o.u.max("draw"))
    assert by_option.table.expected_utility.to_numpy() == pytest.approx([0.7, 0.9, 0.0])
    assert by_option.table.mcse.to_numpy().max() == pytest.approx(0)
    by_draw = decide(OUTCOME, lambda o: o.u.max("option"))
    assert by_draw.U.shape == (5, 3)
    assert by_draw.evpi == 0


def test_the_order_of_dims_and_options_does_not_matter() -> None:
    plain = decide(OUTCOME, u)
    turned = decide(OUTCOME, lambda o: o.u.T)
    sorted_ = decide(OUTCOME, lambda o: o.u.sortby("option"))
    assert plain.table.identical(turned.table)
    assert plain.table.identical(sorted_.table)


def test_options_without_labels_get_numbers() -> None:
    assert decide(OUTCOME.drop_vars("option"), u).best == "1"


def bad_outcomes() -> dict[str, tuple[object, str]]:
    twice = of_utilities(TOY, ["a", "b", "a"])
    holes = of_utilities(np.where(np.array(TOY) < 0, np.nan, TOY), TOY_OPTIONS)
    return {
        "array": (OUTCOME.u, "Came: DataArray"),
        "no option": (OUTCOME.isel(option=0), r"Came: draw \(5\)"),
        "no draws": (OUTCOME.isel(draw=[]), r"draw \(0\)"),
        "same label": (twice, "Came: 'a'"),
        "missing": (holes, r"'u' has missing values. Came: 2 NaN \(option 'standard', 'intensive'\)"),
        "particle floats": (OUTCOME.assign_coords(particle=("draw", np.zeros(5))), "one integer per draw"),
        "particle by option": (OUTCOME.assign_coords(particle=("option", [1, 2, 3])), "one integer per draw"),
    }


@pytest.mark.parametrize("wrong", bad_outcomes())
def test_outcomes_that_are_refused(wrong: str) -> None:
    outcome, said = bad_outcomes()[wrong]
    with pytest.raises(InputError, match=said):
        decide(outcome, lambda o: o.u)  # type: ignore[arg-type]
