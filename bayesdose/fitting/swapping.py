"""Putting a folder in the place of another, also where the process is killed in the middle."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

_OLD = "old-"


def fresh_folder(target: Path) -> Path:
    """Make an empty folder beside `target`, named by it, this machine and this process."""
    return Path(tempfile.mkdtemp(prefix=f".{target.name}-{_machine()}-{os.getpid()}-", dir=target.parent))


def swap(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target`; a reader finds the old folder, the new one, or briefly none.

    The old one stands aside in the meantime: where the process is killed just then, `stranded` finds it.
    """
    if not target.exists():
        fresh.replace(target)
        return
    prefix = f".{target.name}-{_OLD}{_machine()}-{os.getpid()}-"
    old = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    os.rename(target, old)  # noqa: PTH104  (onto an empty folder: Path.rename refuses on some systems)
    try:
        fresh.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def stranded(target: Path) -> Path | None:
    """Return the folder that stood at `target` until a process was killed that replaced it; else None."""
    if target.exists():
        return None
    found = [left.path for left in _beside(target) if left.old and any(left.path.iterdir())]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def sweep(target: Path) -> None:
    """Put a stranded folder back, and remove what killed processes of this machine left beside `target`."""
    lost = stranded(target)
    for left in _beside(target):
        if not left.may_run and left.path == lost:
            left.path.replace(target)
        elif not left.may_run and left.path.exists():
            shutil.rmtree(left.path, ignore_errors=True)


@dataclass(frozen=True)
class _Left:
    """A folder that a process made beside a target; `old`: it is what stood there; `may_run`: the process."""

    path: Path
    old: bool
    may_run: bool


def _beside(target: Path) -> list[_Left]:
    if not target.parent.is_dir():
        return []
    named = re.compile(rf"\.{re.escape(target.name)}-({_OLD})?([0-9a-f]{{8}})-(\d+)-[^-]+")
    found = [(path, named.fullmatch(path.name)) for path in target.parent.iterdir()]
    return [
        _Left(path, bool(name[1]), name[2] != _machine() or _runs(int(name[3])))
        for path, name in found
        if name is not None and path.is_dir()
    ]


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # it cannot be told
    return True
