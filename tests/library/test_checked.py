"""What is pinned of the library's checks on simulated patients: of the specs in the tree, covered as claimed.

After a change of a spec: ``make library-check NAME=...``.
"""

import json

import pytest
from populations.checked import PINNED, SEED, checked_hash, together, worked_of
from populations.labels import LABELS
from scipy.stats import binomtest, chisquare

import bayesdose as bd
from bayesdose.case import options_of, worked_tables
from bayesdose.model import shipped_models

PINS = json.loads(PINNED.read_text(encoding="utf-8"))
LEVEL = 0.05 / len(PINS)  # Bonferroni, over specs


def test_what_is_pinned_is_shipped():
    assert set(PINS) <= set(shipped_models())


@pytest.mark.parametrize("name", PINS)
def test_the_pins_are_of_the_spec_in_the_tree(name):
    assert PINS[name]["spec"] == checked_hash(bd.load_model(name)), f"make library-check NAME={name}"
    assert PINS[name]["seed"] == SEED
    assert PINS[name].get("label") == (LABELS[name].words if "regret" in PINS[name] else None)


@pytest.mark.parametrize("probability", [50, 80, 90, 95])
@pytest.mark.parametrize("name", PINS)
def test_the_next_level_is_covered_as_often_as_claimed(name, probability):
    found = PINS[name]
    share = binomtest(found["covered"][str(probability)], found["predicted"])
    at = share.proportion_ci(1 - LEVEL / 4, method="exact")
    assert at.low <= probability / 100 <= at.high


@pytest.mark.parametrize("name", PINS)
def test_next_levels_lie_evenly_in_their_predictions(name):
    assert chisquare(PINS[name]["tenths"]).pvalue > LEVEL


@pytest.mark.parametrize("probability", [50, 80, 90, 95])
def test_over_all_models_the_next_level_is_covered_as_often_as_claimed(probability):
    """What is too small to be seen in one spec: with 6,000 patients 3 points at 50 %."""
    found = together(PINS)
    share = binomtest(found["covered"][str(probability)], found["predicted"], probability / 100)
    assert share.pvalue > 0.01 / 4


def test_over_all_models_next_levels_lie_evenly_in_their_predictions():
    assert chisquare(together(PINS)["tenths"]).pvalue > 0.01


@pytest.mark.parametrize("name", PINS)
def test_few_patients_are_refused(name):
    found = PINS[name]
    assert found["refused"] <= 0.02 * (found["predicted"] + found["refused"])


@pytest.mark.parametrize("name", [name for name in PINS if "regret" in PINS[name]])
def test_no_rule_does_better_than_the_oracle_and_none_loses_to_expected_utility(name):
    """Expected utility is the best of rules, so what it gains over another is not below 0, but for chance."""
    found = PINS[name]
    assert all(mean >= 0 for mean, _, _ in found["regret"].values())
    for mean, low, _ in found["gain"].values():
        assert mean >= -2 * (mean - low)  # four standard errors


def test_options_and_published_doses_belong_together():
    """A label names one of the options, whoever it is for."""
    for name, label in LABELS.items():
        model = bd.load_model(name)
        person = {c.name: c.reference for c in model.card.covariates}
        if model.card.worked:
            chosen = label.option(worked_of(model), person)
            every = options_of(model.card.worked, worked_tables(model)[1])
            assert any(chosen in some.table["option"].values for some in every), (name, chosen)
