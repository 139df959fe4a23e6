"""Outcomes meet what simulate returns: its units, its dims, and what is missing in it."""

import inspect

import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.errors import InputError

UNITS = bd.Units(time="h", amount="mg", concentration="mg/L")
MISSING = xr.DataArray([[1.0, np.nan]], dims=("draw", "option"), attrs={"units": "mg*h/L"})


@pytest.mark.parametrize("units", [UNITS, bd.Units(time="day", amount="ug", concentration="ng/mL")], ids=str)
def test_auc_of_any_metric_has_a_unit_that_auc_over_mic_reads(units):
    for metric in (bd.auc24(), bd.auc(start=0, end=12)):
        auc = xr.DataArray([[400.0]], dims=("draw", "option"), attrs={"units": metric.unit(units)})
        found = bd.outcomes.auc_over_mic(auc, f"2 {units.concentration}")
        assert float(found[0, 0]) == pytest.approx(200.0)
        assert found.attrs["units"] == units.time


@pytest.mark.parametrize(
    "outcome",
    [
        lambda x: bd.outcomes.free(x, 0.5),
        lambda x: bd.outcomes.auc_over_mic(x, "1 mg/L"),
        lambda x: bd.outcomes.fraction_of_response(x, {"1 mg/L": 1}, 2.0),
        lambda x: bd.outcomes.emax(x, 1.0, 2.0),
        lambda x: bd.outcomes.sigmoid_emax(x, 1.0, 2.0, 3.0),
        lambda x: bd.outcomes.logistic_event(x, 0.0, 1.0),
        lambda x: bd.outcomes.probit_event(x, 2.0, 1.0),
        lambda x: bd.outcomes.sigmoid_event(x, 2.0, 1.0),
        lambda x: bd.outcomes.hazard(x, 0.1, 1.0),
        lambda x: bd.outcomes.neutrophil_nadir(x, 5.0, 2.0),
        lambda x: bd.outcomes.meaningful_change(x, 1.0),
        lambda x: bd.outcomes.meaningful_change(x, 1.0, error=1.0),
    ],
)
def test_what_is_missing_stays_missing_and_decide_says_so(outcome):
    found = outcome(MISSING)
    np.testing.assert_array_equal(found.isnull(), MISSING.isnull())
    with pytest.raises(InputError, match="missing"):
        bd.decide(xr.Dataset({"y": found}), lambda o: o.y)


def test_a_course_with_gaps_has_no_nadir():
    course = MISSING.expand_dims(t=3)
    with pytest.raises(InputError, match="missing"):
        bd.outcomes.nadir(course)


@pytest.mark.parametrize("room", [bd.outcomes, bd.economics], ids=["outcomes", "economics"])
def test_every_function_says_what_it_takes(room):
    for name in room.__all__:
        value = getattr(room, name)
        text = inspect.getdoc(value) or ""
        assert text.strip().endswith((".", "`")) or "Parameters" in text, name
        for parameter in inspect.signature(value).parameters if inspect.isfunction(value) else ():
            elsewhere = any(words in text for words in ("as of `", "as `survival`"))
            assert parameter in text or elsewhere, f"{name}: {parameter} is not in its docstring"


def test_neither_room_imports_pymc():
    import subprocess
    import sys

    program = "import sys, bayesdose as bd; bd.outcomes.qaly; bd.economics.icers; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"pymc", "pytensor", "nutpie", "matplotlib"} & set(ran.stdout.split())


def test_both_rooms_are_found_by_completion():
    assert {"economics", "outcomes", "validate"} <= set(dir(bd))
