"""Datasets in CDISC's ADPPK layout."""

import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import TableError, read_study

CARD = bd.Card(
    drug="xanomeline",
    source="y",
    compartments=("depot", "central"),
    units=bd.Units(amount="mg", concentration="ug/mL"),
    covariates=[bd.Covariate("WT", unit="kg"), bd.Covariate("SEX"), bd.Covariate("CRCL", varies=True)],
)
HEADER = (
    "STUDYID,USUBJID,EVID,AFRLT,DOSEA,PARAMCD,ALLOQ,CMT,BLQFL,BLQFN,AMT,DV,AVAL,DVL,MDV,AVALU,II,SS,SEX,SEXN,"
    "WT,WTBL,CRCL,DVID,DVIDN"
)
ROWS = [
    "S,S-01,0,-0.5,54,XAN,0.01,2,Y,1,.,.,.,.,1,ug/mL,0,0,F,2,70,71,90,conc,1",
    "S,S-01,1,0,54,DOSE,.,1,N,0,54,.,.,.,1,,24,0,F,2,70,71,90,,",
    "S,S-01,0,1.5,54,XAN,0.01,2,N,0,.,1.25,1.25,0.22,0,ug/mL,0,0,F,2,72,71,85,conc,1",
    "S,S-01,0,30,54,XAN,0.01,2,Y,1,.,0,0,.,0,ug/mL,0,0,F,2,72,71,85,conc,1",
    "S,S-02,1,0,81,DOSE,.,1,N,0,81,.,.,.,1,,0,0,M,1,80,80,100,,",
    "S,S-02,0,2,81,XAN,0.01,2,N,0,.,2.5,2.5,0.9,0,ug/mL,0,0,M,1,80,80,100,conc,1",
]


def frame(*rows, header=HEADER):
    return pd.DataFrame([r.split(",") for r in rows or ROWS], columns=header.split(","))


def test_the_variables_become_our_columns():
    study = read_study(frame(), CARD, columns="adppk")
    assert study.ids == ("S-01", "S-02")
    records = study.records
    assert records["TIME"].tolist() == [0, 0.5, 2, 30.5, 0, 2]  # the subject's first record is at 0
    assert records["EVID"].tolist() == [0, 1, 0, 0, 1, 0]
    assert study.doses[["AMT", "CMT"]].to_numpy().tolist() == [[54, 1], [81, 1]]
    assert study.levels["DV"].tolist() == [0.01, 1.25, 0.01, 2.5]
    assert study.levels["CENS"].tolist() == [1, 0, 1, 0]
    assert study.without_censored().levels["DV"].tolist() == [1.25, 2.5]
    assert records["WT"].tolist() == [71] * 4 + [80] * 2  # the baseline, as the card's WT does not vary
    assert records["SEX"].tolist() == [2] * 4 + [1] * 2  # the numeric twin
    assert records["CRCL"].tolist() == [90, 90, 85, 85, 100, 100]
    assert [w.problem for w in study.warnings] == [
        "a level before any dose of the subject",
        "an interval, but neither ADDL nor SS: one dose",
    ]


def test_flags_as_letters_and_doses_as_dosea():
    bare = frame().drop(columns=["AMT", "BLQFN", "DVIDN", "DVID"])
    study = read_study(bare, CARD, columns="adppk")
    assert study.levels["CENS"].tolist() == [1, 0, 1, 0]
    assert study.doses["AMT"].tolist() == [54, 81]
    with pytest.raises(TableError) as caught:
        read_study(bare.drop(columns="EVID"), CARD, columns="adppk")
    assert "AMT" in {f.column for f in caught.value.findings}


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        ({"ALLOQ": "."}, "DV", "a censored level without its limit"),
        ({"AVALU": "ng/mL"}, "AVALU", "not in the model's unit ug/mL"),
        (
            {"DVIDN": None, "DVID": None, "PARAMCD": list("AABACA")},
            "PARAMCD",
            "several PARAMCD, but no DVIDN",
        ),
        ({"DVIDN": None, "DVID": None, "CMT": [2, 1, 2, 3, 1, 2]}, "CMT", "levels of several compartments"),
        ({"AFRLT": None}, "TIME", "no such column"),
    ],
)
def test_what_does_not_fit(change, column, problem):
    table = frame()
    for name, value in change.items():
        table = table.drop(columns=name) if value is None else table.assign(**{name: value})
    with pytest.raises(TableError) as caught:
        read_study(table, CARD, columns="adppk")
    found = [f for f in caught.value.findings if f.level == "error"]
    assert (found[0].column, problem in found[0].problem) == (column, True)


def test_a_unit_nobody_knows_is_warned_of():
    study = read_study(frame().assign(AVALU="U"), CARD, columns="adppk")
    assert ("AVALU", "warning") in [(w.column, w.level) for w in study.warnings]


def test_the_layout_is_named_where_it_is_needed():
    with pytest.raises(TableError) as caught:
        read_study(frame(), CARD)
    assert {f.fix for f in caught.value.findings if f.column in ("ID", "TIME")} == {"pass columns='adppk'"}
    with pytest.raises(bd.InputError, match="columns='cdisc' is no layout"):
        read_study(frame(), CARD, columns="cdisc")
