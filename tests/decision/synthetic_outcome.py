"""Outcomes made by hand, shaped as simulate() returns them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import norm

CL_MEDIAN, OMEGA = 4.5, 0.3  # lognormal-quadratic, lognormal-pta, dose-strengths
TOY_OPTIONS = ["standard", "intensive", "nothing"]
TOY = [[0.6, 0.7, 0.0], [0.5, 0.9, 0.0], [0.7, -0.4, 0.0], [0.4, 0.8, 0.0], [-0.2, 0.5, 0.0]]


def of_utilities(
    U: Sequence[Sequence[float]] | np.ndarray, options: Sequence[str] | None = None, **coords: Any
) -> xr.Dataset:
    """An outcome whose only variable `u` is the utility itself."""
    U = np.asarray(U, dtype=float)
    names = [f"option {k}" for k in range(U.shape[1])] if options is None else list(options)
    return xr.Dataset({"u": (("draw", "option"), U)}, coords={"option": names, **coords})


def u(outcome: xr.Dataset) -> xr.DataArray:
    return outcome["u"]


def normal_quantiles(n: int) -> np.ndarray:
    """The midpoint quantiles of N(0, 1): draws whose means are integrals."""
    return norm.ppf((np.arange(n) + 0.5) / n)


def auc_outcome(doses: Sequence[float], z: np.ndarray) -> xr.Dataset:
    """AUC = dose/CL for CL = 4.5 exp(0.3 z) L/h: the patient of the lognormal reference cases."""
    amounts = np.asarray(doses, dtype=float)
    auc = amounts / (CL_MEDIAN * np.exp(OMEGA * np.asarray(z)))[:, None]
    return xr.Dataset(
        {"AUC": (("draw", "option"), auc, {"units": "mg*h/L"})},
        coords={
            "option": [f"{a:.12g} mg" for a in amounts],
            "kind": ("option", ["candidate"] * len(amounts)),
            "amount": ("option", amounts),
        },
        attrs={"amount_unit": "mg", "time_unit": "h", "concentration_unit": "mg/L", "seed": 1},
    )


def regimens(
    level: Callable[[float, float], float],
    amount: Iterable[float] = (1, 2, 3, 4),
    interval: Iterable[float] = (12, 24),
    weight: float = 2.0,
) -> xr.Dataset:
    """No treatment and amount x interval in mg/kg for a patient of 2 kg.

    The trough is level(amount, interval), which 300 draws multiply by 0.8, 1 and 1.2 in turn.
    """
    grid = [(a, i) for a in amount for i in interval]
    a, i = (np.array([np.nan, *(pair[k] for pair in grid)]) for k in (0, 1))
    mg = np.nan_to_num(a * weight)
    per_day = np.concatenate([[0.0], mg[1:] * 24 / i[1:]])
    levels = np.array([0.0, *(level(*pair) for pair in grid)])
    trough = np.tile([0.8, 1.0, 1.2], 100)[:, None] * levels
    return xr.Dataset(
        {"trough": (("draw", "option"), trough, {"units": "mg/L"})},
        coords={
            "option": ["no treatment", *(f"{x:g} mg/kg every {t:g} h x 10" for x, t in grid)],
            "kind": ("option", ["none"] + ["candidate"] * len(grid)),
            "amount": ("option", a),
            "interval": ("option", i),
            "n_doses": ("option", [0] + [10] * len(grid)),
            "max_single": ("option", mg),
            "max_daily": ("option", per_day),
        },
        attrs={"amount_unit": "mg", "cov_WT": weight, "cov_WT_unit": "kg", "seed": 7, "patient": "subject 1"},
    )
