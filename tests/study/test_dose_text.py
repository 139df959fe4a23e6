"""What a dose text says: amounts, intervals, infusions, routes, steady state; and what is wrong with one."""

import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import read_study, regimens

CARD = bd.Card(drug="x", source="y", covariates=[bd.Covariate("WT", unit="g")])


def patient(*doses, card=CARD):
    """A patient of 1500 g who was given these doses, (time, mg); by none a patient without records."""
    rows = [{"ID": "1", "TIME": t, "AMT": a, "DV": ".", "WT": 1500} for t, a in doses]
    nothing = {"ID": "1", "TIME": 0, "AMT": ".", "DV": ".", "WT": 1500}
    return read_study(pd.DataFrame(rows or [nothing]), card)


@pytest.fixture
def treated():
    return patient((0, 25), (12, 4), (24, 4))


def labels(options):
    return options.table["option"].to_numpy().tolist()


ROUTES = bd.Card(drug="x", source="y", compartments=("depot", "central"))


def given_as(text, card=ROUTES, **lists):
    o = regimens(text, after=patient(card=card), **lists)
    part = o.doses[o.doses["option"] == 1]
    return o, part[["TIME", "AMT", "RATE", "CMT", "SS", "II"]].to_numpy().tolist()


def test_infusions_routes_and_steady_state():
    assert given_as("500 mg over 30 min every 12 h x 2 at steady state")[1] == [
        [0, 500, 1000, 0, 1, 12],
        [12, 500, 1000, 0, 0, 0],
    ]
    assert given_as("5 mg into central, then 2 mg over {d} h into 1 every 1 day x 1", d=[4])[1] == [
        [0, 5, 0, 2, 0, 0],
        [24, 2, 0.5, 1, 0, 0],
    ]
    assert given_as("5 mg into Depot over modelled duration")[1] == [[0, 5, -2, 1, 0, 0]]
    assert given_as("5 mg at modelled rate every 6 h for 1 day at steady state")[1][0] == [0, 5, -1, 0, 1, 6]
    assert given_as("5 mg into 3", card=CARD)[1] == [[0, 5, 0, 3, 0, 0]]
    with pytest.raises(bd.InputError, match=r"no compartment 3. Expected: 1 \(depot\), 2 \(central\)"):
        given_as("5 mg into 3")
    assert labels(given_as("5 mg over {d} h", d=[2.5])[0]) == ["no treatment", "5 mg over 2.5 h"]


def test_rates_are_in_the_units_of_the_card():
    card = bd.Card(drug="x", source="y", units=bd.Units(time="day", amount="ug", concentration="ug/L"))
    assert given_as("2 mg over 6 h", card=card)[1] == [[0, 2000, 8000, 0, 0, 0]]


def test_breaks_are_doses_and_ends_of_infusions():
    o = given_as("4 mg over 2 h every 8 h x 2")[0]
    assert o.breaks(0).tolist() == []
    assert o.breaks(1).tolist() == [0, 2, 8, 10]
    assert given_as("4 mg over modelled duration every 8 h x 2")[0].breaks(1).tolist() == [0, 8]
    # at steady state infusions of the past still run: 12 h each, every 8 h
    assert given_as("4 mg over 12 h every 8 h x 1 at steady state")[0].breaks(1).tolist() == [0, 4, 12]


def test_max_daily_counts_what_led_to_a_steady_state(treated):
    o = regimens("{a} mg every 8 h x 2 at steady state", after=treated, a=[10])
    assert o.table["max_daily"].to_numpy()[-1] == 30
    o = regimens("20 mg, then 10 mg every 12 h x 2 at steady state", after=treated, start=36)
    # 20 at 36 with 4 at 24; then 10 at 48 with 10 a half day before, by its own steady state
    assert o.table["max_daily"].to_numpy()[-1] == 24


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the dose text is empty"),
        ("mg 2", "Came: 'mg'. Expected: a number"),
        ("2", "Came: the end of the text. Expected: a unit"),
        ("2 every 12 h x 3", "Came: 'every'. Expected: a unit"),
        ("2,5 mg every 12 h x 3", "Probably meant: 2.5"),
        ("2 mg q12h x 3", "Probably meant: every 12 h"),
        ("2 mg bid", "Probably meant: every 12 h"),
        ("2 mg evry 12 h x 3", "Came: 'evry'.*Probably meant: every"),
        ("2 mg every 12 x 3", "Came: 'x'. Expected: a unit of time"),
        ("2 mg every 12 hrz x 3", "Came: 'hrz'.*Probably meant: hr"),
        ("2 mg every 12 h", "Came: the end of the text. Expected: 'x 10'"),
        ("2 mg over 1 every 12 h x 3", "Came: 'every'. Expected: a unit of time"),
        ("2 mg over 0 h", "the infusion in .* must be above 0"),
        ("2 mg over {t} h", r"no numbers were given for \{t\}"),
        ("2 mg over modeled duration", "Came: 'modeled'.*Probably meant: modelled"),
        ("2 mg over 1 h at modelled rate", "not both"),
        ("2 mg at steady state", "an interval and a number of doses before it"),
        ("2 mg every 12 h x 3 at stedy state", "Came: 'stedy'. Expected: 'at steady state'.*meant: steady"),
        ("2 mg every 12 h at steady state", "Came: 'at'. Expected: 'x 10'"),
        ("2 mg into every 12 h x 3", "the name or number of a compartment"),
        ("2 mg into gut", "compartment 'gut' is not on the card.*names no compartments"),
        ("2 mg {route}", "Came: '{route}'. Expected: 'every'"),
        ("2 mg every 12 h x 3 days", "Came: 'days'. Expected: ', then '"),
        ("2 mg every 12 h x 2.5", "must be a whole number"),
        ("2 mg every 0 h x 2", "the interval in .* must be above 0"),
        ("-2 mg", "must be above 0"),
        ("2 mg every 12 h x 1000000", "too many doses"),
        ("2 mg, then 3 mg", "does not say when"),
        ("2 mgg", "'mgg' is no unit of a dose.*Probably meant: mg"),
        ("2 L", "no unit of a dose"),
        ("2 mg/kg/day", "is a rate, not a dose"),
        ("2 mg/L", "cannot be given per 'L'"),
        ("{a mg", "Came: '{'"),
        ("{2a} mg", "a name between the braces"),
        ("{a} mg", r"no numbers were given for \{a\}"),
        ("{kind} mg", "a name that options use"),
    ],
)
def test_what_is_wrong_with_a_dose_text(text, said, treated):
    lists = {"kind": [1]} if "kind" in text else {}
    with pytest.raises(bd.InputError, match=said):
        regimens(text, after=treated, **lists)


def test_each_part_is_told_its_fault(treated):
    with pytest.raises(bd.InputError) as caught:
        regimens("20 milk/kg over, then 3 mg evry 12 h x 3, then 4 mg every 12 h x 0.5", after=treated)
    first, second, third = str(caught.value).splitlines()
    assert "Expected: a number or a {name} for the infusion" in first
    assert "Came: 'evry'" in second
    assert "must be a whole number" in third


@pytest.mark.parametrize(
    ("own", "dose", "meant"), [("umol", "2 mg", None), ("mg", "2 mmol", None), ("mmol", "2 umoll", "umol")]
)
def test_only_a_unit_that_converts_is_suggested(own, dose, meant):
    card = bd.Card(drug="x", source="a test", units=bd.Units(amount=own))
    patient = read_study(pd.DataFrame({"ID": ["1"], "TIME": "0", "AMT": ".", "DV": "5"}), card)
    with pytest.raises(bd.InputError, match=f"a unit that converts to {own}") as caught:
        regimens(dose, after=patient)
    assert ("Probably meant" in str(caught.value)) == (meant is not None)
    assert f"Probably meant: {meant}." in str(caught.value) or meant is None
