"""Every rule of the event semantics: the model's predictions on small tables against explicit arithmetic.

The route is the public one: a spec in bd words, `bd.read_study`, and the compiled declaration.
"""

import cases_additional
import cases_infusions
import cases_records
import cases_rows
import cases_steady
import numpy as np
import pytest
from event_cases import CASES, HERE, records, twin_prediction
from event_cases import predict_table as predicted
from numpy.testing import assert_allclose

MODULES = (cases_records, cases_infusions, cases_additional, cases_steady, cases_rows)

every = pytest.mark.parametrize("case", list(CASES.values()), ids=lambda c: c.name)
read_by_twin = pytest.mark.parametrize("case", [c for c in CASES.values() if c.twin], ids=lambda c: c.name)


def expected(case):
    """Return the arithmetic of a case, or the twin's concentrations where it has none."""
    stated = case.expected()
    return twin_prediction(case) if stated is None else np.array(stated)


@every
def test_prediction(case):
    assert_allclose(predicted(case), expected(case), rtol=case.rtol, atol=1e-12)


@read_by_twin
def test_twin_agrees_with_the_arithmetic(case):
    assert_allclose(twin_prediction(case), expected(case), rtol=1e-10, atol=1e-13)


@read_by_twin
def test_table_holds_what_is_expected(case):
    """DV of the levels, to the ten digits written."""
    levels = [r for table in records(case) for r in table if r["EVID"] == 0 and not r.get("MDV")]
    assert_allclose([float(r["DV"]) for r in levels], expected(case), rtol=1e-9, atol=1e-12)


def test_every_table_has_a_case_and_says_why():
    assert {path.stem for path in HERE.glob("*.csv")} == set(CASES)
    assert all(case.expected.__doc__ for case in CASES.values())
    assert {case.expected.__module__ for case in CASES.values()} == {m.__name__ for m in MODULES}


def test_the_suite_can_fail():
    """A theta that is a little off moves every prediction that depends on it."""
    from dataclasses import replace

    case = CASES["steady_state_with_lag"]
    off = replace(case, theta=case.theta | {"lag_central": 8.0 + 1e-6})
    assert abs(predicted(off) / expected(case) - 1).max() > 1e-8
