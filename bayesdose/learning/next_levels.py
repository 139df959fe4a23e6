"""Levels that could be drawn next: what they may measure, and how probable each draw makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, Refused, explain
from bayesdose.flags.reference import densities
from bayesdose.study.history import History
from bayesdose.study.sampling import AFTER, option_events, sampled

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.individual.compiled import Data
    from bayesdose.study import Options

Floats = NDArray[np.float64]

_FLOOR = -200.0  # log of a weight, over that of the likeliest draw, that counts as none


def next_levels(
    me: Draws,
    times: Sequence[float] | np.ndarray,
    *,
    seed: int,
    options: Options | None = None,
    given: str | None = None,
    dvid: int = 1,
    lloq: float | None = None,
    results: int = 200,
) -> xr.Dataset:
    """Simulate levels that could be drawn next, for `evsi`.

    Parameters
    ----------
    me
        The patient's draws.
    times
        When, in the model's time: not before the last record of the patient. At the time of a dose the level
        is drawn before it.
    seed
        Of draws' residual errors.
    options, given
        The options that are decided on. A level must then not be drawn after they start, unless `given` names
        the one that the patient has until the level is known. Without them the doses of the table go on.
    dvid
        Which kind of level.
    lloq
        Lower limit of quantification: what is below is known as that only. The model must take such levels
        (``observe(..., blq=)``).
    results
        How many of the simulated levels the draws are weighed by.

    Returns
    -------
    xarray.Dataset
        ``measurement`` (draw, time): one level simulated from each draw, residual error included;
        ``log_likelihood`` (time, simulated, draw): log-density of the levels of some draws (coordinate
        ``source``) under every draw, less the largest; coordinates ``particle``, ``population_draw``. The
        levels of one draw at several times belong together: several levels count by the sum of their
        log-densities.

    Raises
    ------
    InputError
        Times in the past or after the options start, an unknown option or kind of level, a limit of
        quantification that the model does not take.
    Refused
        Where a level's residual error depends on that of the one before.
    """
    at = _times(me, times, options, given)
    _check(me, dvid, lloq)
    data = _data(me, np.nextafter(at, -np.inf), options, given, dvid)
    parameters = me.compiled.levels(me.theta(), me.latents(data), data, me.members())[1]
    likelihood = me.compiled.declaration.likelihood
    assert likelihood is not None
    u = np.random.default_rng((seed, 7)).random((len(me), len(at)))
    y = likelihood.quantile(u, data, parameters)
    below = np.zeros(y.shape, dtype=np.int64) if lloq is None else (y < lloq).astype(np.int64)
    y = y if lloq is None else np.maximum(y, lloq)
    source = _spread_out(y, min(results, len(me)))
    L = np.empty((len(at), len(source), len(me)), dtype=np.float32)
    for k in range(len(at)):
        one = _data(me, np.nextafter(at[[k]], -np.inf), options, given, dvid)
        own = [np.ascontiguousarray(p[:, [k]]) for p in parameters]
        L[k] = _against_the_largest(densities(me.model)(y[source][:, [k]], below[source][:, [k]], own, one))
    return _dataset(me, at, y, below, source, L, dvid)


def _times(me: Draws, times: object, options: Options | None, given: str | None) -> Floats:
    at = np.atleast_1d(np.asarray(times, dtype=np.float64))
    now = History.of(me.patient).now
    if at.ndim != 1 or not at.size or not np.isfinite(at).all() or len(np.unique(at)) < at.size:
        raise InputError(explain("times", came=repr(times), expected="different times, at least one"))
    if (at < now).any():
        expected = f"{now:g} or later"
        raise InputError(
            explain("a next level is not drawn in the past", came=f"{at.min():g}", expected=expected)
        )
    if given is not None and options is None:
        raise InputError(explain("given= needs options=", fix="pass what bd.regimens returned"))
    if options is not None and given is None and (at > options.start).any():
        raise InputError(
            explain(
                "a level after the options start cannot inform the choice of one",
                came=f"{at.max():g}, and options from {options.start:g} on",
                fix="name the option followed until then (given=), and decide on options that start later",
            )
        )
    return at


def _check(me: Draws, dvid: int, lloq: float | None) -> None:
    declaration = me.compiled.declaration
    kinds = declaration.kinds or (1,)
    if dvid not in kinds:
        raise InputError(
            explain("the model predicts no such kind of level", came=f"dvid={dvid}", expected=str(kinds))
        )
    assert declaration.likelihood is not None
    parts = [p for p in declaration.likelihood.parts if p.dvid in (None, dvid)]
    if any(p.decays for p in parts):
        raise Refused(
            explain(
                "residual errors of this model are correlated in time",
                came="levels whose error depends on the one before",
                fix="use a model with independent residual errors to plan a level",
            )
        )
    if lloq is not None and not all(p.blq for p in parts):
        came = f"lloq={lloq:g}"
        raise InputError(
            explain("the model takes no level below a limit", came=came, fix='observe(..., blq="M3")')
        )


def _data(me: Draws, at: Floats, options: Options | None, given: str | None, dvid: int) -> Data:
    """Return the model's inputs for levels just before these times."""
    if options is None or given is None:
        return me.compiled.data(sampled(me.patient, at, dvid=dvid))
    labels = options.table["option"].values.tolist()
    if given not in labels:
        raise InputError(explain("there is no such option", came=repr(given), expected=", ".join(labels[:8])))
    only = [labels.index(given)]
    tables = option_events(options, [at], [np.full(at.shape, AFTER)], only=only, dvid=dvid)
    return me.compiled.data(tables)


def _spread_out(y: Floats, n: int) -> NDArray[np.intp]:
    """Return n draws whose measurements are spread as all are: evenly along their main direction."""
    scaled = (y - y.mean(axis=0)) / np.where((sd := y.std(axis=0)) > 0, sd, 1.0)
    main = np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
    order = np.argsort(scaled @ main, kind="stable")
    return order[((np.arange(n) + 0.5) * len(y) / n).astype(np.intp)]


def _against_the_largest(found: NDArray) -> NDArray:
    """Return log-densities (simulated, draw, 1) less the largest of each simulated level."""
    L = np.where(np.isfinite(found[..., 0]), found[..., 0], -np.inf)
    return np.maximum(L - L.max(axis=1, keepdims=True), _FLOOR)


def _dataset(
    me: Draws, at: Floats, y: Floats, below: NDArray, source: NDArray, L: NDArray, dvid: int
) -> xr.Dataset:
    card = me.model.card
    made = xr.Dataset(
        {
            "measurement": (("draw", "time"), y, {"units": card.endpoint(dvid).unit}),
            "below_limit": (("draw", "time"), below.astype(bool)),
            "log_likelihood": (("time", "simulated", "draw"), L),
        },
        coords={
            "time": ("time", at, {"units": card.units.time}),
            "source": ("simulated", source),
            **{name: ("draw", me.data[name].to_numpy()) for name in ("particle", "population_draw")},
        },
        attrs={"now": History.of(me.patient).now, "dvid": dvid},
    )
    return made
