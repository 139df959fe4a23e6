"""AUC over MIC, free fractions and the fraction of pathogens reached."""

import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.errors import InputError

AUC = xr.DataArray(
    [[200.0, 400.0], [300.0, 600.0]], dims=("draw", "option"), attrs={"units": "mg*h/L", "long_name": "AUC24"}
)


@pytest.mark.parametrize(
    ("unit", "mic", "expected"),
    [
        ("mg*h/L", "0.5 mg/L", 800.0),
        ("mg*h/L", 0.5, 800.0),
        ("ug*h/mL", "500 ug/L", 800.0),
        ("ng*h/mL", "0.5 mg/L", 0.8),
        ("mg*day/L", "1 mg/L", 400.0),
        ("umol*h/L", "2 umol/L", 200.0),
    ],
)
def test_auc_over_mic_minds_the_units(unit, mic, expected):
    found = bd.outcomes.auc_over_mic(AUC.assign_attrs(units=unit), mic)
    assert float(found[0, 1]) == pytest.approx(expected, rel=1e-12)
    assert found.attrs["units"] == ("day" if "day" in unit else "h")


def test_the_free_fraction_scales_and_is_named():
    found = bd.outcomes.auc_over_mic(AUC, "1 mg/L", 0.5)
    np.testing.assert_allclose(found, AUC / 2)
    assert found.attrs["long_name"] == "fAUC/MIC"
    fu = xr.DataArray([0.1, 0.2], dims="draw")
    free = bd.outcomes.free(AUC, fu)
    np.testing.assert_allclose(free, [[20.0, 40.0], [60.0, 120.0]])
    assert free.attrs == {"units": "mg*h/L", "long_name": "free AUC24"}


def test_fraction_of_response_by_hand():
    # 400 mg*h/L reaches a ratio of 400 up to an MIC of 1, 200 up to 0.5, 600 up to 1, 300 up to 0.5
    found = bd.outcomes.fraction_of_response(AUC, {"0.5 mg/L": 30, "1 mg/L": 50, "2 mg/L": 20}, 400.0)
    np.testing.assert_allclose(found, [[0.3, 0.8], [0.3, 0.8]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.outcomes.auc_over_mic(AUC.drop_attrs(), "1 mg/L"),
        lambda: bd.outcomes.auc_over_mic(AUC.assign_attrs(units="mg/L"), "1 mg/L"),
        lambda: bd.outcomes.auc_over_mic(AUC, "1 h"),
        lambda: bd.outcomes.auc_over_mic(AUC, 0.0),
        lambda: bd.outcomes.auc_over_mic(AUC, "1"),
        lambda: bd.outcomes.auc_over_mic(400.0, "1 mg/L"),
        lambda: bd.outcomes.free(AUC, 1.2),
        lambda: bd.outcomes.free(AUC, True),
        lambda: bd.outcomes.fraction_of_response(AUC, {}, 400.0),
        lambda: bd.outcomes.fraction_of_response(AUC, {"1 mg/L": -1.0}, 400.0),
        lambda: bd.outcomes.fraction_of_response(AUC, {"1 mg/L": 1.0}, 0.0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
