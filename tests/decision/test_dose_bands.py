"""Dose bands against the quantisers of Lloyd and Max, and against every way to cut."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import bayesdose as bd
from bayesdose.decision import dose_bands, share_kept

# dose-banding-lloyd-max of the reference cases: Max 1960, IRE Trans Inf Theory 6:7; Lloyd 1982
LEVELS = {
    1: [0.0],
    2: [-0.797885, 0.797885],
    3: [-1.224006, 0.0, 1.224006],
    4: [-1.510418, -0.45278, 0.45278, 1.510418],
    5: [-1.724147, -0.764568, 0.0, 0.764568, 1.724147],
    8: [-2.151946, -1.343909, -0.756005, -0.245094, 0.245094, 0.756005, 1.343909, 2.151946],
}
LEFT = {
    1: 1.0,
    2: 0.3633802276324186,
    3: 0.19017403924791387,
    4: 0.11748184782934112,
    5: 0.07994112708828749,
    8: 0.03454776078851274,
}
CUTS = {
    2: [0.0],
    3: [-0.612003, 0.612003],
    4: [-0.981599, 0.0, 0.981599],
    5: [-1.244357, -0.382284, 0.382284, 1.244357],
    8: [-1.747927, -1.049957, -0.50055, 0.0, 0.50055, 1.049957, 1.747927],
}


@pytest.fixture(scope="module")
def normal():
    """Log dose squared loss, ln CL = z known from a covariate: (ln d - z)^2 for d of exp(-6) to exp(6)."""
    z = np.linspace(-6.5, 6.5, 6501)
    ln_dose = np.linspace(-6, 6, 13)
    return xr.DataArray(
        -((ln_dose - z[:, None]) ** 2),
        dims=("subject", "option"),
        coords={
            "z": ("subject", z),
            "weight": ("subject", norm.pdf(z)),
            "option": [f"{d:g}" for d in ln_dose],
            "amount": ("option", np.exp(ln_dose)),
        },
    )


@pytest.mark.parametrize("k", LEVELS)
def test_lloyd_and_max(normal, k):
    rule = dose_bands(normal, "z", k, refine="amount")
    assert [math.log(cell.dose) for cell in rule.cells] == pytest.approx(LEVELS[k], abs=1e-5)
    assert 1 - rule.kept == pytest.approx(LEFT[k], abs=1e-5)
    assert rule.cuts.get("z", ()) == pytest.approx(CUTS.get(k, []), abs=1e-5)
    assert sum(cell.share for cell in rule.cells) == pytest.approx(1)
    assert sum(cell.share * cell.regret for cell in rule.cells) == pytest.approx(rule.regret)


def test_a_list_of_what_bands_keep(normal):
    found = share_kept(normal, "z", 3, refine="amount")
    assert found["kept"].tolist() == pytest.approx([1 - LEFT[k] for k in (1, 2, 3)], abs=1e-5)


def test_the_fewest_bands_that_keep_a_share(normal):
    rule = dose_bands(normal, "z", 5, keep=0.8, refine="amount")
    assert len(rule.cells) == 3  # 81.0 %
    assert len(dose_bands(normal, "z", 2, keep=0.9, refine="amount").cells) == 2
    with pytest.raises(bd.InputError, match="a share"):
        dose_bands(normal, "z", 2, keep=90)


def population(U, x, **coords):
    U = np.asarray(U, float)
    return xr.DataArray(
        U,
        dims=("subject", "option"),
        coords={
            "WT": ("subject", np.asarray(x, float)),
            "option": [f"option {k}" for k in range(U.shape[1])],
            **coords,
        },
    )


def best_of_all_ways(U, x, k):
    order = np.argsort(x, kind="stable")
    U, x = U[order], x[order]
    allowed = [i for i in range(1, len(x)) if x[i] != x[i - 1]]
    ways = [c for n in range(min(k, len(allowed) + 1)) for c in itertools.combinations(allowed, n)]
    return max(
        sum(U[a:b].sum(axis=0).max() for a, b in itertools.pairwise([0, *cut, len(x)])) for cut in ways
    ) / len(x)


@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_way_to_cut_is_better(data):
    n, m = data.draw(st.integers(2, 9)), data.draw(st.integers(2, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    U, x = rng.standard_normal((n, m)).round(3), rng.integers(0, 6, n).astype(float)
    k = data.draw(st.integers(1, 4))
    values = population(U, x)
    rule = dose_bands(values, "WT", k)
    assert rule.value == pytest.approx(best_of_all_ways(U, x, k))
    assert rule.individual == pytest.approx(U.max(axis=1).mean())
    assert rule.one == pytest.approx(U.mean(axis=0).max())
    assert rule.one - 1e-12 <= rule.value <= rule.individual + 1e-12
    judged = rule.judged(values)
    assert (judged["share"] * judged["regret"]).sum() == pytest.approx(rule.regret)
    assert len(rule.cells) <= k


def test_bands_of_many_subjects_cut_between_any_two():
    rng = np.random.default_rng(5)
    x = rng.lognormal(1, 0.4, 3000)
    doses = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
    values = population(-((np.log(doses) - np.log(x)[:, None]) ** 2), x)
    rule = dose_bands(values, "WT", 5)
    # neighbouring doses are worth the same at their geometric mean
    expected = np.sqrt(doses[1:] * doses[:-1])
    for cut, wanted in zip(rule.cuts["WT"], expected, strict=True):
        below, above = x[x <= wanted].max(), x[x > wanted].min()
        assert below <= cut <= above
    assert rule.option(WT=2.2) == "option 1"
    assert rule.value == pytest.approx(values.max("option").mean().item())
    assert "WT <= 1.4" in str(rule)
    assert "keeps 100.0%" in str(rule)


def test_what_is_blocked_for_somebody_is_not_given_to_them():
    U = np.array([[3.0, 1.0], [3.0, np.nan], [3.0, 4.0], [np.nan, 4.0]])
    values = population(U, [1, 2, 3, 4])
    rule = dose_bands(values, "WT", 2)
    assert [rule.option(WT=w) for w in (1, 2, 3, 4)] == ["option 0", "option 0", "option 1", "option 1"]
    assert math.isnan(rule.kept)
    with pytest.raises(bd.InputError, match="no option is allowed for everybody"):
        dose_bands(values, "WT", 1)


def test_regret_by_subgroup():
    x = np.linspace(1, 10, 200)
    sex = np.arange(200) % 2
    target = x * np.where(sex == 1, 1.2, 0.8)
    doses = np.linspace(1, 12, 12)
    values = population(-((doses - target[:, None]) ** 2), x, SEX=("subject", np.where(sex == 1, "F", "M")))
    rule = dose_bands(values, "WT", 3)
    judged = rule.judged(values, by="SEX")
    assert judged.index.tolist() == ["M", "F"]
    assert judged["share"].tolist() == pytest.approx([0.5, 0.5])
    assert (judged["worst"] >= judged["regret"]).all()
    assert judged["share"] @ judged["regret"] == pytest.approx(rule.regret)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "WTT"}, "Probably meant: WT"),
        ({"bands": 0}, "whole number"),
        ({"refine": "amount"}, "no coordinate 'amount'"),
        ({"by": "NAME"}, "a number for each"),
    ],
)
def test_bands_that_cannot_be(arguments, said):
    values = population(np.eye(3), [1, 2, 3], NAME=("subject", ["a", "b", "c"]))
    with pytest.raises(bd.InputError, match=said):
        dose_bands(values, **{"by": "WT", "bands": 2, **arguments})


def test_values_that_cannot_be():
    with pytest.raises(bd.InputError, match="without any option"):
        dose_bands(population([[np.nan, np.nan], [1, 2]], [1, 2]), "WT", 1)
    with pytest.raises(bd.InputError, match="dims subject and option"):
        dose_bands(np.eye(3), "WT", 1)
    with pytest.raises(bd.InputError, match="weights of subjects"):
        dose_bands(population(np.eye(2), [1, 2], weight=("subject", [-1.0, 1])), "WT", 1)
    x = ("option", [1.0, 2.0])
    with pytest.raises(bd.InputError, match="three or more"):
        dose_bands(population(np.eye(2), [1, 2], amount=x), "WT", 1, refine="amount")
