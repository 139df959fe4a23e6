"""A declaration with its data frozen: the same density and gradient, by a short walk where there is one."""

import numpy as np
import pytensor.tensor as pt
import pytest
from populations.simulated import SPECS, design
from pytensor.graph.traversal import apply_ancestors

import bayesdose as bd
from bayesdose.fitting.frozen import freeze
from bayesdose.model import build
from bayesdose.pk.op import Walk
from bayesdose.pk.short import ShortWalk

ETAS = {"phenobarbital": ("CL", "V"), "theophylline": ("CL", "V", "ka")}


def density(made):
    """Return the log-density and its gradient by each variable at three points around the start."""
    variables = sorted(made.continuous_value_vars, key=lambda v: v.name)
    f = made.compile_fn([made.logp(), *pt.grad(made.logp(), variables)], inputs=variables, mode="NUMBA")
    rng, start = np.random.default_rng(1), made.initial_point()
    points = [
        {v.name: start[v.name] + rng.uniform(-0.5, 0.5, start[v.name].shape) for v in variables}
        for _ in range(3)
    ]
    return [np.concatenate([np.ravel(part) for part in f(point)]) for point in points]


def walks(made):
    """Return which walks the densities of a model take."""
    return {type(n.op) for n in apply_ancestors([made.logp()]) if isinstance(n.op, Walk | ShortWalk)}


@pytest.mark.parametrize("name", ETAS)
@pytest.mark.parametrize("centred", [False, True])
def test_density_and_gradient_are_those_of_the_declaration(name, centred):
    model = bd.load_model(name)
    declared = build(model, bd.read_study(bd.data_path(name), model), centred=ETAS[name] if centred else ())
    frozen = freeze(declared)
    assert walks(declared) == {Walk}
    assert walks(frozen) == {ShortWalk}
    for ours, theirs in zip(density(frozen), density(declared), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-8)


def test_a_table_that_asks_for_more_keeps_its_walk(tmp_path):
    model = bd.load_model("theophylline")
    rows = ["ID,TIME,EVID,AMT,DV,WT,II,ADDL", "1,0,1,300,.,70,12,3", "1,2,0,.,8,70,.,.", "1,30,0,.,9,70,.,."]
    (tmp_path / "more.csv").write_text("\n".join(rows))
    declared = build(model, bd.read_study(tmp_path / "more.csv", model))
    frozen = freeze(declared)
    assert walks(frozen) == {Walk}
    for ours, theirs in zip(density(frozen), density(declared), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", ["turnover", "tmdd"])
def test_differential_equations_keep_their_solver(name):
    model = bd.load_model(SPECS / f"{name}.py")
    frozen = freeze(build(model, bd.read_study(design(name, 3), model)))
    assert walks(frozen) == {Walk}
    assert np.isfinite(frozen.point_logps()["DV"])


def test_a_start_that_the_spec_gives_is_kept():
    model = bd.load_model("theophylline")
    declared = build(model, bd.read_study(bd.data_path("theophylline"), model))
    declared.set_initval(declared["theta_CL"], 3.0)
    frozen = freeze(declared)
    assert frozen.initial_point()["theta_CL_log__"] == pytest.approx(np.log(3.0))
