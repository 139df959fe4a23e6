"""Figures: functions of a noun that return a matplotlib Figure; nothing is shown, and pyplot is not used."""

from bayesdose.reporting.figures.concentration import individual_fit
from bayesdose.reporting.figures.densities import prior_to_posterior
from bayesdose.reporting.figures.embed import to_png, to_svg_or_png
from bayesdose.reporting.figures.exposure import exposure
from bayesdose.reporting.figures.utility import expected_utility

__all__ = [
    "expected_utility",
    "exposure",
    "individual_fit",
    "prior_to_posterior",
    "to_png",
    "to_svg_or_png",
]
