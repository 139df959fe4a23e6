"""The event table: reading and checking it, candidate regimens, arrays for the kernels."""

from bayesdose.study.candidates import regimens
from bayesdose.study.changes import Change
from bayesdose.study.combining import combine
from bayesdose.study.events import events
from bayesdose.study.findings import Finding, TableError
from bayesdose.study.formulations import Formulation
from bayesdose.study.histories import Histories, missed_doses, spelt_out, uncertain_times
from bayesdose.study.history import SIZE_UNITS
from bayesdose.study.missed import after_missed_dose
from bayesdose.study.options import Options
from bayesdose.study.sampling import option_events, sampled
from bayesdose.study.shipped import data_path
from bayesdose.study.strengths import Strengths, round_to
from bayesdose.study.study import Study, check_for_fit, read_study

__all__ = [
    "SIZE_UNITS",
    "Change",
    "Finding",
    "Formulation",
    "Histories",
    "Options",
    "Strengths",
    "Study",
    "TableError",
    "after_missed_dose",
    "check_for_fit",
    "combine",
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
