"""The properties of the event semantics (tests/pk/event_properties.py) on more than ten thousand tables."""

import pytest
from hypothesis import HealthCheck, given, settings
from pk.event_properties import PROPERTIES

MANY = 800
settings_of_many = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.calibration
@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    check, strategies = PROPERTIES[name]
    settings_of_many(given(*strategies)(check))()


def test_there_are_more_than_ten_thousand():
    assert MANY * len(PROPERTIES) >= 10_000
