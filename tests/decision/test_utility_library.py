"""The library of named utilities: values by hand, closed forms of the reference file, words, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm
from synthetic_outcome import auc_outcome, normal_quantiles

from bayesdose.decision import (
    UTILITIES,
    asymmetric_error,
    decide,
    in_window,
    log_target_score,
    named_utility,
    spoken,
    stakeholders,
)
from bayesdose.decision.utilities import describe
from bayesdose.errors import InputError

OUTCOME = xr.Dataset(
    {
        "trough": (("draw", "option"), [[0.0, 20.0], [0.0, 31.0]], {"units": "mg/L"}),
        "stroke": (("draw", "option"), [[0.10, 0.04], [0.20, 0.08]]),
        "bleed": (("draw", "option"), [[0.01, 0.03], [0.01, 0.02]]),
        "qaly": (("draw", "option"), [[5.0, 5.5], [6.0, 6.25]], {"units": "QALY"}),
        "cost": (("draw", "option"), [[0.0, 9000.0], [0.0, 9000.0]], {"units": "EUR"}),
    },
    coords={"option": ["no treatment", "drug"], "kind": ("option", ["none", "candidate"])},
)
GOOD: dict[str, dict[str, Any]] = {
    "window": {"outcome": "trough", "low": 15, "high": 30},
    "target": {"outcome": "trough", "target": 20},
    "asymmetric": {"outcome": "trough", "target": 20, "under": 1, "over": 3},
    "log target": {"outcome": "trough", "target": 20, "half_at": 1.5},
    "benefit minus harm": {"benefit": "stroke", "harm": "bleed", "alpha": 2},
    "failure and toxicity": {
        "failure": "stroke",
        "toxicity": "bleed",
        "failure_cost": 10,
        "toxicity_cost": 4,
    },
    "net clinical benefit": {"prevented": "stroke", "caused": "bleed", "weight": 1.5},
    "net monetary benefit": {"effect": "qaly", "cost": "cost", "willingness_to_pay": 20_000},
}


def fine(z: int = 4001) -> xr.Dataset:
    """Doses 1 % apart for the patient of the lognormal reference cases."""
    return auc_outcome(np.geomspace(1000, 3500, 126).tolist(), normal_quantiles(z))


class TestValues:
    def test_asymmetric(self) -> None:
        made = named_utility("asymmetric", **GOOD["asymmetric"])(OUTCOME)
        np.testing.assert_array_equal(made, [[-20, 0], [-20, -33]])

    def test_log_target(self) -> None:
        x = xr.DataArray([0.0, 20 / 1.5, 20.0, 30.0, 45.0, math.nan])
        np.testing.assert_allclose(
            log_target_score(x, 20, 1.5), [0, 0.5, 1, 0.5, 1 / 16, math.nan], atol=1e-12
        )

    def test_benefit_minus_harm(self) -> None:
        made = named_utility("benefit minus harm", **GOOD["benefit minus harm"])(OUTCOME)
        np.testing.assert_allclose(made, [[0.08, -0.02], [0.18, 0.04]])
        burdened = named_utility("benefit minus harm", **GOOD["benefit minus harm"], burden=0.5)(OUTCOME)
        np.testing.assert_allclose(burdened, [[0.08, -0.52], [0.18, -0.46]])

    def test_failure_and_toxicity(self) -> None:
        by_probability = named_utility("failure and toxicity", **GOOD["failure and toxicity"])(OUTCOME)
        np.testing.assert_allclose(by_probability, [[-1.04, -0.52], [-2.04, -0.88]])
        by_level = {"failure": "trough", "toxicity": "trough", "failure_below": 15, "toxicity_above": 30}
        made = named_utility("failure and toxicity", **(GOOD["failure and toxicity"] | by_level))
        np.testing.assert_array_equal(made(OUTCOME), [[-10, 0], [-10, -4]])
        assert (
            made.describe(OUTCOME) == "minus 10 x P(trough below 15 mg/L) minus 4 x P(trough above 30 mg/L)"
        )

    def test_net_clinical_benefit(self) -> None:
        made = named_utility("net clinical benefit", **GOOD["net clinical benefit"])(OUTCOME)
        np.testing.assert_allclose(made, [[0, 0.06 - 1.5 * 0.02], [0, 0.12 - 1.5 * 0.01]])
        assert "option" in made.coords

    def test_net_monetary_benefit(self) -> None:
        """Stinnett & Mullahy 1998: the option is worth its cost where its ICER is below what is paid."""
        for paid, best in ((20_000, "no treatment"), (30_000, "drug")):
            made = named_utility("net monetary benefit", effect="qaly", cost="cost", willingness_to_pay=paid)
            assert decide(OUTCOME, made).best == best
        np.testing.assert_allclose(made(OUTCOME), [[150_000, 156_000], [180_000, 178_500]])


class TestClosedForms:
    def test_asymmetric_loss(self) -> None:
        """Reference case "asymmetric-loss": the best dose is a size-biased quantile."""
        choice = decide(fine(), named_utility("asymmetric", outcome="AUC", target=500, under=1, over=3))
        assert float(choice.best.split()[0]) == pytest.approx(1679.6463934259225, rel=0.006)
        assert choice.row(choice.best)["expected_utility"] == pytest.approx(-170.18657407016403, rel=1e-3)
        assert choice.status == "chosen"

    @pytest.mark.parametrize(
        ("alpha", "dose", "value"),
        [
            (0.5, 2722.9455269669834, 0.6633552399455462),
            (1.0, 2146.363203188126, 0.49806119099922175),
            (1.5, 1867.478807091342, 0.39635081688050133),
            (3.0, 1472.0411240614271, 0.23718416484585178),
        ],
    )
    def test_benefit_minus_alpha_harm(self, alpha: float, dose: float, value: float) -> None:
        """Reference case "benefit-minus-alpha-harm": probit efficacy and toxicity, lognormal clearance."""
        outcome = fine()
        x, dims = np.log(outcome["AUC"].to_numpy()), ("draw", "option")
        outcome = outcome.assign(
            cured=(dims, norm.cdf((x - math.log(350)) / 0.35)),
            harmed=(dims, norm.cdf((x - math.log(650)) / 0.35)),
        )
        choice = decide(
            outcome, named_utility("benefit minus harm", benefit="cured", harm="harmed", alpha=alpha)
        )
        assert float(choice.best.split()[0]) == pytest.approx(dose, rel=0.006)
        assert choice.row(choice.best)["expected_utility"] == pytest.approx(value, rel=1e-3)

    def test_a_burden_makes_doing_nothing_win(self) -> None:
        """The same case: nothing wins as soon as the burden is above E[U] at the best dose, 0.396."""
        treated = auc_outcome([1867.478807091342], normal_quantiles(4001))
        x = np.log(treated["AUC"].to_numpy())
        p, q = norm.cdf((x - math.log(350)) / 0.35), norm.cdf((x - math.log(650)) / 0.35)
        outcome = xr.Dataset(
            {
                "cured": (("draw", "option"), np.hstack([0 * p, p])),
                "harmed": (("draw", "option"), np.hstack([0 * q, q])),
            },
            coords={"option": ["no treatment", "dose"]},
        )
        weights = {"benefit": "cured", "harm": "harmed", "alpha": 1.5}
        assert decide(outcome, named_utility("benefit minus harm", **weights, burden=0.39)).best == "dose"
        assert (
            decide(outcome, named_utility("benefit minus harm", **weights, burden=0.40)).best
            == "no treatment"
        )

    def test_log_target_best_dose_is_at_the_median(self) -> None:
        """The score is even in ln(AUC / target), and ln CL is symmetric: the best is target x median CL."""
        choice = decide(fine(), named_utility("log target", outcome="AUC", target=500, half_at=1.3))
        assert float(choice.best.split()[0]) == pytest.approx(2250, rel=0.006)
        # E of 2^-(x/h)^2 with x ~ N(0, w^2): (1 + 2 ln2 w^2/h^2)^-1/2
        expected = (1 + 2 * math.log(2) * 0.3**2 / math.log(1.3) ** 2) ** -0.5
        assert choice.row(choice.best)["expected_utility"] == pytest.approx(expected, rel=2e-3)


class TestStakeholders:
    def test_weighted_sum(self) -> None:
        patient, payer = (named_utility(n, **GOOD[n]) for n in ("net clinical benefit", "log target"))
        made = stakeholders(patient=(patient, 0.75), payer=(payer, 0.25))
        np.testing.assert_allclose(made(OUTCOME), 0.75 * patient(OUTCOME) + 0.25 * payer(OUTCOME))
        words = describe(made, OUTCOME)
        assert words.startswith("0.75 x patient (stroke prevented minus 1.5 x bleed caused")
        assert "0.25 x payer (1 where trough is 20 mg/L" in words
        assert words in " ".join(str(decide(OUTCOME, made)).split())

    def test_weights_move_the_choice(self) -> None:
        patient = lambda o: in_window(o.trough, 15, 30)  # noqa: E731
        payer = lambda o: -o.cost / 9000  # noqa: E731
        for weight, best in ((0.7, "drug"), (0.6, "no treatment")):
            made = stakeholders(patient=(patient, weight), payer=(payer, 1 - weight))
            assert decide(OUTCOME, made).best == best

    @pytest.mark.parametrize(
        "parts",
        [
            {},
            {"a": (lambda o: o.qaly, 0.5)},
            {"a": (lambda o: o.qaly, 1.5), "b": (lambda o: o.qaly, -0.5)},
            {"a": lambda o: o.qaly},
            {"a": (1.0, lambda o: o.qaly)},
            {"a": (lambda o: o.qaly, True)},
            {"a": (lambda o: o.qaly, math.nan)},
        ],
    )
    def test_refuses(self, parts: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="stakeholder"):
            stakeholders(**parts)

    def test_what_a_part_returns(self) -> None:
        with pytest.raises(InputError, match=r"stakeholder patient: what the utility returned\. Came: float"):
            stakeholders(patient=(lambda o: 1.0, 1.0))(OUTCOME)  # type: ignore[arg-type,return-value]


class TestEveryNamedUtility:
    @pytest.mark.parametrize("name", UTILITIES)
    def test_it_decides_and_describes_itself(self, name: str) -> None:
        made = named_utility(name, **GOOD[name])
        choice = decide(OUTCOME, made)
        assert choice.utility == made.describe(OUTCOME)
        assert all(GOOD[name].get(p, "") in made.describe() for p in spoken(name))
        assert str(GOOD[name][spoken(name)[0]]) in choice.utility

    @pytest.mark.parametrize("name", UTILITIES)
    def test_outcomes_it_speaks_of_must_be_there(self, name: str) -> None:
        wrong = GOOD[name] | {spoken(name)[0]: "trouhg"}
        with pytest.raises(InputError, match="no variable 'trouhg'"):
            named_utility(name, **wrong)(OUTCOME)

    @pytest.mark.parametrize(
        ("name", "change", "said"),
        [
            ("asymmetric", {"under": 0}, "under"),
            ("asymmetric", {"over": "3"}, "over"),
            ("log target", {"half_at": 1}, "a ratio above 1"),
            ("log target", {"target": 0}, "a number above 0"),
            ("benefit minus harm", {"alpha": -1}, "alpha"),
            ("benefit minus harm", {"burden": -1}, "burden"),
            ("failure and toxicity", {"failure_cost": 0}, "failure_cost"),
            ("failure and toxicity", {"failure_below": "15"}, "failure_below"),
            ("net clinical benefit", {"reference": ""}, "reference"),
            ("net monetary benefit", {"willingness_to_pay": math.inf}, "willingness_to_pay"),
        ],
    )
    def test_parameters_are_checked(self, name: str, change: dict[str, Any], said: str) -> None:
        with pytest.raises(InputError, match=said):
            named_utility(name, **(GOOD[name] | change))

    @pytest.mark.parametrize(
        ("name", "change", "said"),
        [
            ("failure and toxicity", {"toxicity": "trough"}, "'trough' is no probability. Came: 0 to 31"),
            ("net clinical benefit", {"caused": "cost"}, "'cost' is no probability"),
            ("net clinical benefit", {"reference": "drugs"}, "Probably meant: drug"),
        ],
    )
    def test_the_outcome_is_checked(self, name: str, change: dict[str, Any], said: str) -> None:
        with pytest.raises(InputError, match=said):
            named_utility(name, **(GOOD[name] | change))(OUTCOME)


def test_asymmetric_error_refuses() -> None:
    with pytest.raises(InputError, match="over"):
        asymmetric_error(OUTCOME.trough, 20, 1, 0)
