"""Structure: linear diagrams, the walk that turns doses into amounts, effects, and exposure metrics."""

from bayesdose.pk import conversions, effects
from bayesdose.pk.diagram import BOLUS_1, ORAL_1, OUT, Diagram
from bayesdose.pk.exposure import (
    Exposure,
    Sampling,
    accumulated_load,
    auc,
    auc24,
    average,
    concentration_at,
    minimum,
    nadir,
    peak,
    time_above,
    time_below,
    time_of_nadir,
    time_of_peak,
    trough,
)
from bayesdose.pk.nca import nca

__all__ = [
    "BOLUS_1",
    "ORAL_1",
    "OUT",
    "Diagram",
    "Exposure",
    "Sampling",
    "accumulated_load",
    "auc",
    "auc24",
    "average",
    "concentration_at",
    "conversions",
    "effects",
    "minimum",
    "nadir",
    "nca",
    "peak",
    "time_above",
    "time_below",
    "time_of_nadir",
    "time_of_peak",
    "trough",
]
