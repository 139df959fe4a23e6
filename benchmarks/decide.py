"""One decision: 4,000 draws x 200 options, a limit, a window with harm."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesdose.decision import decide, max_daily, named_utility
from benchmarks.rows import Row, cpu_seconds


def outcome(draws: int, options: int, copies: int = 2) -> xr.Dataset:
    """Return a made-up outcome."""
    rng = np.random.default_rng(1)
    mg = np.linspace(1.0, 10.0, options - 1)
    volume = 1.8 * np.exp(0.2 * rng.standard_normal((draws, 1)))
    keep = np.exp(-rng.lognormal(-1.0, 0.3, (draws, 1)))
    doses = np.concatenate([[0.0], mg])
    trough = doses / volume * keep / (1 - keep)
    return xr.Dataset(
        {"trough": (("draw", "option"), trough), "peak": (("draw", "option"), trough + doses / volume)},
        coords={
            "option": ["no treatment", *(f"{x:.4g} mg every 12 h x 10" for x in mg)],
            "kind": ("option", ["none"] + ["candidate"] * (options - 1)),
            "amount": ("option", np.concatenate([[np.nan], mg])),
            "max_daily": ("option", 2 * doses),
            "particle": ("draw", np.arange(draws) // copies),
        },
        attrs={"amount_unit": "mg", "cov_WT": 1.3, "cov_WT_unit": "kg"},
    )


def rows() -> list[Row]:
    """Return the table's rows."""
    o = outcome(4000, 200)
    u = named_utility(
        "window", outcome="trough", low=15, high=30, harm="peak", harm_above=40, harm_weight=2.0
    )
    limits = [max_daily("12 mg/kg")]
    alone = cpu_seconds(lambda: decide(o, u, limits=limits))
    written = cpu_seconds(lambda: (lambda c: (str(c), c.to_dict()))(decide(o, u, limits=limits)))
    return [
        Row(
            "decide, 4,000 draws x 200 options", f"{alone:.3f} s", "<= 0.2 s", "CPU, EVPI and limits included"
        ),
        Row("decide, print and JSON", f"{written:.3f} s", "", "CPU"),
    ]
