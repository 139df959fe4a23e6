"""What is looked at in a patient: individual parameters, and the exposure to come under one regimen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.pk import auc24, trough
from bayesdose.simulation import simulate
from bayesdose.study import Options, regimens
from bayesdose.study.history import History
from bayesdose.study.options import CURRENT

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.pk import Exposure
    from bayesdose.study import Study

METRICS: Mapping[str, Exposure] = {"AUC24": auc24(), "trough": trough()}
"""What is asked of the regimen unless something else is."""


def current_regimen(patient: Study) -> Options | None:
    """Return options among which the patient's current regimen goes on for a day, or one interval if longer.

    Parameters
    ----------
    patient
        One subject.

    Returns
    -------
    Options or None
        With the option "current regimen"; None where the doses given do not make a regimen.
    """
    history = History.of(patient)
    if not history.interval:
        return None
    units = patient.card.units
    n = max(1, math.ceil(history.day / history.interval - 1e-6))
    longest = f"1 {units.amount} every {history.interval:.12g} {units.time} x {n}"
    options = regimens(longest, after=patient)
    return options if CURRENT in options.table["option"].values.tolist() else None


def quantities(
    me: Draws, options: Options | None, option: str, metrics: Mapping[str, Exposure]
) -> xr.Dataset:
    """Return individual parameters and exposure, dims (draw,).

    Parameters
    ----------
    me
        The patient's draws.
    options
        For the same patient; None leaves exposure out.
    option
        Label of the one that is looked at.
    metrics
        Name to exposure metric.

    Returns
    -------
    xarray.Dataset
        A parameter that changes in time has its value at the last record; units in ``attrs``.
    """
    kept = me.data[list(me.compiled.parameters)]
    kept = kept.isel(record=-1) if "record" in kept.dims else kept
    kept = kept.drop_vars([name for name in kept.coords if name not in ("draw", "particle")])
    if options is None:
        return kept
    labels = options.table["option"].values.tolist()
    if option not in labels:
        raise InputError(explain("there is no such option", came=repr(option), expected=", ".join(labels)))
    taken = set(metrics) & set(kept.data_vars)
    if taken:
        raise InputError(explain(f"metric name {sorted(taken)[0]!r} is that of a parameter"))
    outcome = simulate(me, options, metrics).isel(option=labels.index(option))
    return kept.assign({name: ("draw", outcome[name].values, outcome[name].attrs) for name in metrics})


def asked(patient: Study, options: Options | None, option: str | None) -> tuple[Options | None, str]:
    """Return the options to look at: the current regimen's unless some are given, and the label of one."""
    if options is not None:
        return options, CURRENT if option is None else option
    if option is not None:
        raise InputError(explain("option= needs options=", fix="pass what bd.regimens returned"))
    return current_regimen(patient), CURRENT
