"""The audit file: who overrode what and why, in records that are appended and chained by their hashes.

One JSON object a line. Each record carries the SHA-256 of the one before it and its own, so that no record
can be changed, moved or taken out of the middle unseen. Records cut off at the end leave a whole chain: the
hashes that reports print say what must be there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bayesdose.errors import InputError, Refused, explain

FIRST = "0" * 64
"""What the first record carries as the hash of the one before it."""

_DIGITS = 12  # of a hash that a choice prints

Record = Mapping[str, Any]


def verify_audit(path: str | os.PathLike[str], *, expects: Iterable[str] = ()) -> tuple[Record, ...]:
    """Return the records of an audit file, after checking that they are the ones that were written.

    Parameters
    ----------
    path
        The file.
    expects
        Hashes that must be among the records, or their first 12 digits, as a report or a choice prints them.

    Raises
    ------
    InputError
        When there is no such file.
    Refused
        When a record was changed, moved, inserted or removed.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    records = _checked(content, Path(path).name)
    known = [record["hash"] for record in records]
    lost = [h for h in expects if len(h) < _DIGITS or not any(k.startswith(h.lower()) for k in known)]
    if lost:
        raise Refused(_tampered(Path(path).name, f"the record with hash {lost[0][:12]}... is gone"))
    return records


def append(path: str | os.PathLike[str], entries: Sequence[Mapping[str, Any]]) -> tuple[Record, ...]:
    """Append entries to an audit file, which is made where there is none, and return them as records.

    Parameters
    ----------
    path
        The file. It is locked while it is read, checked and written to.
    entries
        JSON-able values; number, time (UTC), previous and hash are added.

    Raises
    ------
    InputError
        When the file cannot be written.
    Refused
        When what is in it is not what was written: nothing is appended then.
    """
    place = Path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a+b") as file, _locked(file):
            file.seek(0)
            before = _checked(file.read(), place.name)
            fresh = tuple(_chained(before, entries))
            file.write("".join(_line(record) + "\n" for record in fresh).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unreadable(path, error) from error
    return fresh


def _chained(before: Sequence[Record], entries: Sequence[Mapping[str, Any]]) -> Iterator[Record]:
    previous, number = (before[-1]["hash"], before[-1]["number"]) if before else (FIRST, 0)
    for entry in entries:
        number += 1
        record = {"number": number, "time": _now(), **entry, "previous": previous}
        previous = record["hash"] = _hash(record)
        yield record


def in_no_file(entry: Mapping[str, Any]) -> Record:
    """Return an entry as the record of a choice that names no audit file: its number and hash are None."""
    return {"number": None, "time": _now(), **entry, "previous": None, "hash": None}


def kept_as(record: Record) -> str:
    """Say where a record is kept: number and first digits of its hash, or that it is in no audit file."""
    if record["hash"] is None:
        return "in no audit file: recorded nowhere but here"
    return f"audit record {record['number']}, {record['hash'][:_DIGITS]}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _checked(content: bytes, name: str) -> tuple[Record, ...]:
    """Return the records of a file's content when they are a whole chain."""
    if not content:
        return ()
    if not content.endswith(b"\n"):
        raise Refused(_tampered(name, "its last line is not whole"))
    records: list[Record] = []
    previous = FIRST
    for number, line in enumerate(content[:-1].split(b"\n"), start=1):
        record = _parsed(line, number, name)
        if record.get("number") != number or record.get("previous") != previous:
            raise Refused(_tampered(name, f"record {number} does not follow the one before it"))
        previous = record["hash"]
        records.append(record)
    return tuple(records)


def _parsed(line: bytes, number: int, name: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        good = isinstance(record, dict) and line.decode() == _line(record)
    except (ValueError, RecursionError):
        good = False
    if not good or record.get("hash") != _hash({k: v for k, v in record.items() if k != "hash"}):
        raise Refused(_tampered(name, f"record {number} was changed"))
    return dict(record)


def _line(record: Record) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _hash(record: Record) -> str:
    return hashlib.sha256(_line(record).encode()).hexdigest()


@contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    """Keep other processes from appending at the same time, where the system can lock a file."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover  (Windows)
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _tampered(name: str, why: str) -> str:
    return explain(
        f"the audit file {name} is not what was written: {why}",
        fix="find out who changed it; restore it, or begin another file",
    )


def _unreadable(path: str | os.PathLike[str], error: OSError) -> InputError:
    said = (error.strerror or "an error of the system").lower()
    return InputError(explain(f"the audit file {path} cannot be used", came=said, fix="name another file"))
