"""Reports: parameter tables, predictions, figures, and one self-contained HTML file."""

from bayesdose.reporting.draws_file import draws_table, write_draws
from bayesdose.reporting.figure import figure
from bayesdose.reporting.html import report, write_report
from bayesdose.reporting.pages import write_pages
from bayesdose.reporting.parameters import parameter_table
from bayesdose.reporting.patient import PatientSection, utility_windows
from bayesdose.reporting.predictions import curve_times, predictions_table
from bayesdose.reporting.prior_page import write_prior_check
from bayesdose.reporting.priors import prior_table
from bayesdose.reporting.validation import validation_page, validation_record, write_validation
from bayesdose.reporting.view import Picture

__all__ = [
    "PatientSection",
    "Picture",
    "curve_times",
    "draws_table",
    "figure",
    "parameter_table",
    "predictions_table",
    "prior_table",
    "report",
    "utility_windows",
    "validation_page",
    "validation_record",
    "write_draws",
    "write_pages",
    "write_prior_check",
    "write_report",
    "write_validation",
]
