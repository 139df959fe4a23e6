"""Limits on the dose: spelling, units, and the dose that equals the limit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from bayesdose.decision import Limit, max_daily, max_single
from bayesdose.errors import InputError


def doses(*mg: float, **attrs: object) -> xr.Dataset:
    """No treatment with 50 mg of the past in its day, then these doses; 2 kg unless told otherwise."""
    return xr.Dataset(
        coords={
            "option": ["no treatment", *(f"{x} mg" for x in mg)],
            "kind": ("option", ["none"] + ["candidate"] * len(mg)),
            "max_daily": ("option", [50.0, *mg]),
            "max_single": ("option", [0.0, *mg]),
        },
        attrs={"amount_unit": "mg", "cov_WT": 2.0, "cov_WT_unit": "kg"} | attrs,
    )


def blocked(limit: Limit, outcome: xr.Dataset) -> list[bool]:
    return [hit for hit, _ in limit.check(outcome)]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("10 mg", "mg"),
        ("10mg", "mg"),
        (" 10 mg/kg ", "mg/kg"),
        ("10 mg/kg/day", "mg/kg"),
        ("10 mg / kg / d", "mg/kg"),
        ("10 mg/kg per day", "mg/kg"),
        ("10 mg/24h", "mg"),
        ("10 mg/m2", "mg/m2"),
        ("10 mg/m²/day", "mg/m2"),
        ("10 mg/m^2", "mg/m2"),
        ("1e1 ug/KG", "ug/kg"),
        ("10.0 IU", "IU"),
        ("10 [iU]/kg", "IU/kg"),
    ],
)
def test_spellings(text: str, unit: str) -> None:
    assert max_daily(text) == Limit("max_daily", 10.0, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "mg",
        "ten mg",
        "2,5 mg",
        "1,000 mg",
        "-3 mg",
        "nan mg",
        "10 mg/h",
        "10 mg/kg/h",
        "10 mg/L/kg/d",
        "10 mgg",
        "10 mg/lb",
        "10 mg/day/kg",
        "10 Mg/kg",
        "1e999 mg",
        "10 mg/dose",
        "10 /kg",
        "10 (mg",
        "10 mg*L",
        10,
        None,
    ],
)
def test_what_is_no_limit(text: object) -> None:
    with pytest.raises(InputError, match=r"limit|unit"):
        max_daily(text)  # type: ignore[arg-type]


def test_a_single_dose_has_no_day() -> None:
    assert max_single("20 mg/kg/dose") == Limit("max_single", 20.0, "mg/kg")
    with pytest.raises(InputError, match="Expected: an amount such as mg, or mg/kg or mg/m2"):
        max_single("20 mg/kg/day")


def test_made_directly_it_is_checked_too() -> None:
    assert str(Limit("max_single", 1.5, "g")) == "at most 1.5 g in one dose"
    with pytest.raises(InputError, match="max_daily or max_single"):
        Limit("max_weekly", 1.0, "mg")
    for value in (-1.0, math.nan, math.inf):
        with pytest.raises(InputError):
            Limit("max_daily", value, "mg")


def test_equal_is_allowed_and_nothing_is_never_blocked() -> None:
    outcome = doses(19.0, 20.0, 20.0 * (1 + 1e-10), 20.001)
    assert blocked(max_daily("10 mg/kg"), outcome) == [False, False, False, False, True]
    assert blocked(max_daily("0 mg"), outcome) == [False, True, True, True, True]
    # 0.1 x 3 is not 0.3 in floating point
    assert blocked(max_single("0.3 mg"), doses(0.1 * 3)) == [False, False]


def test_reasons_are_in_the_limits_unit() -> None:
    assert max_daily("10 mg/kg").check(doses(24.0))[1] == (True, "12 mg/kg a day is above 10 mg/kg")
    assert max_single("0.02 g").check(doses(24.0))[1] == (True, "0.024 g in one dose is above 0.02 g")
    assert max_daily("10 mg/kg").check(doses(20.001))[1][1] == "10.0005 mg/kg a day is above 10 mg/kg"
    assert max_daily("10 mg/kg").check(doses(1.0)) == ((False, ""), (False, ""))


@pytest.mark.parametrize(
    ("limit", "attrs"),
    [
        ("0.01 g", {}),
        ("10000 ug", {}),
        ("5 mg/kg", {}),
        ("5 mg/kg", {"cov_WT": 2000.0, "cov_WT_unit": "g"}),
        ("20 mg/m2", {"cov_BSA": 0.5, "cov_BSA_unit": "m2"}),
        ("5 mg/kg", {"cov_WT": 3.0, "size_WT": 2.0, "size_WT_unit": "kg"}),
        ("20 mg/m2", {"cov_BSA": 5000.0, "cov_BSA_unit": "cm^2"}),
        ("20 mg/m2", {"cov_BSA": np.float32(0.5), "cov_BSA_unit": "m2"}),
        ("20 mg/m2", {"cov_BSA": 0.5, "cov_BSA_unit": "m²"}),
        ("0.005 mg/kg", {"amount_unit": "ug", "cov_WT": 2000, "cov_WT_unit": "kg"}),
    ],
)
def test_units_convert(limit: str, attrs: dict[str, object]) -> None:
    at = 10000.0 if attrs.get("amount_unit") == "ug" else 10.0
    assert blocked(max_daily(limit), doses(at, at * 1.001, **attrs)) == [False, False, True]


@pytest.mark.parametrize(
    ("limit", "attrs", "said"),
    [
        ("10 mg/m2", {}, "does not carry cov_BSA"),
        ("10 mg/kg", {"cov_WT": math.nan}, "covariate WT"),
        ("10 mg/kg", {"cov_WT": 0.0}, "covariate WT"),
        ("10 mg/kg", {"cov_WT": "heavy"}, "covariate WT"),
        ("10 mg/kg", {"cov_WT_unit": ""}, "units do not fit. Came: ''"),
        ("10 mg/m2", {"cov_BSA": 0.5}, "does not carry cov_BSA_unit"),
        ("10 mg/kg", {"size_WT": 2.0}, "does not carry size_WT_unit"),
        ("10 mg/kg", {"cov_WT_unit": "cm"}, "units do not fit. Came: 'cm'"),
        ("10 mg", {"amount_unit": "mmol"}, "units do not fit"),
        ("10 IU", {}, "units do not fit"),
        ("10 h", {}, "units do not fit"),
    ],
)
def test_missing_and_incompatible_units_are_errors(limit: str, attrs: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        max_daily(limit).check(doses(10.0, **attrs))


def test_the_unit_of_the_doses_is_their_own() -> None:
    grams = doses(10.0, 20.0)
    grams = grams.assign_coords(max_daily=("option", [0.0, 10.0, 20.0], {"units": "g"}))
    assert blocked(max_daily("15 g"), grams) == [False, False, True]
    del grams.attrs["amount_unit"]
    assert blocked(max_daily("15000 mg"), grams) == [False, False, True]


def test_the_outcome_must_say_the_doses_and_their_unit() -> None:
    outcome = doses(10.0)
    del outcome.attrs["amount_unit"]
    with pytest.raises(InputError, match="does not carry amount_unit"):
        max_daily("1 mg").check(outcome)
    with pytest.raises(InputError, match="does not say max_daily"):
        max_daily("1 mg").check(doses(10.0).drop_vars("max_daily"))
    with pytest.raises(InputError, match="does not say max_single"):
        max_single("1 mg").check(doses(10.0, math.nan))
    with pytest.raises(InputError, match="does not carry cov_WT"):
        max_single("1 mg/kg").check(doses(10.0).drop_attrs().assign_attrs(amount_unit="mg"))
