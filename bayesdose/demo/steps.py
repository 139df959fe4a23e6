"""Steps of a long job, each with its seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

_NAMES = {"compile": "Compiling the model", "sample": "Sampling its posterior"}


class Steps:
    """Says each step when it begins and how long it took when it ends.

    Parameters
    ----------
    say
        Where the words go.

    Attributes
    ----------
    seconds
        Step to seconds of wall time, as far as they have ended.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._say = say
        self._name: str | None = None
        self._started = 0.0

    def __call__(self, name: str) -> None:
        """Begin a step, which ends the one before; the names that `bayesdose.fit` uses are spelt out."""
        self.done()
        self._name, self._started = _NAMES.get(name, name), time.perf_counter()
        self._say(f"==> {self._name}")

    def done(self) -> None:
        """End the step that is under way."""
        if self._name is not None:
            took = time.perf_counter() - self._started
            self.seconds[self._name] = round(took, 2)
            self._say(f"    {took:.1f} s")
            self._name = None
