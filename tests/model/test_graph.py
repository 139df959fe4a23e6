"""Every spec's density: finite at the start and over the prior, its gradient equal to finite differences."""

import numpy as np
import pymc as pm
import pytest
from pymc.blocking import DictToArrayBijection
from pymc.initial_point import make_initial_point_fn

import bayesdose as bd
from bayesdose.model import build

PRIOR_DRAWS = 20


@pytest.fixture(scope="module", params=[(), "all"], ids=["noncentred", "centred"])
def density(request, model):
    study = bd.read_study(bd.data_path(model.name), model)
    etas = build(model, study).declaration.etas
    made = build(model, study, centred=etas if request.param else ())
    compiled = made.logp_dlogp_function(ravel_inputs=True)
    draw = make_initial_point_fn(model=made, default_strategy="prior")
    return made, compiled, draw


def check_gradient(compiled, x):
    value, gradient = (np.array(part) for part in compiled(x))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    h = 1e-4
    for k in range(len(x)):
        e = np.eye(len(x))[k] * h
        f = [float(compiled(x + s * e)[0]) for s in (-2, -1, 1, 2)]
        difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
        # what rounding of the density itself does to the difference, over what the gradient is made of
        rounding = 8 * np.finfo(float).eps * abs(value) / h
        assert abs(gradient[k] - difference) <= 1e-5 * max(1.0, abs(gradient[k])) + rounding, k


def test_gradient_at_the_initial_point(density):
    made, compiled, _ = density
    check_gradient(compiled, DictToArrayBijection.map(made.initial_point()).data)


@pytest.mark.parametrize("seed", range(PRIOR_DRAWS))
def test_gradient_at_a_prior_draw(density, seed):
    _, compiled, draw = density
    check_gradient(compiled, DictToArrayBijection.map(draw(seed)).data)


def test_centring_changes_the_writing_not_the_meaning(model):
    """The joint density of (theta, individual parameters, DV) is the same up to the change of variables."""
    study = bd.read_study(bd.data_path(model.name), model)
    free = build(model, study)
    centred = build(model, study, centred=free.declaration.etas)
    values = dict(zip([v.name for v in free.free_RVs], pm.draw(free.free_RVs, random_seed=4), strict=True))
    names = free.declaration.etas
    omega = np.array([values[f"omega_{name}"] for name in names])
    effects = values["z"] * omega
    typical = {n: np.log(_typical(free, n, values)) for n in names}
    moved = {k: v for k, v in values.items() if k != "z"}
    moved |= {f"centred_{n}": typical[n] + effects[:, k] for k, n in enumerate(names)}
    jacobian = study.n_subjects * np.log(omega).sum()
    assert np.isclose(_joint(free, values), _joint(centred, moved) + jacobian, rtol=1e-10)


def _typical(made, name, values):
    """Typical value of a parameter: with every z at zero."""
    point = {made[k]: (np.zeros_like(v) if k == "z" else v) for k, v in values.items()}
    return made[name].eval(point)


def _joint(made, values):
    point = {}
    for rv in made.free_RVs:
        transform, value = made.rvs_to_transforms[rv], values[rv.name]
        moved = value if transform is None else transform.forward(value, *rv.owner.inputs).eval()
        point[made.rvs_to_values[rv].name] = moved
    return float(made.compile_logp(jacobian=False)(point))
