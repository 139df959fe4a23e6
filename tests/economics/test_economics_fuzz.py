"""Whatever comes in, an analysis answers with finite numbers or says what is wrong."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.errors import InputError

ODD = [0, 0, 1, -1, 1e-300, 1e300, -1e300, np.nan, np.inf, 1e-12, 5, 3.3, 1e8]


def _values(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    kinds = [lambda: rng.choice(ODD, shape), lambda: rng.normal(size=shape), lambda: rng.uniform(size=shape),
             lambda: rng.choice([0.0, 1.0, 2.0], shape)]  # fmt: skip
    return kinds[rng.integers(4)]()


def _calls(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], Any]]]:
    n, m, s = (int(k) for k in rng.integers(1, 6, 3))
    option = {"option": [f"o{k}" for k in range(m)]}
    c, e = (xr.DataArray(_values(rng, (n, m)), dims=("draw", "option"), coords=option) for _ in range(2))
    r, q = (xr.DataArray(_values(rng, (n, s)), dims=("draw", "subject")) for _ in range(2))
    group = xr.DataArray(rng.choice(["a", "b"], s), dims="subject")
    each = xr.DataArray(_values(rng, (m, s)), dims=("option", "subject"), coords=option)
    aversion = float(rng.choice([0, 0.5, 1, 2, 50, np.inf]))
    yield "icers", lambda: bd.economics.icers(c, e).table[["cost", "effect"]]
    yield "plane", lambda: bd.economics.ce_plane(c, e, "o0", wtp=2.0).table.drop(columns="icer")
    yield "acceptability", lambda: bd.economics.acceptability(c, e, [0, 1, 1e4]).table.drop(columns="best")
    yield (
        "pareto",
        lambda: bd.economics.pareto(xr.Dataset({"a": c, "b": e}), {"a": "min", "b": "max"}).table[
            ["a", "b", "p_efficient", "gain"]
        ],
    )
    yield "reductions", lambda: bd.economics.risk_reductions(r, q, group).table[["arr", "low", "high"]]
    yield "targeted", lambda: bd.economics.targeted(bd.economics.cate(r, q)).table[["gain", "low", "high"]]
    yield "curve", lambda: bd.economics.decision_curve({"x": r}, q).curves["net_benefit"].to_pandas()
    yield "label", lambda: bd.economics.label_gain(r, group == "a", label_harm=0.1).table
    yield (
        "equity",
        lambda: bd.economics.equity(each, group, aversion=aversion).table[["mean", "equivalent", "worst"]],
    )


@pytest.mark.parametrize("seed", range(60))
def test_finite_numbers_or_a_reason(seed: int) -> None:
    for name, call in _calls(np.random.default_rng(seed)):
        try:
            found = call()
        except InputError:  # anything else is a bug
            continue
        assert np.isfinite(np.asarray(found, dtype=float)).all(), name
