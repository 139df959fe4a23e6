"""A patient's draws in a file: netCDF or CSV."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.reporting.atomic import write_whole

if TYPE_CHECKING:
    from bayesdose.individual import Draws

_KINDS = (".nc", ".csv")


def write_draws(me: Draws, path: str | os.PathLike[str]) -> Path:
    """Write a patient's draws to a file, whole or not at all.

    Parameters
    ----------
    me
        The patient's draws; nothing in the file names the patient, and doses and levels are not in it.
    path
        Ending in ``.nc`` (netCDF 4, as fits are stored: every variable with its dims and units; the model,
        its hash, the method, seed and diagnostics as attributes) or ``.csv`` (one row per draw, as
        `draws_table` has them).

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    InputError
        Another ending, or a place that cannot be written to.
    """
    if require_kind(path) == ".csv":
        return write_whole(path, draws_table(me).to_csv(index=False, lineterminator="\n"))
    with tempfile.TemporaryDirectory() as folder:
        _portable(me).to_netcdf(Path(folder) / "draws.nc", engine="h5netcdf")
        return write_whole(path, (Path(folder) / "draws.nc").read_bytes())


def require_kind(path: str | os.PathLike[str]) -> str:
    """Return the ending of a file for draws; refuse another one than `write_draws` knows."""
    kind = Path(path).suffix.lower()
    if kind not in _KINDS:
        raise InputError(
            explain("draws are written as netCDF or CSV", came=Path(path).name, expected=" or ".join(_KINDS))
        )
    return kind


def draws_table(me: Draws) -> pd.DataFrame:
    """Return a row per draw: draw, particle, population_draw, then every variable.

    What has further dims has a column for each place, named by its labels, or by numbers from 1 where there
    are none: ``z[CL]``, ``CL[3]`` (record 3), ``z_kappa[2,CL]`` (occasion 2).
    """
    data = me.data
    columns: dict[str, Any] = {"draw": data["draw"].to_numpy()}
    columns |= {str(n): c.to_numpy() for n, c in data.coords.items() if c.dims == ("draw",) and n != "draw"}
    for name, value in data.data_vars.items():
        values = value.transpose("draw", ...).to_numpy()
        for place in np.ndindex(values.shape[1:]):
            said = ",".join(_label(data, str(d), k) for d, k in zip(value.dims[1:], place, strict=True))
            columns[f"{name}[{said}]" if place else str(name)] = values[(slice(None), *place)]
    return pd.DataFrame(columns)


def _label(data: xr.Dataset, dim: str, k: int) -> str:
    return str(data[dim].to_numpy()[k]) if dim in data.coords else str(k + 1)


def _portable(me: Draws) -> xr.Dataset:
    """Return the draws with attributes that netCDF can hold."""
    d, data = me.diagnostics.to_dict(), me.data.copy()
    for name in data.data_vars:
        attrs = data[name].attrs
        data[name].attrs = {k: ", ".join(v) if isinstance(v, list) else v for k, v in attrs.items()}
    about = {"drug": me.model.card.drug, "model": me.model.name, "model_hash": me.model.hash}
    data.attrs = {**about, **{k: v for k, v in d.items() if v is not None}}
    return data
