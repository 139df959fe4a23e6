"""The gate of the model library: cards are complete, specs build, densities and gradients are finite.

What needs compiled functions (typical values, prior predictive, worked patients) is in `test_library_values`.
"""

from functools import reduce
from operator import add

import numpy as np
import pymc as pm
import pytensor
import pytest
from library import library

import bayesdose as bd
from bayesdose.card import STATUSES
from bayesdose.case import metrics_of, options_of, worked_tables
from bayesdose.decision import named_utility
from bayesdose.model import build

LARGEST_CV = 3.5  # of an omega at the 95 % quantile of its prior; ka of oral drugs reaches 2


@pytest.fixture(scope="module", params=library())
def model(request):
    return bd.load_model(request.param)


@pytest.fixture(scope="module")
def patient(model):
    return worked_tables(model)[1]


@pytest.fixture(scope="module")
def made(model, patient):
    return build(model, patient)


def test_the_card_is_complete(model):
    card = model.card
    assert card.evidence.status in STATUSES
    for text in (card.drug, card.title, card.source, card.population, card.limitations, card.not_for):
        assert text
    assert card.evidence.against
    assert card.evidence.error
    assert card.evidence.uncertainty
    assert card.regimens
    assert card.expected
    if card.evidence.status != "synthetic":
        assert card.aims
        assert card.evidence.omega
    else:
        assert "synthetic" in card.title.lower()
        assert "synthetic" in card.source.lower()


def test_covariates_have_a_unit_or_codes_a_reference_and_a_range(model):
    for covariate in model.card.covariates:
        assert covariate.reference is not None, covariate.name
        low, high = covariate.range
        assert low <= covariate.reference <= high, covariate.name
        assert covariate.description, covariate.name


def test_aims_say_of_what_and_who_says_so(model):
    for aim in model.card.aims:
        assert aim.source, aim.metric
        assert aim.low is None or aim.high is None or aim.low < aim.high


def test_the_source_is_quoted_in_the_spec(model):
    """The docstring of a spec names its paper, or says that it is synthetic."""
    text = model.path.read_text(encoding="utf-8").split('"""')[1]
    assert len(text) > 200
    if model.card.evidence.status == "synthetic":
        assert "synthetic" in text.lower()
    else:
        assert any(str(year) in text for year in range(1970, 2027))


def test_the_worked_patient_is_one_patient_with_a_level_and_words_that_exist(model, patient):
    case = model.card.worked
    assert patient.n_subjects == 1
    assert patient.is_level.sum() >= 1
    assert set(metrics_of(case.outcomes)) == set(case.outcomes)
    numbers = dict(case.utility)
    named_utility(numbers.pop("name"), **numbers)
    assert case.story
    assert case.why
    assert all(len(options) > 2 for options in options_of(case, patient))


def test_priors_are_proper_and_no_omega_is_impossible(made, model):
    priors = bd.priors_of(made)
    assert priors, "published estimates come with their uncertainty"
    for name, prior in priors.items():
        assert np.isfinite([prior.lower90, prior.median, prior.upper90]).all(), name
        if name.startswith("omega_"):
            assert 0.0 < prior.upper90 < LARGEST_CV, name


def prior_points(made, draws):
    """Draws of theta, omega, sigma and z as the density takes them; priors are normal or log-normal."""
    variables = made.free_RVs
    values = pm.draw(variables, draws=draws, random_seed=1, mode="FAST_COMPILE")
    for k in range(draws):
        point = {}
        for variable, value in zip(variables, values, strict=True):
            free = made.rvs_to_transforms[variable] is None
            point[made.rvs_to_values[variable].name] = value[k] if free else np.log(value[k])
        yield point


def test_density_and_gradient_are_finite_over_the_prior(made):
    # interpreted, because compiling takes longer than the few evaluations that are asked for here
    mode = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    total = reduce(add, (part.sum() for part in made.logp(sum=False)))  # two by two: py knows no wide sums
    wanted = [total, *pytensor.gradient.grad(total, made.continuous_value_vars)]
    compiled = made.compile_fn(wanted, inputs=made.value_vars, mode=mode)
    for point in prior_points(made, 4):
        value, *gradient = compiled(point)
        assert np.isfinite(value)
        assert all(np.isfinite(part).all() for part in gradient)
        assert any(np.abs(part).max() > 0.0 for part in gradient)
