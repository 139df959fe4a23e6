"""Units: the clinic's spellings, and what is no unit."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bayesdose.errors import InputError
from bayesdose.units import factor, quantity_in, unit


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("ug/mL", "mg/L", 1.0),
        ("µg/mL", "mg/L", 1.0),
        ("mcg/mL", "ng/mL", 1000.0),
        ("g", "kg", 0.001),
        ("d", "h", 24.0),
        ("mg/m2", "mg/m**2", 1.0),
        ("mg/kg/day", "mg/kg/h", 1 / 24),
        ("IU", "IU", 1.0),
        ("k[iU]/L", "IU/mL", 1.0),
        ("mg.h/L", "ug*h/mL", 1.0),
        ("mm[Hg]", "kPa", 0.133322387415),
        ("[lb_av]", "kg", 0.45359237),
        ("10^9/L", "1e9/L", 1.0),
        ("10*9/L", "/uL", 1000.0),
        ("1/uL", "1e9/L", 1e-3),
        ("/mm3", "/uL", 1.0),
    ],
)
def test_factor(source, target, expected):
    assert factor(source, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["(", "mgg", "mg//L", "3", "mg L)", "mg/", "\x00", "meq", "mL/min/{1.73_m2}"]
)
def test_what_is_no_unit(text):
    with pytest.raises(InputError, match="is not a unit"):
        unit(text)


def test_incompatible_units_are_told():
    with pytest.raises(InputError, match="does not convert"):
        factor("mg", "mg/L")
    with pytest.raises(InputError, match="does not convert"):
        factor("1e9/L", "mg/L")
    for text in ("0/L", "1e999/L", "1e9//L", "2 mg/L"):
        with pytest.raises(InputError, match="is not a unit"):
            factor(text, "1e9/L")


@given(st.text(max_size=12))
@example("mg/0")
@example("9**9**9")
def test_any_text_gives_a_unit_or_an_input_error(text):
    with contextlib.suppress(InputError):
        assert unit(text) is not None


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("15 min", "h", 0.25),
        ("1.5h", "min", 90),
        ("2 mg", "ug", 2000),
        ("0.5e9/L", "1e9/L", 0.5),
        ("0.5 1e9/L", "1e9/L", 0.5),
        ("1.5 10^9/L", "/uL", 1500),
        ("1000 /mm3", "1e9/L", 1.0),
    ],
)
def test_a_quantity_in_another_unit(text, unit, value):
    assert quantity_in(text, unit) == pytest.approx(value)


@pytest.mark.parametrize("text", ["15", "min", "", "a lot", "1 000/L", "1 500 /uL", "5 10/L"])
def test_a_text_that_is_no_quantity_is_refused(text):
    with pytest.raises(InputError, match="is not a quantity"):
        quantity_in(text, "h")
