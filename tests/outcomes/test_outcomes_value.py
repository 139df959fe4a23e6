"""Cost, burden and QALYs."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.errors import InputError

OPTIONS = xr.Dataset(
    coords={
        "option": ["no treatment", "500 mg x 4", "600 mg x 2"],
        "n_doses": ("option", [0, 4, 2]),
        "max_single": ("option", [0.0, 500.0, 600.0], {"units": "mg"}),
        "total_amount": ("option", [0.0, 2000.0, 1200.0], {"units": "mg"}),
    }
)


def test_costs_by_hand():
    found = bd.outcomes.cost(OPTIONS, "EUR", fixed=100, dose=5, amount=(10.0, "1 g"), vial=(7.0, "500 mg"))
    np.testing.assert_allclose(found, [0.0, 100 + 20 + 20 + 28, 100 + 10 + 12 + 28])
    assert found.attrs["units"] == "EUR"
    assert list(found["option"].to_numpy()) == list(OPTIONS["option"].to_numpy())


def test_burden_by_hand():
    np.testing.assert_allclose(bd.outcomes.burden(OPTIONS, dose=0.01, day=0.002, days=10), [0.0, 0.06, 0.04])


def test_qaly_annuity():
    """Reference case qaly-annuity: 0.8 for 10 years at 3.5 %, end of year; 8 undiscounted."""
    assert float(bd.outcomes.qaly(0.8, 10.0)) == pytest.approx(6.65328425806235, rel=1e-12)
    assert float(bd.outcomes.qaly(0.8, 10.0, discount=0.0)) == pytest.approx(8.0, rel=1e-12)


def test_the_timings_of_an_annuity_year_by_year():
    v = 1 / 1.05
    assert float(bd.outcomes.annuity(4.0, discount=0.05)) == pytest.approx(sum(v**k for k in range(1, 5)))
    mid = bd.outcomes.annuity(4.0, discount=0.05, timing="mid-year")
    assert float(mid) == pytest.approx(sum(v ** (k - 0.5) for k in range(1, 5)))
    t = np.linspace(0, 4, 40_001)
    area = np.trapezoid(v**t, t)
    assert float(bd.outcomes.annuity(4.0, discount=0.05, timing="continuous")) == pytest.approx(
        area, rel=1e-8
    )
    assert float(bd.outcomes.annuity(2.5, discount=0.05)) == pytest.approx(v + v**2 + 0.5 * v**2.5)


@given(st.floats(0.0, 80.0), st.floats(0.0, 0.2))
def test_timings_are_in_order_and_meet_without_discounting(years, discount):
    end, mid, smooth = (
        float(bd.outcomes.annuity(years, discount=discount, timing=timing))
        for timing in ("end of year", "mid-year", "continuous")
    )
    assert end <= mid * (1 + 1e-12) + 1e-12
    assert end <= smooth * (1 + 1e-9) + 1e-9 <= years * (1 + 1e-8) + 2e-9
    assert float(bd.outcomes.annuity(years, discount=0.0)) == years


def test_qaly_of_a_survival_time_in_draws():
    years = xr.DataArray([[0.0, 12.0]], dims=("draw", "option"), attrs={"units": "month"})
    np.testing.assert_allclose(bd.outcomes.qaly(1.0, years), [[0.0, 1 / 1.035]])


def test_qaly_of_a_course_is_the_area():
    t = np.linspace(0.0, 10.0, 2001)
    level = xr.DataArray(np.full(2001, 0.8), dims="time", coords={"time": t})
    constant = bd.outcomes.qaly_of_course(level)
    assert float(constant) == pytest.approx(float(bd.outcomes.qaly(0.8, 10.0, timing="continuous")), rel=1e-7)
    alive = xr.DataArray(np.exp(-0.1 * t), dims="time", coords={"time": t})
    force = 0.1 + np.log(1.035)
    expected = 0.8 * (1 - np.exp(-10 * force)) / force
    assert float(bd.outcomes.qaly_of_course(level, alive)) == pytest.approx(expected, rel=1e-6)


def test_what_comes_later_is_worth_less():
    cost = xr.DataArray([1000.0], dims="option", attrs={"units": "EUR", "long_name": "a dialysis"})
    found = bd.outcomes.discounted(cost, 2.0)
    assert float(found[0]) == pytest.approx(1000 / 1.035**2)
    assert found.attrs == {"units": "EUR", "long_name": "discounted a dialysis"}
    np.testing.assert_allclose(bd.outcomes.discounted(cost, "24 month"), found)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.outcomes.cost(OPTIONS.drop_vars("n_doses"), "EUR"),
        lambda: bd.outcomes.cost(OPTIONS, "EUR", dose=-1.0),
        lambda: bd.outcomes.cost(OPTIONS, "EUR", vial=(7.0, "500 mL")),
        lambda: bd.outcomes.cost(OPTIONS, "EUR", vial=(7.0, "0 mg")),
        lambda: bd.outcomes.cost(OPTIONS, "EUR", amount=7.0),
        lambda: bd.outcomes.cost(OPTIONS.drop_attrs(), "EUR", amount=(7.0, "1 g")),
        lambda: bd.outcomes.burden(OPTIONS, dose=float("inf")),
        lambda: bd.outcomes.qaly(1.2, 1.0),
        lambda: bd.outcomes.qaly(0.8, -1.0),
        lambda: bd.outcomes.qaly(0.8, 1.0, discount=-0.1),
        lambda: bd.outcomes.qaly(0.8, 1.0, timing="start"),
        lambda: bd.outcomes.qaly_of_course(xr.DataArray([0.8, 0.7], dims="time")),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
