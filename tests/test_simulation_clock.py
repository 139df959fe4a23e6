"""When of the day: a circadian clearance and a circadian harm, options that begin at other hours."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesdose as bd

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def me():
    model = bd.load_model("synthetic_chronotherapy")
    fit = bd.prior_fit(model, seed=1, draws=400)
    table = pd.DataFrame([{"ID": 1, "TIME": 0.0, "AMT": ".", "EVID": 2, "DV": "."}])
    return bd.condition(fit, bd.read_study(table, model), seed=2, draws=60)


def outcome(me, hours):
    """Mean harm over the same three days of options that begin at these hours; time 0 is midnight."""
    starts = [f"{int(h):02d}:{round(60 * (h % 1)):02d}" for h in hours]
    options = bd.regimens("120 mg every 24 h x 6", after=me.patient, start=starts, now="00:00")
    harm = bd.average(start=48, end=120, dvid=2)
    return bd.simulate(me, options, {"harm": harm}).isel(option=slice(1, None))


def utility(o):
    return -100 * o.harm


def test_eight_hours_tell_the_others(me):
    eight = bd.decide(outcome(me, np.arange(0, 24, 3.0)), utility)
    found = bd.best_time_of_day(eight)
    assert found.resolved
    assert np.isfinite(found.gain_mcse)
    others = np.array([1.5, 7.0, 13.25, 20.5])
    expected = utility(outcome(me, others)).mean("draw").to_numpy()
    np.testing.assert_allclose(found.at(others), expected, atol=0.02 * (found.utility - found.worst_utility))
    here = outcome(me, [round(4 * found.best) / 4, round(4 * found.worst) / 4])
    best, worst = utility(here).mean("draw").to_numpy()
    assert best > expected.max()
    assert worst < expected.min()
    # the tissue is most sensitive at 4 in the morning: concentrations are highest just after a dose
    assert 4 < found.best < 16


def test_the_gain_is_within_patients(me):
    eight = bd.decide(outcome(me, np.arange(0, 24, 3.0)), utility)
    found = bd.best_time_of_day(eight)
    U = eight.U.to_numpy()
    k = int(np.argmax(U.mean(axis=0)))
    gain = U[:, k] - U.mean(axis=1)
    assert found.gain_mcse == pytest.approx(gain.std(ddof=1) / np.sqrt(len(U)), rel=0.25)
    one = xr.DataArray(U.mean(axis=0), dims="option", coords={"time_of_day": eight.table["time_of_day"]})
    assert bd.best_time_of_day(one).best == pytest.approx(found.best)
