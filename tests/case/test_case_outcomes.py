"""Outcomes and economics of a case: what a table becomes, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.case import make_case
from bayesdose.case.economic import economics_of
from bayesdose.case.outcomes import DERIVED
from bayesdose.decision import decide
from bayesdose.errors import InputError

out = bd.outcomes
OPTIONS = {"text": "{amount} mg every 12 h x 10", "amount": [10, 20]}
TROUGH = {"metric": "trough"}
UTILITY = {"name": "target", "outcome": "trough", "target": 1}
CARD = bd.Card(
    drug="x",
    source="none",
    units=bd.Units(concentration="ug/L"),
    endpoints={2: bd.Endpoint("neutrophils", "1e9/L")},
)


def case_of(outcomes, **more):
    return make_case(
        {"options": OPTIONS, "utility": UTILITY, "outcomes": {"trough": TROUGH, **outcomes}, **more}
    )


def simulated():
    """Three options under 500 draws, shaped as simulate() returns them."""
    z = np.exp(0.3 * np.random.default_rng(1).standard_normal((500, 1)))
    dose = np.array([0.0, 200.0, 400.0])
    dims = ("draw", "option")
    return xr.Dataset(
        {
            "trough": (dims, dose / 20 * z, {"units": "mg/L", "long_name": "trough"}),
            "auc24": (dims, dose * z, {"units": "mg*h/L", "long_name": "AUC"}),
        },
        coords={
            "option": ["no treatment", "a", "b"],
            "kind": ("option", ["none", "candidate", "candidate"]),
            "n_doses": ("option", [0, 10, 10]),
            "total_amount": ("option", 10 * dose, {"units": "mg"}),
            "max_single": ("option", dose, {"units": "mg"}),
        },
    )


AUC = {"metric": "auc24"}
FOLLOWS = {
    "free": ({"of": "auc24", "fraction_unbound": 0.4}, lambda o: out.free(o.auc24, 0.4)),
    "AUC/MIC": (
        {"of": "auc24", "mic": "0.5 mg/L", "fraction_unbound": 0.4},
        lambda o: out.auc_over_mic(o.auc24, "0.5 mg/L", 0.4),
    ),
    "fraction of response": (
        {"of": "auc24", "mics": {"0.5 mg/L": 0.3, "1 mg/L": 0.7}, "target": 250},
        lambda o: out.fraction_of_response(o.auc24, {"0.5 mg/L": 0.3, "1 mg/L": 0.7}, 250),
    ),
    "Emax": (
        {"of": "trough", "largest": -20, "half": "8 mg/L", "gamma": 2, "baseline": 90, "unit": "mmHg"},
        lambda o: out.sigmoid_emax(o.trough, -20, "8 mg/L", 2, 90, unit="mmHg"),
    ),
    "logistic event": (
        {"of": "trough", "intercept": -3, "slope": 0.2},
        lambda o: out.logistic_event(o.trough, -3, 0.2),
    ),
    "probit event": (
        {"of": "auc24", "half": "500 mg*h/L", "spread": 0.4},
        lambda o: out.probit_event(o.auc24, "500 mg*h/L", 0.4),
    ),
    "sigmoid event": (
        {"of": "auc24", "half": 300, "gamma": 3, "largest": 0.9},
        lambda o: out.sigmoid_event(o.auc24, 300, 3, 0.9),
    ),
    "either event": (
        {"of": ["one", "two"]},
        lambda o: out.either(out.logistic_event(o.trough, -3, 0.2), out.logistic_event(o.trough, -4, 0.1)),
    ),
    "event by": (
        {"of": "trough", "rate": "0.02 / month", "slope": -0.1, "horizon": "90 day", "shape": 1.5},
        lambda o: out.event_by(out.hazard(o.trough, "0.02 / month", -0.1), "90 day", shape=1.5),
    ),
    "survival": (
        {"of": "trough", "rate": 0.3, "slope": -0.1, "horizon": "2 year"},
        lambda o: out.survival(out.hazard(o.trough, 0.3, -0.1), "2 year"),
    ),
    "time without event": (
        {"of": "trough", "rate": 0.3, "slope": -0.1, "horizon": "2 year"},
        lambda o: out.mean_time(out.hazard(o.trough, 0.3, -0.1), "2 year"),
    ),
    "neutrophil nadir": (
        {"of": "auc24", "baseline": 5, "half": 400, "gamma": 2},
        lambda o: out.neutrophil_nadir(o.auc24, 5, 400, 2),
    ),
    "INR": (
        {"of": "part", "baseline": 1, "largest": 5, "shape": 3},
        lambda o: out.inr(out.sigmoid_event(o.auc24, 300, 1), 1, 5, 3),
    ),
    "meaningful change": (
        {"of": "trough", "threshold": 8, "error": 2},
        lambda o: out.meaningful_change(o.trough, 8, error=2),
    ),
    "worth of classes": (
        {"of": "trough", "cuts": [5, 15], "worth": [-1, 0, -3]},
        lambda o: out.worth(out.classes(o.trough, [5, 15], ["low", "in", "high"]), [-1, 0, -3]),
    ),
    "cost": (
        {"currency": "EUR", "fixed": 5, "dose": 2, "amount": [3, "1 g"], "events": {"one": 100}},
        lambda o: (
            out.cost(o, "EUR", fixed=5, dose=2, amount=(3.0, "1 g"))
            + 100 * out.logistic_event(o.trough, -3, 0.2)
        ),
    ),
    "burden": (
        {"dose": 0.01, "day": 0.1, "days": 5},
        lambda o: out.burden(o, dose=0.01, day=0.1, days=5),
    ),
    "QALY": (
        {"quality": 0.8, "years": 10, "timing": "mid-year", "lost": {"one": 0.5}},
        lambda o: out.qaly(0.8, 10, timing="mid-year") - 0.5 * out.logistic_event(o.trough, -3, 0.2),
    ),
}
BESIDE = {
    "one": {"metric": "logistic event", "of": "trough", "intercept": -3, "slope": 0.2},
    "two": {"metric": "logistic event", "of": "trough", "intercept": -4, "slope": 0.1},
    "part": {"metric": "sigmoid event", "of": "auc24", "half": 300, "gamma": 1},
}


def test_every_metric_is_tried_here():
    assert set(FOLLOWS) == set(DERIVED)


@pytest.mark.parametrize("metric", FOLLOWS)
def test_an_outcome_is_what_its_function_returns(metric):
    given, function = FOLLOWS[metric]
    case = case_of({"wanted": {"metric": metric, **given}, "auc24": AUC, **BESIDE})
    made = case.outcome(simulated())["wanted"]
    expected = function(simulated())
    np.testing.assert_allclose(made, expected.broadcast_like(made).transpose("draw", "option"))
    assert made.dims == ("draw", "option")
    assert made.attrs["definition"].startswith(metric)
    assert make_case(case.to_dict()) == case


def test_units_are_those_of_the_function():
    case = case_of({"auc24": AUC, "x": {"metric": "AUC/MIC", "of": "auc24", "mic": "1 mg/L"}})
    made = case.outcome(simulated())["x"]
    assert (made.attrs["units"], made.attrs["long_name"]) == ("h", "x: AUC/MIC")


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"metric": "average", "after_dose": 0}, lambda: bd.average(0)),
        ({"metric": "auc", "start": 24, "end": 48}, lambda: bd.auc(start=24, end=48)),
        ({"metric": "time above", "threshold": 2, "free": 0.5}, lambda: bd.time_above(2, -1, free=0.5)),
        ({"metric": "time above", "threshold": "0.5 mg/L"}, lambda: bd.time_above(500, -1)),
        ({"metric": "time below", "threshold": 2, "start": 0}, lambda: bd.time_below(2, start=0)),
        ({"metric": "minimum", "dvid": 2}, lambda: bd.minimum(-1, dvid=2)),
        ({"metric": "time of peak"}, lambda: bd.time_of_peak(-1)),
        ({"metric": "nadir", "dvid": 2}, lambda: bd.nadir(dvid=2)),
        ({"metric": "nadir", "dvid": 2, "after_dose": 0}, lambda: bd.nadir(0, dvid=2)),
        ({"metric": "time of nadir", "dvid": 2, "end": 504}, lambda: bd.time_of_nadir(end=504, dvid=2)),
        (
            {"metric": "time below", "threshold": "500 /uL", "dvid": 2},
            lambda: bd.time_below(0.5, -1, dvid=2),
        ),
        ({"metric": "accumulated load", "threshold": 3}, lambda: bd.accumulated_load(3)),
        ({"metric": "trough", "after_dose": 1, "free": 0.1}, lambda: bd.trough(1, free=0.1)),
    ],
)
def test_exposure_is_what_its_function_returns(given, same):
    case = case_of({"x": given})
    assert case.metrics(CARD)["x"] == same()
    assert make_case(case.to_dict()) == case


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({"x": {"metric": "AUC/MCI", "of": "trough"}}, "outcomes.x.metric *is no metric.*meant: AUC/MIC"),
        ({"x": {"metric": "AUC/MIC", "of": "trough"}}, "outcomes.x.mic *is missing"),
        (
            {"x": {"metric": "free", "of": "trouh", "fraction_unbound": 0.1}},
            "no outcome.*trough",
        ),
        ({"x": {"metric": "burden", "doze": 1}}, "outcomes.x.doze.*meant: dose"),
        ({"x": {"metric": "time above"}}, "needs a threshold"),
        ({"x": {"metric": "time above", "threshold": "2 mgg/L"}}, "outcomes.x.*mgg"),
        ({"x": {"metric": "trough", "start": 3}}, "trough takes no start"),
        ({"x": {"metric": "nadir"}}, "outcomes.x *nadir needs dvid: which effect it is of"),
        ({"x": {"metric": "nadir", "dvid": 2, "free": 0.1}}, "nadir takes no free.*after_dose, dvid"),
        ({"x": {"metric": "nadri", "dvid": 2}}, "no metric.*meant: nadir"),
        ({"x": {"metric": "peak", "threshold": 3}}, "peak takes no threshold"),
        ({"x": {"metric": "peak", "start": 0, "after_dose": 1}}, "either the interval after a dose or"),
        ({"x": {"metric": "peak", "free": 2}}, "no fraction unbound"),
        (
            {"x": {"metric": "either event", "of": ["x", "trough"]}},
            "follow from each other in a circle",
        ),
        (
            {"x": {"metric": "cost", "currency": "EUR", "events": {"trough": 9}}},
            r"outcomes\.x .*'trough', an exposure and no probability",
        ),
        (
            {"x": {"metric": "QALY", "quality": 1, "years": 1, "lost": {"trough": 0.1}}},
            r"outcomes\.x .*'trough', an exposure and no probability",
        ),
        (
            {"x": {"metric": "either event", "of": ["one", "trough"]}, "one": BESIDE["one"]},
            r"outcomes\.x .*'trough', an exposure and no probability",
        ),
    ],
)
def test_what_is_wrong_is_said_under_its_key(outcomes, said):
    with pytest.raises(InputError, match=said):
        case_of(outcomes)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"utility": {**UTILITY, "outcome": "trouhg"}}, "utility.outcome"),
        (
            {"utility": {"name": "benefit minus harm", "benefit": "x", "harm": "trouhg", "alpha": 1}},
            "utility.harm",
        ),
        ({"limits": {"chance": [{"outcome": "trouhg", "above": 2, "at_most": 0.1}]}}, "limits.chance"),
        ({"criterion": {"name": "attainment", "outcome": "trouhg", "above": 2}}, "criterion.outcome"),
        ({"economics": {"effect": "trouhg", "cost": "x", "willingness_to_pay": 1}}, "economics.effect"),
    ],
)
@pytest.mark.parametrize("fault", [{}, {"threshold": 3}])
def test_a_misspelt_outcome_is_told_when_the_case_is_read(more, key, fault):
    """With what is wrong with the outcomes themselves, too."""
    content = {"options": OPTIONS, "utility": UTILITY, "outcomes": {"trough": TROUGH, "x": AUC | fault}}
    with pytest.raises(InputError) as told:
        make_case({**content, **more})
    (line,) = (one for one in str(told.value).split("\n") if key in one)
    assert "speaks of 'trouhg', which is no outcome. Probably meant: trough" in line
    assert ("takes no threshold" in str(told.value)) == bool(fault)


def test_a_case_needs_an_exposure():
    with pytest.raises(InputError, match="name no exposure"):
        make_case(
            {
                "options": OPTIONS,
                "utility": {**UTILITY, "outcome": "x"},
                "outcomes": {"x": {"metric": "burden"}},
            }
        )


def test_what_does_not_fit_the_patient_names_the_outcome():
    case = case_of({"auc24": AUC, "x": {"metric": "AUC/MIC", "of": "auc24", "mic": "1 mol/L"}})
    with pytest.raises(InputError, match=r"outcomes\.x: .*mol"):
        case.outcome(simulated())
    case = case_of(
        {"x": {"metric": "logistic event", "of": "trough", "intercept": 1, "slope": 1, "log": True}}
    )
    with pytest.raises(InputError, match="sigmoid event"):
        case.outcome(simulated())


def test_what_has_a_price_is_a_probability():
    nadir = {"metric": "neutrophil nadir", "of": "auc24", "baseline": 5, "half": 400}
    price = {"metric": "cost", "currency": "EUR", "events": {"low": 9}}
    case = case_of({"auc24": AUC, "low": nadir, "x": price})
    with pytest.raises(InputError, match=r"outcomes\.x: low, the probability of an event"):
        case.outcome(simulated())


def test_the_probability_of_an_event_can_be_limited():
    limit = {"chance": [{"outcome": "one", "at_most": 0.3}]}
    case = case_of({"auc24": AUC, **BESIDE}, limits=limit)
    (made,) = case.limit_list()
    assert str(made) == "P(one) at most 0.3 (upper 95 % limit)"
    choice = decide(case.outcome(simulated()), lambda o: -((o.trough - 12) ** 2), limits=[made])
    mean = float(case.outcome(simulated())["one"].sel(option="b").mean())
    assert choice.blocked == {"b": f"P(one) is {mean:.3g}, above 0.3"}


# Economics

MONEY = {"effect": "gain", "cost": "cost", "willingness_to_pay": 200}
PRICED = {
    "gain": {"metric": "sigmoid event", "of": "trough", "half": 8, "gamma": 2},
    "cost": {"metric": "cost", "currency": "EUR", "dose": 4, "events": {"one": 100}},
}


def found(economics=MONEY, **limits):
    case = case_of({"auc24": AUC, **BESIDE, **PRICED}, economics=economics)
    outcome = case.outcome(simulated())
    choice = decide(outcome, lambda o: -((o.trough - 12) ** 2))
    return case, outcome, economics_of(case.economics, outcome, choice)


def test_costs_and_effects_are_those_of_the_room_of_economics():
    case, outcome, made = found()
    net = bd.economics.net_benefit(outcome["cost"], outcome["gain"], 200).mean("draw")
    np.testing.assert_allclose(made.table["net_benefit"], net.sel(option=made.table.index))
    assert made.best == str(net["option"].to_numpy()[int(net.to_numpy().argmax())])
    assert made.table["p_best"].sum() == pytest.approx(1.0)
    alone = bd.economics.icers(outcome["cost"], outcome["gain"]).table
    pd.testing.assert_frame_equal(made.frontier.table, alone)
    assert made.plane.reference == "no treatment"
    at = made.acceptability.curves.sel(wtp=200.0)
    np.testing.assert_allclose(at["probability"].sel(option=made.table.index), made.table["p_best"])
    assert made.price == "200 EUR for one unit of gain"
    assert json.loads(json.dumps(made.to_dict()))["best"] == made.best
    assert make_case(case.to_dict()) == case


def test_a_default_that_is_stated_is_kept():
    """A load after the last dose is another one than over the whole course."""
    case = case_of({"load": {"metric": "accumulated load", "after_dose": -1}})
    assert case.to_dict()["outcomes"]["load"] == {"metric": "accumulated load", "after_dose": -1}
    again = make_case(case.to_dict())
    assert again.metrics(CARD)["load"] == case.metrics(CARD)["load"]
    assert again.metrics(CARD)["load"] == bd.accumulated_load(after_dose=-1)


def test_the_best_buy_is_what_net_monetary_benefit_chooses():
    case, outcome, made = found()
    utility = {"name": "net monetary benefit", "effect": "gain", "cost": "cost", "willingness_to_pay": 200}
    named = make_case({**case.to_dict(), "utility": utility})
    assert decide(outcome, named.utility).best == made.best


def test_costs_by_option():
    costs = {"no treatment": 0, "a": 10, "b": 30}
    _, _, made = found({**MONEY, "cost": costs, "currency": "EUR", "reference": "a"})
    assert made.table["cost"].to_dict() == {k: float(v) for k, v in costs.items()}
    assert made.plane.reference == "a"
    assert made.units == ("EUR", "")


@pytest.mark.parametrize(
    ("economics", "said"),
    [
        ({**MONEY, "cost": {"a": 1, "no treatment": 0}}, "none for 'b'"),
        ({**MONEY, "cost": {"a": 1, "b": 2, "c": 3, "no treatment": 0}}, "'c', which is no option"),
        ({**MONEY, "reference": "bb"}, "no such option"),
        ({**MONEY, "effect": "gian"}, "economics.effect *speaks of 'gian'.*meant: gain"),
        ({**MONEY, "cost": "trough"}, "an exposure, and not a cost"),
        ({**MONEY, "willingness_to_pay": 0}, "above 0"),
        ({**MONEY, "willingness_to_pay": -1}, "economics.willingness_to_pay"),
        ({**MONEY, "wtp": 1}, "economics.wtp"),
        ({"cost": "cost"}, "economics.effect *is missing"),
    ],
)
def test_economics_that_cannot_be(economics, said):
    with pytest.raises(InputError, match=said):
        found(economics)
