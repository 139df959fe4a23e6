"""Every spec's density: finite at the start and over the prior, its gradient equal to finite differences."""

import numpy as np
import pymc as pm
import pytest
from pymc.blocking import DictToArrayBijection
from pymc.initial_point import make_initial_point_fn

import bayesdose as bd
from bayesdose.model import build, shipped_models

PRIOR_DRAWS = 20
TABLES = {"phenobarbital_apgar": "phenobarbital"}
# those with a table; the gate of the library (tests/library) holds the others
FITTED = [name for name in shipped_models() if bd.load_model(name).card.evidence is None]
COORDINATES = 50


@pytest.fixture(scope="module", params=FITTED)
def model(request):
    return bd.load_model(request.param)


@pytest.fixture(scope="module")
def study(model):
    return bd.read_study(bd.data_path(TABLES.get(model.name, model.name)), model)


@pytest.fixture(scope="module", params=[(), "all"], ids=["noncentred", "centred"])
def density(request, model, study):
    declaration = build(model, study).declaration
    if request.param and declaration.level == "record":
        pytest.skip("parameters that change within a subject cannot be centred")
    etas = declaration.etas
    made = build(model, study, centred=etas if request.param else ())
    compiled = made.logp_dlogp_function(ravel_inputs=True)
    draw = make_initial_point_fn(model=made, default_strategy="prior")
    return made, compiled, draw


def check_gradient(compiled, x):
    value, gradient = (np.array(part) for part in compiled(x))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    h = 1e-4
    few = np.random.default_rng(len(x)).permutation(len(x))[:COORDINATES]
    for k in range(len(x)) if len(x) < 4 * COORDINATES else few:
        e = np.eye(len(x))[k] * h
        f = [float(compiled(x + s * e)[0]) for s in (-2, -1, 1, 2)]
        difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
        # what rounding of the density itself does to the difference, over what the gradient is made of
        rounding = 8 * np.finfo(float).eps * abs(value) / h
        assert abs(gradient[k] - difference) <= 1e-5 * max(1.0, abs(gradient[k])) + rounding, k


def test_gradient_at_the_initial_point(density):
    made, compiled, _ = density
    check_gradient(compiled, DictToArrayBijection.map(made.initial_point()).data)


def test_gradient_at_prior_draws(density):
    """Twenty draws of the wide prior; some predict levels of 1e-300 mg/L, whose density underflows."""
    _, compiled, draw = density
    points = [DictToArrayBijection.map(draw(seed)).data for seed in range(2 * PRIOR_DRAWS)]
    possible = [x for x in points if float(compiled(x)[0]) > -1e12]
    assert len(possible) >= PRIOR_DRAWS
    for x in possible[:PRIOR_DRAWS]:
        check_gradient(compiled, x)


def test_centring_changes_the_writing_not_the_meaning(model, study):
    """The joint density of (theta, individual parameters, DV) is the same up to the change of variables."""
    free = build(model, study)
    if free.declaration.level == "record":
        pytest.skip("parameters that change within a subject cannot be centred")
    names = free.declaration.etas
    centred = build(model, study, centred=names)
    wanted = [*(v.name for v in free.free_RVs), *names, *(f"eta_{name}" for name in names)]
    values = dict(zip(wanted, pm.draw([free[name] for name in wanted], random_seed=4), strict=True))
    moved = {f"centred_{name}": np.log(values[name]) for name in names}
    moved |= {v.name: values[v.name] for v in free.free_RVs if v.name != "z"}
    jacobian = study.n_subjects * sum(np.log(values[f"omega_{name}"]) for name in names)
    assert np.isclose(_joint(free, values), _joint(centred, moved) + jacobian, rtol=1e-10)


def _joint(made, values):
    """Joint log-density at natural-scale values; every transformed variable is positive, on the log scale."""
    point = {}
    for rv in made.free_RVs:
        value = values[rv.name]
        point[made.rvs_to_values[rv].name] = value if made.rvs_to_transforms[rv] is None else np.log(value)
    return float(made.compile_logp(jacobian=False)(point))
