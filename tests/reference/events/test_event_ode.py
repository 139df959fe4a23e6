"""The same tables through differential equations: linear arithmetic, a nonlinear twin (LSODA, 1e-10)."""

from dataclasses import replace

import cases_additional
import cases_infusions
import cases_records
import cases_rows
import cases_steady
import numpy as np
import pytest
from event_cases import CASES, TYPICAL, predict_table, records, twin_prediction
from numpy.testing import assert_allclose
from twins.events import Nonlinear, Row, amounts

ALL = (cases_records, cases_infusions, cases_additional, cases_steady, cases_rows)  # they fill CASES
NONLINEAR = {"CL": 1.0, "Vm": 8.0, "Km": 3.0, "kin": 6.0, "kout": 0.4, "IC50": 2.0}
RTOL = 1e-5


def of(spec):
    """Return the cases of a spec that the kernel serves and the twin reads."""
    return [c for c in CASES.values() if c.spec == spec and c.twin]


def has_added_steady_state(case):
    return any(r.get("SS") == 2 for table in records(case) for r in table)


def rhs(t, x, p):
    C = x[0] / p["V"]
    drug = -p["CL"] * C - p["Vm"] * C / (p["Km"] + C)
    return [drug] if len(x) == 1 else [drug, p["kin"] / (1 + C / p["IC50"]) - p["kout"] * x[1]]


def baseline(p):
    return [0.0, p["kin"] / p["kout"]][: p["states"]]


def nonlinear_prediction(case, states):
    """Return concentrations, or with two states the response, at the levels."""
    p = TYPICAL | case.theta | {"states": states}
    doses = {
        role: {1: p.get(f"{role}_central", v)}
        for role, v in (("F", 1.0), ("lag", 0.0), ("D", 1.0), ("R", 1.0))
    }
    found = []
    for table in records(case):
        x = amounts(table, [Row(p, **doses)] * len(table), Nonlinear(states, rhs, baseline))
        seen = x[:, 0] / p["V"] if states == 1 else x[:, 1]
        found += [
            a
            for a, r in zip(seen, table, strict=True)
            if r["EVID"] == 0 and not r.get("MDV") and r["DV"] != "."
        ]
    return np.array(found)


@pytest.mark.parametrize("case", of("iv"), ids=lambda c: c.name)
def test_linear_iv(case):
    as_ode = replace(case, spec="ode_iv", theta=case.theta | {"Vm": 0.0, "Km": 1.0})
    assert_allclose(predict_table(as_ode), twin_prediction(case), rtol=RTOL, atol=1e-6)


@pytest.mark.parametrize("case", of("oral"), ids=lambda c: c.name)
def test_linear_oral(case):
    assert_allclose(
        predict_table(replace(case, spec="ode_oral")), twin_prediction(case), rtol=RTOL, atol=1e-6
    )


@pytest.mark.parametrize("case", of("iv"), ids=lambda c: c.name)
def test_saturable(case):
    case = replace(case, spec="ode_iv", theta=case.theta | NONLINEAR)
    assert_allclose(predict_table(case), nonlinear_prediction(case, 1), rtol=RTOL, atol=1e-6)


@pytest.mark.parametrize("case", [c for c in of("iv") if not has_added_steady_state(c)], ids=lambda c: c.name)
def test_turnover(case):
    """A reset returns to the baseline, and a steady state is that of the whole system.

    SS 2 would add the baseline once more: it means something in linear systems only.
    """
    case = replace(case, spec="ode_turnover", theta=case.theta | NONLINEAR)
    assert_allclose(predict_table(case), nonlinear_prediction(case, 2), rtol=RTOL, atol=1e-6)
