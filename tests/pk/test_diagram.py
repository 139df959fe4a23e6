"""Diagrams: what is refused, and how they come apart."""

import pytest
from streams import CYCLE, ORAL_1, REORDERED, THREE_METABOLITE, TRANSIT, TWO

from bayesdose.errors import InputError
from bayesdose.pk import OUT, Diagram
from bayesdose.pk.diagram import plan


@pytest.mark.parametrize(
    ("compartments", "flows", "outputs", "dose"),
    [
        (("a",), ((0, 1),), (0,), 0),
        (("a",), ((0, 0),), (0,), 0),
        (("a",), ((1, OUT),), (0,), 0),
        (("a", "b"), ((0, -2),), (0,), 0),
        (("a",), ((0, OUT),), (1,), 0),
        (("a",), ((0, OUT),), (-1,), 0),
        (("a",), ((0, OUT),), (), 0),
        (("a",), (), (0,), 0),
        (("a",), ((0, OUT),), (0,), 1),
    ],
)
def test_refuses_what_does_not_hold_together(compartments, flows, outputs, dose):
    with pytest.raises(InputError, match="diagram"):
        Diagram(compartments, flows, outputs, dose)


def test_blocks_run_downstream():
    assert plan(ORAL_1).edge.tolist() == [0, 1, 2]
    assert plan(THREE_METABOLITE).edge.tolist() == [0, 1, 4, 5]
    assert plan(THREE_METABOLITE).parent.tolist() == [-1, -1, 1, 1, -1]
    upside_down = Diagram(("central", "depot"), ((1, 0), (0, OUT)), (0,), 1)
    assert plan(upside_down).outputs.tolist() == [1]
    assert plan(upside_down).entry.tolist() == [1, 0]


def test_only_two_way_trees_have_an_eigenbasis():
    assert all(plan(d).modal for d in (ORAL_1, TWO, THREE_METABOLITE, TRANSIT, REORDERED))
    assert not plan(CYCLE).modal
    ring = Diagram(("a", "b", "c"), ((0, 1), (1, 0), (1, 2), (2, 1), (2, 0), (0, 2), (0, OUT)), (0,))
    assert not plan(ring).modal


def test_diagrams_are_values():
    assert Diagram(("a",), ((0, OUT),), (0,)) == Diagram(("a",), ((0, OUT),), (0,))
    assert len({ORAL_1, TWO, ORAL_1}) == 2
