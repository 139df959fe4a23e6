"""Sizes and what comes with the drug in a case file."""

import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.case import make_case
from bayesdose.study import read_study

UTILITY = {"name": "window", "outcome": "trough", "low": 15, "high": 30}
CARD = bd.Card(drug="x", source="y", covariates=[bd.Covariate("WT", unit="kg")])


def case(**options):
    own = {"text": "{amount} mg/kg every 12 h x 4", "amount": [1.4, 1.5, 2.5], **options}
    return make_case({"options": own, "utility": UTILITY}, "case.toml")


@pytest.fixture
def patient():
    row = {"ID": 1, "TIME": 0, "AMT": ".", "EVID": 2, "DV": ".", "WT": 50}
    return read_study(pd.DataFrame([row]), CARD)


def test_doses_are_what_sizes_make_up(patient):
    found = case(strengths=["50 mg"], split=2, contains={"sodium": "0.1 mg/mg"}).regimens(patient)
    assert found.table["max_single"].to_numpy().tolist() == [0, 75, 125]
    assert found.table["load_sodium"].to_numpy().tolist() == pytest.approx([0, 30, 50])
    assert "load_sodium" not in case().regimens(patient).table


def test_loads_without_sizes(patient):
    found = case(contains={"water": "50 mL/dose"}).regimens(patient)
    assert found.table["load_water_daily"].to_numpy().tolist() == [0, 100, 100, 100]
    assert found.table["load_water"].attrs["units"] == "mL"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strengths": ["50"]}, "options.strengths +a quantity cannot be read"),
        ({"strengths": "0 mg"}, "options.strengths +a strength of '0 mg'"),
        ({"split": 2}, "options.split +divides sizes"),
        ({"strengths": ["5 mg"], "split": 0}, "options.split"),
        ({"contains": {"sodium": "0.1 g"}}, "options.contains.sodium .*per what"),
        ({"contains": {"sodium": "1 mg/piece", "water": "1"}}, "options.contains.water"),
    ],
)
def test_every_fault_is_named(options, said):
    with pytest.raises(bd.InputError, match=said):
        case(**options)
