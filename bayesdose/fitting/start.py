"""Where chains start: at the centres of the priors, or elsewhere in them where those are impossible."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
import pytensor
from pymc.initial_point import make_initial_point_fn

from bayesdose.errors import Refused, explain

if TYPE_CHECKING:
    from bayesdose.study import Study

Point = dict[str, Any]
Density = Callable[[Point], np.ndarray]

_TRIES = 200  # of the priors of the thetas
_OF_PREDICTION = (
    "a positive prediction wherever there is a level, for a proportional error",
    "set MDV=1 on levels taken before the first dose, or use an error with an additive part; a lag time "
    "may also be too long for the first level",
)
_OF_ZERO = (
    "levels above 0 under a log-normal error; theirs are 0",
    "write them as below the limit (CENS 1, the limit in DV, blq='M3'); set MDV=1 on those before a dose",
)


def place_start(declared: pm.Model, study: Study, seed: int) -> None:
    """Set the typical values to start from, where the centres of their priors make a level impossible.

    A lag time, say, whose prior has its mean behind the first level: with a proportional error that level has
    no density. Then that draw of the thetas is taken, of their priors, under which the levels are the most
    probable; omegas, sigmas and individuals start at their centres as ever.

    Parameters
    ----------
    declared
        From `build`. The initial values of its thetas are set where they must be.
    study
        What is fitted.
    seed
        Of the draws.

    Raises
    ------
    Refused
        When levels are impossible under all of them; the subjects are named.
    """
    if declared.declaration.mixture is not None:
        return  # a level that is impossible in one subpopulation may be possible in another
    density, centre = _density(declared), _centre(declared)
    at_centre = density(centre)
    if np.isfinite(at_centre).all():
        return
    found = _search(declared, density, centre, seed)
    for name, value in (found or {}).items():
        declared.set_initval(declared[name], value)
    if found is None or not np.isfinite(density(_centre(declared))).all():
        raise _refused(declared, study, at_centre)


def _search(declared: pm.Model, density: Density, centre: Point, seed: int) -> Point | None:
    """Return the draw of the thetas that makes the levels most probable; None where no draw does."""
    thetas = [v for v in declared.free_RVs if v.name.startswith("theta_")]
    if not thetas:
        return None
    drawn = dict(zip((v.name for v in thetas), pm.draw(thetas, draws=_TRIES, random_seed=seed), strict=True))
    tried = [{name: values[k] for name, values in drawn.items()} for k in range(_TRIES)]
    total = np.asarray([density({**centre, **point}).sum() for point in tried])
    total[~np.isfinite(total)] = -np.inf
    return tried[int(np.argmax(total))] if np.isfinite(total).any() else None


def _centre(declared: pm.Model) -> Point:
    """Return where the free variables start, by name, as they stand in the model."""
    return dict(make_initial_point_fn(model=declared, return_transformed=False)(0))


def _density(declared: pm.Model) -> Density:
    """Return the log-density of each level as a function of the free variables by name."""
    variables = declared.free_RVs
    made = pytensor.function(variables, declared.declaration.log_density, on_unused_input="ignore")
    return lambda point: np.asarray(made(*(point[v.name] for v in variables)))


def _refused(declared: pm.Model, study: Study, density: np.ndarray) -> Refused:
    """Name the subjects whose levels the model finds impossible at the centres of the priors."""
    wrong = study.levels[~np.isfinite(density)]
    subjects = ", ".join(dict.fromkeys(map(str, wrong["ID"])))
    logs = {p.dvid for p in declared.declaration.likelihood.parts if p.family.name == "log-normal"}
    zero = (wrong["DV"] <= 0) & (wrong["CENS"] == 0) & (wrong["DVID"].isin(logs) | (None in logs))
    expected, fix = _OF_ZERO if zero.all() else _OF_PREDICTION
    return Refused(
        explain(
            "the log-density is not finite where sampling starts",
            came=f"impossible levels of subject {subjects}",
            expected=expected,
            fix=fix,
        )
    )
