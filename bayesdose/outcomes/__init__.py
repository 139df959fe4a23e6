"""From exposure to what matters: effects, events, survival, cost, burden, QALYs.

Called with the room's name, ``bd.outcomes.qaly``: functions of the variables of an Outcome that return
one more, with its unit in ``attrs``. Their parameters may be arrays over draw: then the
uncertainty of an effect model is carried on.
"""

from bayesdose.outcomes.classes import classes, meaningful_change, share, worth
from bayesdose.outcomes.effects import (
    either,
    emax,
    logistic_event,
    probit_event,
    sigmoid_emax,
    sigmoid_event,
)
from bayesdose.outcomes.endpoints import inr, nadir, neutropenia, neutrophil_nadir, time_in_range
from bayesdose.outcomes.exposure import auc_over_mic, fraction_of_response, free
from bayesdose.outcomes.hazards import event_by, hazard, mean_time, survival
from bayesdose.outcomes.value import annuity, burden, cost, discounted, qaly, qaly_of_course

__all__ = [
    "annuity",
    "auc_over_mic",
    "burden",
    "classes",
    "cost",
    "discounted",
    "either",
    "emax",
    "event_by",
    "fraction_of_response",
    "free",
    "hazard",
    "inr",
    "logistic_event",
    "mean_time",
    "meaningful_change",
    "nadir",
    "neutropenia",
    "neutrophil_nadir",
    "probit_event",
    "qaly",
    "qaly_of_course",
    "share",
    "sigmoid_emax",
    "sigmoid_event",
    "survival",
    "time_in_range",
    "worth",
]
