"""Levels made by hand, shaped as next_levels() returns them: y = value of the draw + normal noise."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.stats import norm


def levels(
    value: np.ndarray, sds: list[float], seed: int, n: int = 200, particle: np.ndarray | None = None
) -> xr.Dataset:
    """A level with each of these SDs, at times 1, 2, ..."""
    rng = np.random.default_rng((seed, 1))  # other numbers than those a test drew with this seed
    y = value[:, None] + rng.standard_normal((len(value), len(sds))) * np.array(sds)
    source = np.argsort(y.mean(axis=1))[((np.arange(n) + 0.5) * len(value) / n).astype(int)]
    density = norm.logpdf(y[source].T[:, :, None], value, np.array(sds)[:, None, None])
    coords = {} if particle is None else {"particle": ("draw", particle)}
    return xr.Dataset(
        {
            "measurement": (("draw", "time"), y, {"units": "mg/L"}),
            "log_likelihood": (("time", "simulated", "draw"), density - density.max(axis=2, keepdims=True)),
        },
        coords={
            "time": ("time", np.arange(len(sds)) + 1.0, {"units": "h"}),
            "source": ("simulated", source),
            **coords,
        },
        attrs={"now": 0.0},
    )
