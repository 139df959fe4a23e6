"""Case files: one decision problem as data (TOML), and the recommendation that it leads to.

A case file names what it wants, such as the utility "window", and gives it numbers; nothing in it is run.
The schema is documented in ``docs/reference/case.md``.
"""

from bayesdose.case.read import Case, make_case, read_case
from bayesdose.case.recommendation import Recommendation, condition_for, flags_for, recommend
from bayesdose.case.record import NOTICE, fit_record, individual_record, individual_text, to_json
from bayesdose.case.worked import WorkedPatient, metrics_of, options_of, worked_patient, worked_tables

__all__ = [
    "NOTICE",
    "Case",
    "Recommendation",
    "WorkedPatient",
    "condition_for",
    "fit_record",
    "flags_for",
    "individual_record",
    "individual_text",
    "make_case",
    "metrics_of",
    "options_of",
    "read_case",
    "recommend",
    "to_json",
    "worked_patient",
    "worked_tables",
]
