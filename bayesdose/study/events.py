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
    column = {name: study.records[name].to_numpy() for name in ("ID", "TIME", "EVID", "AMT", "MDV", "DV")}
    opens_with_reset = column["EVID"] == _RESET_AND_DOSE
    source = np.repeat(np.arange(len(opens_with_reset)), np.where(opens_with_reset, 2, 1))
    second = np.r_[False, source[1:] == source[:-1]]
    at = {name: values[source] for name, values in column.items()}
    kind = np.where(at["EVID"] == _RESET_AND_DOSE, np.where(second, DOSE, RESET), at["EVID"])
    subject, ids = pd.factorize(at["ID"])
    observed = np.flatnonzero((at["EVID"] == OBSERVATION) & (at["MDV"] == 0) & ~np.isnan(at["DV"]))
    arrays = {
        "stream_subject": ("stream", np.arange(len(ids), dtype=np.int64)),
        "stream_start": ("edge", np.r_[0, np.cumsum(np.bincount(subject))].astype(np.int64)),
        **record_arrays(at["TIME"], kind, np.where(kind == DOSE, at["AMT"], 0.0), subject),
        "observation_record": ("observation", observed.astype(np.int64)),
        "DV": ("observation", at["DV"][observed]),
        **covariate_arrays(study, source),
    }
    return xr.Dataset(arrays, coords={"subject": ids.tolist()})


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


def covariate_arrays(study: Study, source: np.ndarray) -> dict[str, tuple]:
    """Return the covariates: a subject's first value, or that of each record's `source` row if it varies."""
    first = np.flatnonzero(~study.records["ID"].duplicated().to_numpy())
    return {
        c.name: ("record", study.records[c.name].to_numpy(np.float64)[source])
        if c.varies
        else ("subject", study.records[c.name].to_numpy(np.float64)[first])
        for c in study.card.covariates
    }
