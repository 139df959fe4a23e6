"""Properties of the event semantics on a few hundred tables (thousands in `make calibrate`)."""

import pytest
from hypothesis import HealthCheck, given, settings
from pk.event_properties import PROPERTIES

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    check, strategies = PROPERTIES[name]
    few(given(*strategies)(check))()
