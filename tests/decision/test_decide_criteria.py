"""Criteria: cases of the reference file, identities, and what is printed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from synthetic_outcome import TOY, TOY_OPTIONS, auc_outcome, normal_quantiles, of_utilities, u

from bayesdose.decision import Event, attainment, cvar, decide, minimax_regret
from bayesdose.errors import InputError

TOY_OUTCOME = of_utilities(TOY, TOY_OPTIONS)


def test_toy_draws_by_every_criterion() -> None:
    """Reference case "toy-draws": hand calculation; the criteria pick different actions."""
    utility, worst, regret = (
        decide(TOY_OUTCOME, u, criterion=c) for c in ("expected utility", cvar(0.2), minimax_regret())
    )
    assert [c.best for c in (utility, worst, regret)] == ["intensive", "nothing", "standard"]
    assert worst.table["score"].to_numpy() == pytest.approx([-0.2, -0.4, 0.0], abs=1e-12)
    assert regret.table["score"].to_numpy() == pytest.approx([-0.7, -1.1, -0.9], abs=1e-12)
    assert utility.table["score"].to_numpy() == pytest.approx([0.4, 0.5, 0.0], abs=1e-12)
    for choice in (utility, worst, regret):
        assert choice.evpi == pytest.approx(0.22, abs=1e-12)
        assert choice.table["expected_regret"].to_numpy() == pytest.approx([0.32, 0.22, 0.72], abs=1e-12)
        assert choice.table["regret_95"].to_numpy() == pytest.approx([0.7, 1.1, 0.9], abs=1e-12)


def test_cvar_of_a_normal_utility() -> None:
    """Reference case "cvar-normal" (Rockafellar & Uryasev 2000): N(1, 2^2), the worst 10 %."""
    z = normal_quantiles(100_000)
    choice = decide(of_utilities(np.column_stack([1 + 2 * z, 0 * z - 9])), u, criterion=cvar(0.1))
    assert choice.row("option 0")["score"] == pytest.approx(-2.5099666386497366, abs=1e-3)
    # the error of the mean of t - max(t - U, 0)/a, whose variance has a closed form for a normal
    a, t = 0.1, stats.norm.ppf(0.1)
    first = a * t + stats.norm.pdf(t)
    second = (t**2 + 1) * a + t * stats.norm.pdf(t)
    expected = 2 / a * math.sqrt((second - first**2) / len(z))
    assert choice.row("option 0")["score_mcse"] == pytest.approx(expected, rel=1e-3)


def test_the_error_of_cvar_is_that_of_repetition() -> None:
    rng = np.random.default_rng(3)
    U = rng.standard_normal((600, 2000, 1))
    found = [decide(of_utilities(np.column_stack([x, x - 9])), u, criterion=cvar(0.1)) for x in U[:200]]
    spread = np.std([c.row("option 0")["score"] for c in found], ddof=1)
    told = np.mean([c.row("option 0")["score_mcse"] for c in found])
    assert told == pytest.approx(spread, rel=4 / math.sqrt(2 * 199))


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 1.0])
def test_cvar_is_the_mean_of_the_worst_draws(share: float) -> None:
    score = decide(TOY_OUTCOME, u, criterion=cvar(share)).table["score"].to_numpy()
    worst = np.sort(np.array(TOY), axis=0)[: round(5 * share)]
    assert score == pytest.approx(worst.mean(axis=0), abs=1e-12)


def test_a_tail_of_few_draws_is_told() -> None:
    outcome = of_utilities(np.random.default_rng(1).standard_normal((400, 2)))
    few = decide(outcome, u, criterion=cvar(0.05))
    assert "the worst 5 % are about 20 distinct draws" in few.reasons[-1]
    assert not any(
        "distinct draws: more" in reason for reason in decide(outcome, u, criterion=cvar(0.1)).reasons
    )


def test_attainment_is_the_probability_of_the_window() -> None:
    """Reference cases "lognormal-pta" and "dose-strengths": P(400 <= AUC <= 600) by dose."""
    doses = [1500, 1750, 2000, 2250, 2500, 2750]
    outcome = auc_outcome(doses, normal_quantiles(20_000))
    choice = decide(outcome, lambda o: -o.AUC, criterion=attainment(Event("AUC", within=(400, 600))))
    expected = [
        0.2466409720583561,
        0.38842783285505766,
        0.4787105820497528,
        0.499824386696881,
        0.46447646847491725,
        0.39674448753668784,
    ]
    assert choice.best == "2250 mg"
    assert choice.table["score"].to_numpy() == pytest.approx(expected, abs=1e-4)
    assert "P(AUC within 400 to 600)" in choice.criterion
    in_litres = Event("AUC", within=("0.4 g*h/L", "600 mg*h/L"))
    again = decide(outcome, lambda o: -o.AUC, criterion=attainment(in_litres))
    np.testing.assert_array_equal(choice.table["score"], again.table["score"])


def test_affine_utilities_change_no_criterion() -> None:
    for criterion in (cvar(0.3), minimax_regret()):
        one = decide(TOY_OUTCOME, u, criterion=criterion)
        other = decide(TOY_OUTCOME, lambda o: 4 * o.u + 8, criterion=criterion)
        assert (one.best, one.near_optimal) == (other.best, other.near_optimal)
        np.testing.assert_allclose(other.table["difference"], 4 * one.table["difference"], atol=1e-12)


@pytest.mark.parametrize(
    "criterion", [cvar(0.2), minimax_regret(), attainment(lambda o: o.u > 0.45), "expected utility"]
)
def test_the_criterion_is_printed(criterion: object) -> None:
    choice = decide(TOY_OUTCOME, u, criterion=criterion)  # type: ignore[arg-type]
    text = str(choice)
    assert f"criterion     {choice.criterion}" in text
    assert choice.criterion == str(criterion)
    assert choice.score in text
    assert "nan" not in text
    assert max(map(len, text.splitlines())) <= 100
    made = choice.to_dict()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["criterion"] == str(criterion)


def test_a_largest_regret_has_no_monte_carlo_error() -> None:
    choice = decide(TOY_OUTCOME, u, criterion="minimax regret")
    assert np.isnan(choice.table["score_mcse"]).all()
    assert choice.status == "chosen"
    assert "more draws can only raise it" in choice.reasons[-1]
    assert choice.to_dict()["score_mcse"] is None


def test_blocked_options_count_for_no_criterion() -> None:
    outcome = of_utilities(TOY, TOY_OPTIONS, max_single=("option", [1.0, 9.0, 0.0]))
    outcome.attrs["amount_unit"] = "mg"
    from bayesdose.decision import max_single

    choice = decide(outcome, u, criterion=minimax_regret(), limits=[max_single("5 mg")])
    assert choice.best == "standard"
    assert choice.row("standard")["score"] == pytest.approx(-0.2)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, math.nan, "0.1", True])
def test_shares_that_are_none(share: object) -> None:
    with pytest.raises(InputError, match="share"):
        cvar(share)  # type: ignore[arg-type]


@pytest.mark.parametrize("criterion", ["expected utilty", None, 3, cvar])
def test_what_is_no_criterion(criterion: object) -> None:
    with pytest.raises(InputError, match="criterion"):
        decide(TOY_OUTCOME, u, criterion=criterion)  # type: ignore[arg-type]


class TestEvent:
    outcome = xr.Dataset({"trough": (("draw", "option"), [[10.0, 20.0], [15.0, 31.0]], {"units": "mg/L"})})

    def test_ends(self) -> None:
        for event, expected in (
            (Event("trough", above=15), [[0, 1], [0, 1]]),
            (Event("trough", below=15), [[1, 0], [0, 0]]),
            (Event("trough", above=10, below=31), [[0, 1], [1, 0]]),
            (Event("trough", within=(10, 20)), [[1, 1], [1, 0]]),
            (Event("trough", above="15000 ug/L"), [[0, 1], [0, 1]]),
        ):
            np.testing.assert_array_equal(event(self.outcome), np.array(expected, dtype=bool))

    @pytest.mark.parametrize(
        "arguments",
        [
            {},
            {"above": 1, "within": (1, 2)},
            {"within": (2, 1)},
            {"within": 3},
            {"above": 3, "below": 3},
            {"above": math.nan},
            {"above": True},
            {"below": []},
            {"above": "banana"},
            {"above": "20"},
            {"above": "nan mg/L"},
            {"within": ("10 mg/L", "1 bananas")},
            {"within": ("400 mg/L", "1 mg/L")},
            {"within": ("2 mg/L", "1500 ug/L")},
            {"above": "2 mg/L", "below": "2 mg/L"},
        ],
    )
    def test_what_is_no_event(self, arguments: dict[str, object]) -> None:
        with pytest.raises(InputError, match="event"):
            Event("trough", **arguments)  # type: ignore[arg-type]

    def test_units_and_names_are_checked(self) -> None:
        with pytest.raises(InputError, match="Probably meant: trough"):
            Event("trouhg", above=1)(self.outcome)
        with pytest.raises(InputError, match="does not convert"):
            Event("trough", above="15 mg")(self.outcome)
        with pytest.raises(InputError, match="has no unit"):
            Event("trough", above="15 mg/L")(self.outcome.drop_attrs())

    def test_the_order_is_that_in_one_unit(self) -> None:
        """What could never happen is no event: the ends are compared after they were converted."""
        within = Event("trough", within=("1500 ug/L", "12 mg/L"))
        np.testing.assert_array_equal(within(self.outcome), [[True, False], [False, False]])
        for ends in ((400, "1 mg/L"), ("400 mg/L", 1), (16, "15500 ug/L")):
            with pytest.raises(InputError, match="low below high"):
                Event("trough", within=ends)(self.outcome)
        with pytest.raises(InputError, match="does not convert"):
            Event("trough", within=("1 mg/L", "2 h"))

    @pytest.mark.parametrize("wrong", [lambda o: o.u, lambda o: 1.0, lambda o: o.u.to_numpy() > 0])
    def test_a_function_answers_yes_or_no(self, wrong: object) -> None:
        with pytest.raises(InputError, match="booleans over"):
            decide(TOY_OUTCOME, u, criterion=attainment(wrong))  # type: ignore[arg-type]
        with pytest.raises(InputError, match="event"):
            attainment("o.u > 0")  # type: ignore[arg-type]
