"""The one style of messages."""

import pytest

from bayesdose.errors import explain


@pytest.mark.parametrize(
    ("fix", "end"),
    [("write 1", "Fix: write 1."), ("is there a level before?", "Fix: is there a level before?")],
)
def test_a_sentence_is_closed_once(fix, end):
    assert explain("it is wrong", fix=fix) == f"it is wrong. {end}"
