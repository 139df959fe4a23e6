"""Structure: linear diagrams, the walk that turns doses into amounts, and exposure metrics."""

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
    peak,
    time_above,
    time_below,
    time_of_peak,
    trough,
)

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
    "minimum",
    "peak",
    "time_above",
    "time_below",
    "time_of_peak",
    "trough",
]
