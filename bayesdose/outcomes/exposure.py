"""Exposure in relation to what it meets: free fractions, and AUC over the MIC of a pathogen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.outcomes.quantities import Quantity, array, number_in, quantity, unit_of, value_in
from bayesdose.units import registry
from bayesdose.units import unit as parsed


def free(x: xr.DataArray, fraction_unbound: float | xr.DataArray) -> xr.DataArray:
    """Return the free part of any exposure under linear binding, ``fraction_unbound x``.

    It serves a concentration, an AUC, a trough or a peak alike, because linear binding scales them all. A
    time above a threshold does not scale: simulate ``bd.time_above(threshold, free=...)``.

    Parameters
    ----------
    x
        Total exposure, any dims.
    fraction_unbound
        From 0 to 1; an array over draw where it is uncertain.

    Returns
    -------
    xarray.DataArray
        In the unit of `x`.
    """
    total = array("free: x", x)
    fu = value_in("free: fraction_unbound", fraction_unbound, "", least=0.0, most=1.0)
    return quantity(total * fu, unit_of(total), f"free {_name(total)}")


def auc_over_mic(
    auc: xr.DataArray, mic: Quantity, fraction_unbound: float | xr.DataArray = 1.0
) -> xr.DataArray:
    """Return AUC over the minimum inhibitory concentration, ``fraction_unbound AUC / MIC``.

    An index of exposure to antibiotics; with `fraction_unbound` it is fAUC/MIC (Mouton et al. 2005,
    J Antimicrob Chemother 55:601, where the AUC is that of 24 h at steady state unless stated).

    Parameters
    ----------
    auc
        AUC with its unit, such as mg*h/L.
    mic
        A text with its unit ("0.5 mg/L"), a number in the AUC's unit of concentration, or an array with
        units; above 0.
    fraction_unbound
        From 0 to 1.

    Returns
    -------
    xarray.DataArray
        In units of time (h, unless the AUC is in another).
    """
    exposure = free(array("auc_over_mic: auc", auc), fraction_unbound)
    concentration, time = _split(unit_of(exposure))
    against = value_in("auc_over_mic: mic", mic, concentration, above=0.0)
    label = "AUC/MIC" if np.all(np.asarray(fraction_unbound) == 1.0) else "fAUC/MIC"
    return quantity(exposure / against, time, label)


def fraction_of_response(auc: xr.DataArray, mics: Mapping[str | float, float], target: float) -> xr.DataArray:
    """Return the share of pathogens whose AUC/MIC reaches the target: the cumulative fraction of response.

    ``sum of share(MIC) * [AUC/MIC >= target]`` (Mouton et al. 2005, J Antimicrob Chemother 55:601; Drusano et
    al. 2001, Antimicrob Agents Chemother 45:13). Each draw gets the share it would attain, so that the mean
    over draws is the cumulative fraction of response and its spread over draws says how sure that is.

    Parameters
    ----------
    auc
        AUC, total or free, with its unit.
    mics
        MIC ("0.5 mg/L", or a number in the AUC's unit of concentration) to the share of the isolates that
        have it; any positive weights, which are made to sum to 1.
    target
        Least AUC/MIC, in the AUC's unit of time.
    """
    exposure = array("fraction_of_response: auc", auc)
    aim = number_in("fraction_of_response: target", target, above=0.0)
    shares = {
        mic: number_in(f"fraction_of_response: share of {mic}", w, least=0.0) for mic, w in mics.items()
    }
    total = sum(shares.values())
    if not total > 0:
        raise InputError(explain("fraction_of_response: mics", came=dict(mics), expected="shares above 0"))
    hit = sum((auc_over_mic(exposure, mic, 1.0) >= aim) * (share / total) for mic, share in shares.items())
    assert isinstance(hit, xr.DataArray)
    return quantity(hit.where(exposure.notnull()), "", f"fraction of response, AUC/MIC >= {aim:g}")


def _split(unit: str) -> tuple[str, str]:
    """Return the units of concentration and of time in that of an AUC."""
    if unit:
        found = parsed(unit)
        for time in ("h", "day", "min"):
            if str(registry().Unit(time)) in str(found):
                return f"{found / registry().Unit(time):~}".replace(" ", ""), time
    raise InputError(
        explain(
            "auc_over_mic: the unit of the AUC",
            came=repr(unit) if unit else "none",
            expected="a concentration times a time, such as mg*h/L",
            fix='auc.assign_attrs(units="mg*h/L")',
        )
    )


def _name(x: xr.DataArray) -> str:
    return str(x.attrs.get("long_name", x.name or "exposure"))
