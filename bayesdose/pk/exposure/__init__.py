"""Exposure metrics: AUC, peak, trough, time above a threshold and their kin, of a sampled profile."""

from bayesdose.pk.exposure.metrics import Exposure, Sampling
from bayesdose.pk.exposure.words import (
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

__all__ = [
    "Exposure",
    "Sampling",
    "accumulated_load",
    "auc",
    "auc24",
    "average",
    "concentration_at",
    "minimum",
    "nadir",
    "peak",
    "time_above",
    "time_below",
    "time_of_nadir",
    "time_of_peak",
    "trough",
]
