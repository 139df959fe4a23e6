"""Chains on disk while a fit runs, finished ones and draws so far: each file whole, named by its seal."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    import xarray as xr


_NAME = re.compile(
    r"(chains|sofar)-[0-9a-f]{16}-\d+-\d+-[0-9a-f]{64}\.nc|\.chains-.*\.part|\.?fit\.mark(\.part)?"
)


@dataclass(frozen=True)
class Keep:
    """Where the chains of one fit are kept: a folder, and the mark of the fit in their names."""

    folder: Path
    mark: str


def kept_chains(keep: Keep, group: range) -> xr.DataTree | None:
    """Return the finished chains of a group, if they are there and whole; what is not whole is removed."""
    return _read(keep, group, "chains")


def put_chains(keep: Keep, group: range, trace: xr.DataTree) -> None:
    """Write the finished chains of a group, named by the fit and by their seal, whole or not at all."""
    _write(keep, group, "chains", trace)
    for path in _files(keep, group, "sofar"):
        path.unlink()


def kept_draws(keep: Keep, group: range) -> xr.DataTree | None:
    """Return the draws that a group had made when its process ended, where `put_draws` wrote some."""
    return _read(keep, group, "sofar")


def put_draws(keep: Keep, group: range, trace: xr.DataTree) -> None:
    """Write the draws that a group has made so far; those written before go when these are there."""
    written = _write(keep, group, "sofar", trace)
    for path in _files(keep, group, "sofar"):
        if path != written:
            path.unlink()


def _files(keep: Keep, group: range, kind: str) -> list[Path]:
    return sorted(keep.folder.glob(f"{kind}-{keep.mark}-{group[0]}-{group[-1]}-*.nc"))


def _read(keep: Keep, group: range, kind: str) -> xr.DataTree | None:
    """Return the longest of what is there and whole (a kill may leave the draws so far twice)."""
    import xarray as xr

    found: list[xr.DataTree] = []
    for path in _files(keep, group, kind):
        if seal(path) == path.stem.rpartition("-")[2]:
            with xr.open_datatree(path, engine="h5netcdf") as opened:
                found.append(opened.load())
        else:
            path.unlink()
    return max(found, key=lambda trace: trace["posterior"].sizes["draw"], default=None)


def _write(keep: Keep, group: range, kind: str, trace: xr.DataTree) -> Path:
    with _scratch(keep.folder) as fresh:
        trace.to_netcdf(fresh, engine="h5netcdf")
        place = keep.folder / f"{kind}-{keep.mark}-{group[0]}-{group[-1]}-{seal(fresh)}.nc"
        fresh.replace(place)
        return place


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=".chains-", suffix=".part", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def seal(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def claim(folder: Path, what: bytes) -> Keep:
    """Make a folder that keeps finished chains of a fit.

    Parameters
    ----------
    folder
        Where; made when absent. Chains of other fits in it are left alone.
    what
        Everything that the draws depend on. Its hash is keyed, so that the folder does not tell of the data.

    Raises
    ------
    InputError
        When the folder holds something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    foreign = [path.name for path in folder.iterdir() if not _NAME.fullmatch(path.name)]
    if foreign:
        raise InputError(
            explain(
                f"{folder} holds other files than finished chains",
                came=foreign[0],
                expected="a new folder, or one that kept chains before",
            )
        )
    key = folder / "fit.mark"
    if not key.is_file():
        fresh = folder / ".fit.mark.part"
        fresh.write_text(secrets.token_hex(16), "utf-8")
        fresh.replace(key)
    return Keep(folder, _mark(key.read_text("utf-8").strip(), what))


def release(folder: Path) -> None:
    """Remove what `claim` and `put_chains` left, and the folder if nothing else is in it."""
    for path in [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]:
        path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def _mark(key: str, what: bytes) -> str:
    return hmac.new(key.encode(), what, hashlib.sha256).hexdigest()[:16]
