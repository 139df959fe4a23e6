"""Structure: linear diagrams, the walk that turns doses into amounts, and exposure metrics."""

from bayesdose.pk.diagram import BOLUS_1, ORAL_1, OUT, Diagram
from bayesdose.pk.exposure import Exposure, Sampling, auc24, concentration_at, peak, trough

__all__ = [
    "BOLUS_1",
    "ORAL_1",
    "OUT",
    "Diagram",
    "Exposure",
    "Sampling",
    "auc24",
    "concentration_at",
    "peak",
    "trough",
]
