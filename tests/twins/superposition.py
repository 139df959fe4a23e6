"""Closed forms summed over doses: a twin of the walk for constant rates, without resets, bolus and oral.

Stable where absorption meets elimination: ``(exp(-ke t) - exp(-ka t)) / (ka - ke)`` is written with
expm1(x)/x.
"""

import numpy as np
from scipy.special import exprel


def bolus(times, dose_times, doses, ke):
    """Amount at each time after the bolus doses given up to then (a dose at that time counts)."""
    gap = times[:, None] - dose_times
    return (doses * np.where(gap >= 0, np.exp(-ke * gap), 0.0)).sum(axis=1)


def oral(times, dose_times, doses, ka, ke):
    """Amount in the central compartment at each time after doses into the depot."""
    gap = np.maximum(times[:, None] - dose_times, 0.0)
    slow, fast = min(ka, ke), max(ka, ke)
    shape = gap * np.exp(-slow * gap) * exprel(-(fast - slow) * gap)
    return (doses * ka * shape).sum(axis=1)
