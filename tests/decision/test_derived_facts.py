"""Facts that options bring along are no searched parameters."""

import numpy as np
import pytest
from synthetic_outcome import of_utilities, u

import bayesdose as bd
from bayesdose.decision import decide


def test_a_derived_fact_has_no_edge():
    U = np.array([[1.0, 2.0, 3.0]]) + np.array([[0.0], [0.1]])
    facts = {"time_of_day": ("option", [0.0, 8.0, 16.0], {"derived": True})}
    outcome = of_utilities(U, kind=("option", ["candidate"] * 3), **facts)
    assert decide(outcome, u).status == "chosen"
    outcome["time_of_day"].attrs.clear()

    with pytest.raises(bd.Refused, match="time_of_day"):
        decide(outcome, u)
