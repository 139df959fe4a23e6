"""Convergence checks: each can fail, and says where."""

import numpy as np
import pytest
import xarray as xr

from bayesdose.card import Card
from bayesdose.fitting.checks import Checks, run_checks
from bayesdose.model import Declaration

CARD = Card(drug="testdrug", source="made up")


def trace(rng, *, shift=0.0, divergences=0, sticky=0.0, ka=2.0):
    draws = rng.standard_normal((4, 1000))
    energy = rng.standard_normal((4, 1000))
    for t in range(1, 1000):
        draws[:, t] = sticky * draws[:, t - 1] + np.sqrt(1 - sticky**2) * draws[:, t]
        energy[:, t] = sticky * energy[:, t - 1] + np.sqrt(1 - sticky**2) * energy[:, t]
    draws[0] += shift
    diverging = np.zeros((4, 1000), dtype=bool)
    diverging[1, :divergences] = True
    dims = ("chain", "draw")
    one = np.ones((4, 1000, 2))
    posterior = xr.Dataset(
        {
            "theta_CL": (dims, draws),
            "eta_CL": ((*dims, "subject"), rng.standard_normal((4, 1000, 2))),
            "CL": ((*dims, "subject"), one),
            "V": ((*dims, "subject"), one),
            "ka": ((*dims, "subject"), ka * one),
        }
    )
    stats = xr.Dataset({"diverging": (dims, diverging), "energy": (dims, energy)})
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})


def rows(**kind):
    declaration = Declaration(
        card=CARD, level="subject", centred=frozenset(), etas=["CL"], absorption=("CL", "V", "ka")
    )
    made = run_checks(trace(np.random.default_rng(1), **kind), declaration, ["theta_CL"])
    return made, {row.name for row in made if not row.passed}


def test_a_good_trace_passes():
    made, failed = rows()
    assert made.passed
    assert bool(made)
    assert not failed
    assert "all checks hold" in str(made)


def test_without_chains_nothing_is_said_to_hold():
    assert str(Checks(())) == "no checks: no chain was sampled"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"shift": 1.0}, {"R-hat", "bulk ESS", "tail ESS"}),
        ({"divergences": 1}, {"divergences"}),
        ({"sticky": 0.99}, {"R-hat", "bulk ESS", "tail ESS", "E-BFMI"}),
        ({"ka": 0.5}, {"flip-flop (share ka < ke)"}),
    ],
    ids=lambda value: " ".join(sorted(map(str, value))),
)
def test_each_check_can_fail(kind, expected):
    made, failed = rows(**kind)
    assert failed == expected
    assert not made.passed
    assert "NOT CONVERGED" in str(made)


def test_the_worst_variable_is_named():
    made, _ = rows(shift=1.0)
    assert {row.worst for row in made if row.name == "R-hat"} == {"theta_CL"}


def test_a_draw_that_is_not_finite_fails():
    bad = trace(np.random.default_rng(1))
    bad["posterior"]["theta_CL"][0, 3] = np.nan
    declaration = Declaration(card=CARD, level="subject", centred=frozenset(), etas=["CL"])
    made = run_checks(bad, declaration, ["theta_CL"])
    assert not made.passed


def test_rows_survive_storage():
    made, _ = rows(divergences=2)
    assert Checks.from_list(made.to_list()) == made


@pytest.mark.parametrize("centred", [frozenset(), frozenset({"CL", "V"})])
def test_what_is_centred_already_is_advised_the_other_way(centred):
    declaration = Declaration(card=CARD, level="subject", centred=centred, etas=["CL"], absorption=None)
    rng = np.random.default_rng(1)
    said = str(run_checks(trace(rng, shift=3.0, divergences=2), declaration, ["theta_CL"]))
    assert said.count("CL, V out of centred= where an omega is near zero") == (4 if centred else 0)
    assert "bd.validate.pathologies(fit) says where" in said
