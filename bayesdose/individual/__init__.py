"""Conditioning one patient: the mode, importance sampling, draws and their diagnostics."""

from bayesdose.individual.alternatives import Alternatives, averaged, weigh
from bayesdose.individual.batch import condition_each
from bayesdose.individual.compiled import Compiled, compile_individual
from bayesdose.individual.conditioning import condition
from bayesdose.individual.draws import Diagnostics, Draws
from bayesdose.individual.estimate import MapEstimate, map_estimate
from bayesdose.individual.ready import Bedside, bedside
from bayesdose.individual.unfitted import fixed, prior_fit, typical

__all__ = [
    "Alternatives",
    "Bedside",
    "Compiled",
    "Diagnostics",
    "Draws",
    "MapEstimate",
    "averaged",
    "bedside",
    "compile_individual",
    "condition",
    "condition_each",
    "fixed",
    "map_estimate",
    "prior_fit",
    "typical",
    "weigh",
]
