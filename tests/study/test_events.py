"""What the event arrays say of each column, and what a covariate is between records."""

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import TableError, events, read_study

HEADER = "ID,TIME,EVID,AMT,DV,RATE,II,ADDL,SS,CMT,CENS,LIMIT,OCC,DVID"
CARD = bd.Card(drug="x", source="y", compartments=("depot", "central"))


def table(*rows, header=HEADER):
    return pd.DataFrame([row.split(",") for row in rows], columns=header.split(","))


def lists(arrays, *names):
    return {name: arrays[name].to_numpy().tolist() for name in names}


def test_every_column_reaches_the_kernel():
    study = read_study(
        table(
            "1,0,1,100,.,0,12,3,1,depot,.,.,1,.",
            "1,1,0,.,8,.,.,.,.,2,0,.,1,1",
            "1,2,1,50,.,25,0,0,0,Central,.,.,1,.",
            "1,3,0,.,0.5,.,.,.,.,2,1,0.1,2,1",
            "1,4,4,80,.,-2,0,0,0,1,.,.,2,.",
            "1,5,0,.,60,.,.,.,.,.,-1,.,2,2",
            "1,6,1,0,.,4,0,0,1,.,.,.,2,.",
            "1,7,3,.,.,.,.,.,.,2,.,.,2,.",
            "2,0,1,30,.,-1,24,0,2,0,.,.,5,.",
        ),
        CARD,
    )
    assert lists(
        events(study),
        "record_kind",
        "record_amount",
        "record_rate",
        "record_interval",
        "record_additional",
        "record_steady",
        "record_compartment",
        "record_occasion",
    ) == {
        "record_kind": [1, 0, 1, 0, 3, 1, 0, 1, 3, 1],
        "record_amount": [100, 0, 50, 0, 0, 80, 0, 0, 0, 30],
        "record_rate": [0, 0, 25, 0, 0, -2, 0, 4, 0, -1],
        "record_interval": [12, 0, 0, 0, 0, 0, 0, 0, 0, 24],
        "record_additional": [3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "record_steady": [1, 0, 0, 0, 0, 0, 0, 1, 0, 2],
        "record_compartment": [1, 0, 2, 0, 0, 1, 0, 0, 0, 0],
        "record_occasion": [1, 1, 1, 2, 2, 2, 2, 2, 2, 5],
    }
    assert lists(events(study), "DV", "CENS", "DVID") == {
        "DV": [8, 0.5, 60],
        "CENS": [0, 1, -1],
        "DVID": [1, 1, 2],
    }
    np.testing.assert_array_equal(events(study)["LIMIT"], [np.nan, 0.1, np.nan])


def test_types_and_defaults():
    study = read_study(table("1,0,100,.", "1,2,.,9", header="ID,TIME,AMT,DV"), CARD)
    arrays = events(study)
    whole = {"additional": 0, "steady": 0, "compartment": 0, "occasion": 1, "kind": None}
    for name, value in whole.items():
        assert arrays[f"record_{name}"].dtype == np.int64
        assert value is None or (arrays[f"record_{name}"] == value).all()
    for name in ("rate", "interval"):
        assert arrays[f"record_{name}"].dtype == np.float64
        assert (arrays[f"record_{name}"] == 0).all()
    assert (arrays["CENS"].dtype, arrays["DVID"].dtype) == (np.int64, np.int64)
    assert lists(arrays, "CENS", "DVID") == {"CENS": [0], "DVID": [1]}
    assert np.isnan(arrays["LIMIT"]).all()


def test_evid_is_derived_from_the_dose():
    study = read_study(
        table("1,0,0,5,1,.", "1,2,.,.,.,9", "1,3,10,0,0,.", header="ID,TIME,AMT,RATE,SS,DV"), CARD
    )
    assert study.records["EVID"].tolist() == [1, 0, 1]


def test_compartments_by_name():
    with pytest.raises(TableError) as caught:
        read_study(table("1,0,9,.,centrl", "1,1,9,.,3", "1,2,.,3,3", header="ID,TIME,AMT,DV,CMT"), CARD)
    assert [(f.row, f.problem, f.fix) for f in caught.value.findings] == [
        (
            2,
            "no compartment of the model",
            "write the compartment's number, or depot, central; central may be it",
        ),
        (3, "a dose into compartment 3", "write one of 1 (depot), 2 (central)"),
    ]
    assert CARD.compartment("DEPOT") == 1
    with pytest.raises(bd.InputError, match=r"compartment 'gut' is not on.*Expected: depot, central"):
        CARD.compartment("gut")
    for names in (("a", "A"), "central", ("1",)):
        with pytest.raises(bd.InputError, match="must be names that differ"):
            bd.Card(drug="x", source="y", compartments=names)


VARYING = table(
    "1,0,9,.,.,1", "1,1,.,3,60,0", "1,2,.,3,.,0", "1,3,.,3,70,0",
    "1,0,9,.,75,4", "1,1,.,3,.,0", "2,0,9,.,50,1",
    header="ID,TIME,AMT,DV,WT,EVID",
)  # fmt: skip


@pytest.mark.parametrize(
    ("carry", "filled", "governs"),
    [
        ("nocb", [60, 60, 70, 70, 75, 75, 50], [60, 60, 70, 70, 75, 75, 75, 50]),
        ("locf", [60, 60, 60, 70, 75, 75, 50], [60, 60, 60, 60, 75, 75, 75, 50]),
    ],
)
def test_a_covariate_that_varies_is_carried(carry, filled, governs):
    card = bd.Card(drug="x", source="y", covariates=[bd.Covariate("WT", unit="kg", varies=True, carry=carry)])
    study = read_study(VARYING, card)
    assert study.records["WT"].tolist() == filled
    arrays = events(study)
    assert arrays["WT"].dims == ("record",)
    assert arrays["WT"].to_numpy().tolist() == governs


def test_a_covariate_that_varies_must_be_known_once():
    card = bd.Card(drug="x", source="y", covariates=[bd.Covariate("WT", unit="kg", varies=True)])
    rows = table("1,0,9,.,.", "1,1,.,3,.", "2,0,9,.,50", header="ID,TIME,AMT,DV,WT")
    with pytest.raises(TableError) as caught:
        read_study(rows, card)
    assert [(f.row, f.subject, f.problem) for f in caught.value.findings] == [
        (2, "1", "WT is missing in all of the subject's rows")
    ]
    with pytest.raises(bd.InputError, match=r"carried by no known rule.*'nocb' \(NONMEM's\) or 'locf'"):
        bd.Covariate("WT", carry="mean")


def test_method_m1_leaves_censored_levels_out():
    study = read_study(
        table(
            "1,0,9,.,.,.", "1,1,.,3,0,.", "1,2,.,0.5,1,0", "1,3,.,0.5,1,.", header="ID,TIME,AMT,DV,CENS,LIMIT"
        ),
        CARD,
    )
    assert study.levels["CENS"].tolist() == [0, 1, 1]
    m1 = study.without_censored()
    assert m1.levels["DV"].tolist() == [3]
    assert len(m1.records) == 4
    assert (m1.records["CENS"] == 0).all()
    assert m1.records["LIMIT"].isna().all()
    assert len(study.levels) == 3  # the study itself stays as it is


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("ID,TIME,AMT,DV,II", "1,0,9,.,12", "an interval, but neither ADDL nor SS: one dose"),
        ("ID,TIME,AMT,DV,CENS,LIMIT", "1,1,.,3,0,0.5", "a LIMIT on a level that is not censored"),
        ("ID,TIME,AMT,DV,DVID", "1,1,.,-99,2", "-99 looks like a code"),
    ],
)
def test_what_is_only_odd_is_warned_of(header, row, problem):
    first = "1,0,9," + ",".join("." * (header.count(",") - 2))
    study = read_study(table(first, row, header=header), CARD)
    assert [(w.level, w.problem) for w in study.warnings] == [("warning", problem)]


def test_the_summary_tells_of_routes_orders_and_limits():
    card = bd.Card(
        drug="x",
        source="y",
        compartments=("depot", "central"),
        covariates=[bd.Covariate("WT", unit="kg", varies=True)],
    )
    header = HEADER.replace(",DVID", ",DVID,WT")
    text = read_study(
        table(
            "1,0,1,100,.,0,12,3,1,1,.,.,1,.,60",
            "1,1,0,.,8,.,.,.,.,2,0,.,1,1,.",
            "1,2,1,50,.,25,0,0,0,2,.,.,1,.,62",
            "1,3,0,.,0.5,.,.,.,.,2,1,0.1,2,1,62",
            "1,4,4,80,.,-2,0,0,0,1,.,.,2,.,62",
            "1,5,0,.,60,.,.,.,.,.,-1,.,2,2,62",
            "1,6,1,0,.,4,0,0,1,.,.,.,2,.,62",
            "2,0,1,30,.,-1,24,0,2,0,.,.,1,.,50",
            header=header,
        ),
        card,
    ).summary()
    for line in (
        "  infusions 2 at 4 to 25 mg/h; 1 with the model's rate; 1 with the model's duration",
        "  routes    2 into the default, 2 into depot, 1 into central",
        "  ordered   3 additional doses by 1 record (ADDL); 3 at steady state (SS); "
        "1 of them constant infusions",
        "  kinds     DVID 1: 2, DVID 2: 1",
        "  censored  1 of 3 levels below 0.5 mg/L; 1 of 3 levels above 60 mg/L",
        "  occasions 1 / 1.5 / 2 per subject (min / median / max)",
        "  WT        50 to 62 kg, median of first values 55; changes in 1 subject; "
        "next value carried backward (nocb)",
    ):
        assert line in text.splitlines(), text
