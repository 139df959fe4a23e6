"""Properties of the event semantics on a few hundred tables (thousands in `make calibrate`)."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from pk.event_properties import PROPERTIES
from pk.event_tables import DOSE, OBSERVE, SYSTEMS, Case, kernel

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    check, strategies = PROPERTIES[name]
    few(given(*strategies)(check))()


@pytest.mark.parametrize("dose", [{"AMT": 100.0, "RATE": 30.0}, {"AMT": 0.0, "RATE": 30.0, "SS": 1}])
def test_an_infusion_that_is_over_is_over(dose):
    """Where eigenvalues meet (ka = ke): half-lives later there is nothing, and never less than nothing."""
    diagram, times = SYSTEMS["oral"], (3.0, 10.0, 50.0, 200.0, 1000.0)
    table = [{"TIME": 0.0, "EVID": DOSE, "CMT": 2, **dose}, *({"TIME": t, "EVID": OBSERVE} for t in times)]
    shape = (len(table), 2)
    doses = {"F": np.ones(shape), "lag": np.zeros(shape), "duration": np.ones(shape), "rate": np.ones(shape)}
    for k in (0.3, 5.0, 30.0):
        x = kernel(Case(diagram, table, np.full(shape, k), doses))
        assert (x >= 0).all()
        assert (x[-1] <= 100 * np.exp(-0.9 * k * 1000.0)).all()
