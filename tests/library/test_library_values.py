"""What the library computes: typical exposure as published, possible patients, worked patients."""

import json
from pathlib import Path

import numpy as np
import pytest
from library import library, reference_patient

import bayesdose as bd
from bayesdose.case import metrics_of, worked_patient

pytestmark = pytest.mark.calibration  # seconds to compile each spec
STORED = json.loads((Path(__file__).parent / "worked.json").read_text(encoding="utf-8"))
MCSES = 5.0


@pytest.fixture(scope="module", params=library())
def model(request):
    return bd.load_model(request.param)


@pytest.fixture(scope="module")
def worked(model):
    return worked_patient(bd.load_fit(model.name), seed=1)


def test_the_typical_patient_has_the_published_exposure(model):
    for expected in model.card.expected:
        patient = reference_patient(model, expected.covariates)
        me = bd.typical(model, patient)
        options = bd.regimens(expected.regimen, after=patient, start=0.0, current=False, occasion="same")
        metric = metrics_of({"x": (expected.metric, expected.arguments)})
        value = float(np.squeeze(bd.simulate(me, options, metric).x.values[0, -1]))
        assert value == pytest.approx(expected.value, rel=expected.within), expected.source


def test_the_prior_predictive_is_possible(worked):
    """Every simulated exposure is a number, and none is below 0."""
    for name, values in worked.before.outcome.data_vars.items():
        assert np.isfinite(values.values).all(), name
        assert values.values.min() >= -1e-6 * np.abs(values.values).max(), name


def test_the_worked_patient_reproduces(model, worked):
    """The stored choice is as good as the one computed now, within Monte Carlo error."""
    for when, made in worked.to_dict().items():
        stored = STORED[model.name][when]
        error = MCSES * np.hypot(made["mcse"], stored["mcse"])
        assert abs(made["expected_utility"] - stored["expected_utility"]) <= error + 1e-9, when
        assert stored["best"] in made["near_optimal"] or made["best"] in stored["near_optimal"], when
        assert made["khat"] is None or made["khat"] < 0.7
