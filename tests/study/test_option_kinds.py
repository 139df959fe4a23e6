"""Options that differ in more than amount and interval: formulations, starts, changes, pauses, sizes."""

import math

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import option_events, read_study, regimens

CARD = bd.Card(
    drug="x",
    source="a test",
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate("WT", unit="kg", range=(1, 200)),
        bd.Covariate("FORM", varies=True, range=(1, 2)),
        bd.Covariate("DIAL", varies=True, range=(0, 1)),
    ],
)


def patient(*doses, end=None, **columns):
    """A patient of 50 kg who was given these doses, (time, mg)."""
    rows = [{"TIME": t, "AMT": a, "EVID": 1} for t, a in doses]
    rows += [{"TIME": end, "AMT": ".", "EVID": 2}] if end is not None else []
    rows = rows or [{"TIME": 0, "AMT": ".", "EVID": 2}]
    known = {"ID": "1", "DV": ".", "WT": 50, "FORM": 1, "DIAL": 0, **columns}
    return read_study(pd.DataFrame(rows).assign(**known), CARD)


@pytest.fixture
def treated():
    return patient((0, 100), (12, 100), (24, 100), end=30)


def labels(options):
    return options.table["option"].to_numpy().tolist()


def fact(options, name):
    return options.table[name].to_numpy().tolist()


def course(options, k):
    part = options.doses[options.doses["option"] == k]
    return part["TIME"].tolist(), part["AMT"].tolist()


# Dose texts


def test_pauses_and_cycles(treated):
    text = "10 mg every 1 day x 2, then nothing for 3 days, then 5 mg every 12 h x 2"
    assert course(regimens(text, after=treated, current=False), 1) == ([36, 60, 156, 168], [10, 10, 5, 5])
    cycles = regimens(
        "({a} mg every 1 day x 2, then nothing for 5 days) x 3", after=treated, a=[10], current=False
    )
    assert course(cycles, 1)[0] == [36, 60, 204, 228, 372, 396]
    assert cycles.horizon == 36 + 3 * 7 * 24
    assert labels(cycles)[1] == "(10 mg every 1 day x 2, then nothing for 5 days) x 3"
    late = regimens(
        "nothing for 6 h, then 40 mg, then nothing for 1 day, then 10 mg", after=treated, current=False
    )
    assert course(late, 1)[0] == [42, 66]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing for 2 days", "gives nothing"),
        ("nothing 2 days", "nothing for"),
        ("(10 mg every 12 h x 2) x 0", "whole number from 1"),
        ("(10 mg every 12 h x 2) x n", "whole number from 1"),
        ("nothing for 2 days x 3, then 10 mg", "', then ' between parts"),
    ],
)
def test_pauses_that_cannot_be(text, said, treated):
    with pytest.raises(bd.InputError, match=said):
        regimens(text, after=treated)


def test_cycles_are_not_without_end(treated):
    with pytest.raises(bd.InputError, match="too many doses"):
        regimens("(10 mg every 1 h x 5000, then nothing for 1 day) x 1000", after=treated)


def test_several_texts(treated):
    o = regimens(
        ["{a} mg every {tau} h x 4", "{load} mg into central, then {a} mg every 12 h x 3", "7 mg"],
        after=treated,
        a=[10, 20],
        tau=[12],
        load=[50],
    )
    assert labels(o)[2:] == [
        "10 mg every 12 h x 4",
        "20 mg every 12 h x 4",
        "50 mg into central, then 10 mg every 12 h x 3",
        "50 mg into central, then 20 mg every 12 h x 3",
        "7 mg",
    ]
    np.testing.assert_array_equal(o.table["load"], [np.nan] * 4 + [50, 50, np.nan])
    np.testing.assert_array_equal(o.table["a"], [np.nan, np.nan, 10, 20, 10, 20, np.nan])
    assert fact(o, "route")[-2:] == ["bolus into central, bolus", "bolus"]
    with pytest.raises(bd.InputError, match="no dose text"):
        regimens([], after=treated)
    with pytest.raises(bd.InputError, match="b= is not in the dose text"):
        regimens(["{a} mg", "{a} mg every 12 h x 2"], after=treated, a=[1], b=[2])


# Facts


def test_names_that_are_taken_or_misspelt(treated):
    for name in ("start", "load_sodium", "n_doses"):
        with pytest.raises(bd.InputError, match="options use themselves"):
            regimens(f"{{{name}}} mg", after=treated)
    with pytest.raises(bd.InputError, match="Probably meant: formulation"):
        regimens("{a} mg", after=treated, a=[1], formulations=[2])


def test_facts_of_how_it_is_given(treated):
    o = regimens(["10 mg over 2 h every 6 h x 3", "10 mg over modelled duration"], after=treated)
    np.testing.assert_array_equal(o.table["infusion"], [0, 0, 2, np.nan])
    assert fact(o, "route") == ["none", "bolus", "infusion", "infusion"]
    np.testing.assert_array_equal(o.table["min_interval"], [np.nan, 12, 6, 12])
    assert o.table["infusion"].attrs["derived"]
    soon = regimens("10 mg every 12 h x 2", after=treated, start=32)
    assert fact(soon, "min_interval")[-1] == 8  # the last one was given at 24


def test_a_dose_per_a_weight_that_is_not_in_the_table(treated):
    o = regimens(["2 mg/kg", "30 mg/m2"], after=treated, sizes={"WT": "40000 g", "BSA": "1.5 m2"})
    assert fact(o, "max_single")[-2:] == pytest.approx([80, 45])
    with pytest.raises(bd.InputError, match=r"BSA.*sizes="):
        regimens("30 mg/m2", after=treated)
    with pytest.raises(bd.InputError, match="sizes= has no 'HT'"):
        regimens("30 mg", after=treated, sizes={"HT": "170 cm"})
    with pytest.raises(bd.InputError, match="above 0"):
        regimens("30 mg", after=treated, sizes={"WT": "0 kg"})


# Strengths


def test_doses_are_rounded_to_what_there_is(treated):
    o = regimens("{a} mg/kg every 12 h x 2", after=treated, a=[0.9, 1, 1.2, 1.4, 2], strengths=["25 mg"])
    assert labels(o)[2:] == [
        "1 mg/kg every 12 h x 2",  # 0.9 mg/kg would be the same 50 mg, moved more
        "1.4 mg/kg every 12 h x 2 (75 mg)",
        "2 mg/kg every 12 h x 2",
    ]
    assert fact(o, "max_single")[2:] == [50, 75, 100]
    assert fact(o, "pieces") == [0, 4, 2, 3, 4]
    staged = regimens("1.2 mg/kg, then 0.4 mg/kg every 12 h x 2", after=treated, strengths=["25 mg"])
    assert labels(staged)[-1].endswith(" (50 mg, then 25 mg)")


def test_vials_are_wasted(treated):
    vials = bd.Strengths(["100 mg"], step="10 mg")
    o = regimens("{a} mg/kg every 12 h x 3", after=treated, a=[1.5, 2.5], strengths=vials)
    assert fact(o, "max_single")[2:] == [70, 120]
    assert fact(o, "waste")[-1] == pytest.approx(3 * 80)
    with pytest.raises(bd.InputError, match="cannot be made up"):
        regimens("60 mg/kg", after=treated, strengths=vials)


# Formulations


def test_what_comes_with_the_drug():
    # fosfomycin: 1.28 g sodium in 4 g (UK SmPC, fosfomycin 40 mg/mL, section 2), so 7.68 g sodium at 24 g a
    # day and 35.84 g in 7 days at 16 g a day: fosfomycin-sodium of the reference cases
    vials = bd.Formulation(
        "vials",
        contains={"sodium": "0.32 g/g", "water": "100 mL/dose", "stoppers": "1 mg/piece"},
        strengths=bd.Strengths(["4 g"], most=4),
    )
    o = regimens("{a} g every 8 h for 7 days", a=[8], after=patient(), formulation=vials)
    assert fact(o, "load_sodium_daily") == pytest.approx([0, 7.68], abs=1e-9)
    o = regimens("{a} g every 12 h for 7 days", a=[4, 8], after=patient(), formulation=vials)
    assert fact(o, "load_sodium") == pytest.approx([0, 17.92, 35.84], abs=1e-9)
    assert o.table["load_sodium"].attrs["units"] == "g"
    assert fact(o, "load_water_daily") == [0, 200, 200]
    assert fact(o, "load_stoppers") == [0, 14, 28]
    assert fact(o, "pieces") == [0, 1, 2]
    assert fact(o, "formulation") == ["", "vials", "vials"]


def test_loads_count_what_was_given_before(treated):
    salt = bd.Formulation("salt", contains={"sodium": "0.1 mg/mg"})
    o = regimens("10 mg every 12 h x 3", after=treated, formulation=salt)
    # within 24 h: nothing; 100 and 100; 10 at 36 with 100 at 24
    assert fact(o, "load_sodium_daily") == pytest.approx([0, 20, 11])
    assert fact(o, "load_sodium") == pytest.approx([0, 30, 3])


def test_formulations_are_options(treated):
    slow = bd.Formulation("slow", F=0.5, into="central", covariates={"FORM": 2})
    plain = bd.Formulation("plain")
    o = regimens("{a} mg over 2 h every 24 h x 2", after=treated, a=[10, 20], formulation=[plain, slow])
    assert labels(o)[2:] == [
        "10 mg over 2 h every 24 h x 2 as plain",
        "10 mg over 2 h every 24 h x 2 as slow",
        "20 mg over 2 h every 24 h x 2 as plain",
        "20 mg over 2 h every 24 h x 2 as slow",
    ]
    assert fact(o, "max_single")[2:] == [10, 10, 20, 20]  # as given
    assert o.future(3)["AMT"].tolist() == [5, 5]  # as the model gets it, over the same time
    assert o.future(3)["RATE"].tolist() == [2.5, 2.5]
    assert o.future(3)["CMT"].tolist() == [2, 2]
    assert fact(o, "cov_FORM") == [1, 1, 1, 2, 1, 2]
    late = regimens("nothing for 6 h, then 10 mg", after=treated, formulation=slow)
    assert late.way(2).steps["FORM"].times.tolist() == [42]
    assert fact(o, "formulation") == ["", "", "plain", "slow", "plain", "slow"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"contains": {"sodium": "0.3 g"}}, "per what"),
        ({"contains": {"sodium": "some"}}, "cannot be read"),
        ({"contains": {"so dium": "0.3 g/g"}}, "a name such as sodium"),
        ({"contains": {"sodium": "0.3 g/piece"}}, "of unknown size"),
        ({"contains": {"sodium": "0.3 foo/g"}}, "is not a unit"),
        ({"F": 0.0}, "above 0"),
        ({"F": math.nan}, "above 0"),
        ({"rounding": "sideways"}, "nearest"),
        ({"name": 3}, "needs a name"),
    ],
)
def test_formulations_that_cannot_be(arguments, said):
    with pytest.raises(bd.InputError, match=said):
        bd.Formulation(**{"name": "x", **arguments})


def test_what_does_not_fit_a_formulation(treated):
    twice = [bd.Formulation("a"), bd.Formulation("a", F=0.5)]
    with pytest.raises(bd.InputError, match="have one name"):
        regimens("10 mg", after=treated, formulation=twice)
    with pytest.raises(bd.InputError, match="strengths= beside formulation="):
        regimens("10 mg", after=treated, formulation=bd.Formulation("a"), strengths=["5 mg"])
    with pytest.raises(bd.InputError, match="is stated per 'mL'"):
        regimens("10 mg", after=treated, formulation=bd.Formulation("a", contains={"sodium": "3 mg/mL"}))
    with pytest.raises(bd.InputError, match="FORM is outside its range"):
        regimens("10 mg", after=treated, formulation=bd.Formulation("a", covariates={"FORM": 3}))
    with pytest.raises(bd.InputError, match="WT cannot change within a patient"):
        regimens("10 mg", after=treated, formulation=bd.Formulation("a", covariates={"WT": 60}))
    with pytest.raises(bd.InputError, match="formulation="):
        regimens("10 mg", after=treated, formulation=["tablet"])


# Starts


def test_times_of_day(treated):
    # the last record, at 30 h, is at 10:00; the dose of 36 h falls due at 16:00
    o = regimens("10 mg every 24 h x 2", after=treated, start=["08:00", "16:00", "20:00"], now="10:00")
    assert labels(o)[2:] == [f"10 mg every 24 h x 2, from {t}" for t in ("08:00", "16:00", "20:00")]
    assert fact(o, "start")[2:] == [52, 36, 40]
    np.testing.assert_array_equal(o.table["time_of_day"], [np.nan, np.nan, 8, 16, 20])
    assert (o.start, o.horizon) == (36, 100)
    assert [o.until(k) for k in range(5)] == [36, 30, 52, 36, 40]
    hourly = regimens("10 mg", after=treated, now="10:00")
    np.testing.assert_array_equal(hourly.table["time_of_day"], [np.nan, np.nan, 16])
    delays = regimens("10 mg", after=treated, start=[31, 44])
    assert labels(delays)[2:] == ["10 mg, from 31 h", "10 mg, from 44 h"]
    assert "time_of_day" not in delays.table


def test_a_time_of_day_on_top_of_a_dose_is_the_next_day():
    who = patient((0, 100), (5, 50))
    o = regimens("10 mg", after=who, start="15:00", now="15:00")
    assert fact(o, "start")[1] == 29
    o = regimens("10 mg", after=patient((0, 100), end=5), start="15:00", now="15:00")
    assert fact(o, "start")[1] == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start": "08:00"}, "is a time of day"),
        ({"start": "8 o'clock", "now": "10:00"}, "start= is no time of day"),
        ({"start": "08:00", "now": "25:00"}, "now= is no time of day"),
        ({"start": [40, 40]}, "names a time twice"),
        ({"start": []}, "empty list"),
        ({"start": [20]}, "before the last record"),
    ],
)
def test_starts_that_cannot_be(arguments, said, treated):
    with pytest.raises(bd.InputError, match=said):
        regimens("10 mg", after=treated, **arguments)


# Changes


def test_a_change_is_an_option(treated):
    dialysis = bd.Change("dialysis", {"DIAL": 1}, at="4 h", lasting="2 h", every="1 day", times=2)
    o = regimens("10 mg every 24 h x 3", after=treated, changes=[None, dialysis])
    assert labels(o) == [
        "no treatment",
        "no treatment, with dialysis",
        "current regimen",
        "current regimen, with dialysis",
        "10 mg every 24 h x 3",
        "10 mg every 24 h x 3, with dialysis",
    ]
    assert fact(o, "change") == ["", "dialysis"] * 3
    assert fact(o, "cov_DIAL") == [0, 1] * 3
    assert fact(o, "kind")[:2] == ["none", "none"]
    assert o.way(5).steps["DIAL"].times.tolist() == [40, 42, 64, 66]
    assert o.way(5).steps["DIAL"].value.tolist() == [1, 0, 1, 0]
    assert set(o.breaks(5)) >= {40, 42, 64, 66}
    every = regimens("10 mg every 24 h x 3", after=treated, changes=dialysis)
    assert labels(every) == ["no treatment", "current regimen", "10 mg every 24 h x 3"]
    assert fact(every, "cov_DIAL") == [1, 1, 1]


def test_a_changed_covariate_governs_from_its_time_on(treated):
    change = bd.Change("dialysis", {"DIAL": 1}, at=4, lasting=20)
    o = regimens("10 mg every 24 h x 2", after=treated, changes=change, current=False, occasion="same")
    times, sides = np.array([40.0, 38.0, 40.0, 60.0, 61.0]), np.array([-1, 1, 1, -1, 1])
    arrays = option_events(o, [times], [sides], only=[1])
    found = list(
        zip(*(arrays[n].to_numpy().tolist() for n in ("record_time", "record_kind", "DIAL")), strict=True)
    )
    past = [(t, 1, 0) for t in (0, 12, 24)] + [(30, 2, 0), (36, 1, 0), (38, 0, 0)]
    ahead = [(40, 2, 0), (40, 0, 0), (40, 0, 1), (60, 2, 1), (60, 0, 1), (60, 1, 0), (61, 0, 0)]
    assert found == [*past, *ahead]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"covariates": {}}, "numbers by name"),
        ({"covariates": {"DIAL": "on"}}, "numbers by name"),
        ({"every": "24 h"}, "half stated"),
        ({"times": 2}, "half stated"),
        ({"every": "24 h", "times": 2}, "has no end"),
        ({"covariates": {"DIAL": 2}}, "outside its range"),
        ({"covariates": {"CRCL": 2}}, "CRCL' is not on the card"),
        ({"covariates": {"WT": 60}}, "cannot change within a patient"),
        ({"at": "-4 h"}, "0 or later"),
        ({"at": "soon"}, "is not a quantity"),
        ({"lasting": "30 h", "every": "24 h", "times": 2}, "shorter than every"),
    ],
)
def test_changes_that_cannot_be(arguments, said, treated):
    with pytest.raises(bd.InputError, match=said):
        regimens(
            "10 mg", after=treated, changes=bd.Change(**{"name": "x", "covariates": {"DIAL": 1}, **arguments})
        )


def test_what_is_no_change(treated):
    with pytest.raises(bd.InputError, match="changes="):
        regimens("10 mg", after=treated, changes=["dialysis"])
    form = bd.Formulation("slow", covariates={"FORM": 2})
    both = bd.Change("other", {"FORM": 1})
    with pytest.raises(bd.InputError, match="two changes of FORM"):
        regimens("10 mg", after=treated, formulation=form, changes=both)


def test_thousands_of_options_are_made_at_once(treated):
    o = regimens("{a} mg every {tau} h x 10", after=treated, a=np.linspace(1, 100, 1500), tau=[8, 12])
    assert len(o) == 3002
    assert fact(o, "n_doses")[-1] == 10


# The fullest 24 hours


def infused(*doses, end):
    """A patient who was given these doses, (time, mg, mg/h)."""
    rows = [{"TIME": t, "AMT": a, "RATE": r, "EVID": 1} for t, a, r in doses]
    rows += [{"TIME": end, "AMT": ".", "RATE": ".", "EVID": 2}]
    return read_study(pd.DataFrame(rows).assign(ID="1", DV=".", WT=50, FORM=1, DIAL=0), CARD)


def test_an_infusion_that_still_runs_counts_by_what_of_it_runs():
    # 5 g over 120 h are 1 g in any 24 h; begun 30 h before the option, it is let run out
    running = infused((0, 5000, 5000 / 120), end=30)
    o = regimens("1500 mg every 12 h x 4", after=running, start=30, current=False)
    assert fact(o, "max_daily") == pytest.approx([0, 4000], rel=1e-12)
    salt = bd.Formulation("salt", contains={"sodium": "0.1 mg/mg"})
    o = regimens("1500 mg every 12 h x 4", after=running, start=30, current=False, formulation=salt)
    assert fact(o, "load_sodium_daily") == pytest.approx([0, 400], rel=1e-12)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("120 mg over 2 h every 24 h x 3", 120),  # a day apart: never two at once
        ("120 mg over 48 h", 60),
        ("120 mg over 6 h every 24 h x 1, then 80 mg", 120),  # a dose like any: a day apart
        ("120 mg over 48 h every 48 h x 1, then 120 mg over 2 h", 180),  # 24 h of 2.5 mg/h, and the other
        ("120 mg over 48 h every 48 h x 1, then 120 mg over 8 h", 160),  # 16 h of 2.5 mg/h, and the other
        ("120 mg over 24 h every 24 h x 3", 120),
        ("120 mg over 36 h every 24 h x 3", 120),  # as much as in a steady state
        ("120 mg over 24 h every 12 h x 4 at steady state", 240),
    ],
)
def test_infusions_are_counted_as_they_run(text, most):
    o = regimens(text, after=patient(end=0), current=False)
    assert fact(o, "max_daily")[1] == pytest.approx(most, rel=1e-12)


def test_a_load_that_nobody_can_say_is_no_zero():
    # 500 mg cannot have been four pieces of 50 mg: what came with them is not known
    tablets = bd.Formulation(
        "tablets", contains={"sodium": "55 mg/piece"}, strengths=bd.Strengths(["50 mg"], most=4)
    )
    odd = patient((0, 500), (12, 500), (24, 500), end=30)
    o = regimens("100 mg every 12 h x 6", after=odd, formulation=tablets)
    assert np.isnan(fact(o, "load_sodium_daily")).tolist() == [False, True, True]
    late = regimens("100 mg every 12 h x 6", after=odd, start=60, current=False, formulation=tablets)
    assert fact(late, "load_sodium_daily") == [0, 220]  # the last of them is more than a day ago


# Covariates while doses are given


@pytest.mark.parametrize(
    ("text", "change", "found"),
    [
        ("10 mg every 24 h x 5", {"at": "72 h"}, (0, 1)),  # three doses without, two with it
        ("10 mg every 24 h x 5", {"at": 0}, (1, 1)),
        ("10 mg every 24 h x 5", {"at": 0, "lasting": "30 h"}, (0, 1)),
        ("10 mg over 6 h", {"at": 0, "lasting": "3 h"}, (0, 1)),  # the infusion goes on after it
        ("10 mg over 6 h", {"at": 0, "lasting": "6 h"}, (1, 1)),
        ("10 mg", {"at": "72 h"}, (0, 1)),
    ],
)
def test_all_values_of_a_covariate_under_which_doses_are_given(treated, text, change, found):
    both = [None, bd.Change("dialysis", {"DIAL": 1}, **change)]
    o = regimens(text, after=treated, changes=both, current=False)
    assert fact(o, "cov_DIAL") == [0, 1, 0, 1]
    low = fact(o, "cov_DIAL_low") if "cov_DIAL_low" in o.table else fact(o, "cov_DIAL")
    high = fact(o, "cov_DIAL_high") if "cov_DIAL_high" in o.table else fact(o, "cov_DIAL")
    assert (low[3], high[3]) == found
    assert (low[:3], high[:3]) == ([0, 1, 0], [0, 1, 0])


def test_limits_see_what_doses_are_given_under(treated):
    session = bd.Change("dialysis", {"DIAL": 1}, at="72 h")
    o = regimens("10 mg every 24 h x 5", after=treated, changes=session, current=False)
    outcome = o.table.set_coords(list(o.table.data_vars))
    assert [hit for hit, _ in bd.contraindicated("DIAL", below=1).check(outcome)] == [False, True]


def test_one_dose_an_hour_after_the_last_one():
    o = regimens("500 mg", after=patient((0, 500)), start=1, current=False)
    outcome = o.table.set_coords(list(o.table.data_vars))
    assert [hit for hit, _ in bd.min_interval("6 h").check(outcome)] == [False, True]
