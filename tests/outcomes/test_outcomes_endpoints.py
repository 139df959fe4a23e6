"""Neutrophils at their lowest, INR in range, classes, and changes that patients notice."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import bayesdose as bd
from bayesdose.errors import InputError

TIMES = [0.0, 1.0, 3.0, 4.0]
COURSE = xr.DataArray(
    [[[2.0, 4.0, 2.0, 2.0], [5.0, 5.0, 1.0, 0.4]]],
    dims=("draw", "option", "anc_time"),
    coords={"anc_time": TIMES},
    attrs={"units": "1e9/L"},
)


def test_nadir_and_its_time():
    found = bd.outcomes.nadir(COURSE)
    np.testing.assert_array_equal(found["nadir"], [[2.0, 0.4]])
    np.testing.assert_array_equal(found["time"], [[0.0, 4.0]])
    assert found["nadir"].attrs["units"] == "1e9/L"
    grade = bd.outcomes.neutropenia(found["nadir"])
    np.testing.assert_array_equal(grade, [[2, 0]])
    assert "grade 4" in grade.attrs["flag_meanings"]


def test_nadir_from_an_exposure_by_hand():
    auc = xr.DataArray([[0.0, 10.0, 1e9]], dims=("draw", "option"), attrs={"units": "mg*h/L"})
    found = bd.outcomes.neutrophil_nadir(auc, 6.0, "10 mg*h/L", 2.0, 0.9)
    np.testing.assert_allclose(found, [[6.0, 6 * (1 - 0.45), 0.6]], rtol=1e-9)


def test_inr_by_hand():
    activity = xr.DataArray([1.0, 0.5, 0.0], dims="draw")
    np.testing.assert_allclose(bd.outcomes.inr(activity, 1.0, 20.0, 3.0), [1.0, 3.5, 21.0])


def test_time_in_range_is_linear_between_the_times():
    """By hand: 2 to 4 over 1 d is inside 2-3 for half of it, 4 to 2 over 2 d for 1 d, level at 2 for 1 d."""
    found = bd.outcomes.time_in_range(COURSE, 2.0, 3.0)
    # second option: 5 to 1 over 2 d passes 3 to 2 in a quarter of it; nothing else
    np.testing.assert_allclose(found, [[(0.5 + 1.0 + 1.0) / 4, 0.5 / 4]])


@given(st.lists(st.floats(0.5, 6.0), min_size=2, max_size=6), st.floats(0.6, 3.0), st.floats(0.1, 3.0))
def test_time_below_in_and_above_a_range_is_all_time(levels, low, width):
    y = xr.DataArray(levels, dims="t", coords={"t": np.arange(len(levels), dtype=float)})
    high = low + width
    parts = [float(bd.outcomes.time_in_range(y, a, b)) for a, b in [(-1.0, low), (low, high), (high, 99.0)]]
    on_a_cut = sum(low == a == b or high == a == b for a, b in pairwise(levels))
    assert sum(parts) == pytest.approx(1.0 + on_a_cut / (len(levels) - 1), abs=1e-6)


def test_classes_their_shares_and_their_worth():
    trough = xr.DataArray(
        [[5.0, 12.0], [10.0, 21.0], [11.0, 30.0], [14.0, 15.0]],
        dims=("draw", "option"),
        attrs={"units": "mg/L"},
    )
    found = bd.outcomes.classes(trough, [10.0, 20.0], ["failure", "in target", "toxic"])
    shares = bd.outcomes.share(found)
    np.testing.assert_allclose(shares, [[0.25, 0.75, 0.0], [0.0, 0.5, 0.5]])
    assert list(shares["class"].to_numpy()) == ["failure", "in target", "toxic"]
    np.testing.assert_allclose(bd.outcomes.worth(found, [-1.0, 0.0, -3.0]).mean("draw"), [-0.25, -1.5])


def test_the_probability_of_a_meaningful_change():
    """Reference case pro-mid: change ~ N(6, 4^2) against a threshold of 5."""
    mean = xr.DataArray([[6.0]], dims=("draw", "option"))
    found = bd.outcomes.meaningful_change(mean, 5.0, error=4.0)
    assert float(found[0, 0]) == pytest.approx(0.5987063256829237, abs=1e-12)
    assert float(found[0, 0]) > 0.55  # treat, at a cost of 0.55
    draws = xr.DataArray(6 + 4 * norm.ppf((np.arange(4000) + 0.5) / 4000), dims="draw")
    assert float(bd.outcomes.meaningful_change(draws, 5.0).mean()) == pytest.approx(0.5987, abs=2e-4)
    assert float(bd.outcomes.meaningful_change(-draws, 5.0, better="lower").mean()) == pytest.approx(
        0.5987, abs=2e-4
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.outcomes.nadir(COURSE.isel(anc_time=0)),
        lambda: bd.outcomes.neutropenia(COURSE.assign_attrs(units="1/uL")),
        lambda: bd.outcomes.inr(COURSE, 1.0, 20.0, 3.0),
        lambda: bd.outcomes.time_in_range(COURSE, 3.0, 2.0),
        lambda: bd.outcomes.time_in_range(COURSE.assign_coords(anc_time=[0, 1, 1, 2]), 1.0, 2.0),
        lambda: bd.outcomes.classes(COURSE, [2.0, 1.0], ["a", "b", "c"]),
        lambda: bd.outcomes.classes(COURSE, [2.0], ["a", "a"]),
        lambda: bd.outcomes.classes(COURSE.where(COURSE > 1), [2.0], ["a", "b"]),
        lambda: bd.outcomes.share(COURSE),
        lambda: bd.outcomes.worth(bd.outcomes.classes(COURSE, [2.0], ["a", "b"]), [1.0]),
        lambda: bd.outcomes.meaningful_change(COURSE, 0.0),
        lambda: bd.outcomes.meaningful_change(COURSE, 1.0, better="up"),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
