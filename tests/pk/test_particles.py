"""Many sets of rates over the same tables: each as if it were alone."""

from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pk.event_tables import SYSTEMS, cases, kernel_inputs
from pytensor.tensor.blockwise import Blockwise

from bayesdose.pk.diagram import plan
from bayesdose.pk.entry import REALS, walk_amounts
from bayesdose.pk.linear import Linear
from bayesdose.pk.op import Walk
from bayesdose.pk.particles import WalkParticles, vectorize_graph

RATES = (0, 0, 5.0, 20.0, 1.5)
few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def compiled(name):
    """Return a function of rates (particle, row, rate) and the tables."""
    inputs = [pt.tensor3("rates")]
    inputs += [pt.vector(dtype="float64" if k in REALS else "int32") for k in range(2, 13)]
    return pytensor.function(inputs, WalkParticles(Linear(SYSTEMS[name]))(*inputs), mode="NUMBA")


@pytest.mark.parametrize("name", ["oral", "two", "cycle"])
def test_each_particle_is_as_if_alone(name):
    @few
    @given(st.lists(cases(systems=(name,), rates=RATES), min_size=1, max_size=3), st.integers(0, 4))
    def check(drawn, n):
        for case in drawn:  # a rate from the model is a parameter of a dose
            case.table[:] = [r | {"RATE": 4.0} if r.get("RATE") == -1 else r for r in case.table]
        rates, routes, *tables = kernel_inputs(drawn)
        tables = [np.asarray(x, "float64" if k in REALS else "int32") for k, x in enumerate(tables, 2)]
        many = rates * np.linspace(0.5, 1.5, n)[:, None, None]
        diagram, none = drawn[0].diagram, routes[:, :0]
        packed = plan(diagram).packed(diagram.dose_compartment, (), True)
        alone = [walk_amounts(packed, [one, none, *tables]) for one in many]
        expected = np.reshape(alone, (n, len(tables[-1]), diagram.n_states))
        assert np.array_equal(compiled(name)(many, *tables), expected, equal_nan=True)

    check()


@pytest.mark.parametrize(
    ("routing", "moved", "op"), [((), 0, WalkParticles), ((), 6, Blockwise), ((("F", 0),), 0, Blockwise)]
)
def test_only_rates_are_shared_over(routing, moved, op):
    """Amounts of each particle, and doses with parameters, go by Blockwise."""
    walk = Walk(Linear(SYSTEMS["oral"], routing))
    inputs = [pt.matrix(), pt.matrix()]
    inputs += [pt.vector(dtype="float64" if k in REALS else "int32") for k in range(2, 13)]
    more = pt.tensor(dtype="float64", shape=(None,) * (inputs[moved].type.ndim + 1))
    assert isinstance(vectorize_graph(walk(*inputs), {inputs[moved]: more}).owner.op, op)
