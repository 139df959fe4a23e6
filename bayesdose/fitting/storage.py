"""Fits on disk: a netCDF file and a JSON file in one folder, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesdose.errors import InputError, explain, nearest
from bayesdose.fitting.checks import Checks
from bayesdose.fitting.kept import seal
from bayesdose.fitting.swapping import fresh_folder, stranded, swap, sweep
from bayesdose.model import Model, load_model, shipped_folder, shipped_models

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.fitting.result import Fit

_DRAWS, _RECORD = "posterior.nc", "provenance.json"
_MAKE_ONE = (
    "fit it (bayesdose fit SPEC TABLE --out FOLDER), or store its published numbers "
    "(bayesdose fit SPEC --prior --out FOLDER); then name FOLDER, and the spec with --model"
)
_LARGEST = {_DRAWS: 4 * 2**30, _RECORD: 32 * 2**20}  # bytes; a bigger file is no fit of ours


def save_fit(fit: Fit, folder: str | Path, *, slim: bool = False) -> Path:
    """Write ``posterior.nc`` and ``provenance.json``; an existing fit there is replaced in one step.

    Whenever the process is killed, `load_fit` finds the old fit or the new one.

    Parameters
    ----------
    fit
        What to write; subjects are numbered in the table's order, their IDs are not stored.
    folder
        Where; made when absent. A folder that holds anything but a fit is left alone.
    slim
        Keep only theta, omega and sigma, and the effects of studies or centres, in single precision (a fit to
        ship); the individual parameters of the fitted subjects are left out.

    Raises
    ------
    InputError
        When `folder` exists and is not a fit.
    """
    target = Path(folder)
    refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target)
    fresh = fresh_folder(target)
    try:
        (_slim(fit) if slim else _surrogate(fit.posterior)).to_netcdf(fresh / _DRAWS, engine="h5netcdf")
        slim = slim or bool(fit.provenance.get("slim"))
        record = {**fit.provenance, "slim": slim, "seal": seal(fresh / _DRAWS)}
        (fresh / _RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        fresh.chmod(0o777 & ~_umask())
        swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def load_fit(folder: str | Path, model: Model | None = None) -> Fit:
    """Read a fit; nothing in the folder is run.

    Parameters
    ----------
    folder
        A fit's folder, or the name of a fit that comes with the package.
    model
        The spec it was made from; may be left out for a spec that comes with the package.

    Raises
    ------
    InputError
        No fit there, a file too large, damaged or exchanged, or a spec that has changed since (both hashes
        are named).
    """
    import xarray as xr

    from bayesdose.fitting.result import Fit

    place = _place(folder)
    for name, largest in _LARGEST.items():
        _check_file(place / name, largest)
    record = _read_record(place / _RECORD)
    _check_seal(place, record)
    model = model if model is not None else _shipped(record, place)
    _check_hash(model, record, place)
    try:
        with xr.open_datatree(place / _DRAWS, engine="h5netcdf") as opened:
            _check_draws(opened, record["population"], place)
            posterior = opened.load()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(explain(f"{place / _DRAWS} cannot be read", came=error, fix="fit again")) from error
    return Fit(model, posterior, record)


def _check_seal(place: Path, record: dict[str, Any]) -> None:
    """Refuse draws that are not those the provenance was written for."""
    found = seal(place / _DRAWS)
    if found != record.get("seal"):
        raise InputError(
            explain(
                f"the draws in {place} are not those its provenance belongs to",
                came=f"a file with the SHA-256 {found[:12]}",
                expected=str(record.get("seal", "none"))[:12],
                fix="fit again, or restore the folder",
            )
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _slim(fit: Fit) -> xr.DataTree:
    import xarray as xr

    effects = [f"z_{name}" for name in fit.provenance.get("groups", {})]
    kept = fit.posterior["posterior"].to_dataset()[[*fit.population, *effects]].astype("float32")
    return xr.DataTree.from_dict({"posterior": kept})


def _surrogate(posterior: xr.DataTree) -> xr.DataTree:
    """Return the posterior with its subjects numbered in the table's order: no ID is stored."""
    if "subject" not in posterior["posterior"].coords:
        return posterior
    numbers = [str(i + 1) for i in range(posterior["posterior"].sizes["subject"])]
    return posterior.map_over_datasets(
        lambda part: part.assign_coords(subject=numbers) if "subject" in part.coords else part
    )


def refuse_foreign(target: Path) -> None:
    """Raise InputError when a folder exists and holds anything but a stored fit."""
    if not target.exists():
        return
    names = {path.name for path in target.iterdir()} if target.is_dir() else {"a file"}
    if names - {_DRAWS, _RECORD}:
        raise InputError(
            explain(
                f"{target} exists and is not a stored fit",
                came=", ".join(sorted(names)[:5]),
                expected="a new folder, or one that holds a fit",
                fix="choose another folder",
            )
        )


def _check_draws(opened: xr.DataTree, population: list[str], place: Path) -> None:
    """Refuse draws that unpack to more than a fit has, or that lack a population variable."""
    size = sum(array.nbytes for group in opened.subtree for array in group.data_vars.values())
    if size > _LARGEST[_DRAWS]:
        raise InputError(explain(f"the draws in {place} are too large", came=f"{size} bytes unpacked"))
    group = opened["posterior"]
    missing = [name for name in population if name not in group or set(group[name].dims) != {"chain", "draw"}]
    if missing:
        raise InputError(explain(f"the fit at {place} has no draws of {', '.join(missing)}", fix="fit again"))


def _place(folder: str | Path) -> Path:
    place = Path(folder)
    if place.is_dir():
        return place
    if (aside := stranded(place)) is not None:
        return aside
    shipped = shipped_folder("fits") / str(folder)
    if shipped.is_dir():
        return shipped
    raise _no_fit(folder)


def _no_fit(folder: str | Path) -> InputError:
    known = sorted(path.name for path in shipped_folder("fits").glob("*") if path.is_dir())
    spec = Path(folder).suffix == ".py"
    return InputError(
        explain(
            f"there is no fit at {folder}" + (": that is a spec" if spec else ""),
            expected=f"the folder of a fit, or a name of `bayesdose models` ({len(known)} come with fits)",
            meant=nearest(str(folder), known),
            fix=_MAKE_ONE if spec else None,
        )
    )


def _check_file(path: Path, largest: int) -> None:
    if not path.is_file():
        raise InputError(explain(f"{path.parent} is not a stored fit", expected=f"a file {path.name} in it"))
    if path.stat().st_size > largest:
        raise InputError(
            explain(f"{path} is too large", came=f"{path.stat().st_size} bytes", expected=largest)
        )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(explain(f"{path} is not JSON", came=error, fix="fit again")) from error
    if not _is_record(record):
        raise InputError(explain(f"{path} is not the provenance of a fit", fix="fit again"))
    return record


def _is_record(record: Any) -> bool:
    needed = {"model": dict, "population": list, "data": dict, "seed": int, "checks": list}
    if not isinstance(record, dict) or not all(isinstance(record.get(k), v) for k, v in needed.items()):
        return False
    try:
        Checks.from_list(record["checks"])
    except (TypeError, AttributeError):
        return False
    return {"name", "hash"} <= set(record["model"])


def _shipped(record: dict[str, Any], place: Path) -> Model:
    name = record["model"]["name"]
    if name in shipped_models():
        return load_model(name)
    raise InputError(
        explain(
            f"the fit at {place} was made from a spec {name!r} that does not come with the package",
            fix=f'name it: bd.load_fit("{place}", model=bd.load_model("path/to/{name}.py")), '
            f"on the command line --model path/to/{name}.py",
        )
    )


def _check_hash(model: Model, record: dict[str, Any], place: Path) -> None:
    fitted = record["model"]["hash"]
    if model.hash != fitted:
        source = "--prior" if record.get("origin") else "TABLE"
        raise InputError(
            explain(
                f"the spec {model.name!r} has changed since this fit was made",
                came=f"spec {model.hash[:12]}",
                expected=f"spec {fitted[:12]}, as in {place}",
                fix=f"fit again: bayesdose fit {model.path} {source} --out {place}",
            )
        )
