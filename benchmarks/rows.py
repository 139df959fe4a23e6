"""One measured number, and how to time without the noise of a shared machine."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, its value with unit, what it is to be compared with, and how."""

    what: str
    value: str
    target: str = ""
    how: str = ""


def cpu_seconds(call: Callable[[], object], repeats: int = 7) -> float:
    """Return the median processor time of a call, after one call to warm up."""
    call()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return statistics.median(spent)
