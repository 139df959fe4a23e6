"""The event table: reading and checking it, candidate regimens, arrays for the kernels."""

from bayesdose.study.events import events
from bayesdose.study.findings import Finding, TableError
from bayesdose.study.histories import Histories, missed_doses, spelt_out, uncertain_times
from bayesdose.study.options import Options, regimens
from bayesdose.study.sampling import option_events, sampled
from bayesdose.study.shipped import data_path
from bayesdose.study.strengths import Strengths, round_to
from bayesdose.study.study import Study, check_for_fit, read_study

__all__ = [
    "Finding",
    "Histories",
    "Options",
    "Strengths",
    "Study",
    "TableError",
    "check_for_fit",
    "data_path",
    "events",
    "missed_doses",
    "option_events",
    "read_study",
    "regimens",
    "round_to",
    "sampled",
    "spelt_out",
    "uncertain_times",
]
