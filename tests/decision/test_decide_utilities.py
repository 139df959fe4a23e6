"""The pieces of a utility, the named ones and how they describe themselves."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

from bayesdose.decision import (
    UTILITIES,
    Target,
    Window,
    above,
    below,
    in_window,
    log_squared_error,
    named_utility,
    squared_error,
)
from bayesdose.decision.utilities import describe
from bayesdose.errors import InputError

X = xr.DataArray([1.0, 2.0, 3.0, 4.0, math.nan], dims="draw")
OUTCOME = xr.Dataset(
    {
        "trough": (("draw", "option"), [[10.0, 20.0], [15.0, 31.0]], {"units": "mg/L"}),
        "peak": (("draw", "option"), [[20.0, 41.0], [40.0, 50.0]], {"units": "mg/L"}),
    }
)


def test_pieces_by_hand() -> None:
    np.testing.assert_array_equal(in_window(X, 2, 3), [0, 1, 1, 0, math.nan])
    np.testing.assert_array_equal(above(X, 3), [0, 0, 0, 1, math.nan])
    np.testing.assert_array_equal(below(X, 2), [1, 0, 0, 0, math.nan])
    np.testing.assert_array_equal(squared_error(X, 3), [-4, -1, 0, -1, math.nan])
    expected = -(np.log([1 / 3, 2 / 3, 1, 4 / 3, math.nan]) ** 2)
    np.testing.assert_allclose(log_squared_error(X, 3), expected)
    np.testing.assert_array_equal(in_window(xr.DataArray([1, 2, 3]), 2, 3), [0, 1, 1])


def test_no_drug_is_a_finite_logarithmic_loss() -> None:
    zero = xr.DataArray([0.0, -1e-18, 1e-9])
    np.testing.assert_allclose(log_squared_error(zero, 20.0), -(math.log(1e6) ** 2))
    np.testing.assert_allclose(log_squared_error(zero, 20.0, floor=2.0), -(math.log(10) ** 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda: in_window(OUTCOME, 1, 2),  # type: ignore[arg-type]
        lambda: in_window(X, 3, 2),
        lambda: in_window(X, 2, 2),
        lambda: in_window(X, "1", 2),  # type: ignore[arg-type]
        lambda: above(X, math.nan),
        lambda: below(3.0, 1),  # type: ignore[arg-type]
        lambda: squared_error(X, math.inf),
        lambda: log_squared_error(X, 0),
        lambda: log_squared_error(X, 1, floor=0),
    ],
)
def test_pieces_refuse(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError):
        call()


class TestWindow:
    full: ClassVar[dict[str, Any]] = {
        "outcome": "trough",
        "low": 15,
        "high": 30,
        "harm": "peak",
        "harm_above": 40,
        "harm_weight": 2,
    }

    def test_value(self) -> None:
        made = named_utility("window", **self.full)
        np.testing.assert_array_equal(made(OUTCOME), [[0, 1 - 2], [1, 0 - 2]])
        np.testing.assert_array_equal(
            named_utility("window", outcome="trough", low=15, high=30)(OUTCOME), [[0, 1], [1, 0]]
        )

    def test_sentence(self) -> None:
        made = named_utility("window", **self.full)
        assert made.describe(OUTCOME) == (
            "1 if trough is within 15-30 mg/L, minus 2.0 if peak is above 40 mg/L"
        )
        assert made.describe() == "1 if trough is within 15-30, minus 2.0 if peak is above 40"
        assert Window("trough", 15, 30).describe(OUTCOME) == "1 if trough is within 15-30 mg/L, else 0"

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"low": 30}, "low below high"),
            ({"high": "30"}, "high. Came: '30'"),
            ({"low": True}, "low. Came: True"),
            ({"high": math.inf}, "high. Came: inf"),
            ({"outcome": 3}, "the name of an outcome"),
            ({"harm_weight": None}, "harm is half stated. Came: harm, harm_above"),
            ({"harm": None}, "harm is half stated"),
            ({"harm_weight": -1}, "a number above 0"),
            ({"harm_above": math.nan}, "harm_above"),
            ({"harm": ""}, "the name of an outcome"),
        ],
    )
    def test_refuses(self, change: dict[str, object], said: str) -> None:
        with pytest.raises(InputError, match=said):
            named_utility("window", **(self.full | change))

    def test_unknown_outcome(self) -> None:
        with pytest.raises(
            InputError, match=r"no variable 'trouhg'. Expected: trough, peak. Probably meant: trough"
        ):
            named_utility("window", outcome="trouhg", low=1, high=2)(OUTCOME)
        with pytest.raises(InputError, match="no variable 'peek'"):
            named_utility("window", **(self.full | {"harm": "peek"}))(OUTCOME)


class TestTarget:
    def test_value(self) -> None:
        squared = named_utility("target", outcome="trough", target=20)
        logged = named_utility("target", outcome="trough", target=20, loss="log-squared")
        np.testing.assert_array_equal(squared(OUTCOME), -((OUTCOME.trough - 20) ** 2))
        np.testing.assert_allclose(logged(OUTCOME), -(np.log(OUTCOME.trough / 20) ** 2))

    def test_sentence(self) -> None:
        assert (
            Target("trough", 20).describe(OUTCOME)
            == "minus the squared difference between trough and 20 mg/L"
        )
        assert Target("trough", 20, "log-squared").describe() == "minus the squared log ratio of trough to 20"

    def test_refuses(self) -> None:
        with pytest.raises(InputError, match=r"Came: 'log'.*Expected: squared or log-squared"):
            named_utility("target", outcome="trough", target=20, loss="log")
        with pytest.raises(InputError, match="a number above 0"):
            named_utility("target", outcome="trough", target=0, loss="log-squared")
        assert Target("trough", 0.0)(OUTCOME).max() == -100


class TestNames:
    def test_unknown_name(self) -> None:
        with pytest.raises(InputError, match=r"no utility is called 'windw'.*Probably meant: window"):
            named_utility("windw")

    def test_parameters_are_listed(self) -> None:
        with pytest.raises(InputError) as error:
            named_utility("window", outcome="trough", lo=1)
        assert "missing low, high; unknown 'lo'" in str(error.value)
        assert "Probably meant: low" in str(error.value)

    def test_nothing_is_evaluated(self) -> None:
        for text in ("__import__('os')", "lambda o: o.u", "bayesdose.decision.Window"):
            with pytest.raises(InputError, match="no utility is called"):
                named_utility(text)

    def test_every_named_utility_is_documented(self) -> None:
        for name, made in UTILITIES.items():
            assert (made.__doc__ or "").startswith(f'Named utility "{name}"')


class TestDescribe:
    def test_functions(self) -> None:
        def documented(o: xr.Dataset) -> xr.DataArray:
            """One if the trough
            is fine.

            More of no interest.
            """
            return o.trough

        def plain(o: xr.Dataset) -> xr.DataArray:
            return o.trough

        assert describe(documented, OUTCOME) == "One if the trough is fine."
        assert describe(plain, OUTCOME) == "user function plain"
        assert describe(lambda o: o.trough, OUTCOME) == "user function <lambda>"
        assert describe(partial(plain), OUTCOME) == "user function partial"

    def test_objects(self) -> None:
        class Own:
            """Not a sentence about the utility."""

            def __call__(self, o: xr.Dataset) -> xr.DataArray:
                return o.trough

        assert describe(Own(), OUTCOME) == "user function Own"
        assert describe(Target("trough", 20), OUTCOME).endswith("20 mg/L")


def test_importing_costs_neither_pymc_nor_pint() -> None:
    heavy = ["pymc", "pint", "matplotlib", "pytensor"]
    code = f"import bayesdose.decision, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
