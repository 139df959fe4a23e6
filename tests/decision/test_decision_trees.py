"""Trees and tables on covariates against every tree there is."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_outcome import of_utilities, u

import bayesdose as bd
from bayesdose.decision import by_subject, decide, decision_tree, dose_bands, dose_table


def population(U, **coords):
    U = np.asarray(U, float)
    own = {name: ("subject", np.asarray(v)) for name, v in coords.items()}
    return xr.DataArray(
        U, dims=("subject", "option"), coords={"option": [f"option {k}" for k in range(U.shape[1])], **own}
    )


def cuts_of(x):
    points = np.unique(x)
    return (points[1:] + points[:-1]) / 2


def best_value(U, covariates, depth):
    """The value of the best tree, by trying every one."""
    leaf = U.sum(axis=0).max()
    if depth == 0:
        return leaf
    found = [leaf]
    for x in covariates:
        for cut in cuts_of(x):
            low = x <= cut
            parts = ((U[s], [c[s] for c in covariates]) for s in (low, ~low))
            found.append(sum(best_value(*part, depth - 1) for part in parts))
    return max(found)


@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_tree_is_better(data):
    n, m = data.draw(st.integers(2, 8)), data.draw(st.integers(2, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    U, a, b = rng.standard_normal((n, m)), rng.integers(0, 4, n) * 1.0, rng.integers(0, 3, n) * 1.0
    depth = data.draw(st.integers(1, 3))
    values = population(U, A=a, B=b)
    rule = decision_tree(values, ["A", "B"], depth=depth, least=0.0)
    assert rule.value * n == pytest.approx(best_value(U, [a, b], depth))
    judged = rule.judged(values)
    assert judged["share"] @ judged["regret"] == pytest.approx(rule.regret)
    assert len(rule.cells) <= 2**depth


def test_an_interaction_needs_two_questions():
    rng = np.random.default_rng(1)
    a, b = rng.random(400), rng.integers(0, 2, 400)
    low = (a < 0.5) == (b == 0)
    U = np.where(low[:, None], [1.0, 0.0], [0.0, 1.0])
    values = population(U, A=a, B=b)
    one, two = (decision_tree(values, ["A", "B"], depth=d, cuts=40) for d in (1, 2))
    assert one.kept < 0.2
    assert two.kept > 0.95
    assert {cell.option for cell in two.cells} == {"option 0", "option 1"}
    assert two.option(A=0.1, B=0) == "option 0"
    assert two.option(A=0.9, B=0) == "option 1"
    with pytest.raises(bd.InputError, match="the rule reads"):
        two.option(A=0.1)


def test_a_leaf_is_not_too_small():
    U = np.eye(2)[np.r_[np.zeros(97, int), np.ones(3, int)]]
    values = population(U, A=np.arange(100))
    assert len(decision_tree(values, ["A"], depth=1, cuts=99, least=0.06).cells) == 1
    assert len(decision_tree(values, ["A"], depth=1, cuts=99, least=0.02).cells) == 2


def test_what_is_blocked_is_not_given():
    U = np.array([[1.0, 0.0], [np.nan, 0.0], [1.0, 0.0]])
    values = population(U, A=[0, 1, 2])
    rule = decision_tree(values, ["A"], depth=2, least=0.0)
    assert [rule.option(A=a) for a in (0, 1, 2)] == ["option 0", "option 1", "option 0"]
    nothing = population(np.array([[1.0, np.nan], [np.nan, 1.0]]), A=[1, 1])
    with pytest.raises(bd.InputError, match="no option is allowed for everybody"):
        decision_tree(nothing, ["A"], depth=1)


def test_a_table():
    wt, crcl = np.array(list(itertools.product([5, 15, 25], [20, 50, 90]))).T
    best = (wt // 10) + (crcl > 40)
    U = -((np.arange(4) - best[:, None]) ** 2).astype(float)
    values = population(U, WT=wt, CRCL=crcl)
    rule = dose_table(values, {"WT": [10, 20], "CRCL": [40]})
    assert rule.regret == pytest.approx(0)
    assert rule.option(WT=10, CRCL=40) == "option 0"
    assert rule.option(WT=10.1, CRCL=41) == "option 2"
    assert len(rule.cells) == 6
    assert dose_table(values, {"WT": 3, "CRCL": 1}).cuts == {"WT": (10.0, 20.0)}
    halves = values.isel(subject=(wt < 20) | (crcl > 30))  # nobody is heavy and has a low clearance
    assert dose_table(halves, {"WT": [10, 20], "CRCL": [40]}).option(WT=30, CRCL=10) == "option 3"


def test_a_tree_with_one_covariate_is_bands():
    rng = np.random.default_rng(2)
    x = rng.lognormal(1, 0.5, 60)
    values = population(-((np.arange(1, 6) - x[:, None]) ** 2), WT=x)
    bands = dose_bands(values, "WT", 2)
    tree = decision_tree(values, ["WT"], depth=1, cuts=60, least=0.0)
    assert tree.value == pytest.approx(bands.value)


def test_values_of_choices():
    def patient(weight, best):
        outcome = of_utilities(np.tile(-((np.arange(3.0) - best) ** 2), (4, 1)))
        outcome.attrs = {"cov_WT": weight, "cov_WT_unit": "kg"}
        return decide(outcome, u)

    values = by_subject({"a": patient(10, 0), "b": patient(20, 2)}, SEX=[0, 1])
    assert values["WT"].to_numpy().tolist() == [10, 20]
    assert values["SEX"].to_numpy().tolist() == [0, 1]
    assert values.to_numpy().tolist() == [[0, -1, -4], [-4, -1, 0]]
    rule = decision_tree(values, ["WT"], depth=1)
    assert rule.option(WT=12) == "option 0"
    other = decide(of_utilities(np.zeros((4, 2))), u)
    with pytest.raises(bd.InputError, match="differ between subjects"):
        by_subject([patient(10, 0), other])
    with pytest.raises(bd.InputError, match="needs choices"):
        by_subject([])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"on": "A"}, "a list of covariates"),
        ({"on": []}, "a list of covariates"),
        ({"on": ["B"]}, "subjects have no 'B'"),
        ({"depth": 4}, "1 to 3"),
        ({"cuts": 0}, "cuts >= 1"),
        ({"least": 0.6}, "cuts >= 1"),
    ],
)
def test_trees_that_cannot_be(arguments, said):
    with pytest.raises(bd.InputError, match=said):
        decision_tree(population(np.eye(3), A=[1, 2, 3]), **{"on": ["A"], **arguments})


def test_tables_that_cannot_be():
    with pytest.raises(bd.InputError, match="cut points that rise"):
        dose_table(population(np.eye(3), A=[1, 2, 3]), {"A": [2, 1]})
