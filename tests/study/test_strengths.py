"""Doses that tablets and vials can make up."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.study.strengths import Strengths, round_to


def test_tablets_and_halves():
    tablets = Strengths(["5 mg", "20 mg"], split=2, most=2)
    assert tablets.amounts().tolist() == [2.5, 5, 7.5, 10, 12.5, 15, 20, 22.5, 25, 30, 40]
    assert tablets.amounts("g").tolist() == pytest.approx(tablets.amounts() / 1000)
    assert [tablets.pieces(x, "mg") for x in (2.5, 7.5, 10, 30, 40)] == [1, 2, 1, 2, 2]
    assert tablets.between("6 mg", "14 mg") == [7.5, 10, 12.5]
    assert str(tablets) == "5 mg or 20 mg, halves"


def test_rounding():
    assert round_to([60, 74, 75, 76, 110], "mg", ["50 mg"]).tolist() == [50, 50, 50, 100, 100]
    assert round_to([60, 99, 100], "mg", ["50 mg"], "down").tolist() == [50, 50, 100]
    assert round_to([60, 0.2], "mg", ["50 mg"], "up").tolist() == [100, 50]
    assert round_to(10, "mg", "50 mg").tolist() == [50]  # no dose is never rounded to none
    assert round_to(0.13, "g", Strengths(step="25 mg")).tolist() == pytest.approx([0.125])


def test_what_is_measured_out_of_vials():
    vials = Strengths(["500 mg", "1 g"], step="50 mg", most=3)
    assert vials.round(1320, "mg") == 1300
    assert (vials.pieces(1300, "mg"), vials.waste(1300, "mg")) == (2, 200)
    assert vials.amounts("g")[-1] == 3.0
    assert vials.waste(500, "mg") == 0
    assert Strengths(["500 mg"]).waste(500, "mg") == 0


def test_sodium_of_fosfomycin_vials():
    # fosfomycin-sodium of the reference cases: 4 g contain 1.28 g sodium (UK SmPC, fosfomycin 40 mg/mL,
    # section 2), at most 2 g sodium a day (WHO): 6.25 g; whole vials of 2, 4 and 8 g give 6, 4 and none
    most = 2.0 / (1.28 / 4)
    assert most == pytest.approx(6.25, abs=1e-9)
    assert Strengths(["2 g"]).round(most, "g", "down") == 6
    assert Strengths(["4 g"]).round(most, "g", "down") == 4
    with pytest.raises(bd.InputError, match="less than the smallest dose, 8 g"):
        Strengths(["8 g"]).round(most, "g", "down")


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True),
    split=st.integers(1, 2),
    most=st.integers(1, 3),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_can_be_made_up_is_every_sum_of_few_pieces(sizes, split, most):
    found = Strengths([f"{s} mg" for s in sizes], split=split, most=most)
    coins = {s * j / split for s in sizes for j in range(1, split + 1)}
    fewest: dict[float, int] = {}
    for n in range(most, 0, -1):
        fewest |= {sum(some): n for some in itertools.combinations_with_replacement(sorted(coins), n)}
    assert found.amounts("mg").tolist() == sorted(fewest)
    assert {x: found.pieces(x, "mg") for x in fewest} == fewest


@given(amount=st.floats(0.1, 200), how=st.sampled_from(["nearest", "down", "up"]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_rounded_dose_is_one_that_can_be_made_up(amount, how):
    tablets = Strengths(["2.5 mg", "10 mg"], split=2, most=12)
    known = tablets.amounts("mg")
    try:
        made = tablets.round(amount, "mg", how)
    except bd.InputError:
        assert amount > known[-1] or (how == "down" and amount < known[0])
        return
    assert made in known
    distance = np.abs(known - amount)
    if how == "nearest":
        assert abs(made - amount) == pytest.approx(distance.min())
    else:
        assert math.isclose(made, amount) or (made < amount) == (how == "down")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "no strength is stated"),
        ({"sizes": ["50"]}, "cannot be read"),
        ({"sizes": ["0 mg"]}, "above 0"),
        ({"sizes": ["50 mg", "2 mL"]}, "does not convert"),
        ({"sizes": ["50 mg"], "split": 0}, "strengths: split"),
        ({"sizes": ["50 mg"], "most": 2.5}, "strengths: most"),
        ({"sizes": ["50 mg"], "split": 2, "step": "1 mg"}, "not divided"),
        ({"sizes": ["50 mg", "0.1234567 mg"]}, "no practical common step"),
    ],
)
def test_strengths_that_cannot_be(arguments, said):
    with pytest.raises(bd.InputError, match=said):
        Strengths(**arguments)


def test_doses_that_cannot_be():
    with pytest.raises(bd.InputError, match=r"more than the largest dose, 100 mg"):
        Strengths(["50 mg"], most=2).round(150, "mg")
    with pytest.raises(bd.InputError, match="rounding of doses"):
        Strengths(["50 mg"]).round(150, "mg", "sideways")
    with pytest.raises(bd.InputError, match="no dose from 1 mg to 20 mg"):
        Strengths(["50 mg"]).between("1 mg", "20 mg")
    with pytest.raises(bd.InputError, match="have no end"):
        Strengths(step="5 mg").amounts()
