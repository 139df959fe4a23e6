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
    names = [covariate.name for covariate in study.card.covariates]
    found = []
    for _, rows in study.records.groupby("ID", sort=False):
        doses = rows[rows["EVID"].isin((1, 4))]
        start = doses["TIME"].min() if len(doses) else rows["TIME"].min()
        for level in rows[(rows["EVID"] == 0) & (rows["MDV"] == 0) & rows["DV"].notna()].itertuples():
            given = doses.loc[doses["TIME"] < level.TIME, "AMT"].sum()
            facts = [level.DV, level.TIME - start, given, *(getattr(level, name) for name in names)]
            found.append(_hash("|".join(f"{float(fact):.9g}" for fact in facts), key))
    return found


def levels_in_fit(patient: Study, record: dict[str, Any]) -> int:
    """Return how many of the patient's levels are among those of the fit (0 when the key was dropped)."""
    if not record.get("key"):
        return 0
    known = set(record["levels"])
    return sum(mark in known for mark in fingerprints(patient, record["key"]))


def _hash(text: str, key: str) -> str:
    return hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest()[:16]
