"""The event table: reading and checking it, candidate regimens, arrays for the kernels."""

from bayesdose.study.events import events
from bayesdose.study.findings import Finding, TableError
from bayesdose.study.shipped import data_path
from bayesdose.study.study import Study, check_for_fit, read_study

__all__ = [
    "Finding",
    "Study",
    "TableError",
    "check_for_fit",
    "data_path",
    "events",
    "read_study",
]
