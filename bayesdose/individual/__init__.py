"""Conditioning one patient: the mode, importance sampling, draws and their diagnostics."""

from bayesdose.individual.compiled import Compiled, compile_individual
from bayesdose.individual.conditioning import condition
from bayesdose.individual.draws import Diagnostics, Draws
from bayesdose.individual.estimate import MapEstimate, map_estimate
from bayesdose.individual.unfitted import fixed

__all__ = [
    "Compiled",
    "Diagnostics",
    "Draws",
    "MapEstimate",
    "compile_individual",
    "condition",
    "fixed",
    "map_estimate",
]
