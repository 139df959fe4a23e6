"""Where a fit came from: versions, and fingerprints of its data that name no subject."""

from __future__ import annotations

import hashlib
import hmac
import platform
import secrets
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayesdose.study import Study

_PACKAGES = ("bayesdose", "pymc", "pytensor", "nutpie", "numba", "numpy", "xarray", "arviz-stats")


def versions() -> dict[str, str]:
    """Return the versions a number may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def data_record(study: Study) -> dict[str, Any]:
    """Describe a fit's data without any identifier: counts, and one keyed hash per level.

    The key is made anew for every fit and stored beside the hashes: it keeps hashes of two fits from
    being compared, and lets `levels_in_fit` recognise a level again. It hides nothing from somebody who
    can guess a whole record; drop the key before sharing a fit whose data are confidential.
    """
    key = secrets.token_hex(16)
    return {
        "n_subjects": study.n_subjects,
        "n_doses": len(study.doses),
        "n_levels": len(study.levels),
        "key": key,
        "levels": sorted(fingerprints(study, key)),
    }


def fingerprints(study: Study, key: str) -> list[str]:
    """Return one keyed hash (HMAC-SHA-256, 16 hexadecimal digits) per level.

    A level is known by its value, its time since the subject's first dose, the amount given before it
    and the subject's covariates; never by an identifier.
    """
    records = study.records
    columns = ["TIME", "AMT", "DV", *(covariate.name for covariate in study.card.covariates)]
    table = records[columns].to_numpy(dtype=float)
    dose, level = (records.index.isin(part.index) for part in (study.doses, study.levels))
    subjects = records["ID"].to_numpy()
    found = []
    for subject in study.ids:
        own = subjects == subject
        doses, levels = table[own & dose], table[own & level]
        start = doses[:, 0].min() if len(doses) else table[own, 0].min()
        for time, _, value, *covariates in levels:
            given = doses[doses[:, 0] < time, 1].sum()
            facts = [value, time - start, given, *covariates]
            found.append(_hash("|".join(f"{fact:.9g}" for fact in facts), key))
    return found


def levels_in_fit(patient: Study, record: dict[str, Any]) -> int:
    """Return how many of the patient's levels are among those of the fit (0 when the key was dropped)."""
    if not record.get("key"):
        return 0
    known = set(record["levels"])
    return sum(mark in known for mark in fingerprints(patient, record["key"]))


def _hash(text: str, key: str) -> str:
    return hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest()[:16]
