"""What a patient's posterior assumes, as weights of its draws under other assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.study import events

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.individual.compiled import Data

Floats = NDArray[np.float64]

_NEWTON = 12
_STRETCH = 12.0  # the largest tilt, in SDs of what is tilted; beyond it a handful of draws is left


def assumptions(me: Draws, *, factor: float = 2.0, steps: int = 21) -> xr.Dataset:
    """Weigh a patient's draws as they would be under other assumptions, for `threshold_analysis`.

    Parameters
    ----------
    me
        The patient's draws.
    factor
        How many times smaller and larger each assumption is made, above 1.
    steps
        How many values of each, evenly spaced on the logarithmic scale; odd, so that one is what was assumed.

    Returns
    -------
    xarray.Dataset
        Dims (assumption, step, draw): ``log_weight`` of the draws, ``value`` (assumption, step), a factor
        that is 1 where nothing changes; coordinates ``kind`` and ``particle``. The assumptions:

        typical X
            The typical value of a log-normal parameter in patients like this one (the prior location):
            ``log N(eta; log f, omega) - log N(eta; 0, omega)``.
        omega of X
            The variability between patients (the prior SD).
        prior, likelihood
            The power that the density of all individual variables, or of the patient's levels, is raised to
            (Kallioinen et al. 2024, Stat Comput 34:57).
        residual error
            All sigmas of the patient's levels: ``log p(y | f sigma) - log p(y | sigma)``.
        X of this patient
            The parameter itself, ``exp(lambda log X)`` with lambda such that the mean of log X moves by log
            f: of all changes of the draws with that mean the one nearest to them in Kullback-Leibler
            divergence (Csiszar 1975, Ann Probab 3:146). A clearance that has changed since the levels, say.

        Likelihood and residual error only where there are levels; location and SD of random effects that are
        normal, declared independent and on the logarithmic scale (others count in "prior").

    Raises
    ------
    InputError
        When `factor` or `steps` cannot be used.
    """
    if not factor > 1 or steps < 3 or steps % 2 == 0:
        came = f"factor={factor}, steps={steps}"
        raise InputError(explain("assumptions", came=came, expected="factor above 1; steps odd, 3 or more"))
    f = np.exp(np.linspace(-np.log(factor), np.log(factor), steps))
    found: list[tuple[str, str, Floats]] = [*_effects(me, f), *_powers(me, f), *_residual(me, f)]
    found += _parameters(me, f)
    made = xr.Dataset(
        {
            "log_weight": (("assumption", "step", "draw"), np.stack([w for _, _, w in found])),
            "value": (("assumption", "step"), np.tile(f, (len(found), 1))),
        },
        coords={
            "assumption": [name for name, _, _ in found],
            "kind": ("assumption", [kind for _, kind, _ in found]),
            **{name: ("draw", me.data[name].to_numpy()) for name in ("particle", "population_draw")},
        },
    )
    return made


def _effects(me: Draws, f: Floats) -> list[tuple[str, str, Floats]]:
    """Return location and SD of the random effects that are z times omega on the logarithmic scale."""
    made = []
    declared = me.compiled.declaration
    for name in me.compiled.etas:
        omega = None if name in declared.factors else _omega(me, name)  # the first of a block is omega z too
        if omega is None or declared.scales.get(name) != "log":
            continue
        z, shift = me.data[f"eta_{name}"].to_numpy() / omega, np.log(f)[:, None] / omega
        made.append((f"typical {name}", "prior", z * shift - shift**2 / 2))
        made.append((f"omega of {name}", "prior", -np.log(f)[:, None] - z**2 * (f[:, None] ** -2 - 1) / 2))
    return made


def _omega(me: Draws, name: str) -> Floats | None:
    """Return the omega (draw,) of an effect that is it times one standard-normal variable, else None."""
    if "z" not in me.data or f"eta_{name}" not in me.data:
        return None
    eta = me.data[f"eta_{name}"].to_numpy()
    for z in me.data["z"].to_numpy().reshape(len(me), -1).T:
        omega = me.data[f"omega_{name}"].to_numpy() if f"omega_{name}" in me.data else np.median(eta / z)
        if np.allclose(eta, omega * z, rtol=1e-6, atol=1e-9):
            return np.broadcast_to(omega, len(me))
    return None


def _powers(me: Draws, f: Floats) -> list[tuple[str, str, Floats]]:
    data = me.compiled.data(events(me.patient))
    z = me.latents(data)
    made = [("prior", "prior", -(f[:, None] - 1) * (z**2).sum(axis=1) / 2)]
    if len(me.patient.levels):
        made.append(("likelihood", "likelihood", (f[:, None] - 1) * _of_levels(me, me.theta(), z, data)))
    return made


def _of_levels(me: Draws, theta: dict[str, np.ndarray], z: Floats, data: Data) -> Floats:
    """Return the log-density of the patient's levels under each draw, in its own subpopulation (draw,)."""
    return np.asarray(me.compiled.levels(theta, z, data, me.members())[0].sum(axis=1))


def _residual(me: Draws, f: Floats) -> list[tuple[str, str, Floats]]:
    """Return what other residual errors would make of the draws, one evaluation of the levels a value."""
    sigmas = [name for name in me.compiled.population if name.startswith("sigma_")]
    if not sigmas or not len(me.patient.levels):
        return []
    data = me.compiled.data(events(me.patient))
    theta, z = me.theta(), me.latents(data)
    own = _of_levels(me, theta, z, data)
    each = [_of_levels(me, theta | {s: k * theta[s] for s in sigmas}, z, data) - own for k in f]
    return [("residual error", "likelihood", np.stack(each))]


def _parameters(me: Draws, f: Floats) -> list[tuple[str, str, Floats]]:
    made = []
    for name in me.compiled.parameters:
        values = me.data[name].isel(record=-1) if "record" in me.data[name].dims else me.data[name]
        x = values.to_numpy()
        if values.dims == ("draw",) and (x > 0).all() and np.log(x).std() > 1e-9:
            made.append((f"{name} of this patient", "patient", _tilted(np.log(x), np.log(f))))
    return made


def _tilted(x: Floats, shifts: Floats) -> Floats:
    """Return ``lambda x`` (shift, draw) with lambda so that the weighted mean of x moves by each shift."""
    z = (x - x.mean()) / x.std()
    wanted = shifts / x.std()
    tilt = np.zeros(len(shifts))
    for _ in range(_NEWTON):  # the slope of the mean is the variance
        w = np.exp(tilt[:, None] * z - (tilt[:, None] * z).max(axis=1, keepdims=True))
        w /= w.sum(axis=1, keepdims=True)
        mean = w @ z
        variance = np.maximum(w @ z**2 - mean**2, 1e-2)
        tilt = np.clip(tilt + np.clip((wanted - mean) / variance, -2.0, 2.0), -_STRETCH, _STRETCH)
    reached = np.abs((w @ z) - wanted) < 0.02 * np.maximum(np.abs(wanted), 0.1)
    return np.where(reached[:, None], tilt[:, None] * z, np.nan)
