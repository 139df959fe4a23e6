"""The best time of day, against sums of phasors."""

import numpy as np
import pytest
import synthetic_outcome as made
import xarray as xr

import bayesdose as bd
from bayesdose.decision import best_time_of_day, decide

W = 2 * np.pi / 24


def chronotherapy(hour):
    """chronotherapy-phasor of the reference cases: benefit and harm with phases of their own."""
    return (1 + 0.3 * np.cos(W * (hour - 8))) - (0.5 + 0.2 * np.cos(W * (hour - 14)))


def test_two_phasors():
    found = best_time_of_day(chronotherapy)
    assert found.best == pytest.approx(5.753995498268014, abs=1e-9)
    assert found.utility == pytest.approx(0.860555127546399, abs=1e-9)
    assert found.worst == pytest.approx(17.753995498268015, abs=1e-9)
    assert found.mean == pytest.approx(0.5, abs=1e-9)
    assert found.resolved
    assert "best time    05:45: expected utility 0.8606" in str(found)


def options(hours, U, **coords):
    return made.of_utilities(
        U,
        [f"10 mg at {h:g} h" for h in hours],
        kind=("option", ["candidate"] * len(hours)),
        time_of_day=("option", np.asarray(hours, float)),
        **coords,
    )


@pytest.mark.parametrize("first", [0.0, 1.25])
@pytest.mark.parametrize("n", [4, 5, 8])
def test_a_few_hours_are_enough_for_cosines(n, first):
    hours = np.roll(first + np.arange(n) * 24 / n, 2)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((50, 1))
    outcome = options(hours, chronotherapy(hours)[None] + noise)
    choice = decide(outcome, made.u)
    found = best_time_of_day(choice)
    assert found.best == pytest.approx(5.753995498268014, abs=1e-9)
    assert found.utility - found.mean == pytest.approx(0.360555127546399, abs=1e-9)
    assert found.gain_mcse == pytest.approx(0, abs=1e-12)  # what all hours share says nothing of the gain
    assert found.at(10.0) == pytest.approx(chronotherapy(10.0) + noise.mean(), abs=1e-9)
    assert found.loss(found.best) == pytest.approx(0, abs=1e-12)


def test_the_error_of_the_gain_is_that_of_many_samples():
    rng, hours = np.random.default_rng(2), np.arange(6) * 4.0

    def sample(draws):
        phase = rng.normal(8, 2, (draws, 1))
        return np.cos(W * (hours - phase))

    U = xr.DataArray(sample(400), dims=("draw", "option"), coords={"time_of_day": ("option", hours)})
    one = best_time_of_day(U)
    gains = [
        best_time_of_day(
            xr.DataArray(sample(400), dims=("draw", "option"), coords={"time_of_day": ("option", hours)})
        ).utility
        for _ in range(200)
    ]
    assert one.gain_mcse == pytest.approx(np.std(gains), rel=0.35)


def test_an_arc_goes_round_midnight():
    found = best_time_of_day(lambda h: np.cos(W * (h - 23.5)), indifference=1.001 * (1 - np.cos(W * 2)))
    assert found.best == pytest.approx(23.5, abs=1e-9)
    ((start, end),) = found.near_optimal
    assert (start, end) == (pytest.approx(21.5, abs=0.02), pytest.approx(25.5, abs=0.02))
    assert "21:30 to 01:30" in str(found)


def test_two_peaks_and_a_flat_day():
    found = best_time_of_day(lambda h: np.cos(2 * W * (h - 3)) + 0.01 * np.cos(W * (h - 15)))
    assert found.best == pytest.approx(15, abs=1e-6)
    assert len(found.near_optimal) == 2
    assert found.near_optimal[0][0] < 15 < found.near_optimal[0][1]
    flat = best_time_of_day(lambda h: 0 * h + 2)
    assert flat.utility == flat.mean == 2
    assert flat.near_optimal == ((0.0, 24.0),)


def test_a_step_is_told_to_need_more_hours():
    hours = np.arange(8) * 3.0
    U = xr.DataArray((hours < 12).astype(float), dims="option", coords={"time_of_day": ("option", hours)})
    found = best_time_of_day(U)
    assert not found.resolved
    assert "ask for more" in str(found)
    assert np.isnan(found.gain_mcse)


def test_only_options_that_differ_in_the_hour_alone_are_compared():
    hours, amount = np.tile(np.arange(4) * 6.0, 2), np.repeat([5.0, 10.0], 4)
    U = np.where(amount == 10, chronotherapy(hours), 0.1 * chronotherapy(hours - 6))[None].repeat(3, axis=0)
    outcome = made.of_utilities(
        U,
        [f"{a:g} mg at {h:g} h" for a, h in zip(amount, hours, strict=True)],
        kind=("option", ["candidate"] * 8),
        time_of_day=("option", hours),
        amount=("option", amount),
    )
    assert best_time_of_day(decide(outcome, made.u, complete=["amount"])).best == pytest.approx(
        5.753995498268014, abs=1e-9
    )


@pytest.mark.parametrize(
    ("hours", "said"),
    [([0.0, 12.0], "three or more"), ([0.0, 6.0, 13.0], "equally spaced"), ([0.0, 8.0, 16.0], "not finite")],
)
def test_what_cannot_be_put_on_a_circle(hours, said):
    values = np.full(len(hours), np.nan)
    U = xr.DataArray(values, dims="option", coords={"time_of_day": ("option", hours)})
    with pytest.raises(bd.InputError, match=said):
        best_time_of_day(U)


def test_what_has_no_hours():
    with pytest.raises(bd.InputError, match="time of day"):
        best_time_of_day(decide(made.of_utilities(made.TOY, made.TOY_OPTIONS), made.u))
    with pytest.raises(bd.InputError, match="one finite number for each hour"):
        best_time_of_day(lambda h: 1.0)
    with pytest.raises(bd.InputError, match="period"):
        best_time_of_day(chronotherapy, period=0)
