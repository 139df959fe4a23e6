"""From a study to the arrays that the kernels walk: subjects <- streams <- records, observations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.study.study import Study

OBSERVATION, DOSE, OTHER, RESET = 0, 1, 2, 3
_RESET_AND_DOSE = 4


def events(study: Study) -> xr.Dataset:
    """Return the study's event arrays, one stream per subject.

    Returns
    -------
    xarray.Dataset
        coords: subject (ids).
        stream_subject (stream): index of the subject of each stream;
        stream_start (edge): first record of each stream, and the number of records;
        record_time, record_amount (record): in the card's units, amount 0 unless a dose;
        record_kind (record): 0 observation, 1 dose, 2 other, 3 reset (EVID 4 becomes a reset and a dose);
        record_compartment (record): 0, the model's default dose compartment;
        record_subject (record);
        observation_record (observation): the record of each level that counts; DV (observation);
        each covariate (subject), or (record) when the card says that it varies.
        Records at the same time keep file order.
    """
    rows = study.records.reset_index(drop=True)
    evid = rows["EVID"].to_numpy()
    copies = np.where(evid == _RESET_AND_DOSE, 2, 1)
    source = np.repeat(np.arange(len(rows)), copies)
    second = np.r_[False, source[1:] == source[:-1]]
    expanded = rows.iloc[source]
    kind = np.where(evid[source] == _RESET_AND_DOSE, np.where(second, DOSE, RESET), evid[source])
    subject = pd.Index(study.ids).get_indexer(pd.Index(expanded["ID"]))
    counts = np.bincount(subject, minlength=study.n_subjects)
    level = (expanded["EVID"] == 0) & (expanded["MDV"] == 0) & expanded["DV"].notna()
    observed = np.flatnonzero(level.to_numpy())
    arrays = {
        "stream_subject": ("stream", np.arange(study.n_subjects, dtype=np.int64)),
        "stream_start": ("edge", np.r_[0, np.cumsum(counts)].astype(np.int64)),
        **record_arrays(expanded["TIME"], kind, np.where(kind == DOSE, expanded["AMT"], 0.0), subject),
        "observation_record": ("observation", observed.astype(np.int64)),
        "DV": ("observation", expanded["DV"].to_numpy(np.float64)[observed]),
        **covariate_arrays(study, expanded),
    }
    return xr.Dataset(arrays, coords={"subject": list(study.ids)})


def record_arrays(time: object, kind: object, amount: object, subject: object) -> dict[str, tuple]:
    """Return the variables along `record`, with their types."""
    kinds = np.asarray(kind, dtype=np.int64)
    return {
        "record_time": ("record", np.asarray(time, dtype=np.float64)),
        "record_kind": ("record", kinds),
        "record_amount": ("record", np.asarray(amount, dtype=np.float64)),
        "record_compartment": ("record", np.zeros(len(kinds), dtype=np.int64)),
        "record_subject": ("record", np.asarray(subject, dtype=np.int64)),
    }


def covariate_arrays(study: Study, expanded: pd.DataFrame) -> dict[str, tuple]:
    """Return the covariates: the subject's first value, or one value per record when it may vary."""
    once = study.records.drop_duplicates("ID")
    return {
        c.name: ("record", expanded[c.name].to_numpy(np.float64))
        if c.varies
        else ("subject", once[c.name].to_numpy(np.float64))
        for c in study.card.covariates
    }
