"""A fit whose levels are impossible where sampling starts: the reason is told apart."""

from pathlib import Path

import pandas as pd
import pytest

import bayesdose as bd

MODEL = bd.load_model(Path(__file__).parents[1] / "specs" / "one_level.py")


def table(first, zero):
    """One dose, a level before it and one after."""
    return pd.DataFrame(
        {"ID": "a", "TIME": [0, 1, 2, 3], "AMT": [".", 100, ".", "."], "DV": [first, ".", zero, 9.0]}
    )


@pytest.mark.parametrize(
    ("first", "zero", "meant"),
    [
        (".", 0.0, "levels above 0 under a log-normal error; theirs are 0.*blq='M3'"),
        (8.0, 9.0, "a positive prediction wherever there is a level.*taken before the first dose"),
        (8.0, 0.0, "a positive prediction wherever there is a level.*taken before the first dose"),
    ],
)
def test_a_level_of_0_is_no_prediction_of_0(first, zero, meant):
    with pytest.raises(bd.Refused, match=rf"impossible levels of subject a\..*{meant}"):
        bd.fit(MODEL, bd.read_study(table(first, zero), MODEL), seed=1, progress=False)
