"""Reading good tables: the shipped ones, NM-TRAN's defaults, odd but legal files, DataFrames."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import TableError, check_for_fit, data_path, read_study
from bayesdose.study.adppk import NAMES
from bayesdose.study.names import OPTIONAL, REQUIRED

DOSE, LEVEL = "1,0,25,.,1,1,1.4,7", "1,2,.,17.3,0,0,1.4,7"


def test_the_neonates(neonates):
    assert (neonates.n_subjects, len(neonates.doses), len(neonates.levels)) == (59, 589, 155)
    optional = ["RATE", "II", "ADDL", "SS", "CMT", "CENS", "LIMIT", "OCC", "DVID"]
    columns = ["ROW", "ID", "TIME", "EVID", "AMT", "DV", "MDV", *optional, "WT", "APGR"]
    assert list(neonates.records.columns) == columns
    assert neonates.ids == tuple(str(k) for k in range(1, 60))
    assert neonates.records["ROW"].tolist() == list(range(2, 746))
    assert neonates.source == "phenobarbital.csv"
    assert neonates.warnings == ()
    check_for_fit(neonates)


def test_theophylline():
    card = bd.Card(
        drug="theophylline", source="x", covariates=[bd.Covariate("WT", unit="kg", range=(40, 120))]
    )
    study = read_study(data_path("theophylline"), SimpleNamespace(card=card))  # anything with a card
    assert (study.n_subjects, len(study.doses), len(study.levels)) == (12, 12, 132)
    assert study.doses["AMT"].iloc[0] == 319.992
    assert study.warnings == ()
    check_for_fit(study)


def test_summary(neonates):
    text = neonates.summary()
    for words in (
        "phenobarbital.csv, read for phenobarbital",
        "59",
        "589; 1 / 12 / 15 per subject (min / median / max); 1.5 to 70 mg",
        "155; 1 / 3 / 6 per subject (min / median / max); 6.7 to 67.9 mg/L",
        "0 to 389.8 h",
        "0.6 to 3.6 kg, median 1.3",
    ):
        assert words in text


def test_summary_tells_what_is_missing_and_odd(read):
    study = read("1,0,.,3,0,0,1.4,7", "1,0,25,.,1,1,1.4,7", "1,2,.,.,0,1,1.4,7", "2,0,.,.,2,1,1.4,7")
    text = study.summary()
    assert "1 subject has none" in text
    assert "1 observation record without a level" in text
    assert "warnings: 1 warning" in text
    assert "before any dose" in text
    assert "doses     none" in study.select("2").summary()


def test_evid_and_mdv_are_derived(read):
    study = read(
        text="id,time,amt,dv,wt,apgr\n1,0,25,.,1.4,7\n1,2,0,17.3,1.4,7\n1,3,,,1.4,7\n1,4,.,NA,1.4,7\n"
    )
    assert study.records["EVID"].tolist() == [1, 0, 0, 0]
    assert study.records["MDV"].tolist() == [1, 0, 1, 1]
    assert np.isnan(study.records["AMT"].to_numpy()[1:]).all()


def test_a_dv_on_a_dose_with_mdv_1_is_ignored(read):
    study = read("1,0,25,0,1,1,1.4,7", "1,1,25,17,1,1,1.4,7", LEVEL)
    assert study.levels["DV"].tolist() == [17.3]


def test_mdv_1_leaves_a_level_out_and_mdv_0_without_a_dv_is_said(read):
    study = read(DOSE, "1,2,.,17.3,0,1,1.4,7", "1,3,.,.,0,0,1.4,7")
    assert study.levels.empty
    assert study.records["MDV"].tolist() == [1, 1, 1]
    (warning,) = study.warnings
    assert (warning.row, warning.column, warning.level) == (4, "DV", "warning")


def test_warnings_of_odd_tables(read):
    study = read("1,0,.,3,0,0,1.4,7", "1,0,25,.,1,1,1.4,7", "1,0,25,.,1,1,1.4,7", LEVEL)
    assert [(w.row, w.problem) for w in study.warnings] == [
        (2, "a level before any dose of the subject"),
        (4, "the same record as one above"),
    ]


def test_periods_of_a_crossover_are_no_repetition(read):
    first, second = "1,0,25,.,1,1,1.4,7", "1,0,25,.,4,1,1.4,7"
    level = "1,2,.,17.3,0,0,1.4,7"
    assert not read(first, level, second, level, second, level).warnings
    twice = read(first, level, second, second, level, level).warnings
    assert [w.row for w in twice] == [5, 7]


def test_a_lookalike_of_an_optional_column_is_warned_of(read):
    study = read(text="ID,TIME,AMT,DV,EVD,MVD,WT,APGR\n1,0,25,.,1,1,1.4,7\n")
    assert [(w.column, w.problem) for w in study.warnings] == [
        ("EVID", "the column 'EVD' is not read; is it EVID?"),
        ("MDV", "the column 'MVD' is not read; is it MDV?"),
    ]


def test_the_reference_page_has_every_column():
    page = (Path(__file__).parents[2] / "docs/reference/table.md").read_text()
    for name in (*REQUIRED, *OPTIONAL, *(theirs for names in NAMES.values() for theirs in names)):
        assert f"`{name}`" in page, name


def test_columns_that_say_nothing_are_let_pass(read):
    header = "ID,TIME,AMT,DV,WT,APGR,RATE,ADDL,II,SS,CMT,CENS,LIMIT,OCC,DVID,DATE,NAME,AGE,name\n"
    rows = (
        "1,0,25,.,1.4,7,0,0,.,0,1,0,.,1,0,2020-01-01,Mary,x,y\n1,2,.,9,1.4,7,.,0,0,,1,0,0,1,1,2020-01-01,,,\n"
    )
    study = read(text=header + rows)
    assert study.warnings == ()
    assert "NAME" not in study.records


def test_bom_crlf_quotes_blank_lines_spaces_and_trailing_commas(read):
    text = (
        "\ufeffid , Time,AMT,DV,EVID,MDV,WT,APGR,,\r\n\r\n"
        '"1", 0 ,2.5E1,.,1,1,"1.4",7,,\r\n,,,,,,,,,\r\n1,2,.,+17.3,0,0,1.4,7,,\r\n\r\n'
    )
    study = read(text=text)
    assert study.ids == ("1",)
    assert study.records["AMT"].iloc[0] == 25
    assert study.levels["DV"].tolist() == [17.3]
    assert study.records["ROW"].tolist() == [3, 5]


def test_a_cell_over_two_lines_keeps_the_line_numbers(read):
    with pytest.raises(TableError) as caught:
        read(text='ID,TIME,AMT,DV,WT,APGR,NOTE\n1,0,25,.,1.4,7,"two\nlines"\n1,x,.,9,1.4,7,\n')
    assert [(f.row, f.column) for f in caught.value.findings] == [(4, "TIME")]


def test_ids_are_text_and_1_0_is_1(read):
    study = read("1.0,0,25,.,1,1,1.4,7", "1,2,.,9,0,0,1.4,7", "A-7,0,25,.,1,1,1.4,7", "007,0,25,.,1,1,1.4,7")
    assert study.ids == ("1", "A-7", "007")


def test_a_table_of_nothing_but_comments(read):
    with pytest.raises(TableError) as caught:
        read("#1,0,25,.,1,1,1.4,7")
    assert [(f.row, f.problem) for f in caught.value.findings] == [
        (2, "a row that opens with #: no subject's ID")
    ]


def test_columns_maps_our_names_to_theirs(read, card):
    text = "ID,TIME,DV,dose,conc,bw,APGR\n1,0,x,25,.,1.4,7\n1,2,y,.,17.3,1.4,7\n"
    study = read(text=text, columns={"AMT": "dose", "dv": "CONC", "WT": "bw"})
    assert study.levels["DV"].tolist() == [17.3]
    with pytest.raises(bd.InputError, match=r"names 'TIMEE'.*Probably meant: TIME"):
        read(text=text, columns={"TIMEE": "conc"})
    with pytest.raises(bd.InputError, match=r"Probably meant: \{'AMT': 'DOSE', 'DV': 'CONC'\}"):
        read(text=text, columns={"dose": "AMT", "conc": "DV"})
    with pytest.raises(bd.InputError, match="must map our names"):
        read(text=text, columns=["conc"])
    with pytest.raises(TableError, match=r"no column 'cnoc', which columns= names; 'conc' may be it"):
        read(text=text, columns={"AMT": "dose", "DV": "cnoc", "WT": "bw"})
    with pytest.raises(TableError, match="no column 'ev', which columns= names"):
        read(text=text, columns={"AMT": "dose", "DV": "conc", "WT": "bw", "EVID": "ev"})


def test_a_row_of_covariates_is_a_patient(read):
    for text in (
        "ID,WT,APGR\n7,1.4,7\n",
        "ID,TIME,AMT,DV,WT,APGR\n7,0,.,.,1.4,7\n",
        "ID,TIME,AMT,DV,EVID,MDV,WT,APGR\n7,0,.,.,2,1,1.4,7\n",
    ):
        study = read(text=text)
        assert (study.ids, len(study.doses), len(study.levels)) == (("7",), 0, 0)
        assert study.records["WT"].tolist() == [1.4]
        assert study.warnings == ()
    assert read(text="case,WT,APGR\n7,1.4,7\n", columns={"ID": "case"}).ids == ("7",)
    with pytest.raises(TableError, match="no such column"):  # a column more may hide records
        read(text="ID,WT,APGR,CONC\n7,1.4,7,12\n")


def test_check_for_fit_lists_every_subject(read):
    study = read(DOSE, LEVEL, "2,0,25,.,1,1,1.4,7", "3,1,.,.,2,1,1.4,7", "4,1,.,3,0,0,1.4,7")
    with pytest.raises(TableError) as caught:
        check_for_fit(study)
    found = [(f.row, f.subject, f.column) for f in caught.value.findings]
    assert found == [(4, "2", "DV"), (5, "3", "AMT"), (5, "3", "DV"), (6, "4", "AMT")]
    check_for_fit(study.select("1"))


def test_time_may_run_back_at_a_reset(read):
    study = read(DOSE, LEVEL, "1,0,.,.,3,1,1.4,7", "1,0,25,.,1,1,1.4,7", "1,3,.,9,0,0,1.4,7")
    assert study.records["TIME"].tolist() == [0, 2, 0, 0, 3]


def test_a_data_frame(card):
    frame = pd.DataFrame(
        {
            "ID": [1, 1],
            "TIME": [0, 2.5],
            "AMT": [25.0, np.nan],
            "DV": [None, "17.3"],
            "WT": pd.array([1.4, 1.4], dtype="Float64"),
            "APGR": pd.Categorical([7, 7]),
            "NAME": ["a", "b"],
        },
        index=["x", "x"],
    )
    study = read_study(frame, card)
    assert study.source == "table"
    assert study.records["ROW"].tolist() == [2, 3]
    assert study.levels["DV"].tolist() == [17.3]
    frame["WT"] = [1.4, np.inf]
    frame = pd.concat([frame, frame[["DV"]]], axis=1)
    with pytest.raises(TableError) as caught:
        read_study(frame, card)
    assert [(f.row, f.column) for f in caught.value.findings] == [(None, "DV"), (3, "WT")]
    with pytest.raises(TableError, match="a header and no records"):
        read_study(frame.iloc[:0, :7], card)
    with pytest.raises(TableError, match="no such column"):
        read_study(pd.DataFrame(), card)


def test_other_units_than_weight(read):
    card = bd.Card(
        drug="x",
        source="y",
        covariates=[
            bd.Covariate("HT", unit="cm", range=(120, 220)),
            bd.Covariate("AGE", unit="year", range=(18, 100)),
            bd.Covariate("ALB", unit="g/L", range=(15, 60)),
            bd.Covariate("HCT", unit="%", range=(15, 60)),
        ],
    )
    with pytest.raises(TableError) as caught:
        read(text="ID,HT,AGE,ALB,HCT\n1,1.75,400,3.9,0.4\n", card=card)
    said = {f.column: (f.problem.split("probably ")[-1], f.fix) for f in caught.value.findings}
    assert said == {
        "HT": ("metres", "multiply by 100"),
        "AGE": (
            "400 is outside 18 to 100 year, perhaps months",
            "divide by 12 if so; else the model was not made for such a value",
        ),
        "ALB": ("g/dL", "multiply by 10"),
        "HCT": ("fractions", "multiply by 100"),
    }


def test_codes_are_the_only_values(read):
    score = bd.Covariate("DPYD", codes=(1.0, 1.5, 2.0))
    assert score.range == (1.0, 2.0)
    card = bd.Card(drug="x", source="y", covariates=[score])
    assert read(text="ID,DPYD\n1,1.5\n2,2\n", card=card).ids == ("1", "2")
    with pytest.raises(TableError) as caught:
        read(text="ID,DPYD\n1,1.2\n2,3\n3,1\n", card=card)
    assert [(f.row, f.problem) for f in caught.value.findings] == [
        (2, "1.2 is none of 1, 1.5 or 2"),
        (3, "3 is outside 1 to 2"),
    ]
    with pytest.raises(bd.InputError, match="leave range= out"):
        bd.Covariate("DPYD", range=(0, 2), codes=(0, 1, 2))
    with pytest.raises(bd.InputError, match="none of its codes"):
        bd.Covariate("DPYD", reference=1.2, codes=(1, 1.5, 2))


def test_select_drop_and_cuts(neonates):
    assert neonates.select(["3", "1"]).ids == ("1", "3")
    assert neonates.select("7").ids == ("7",)
    assert neonates.drop(["3", "1"]).n_subjects == 57
    with pytest.raises(bd.InputError, match="'99' is not in the study"):
        neonates.select(["3", "99"])
    with pytest.raises(bd.InputError, match="no subject is left"):
        neonates.drop(neonates.ids)
    with pytest.raises(bd.InputError, match="no subject is left"):
        neonates.select([])


def test_first_levels_is_what_was_known_when_the_level_came(neonates):
    one = neonates.first_levels(1)
    assert one.ids == neonates.ids
    assert (one.levels.groupby("ID").size() == 1).all()
    last = one.records.groupby("ID", sort=False).tail(1)
    assert (last["EVID"] == 0).all()
    assert one.select("3").records["TIME"].tolist() == [0.0, 1.5]
    assert neonates.first_levels(99).records.equals(neonates.records)
    with pytest.raises(bd.InputError, match="1 or more"):
        neonates.first_levels(0)


def test_until_keeps_a_subject_that_had_nothing_yet(read):
    study = read(DOSE, LEVEL, "2,5,25,.,1,1,1.1,6", "2,7,.,9,0,0,1.1,6").until(2)
    assert study.records[["ID", "TIME", "EVID", "MDV", "WT"]].to_numpy().tolist() == [
        ["1", 0, 1, 1, 1.4],
        ["1", 2, 0, 0, 1.4],
        ["2", 2, 2, 1, 1.1],
    ]
    assert len(study.doses) == 1


def test_without_levels(neonates):
    bare = neonates.without_levels()
    assert bare.levels.empty
    assert len(bare.records) == len(neonates.records)
    assert len(neonates.levels) == 155
    pd.testing.assert_frame_equal(bare.doses, neonates.doses)


def test_warnings_follow_their_subject(read):
    study = read(DOSE, LEVEL, "2,0,.,9,0,0,1.4,7")
    assert len(study.select("2").warnings) == 1
    assert study.drop("2").warnings == ()


def test_reading_imports_neither_pymc_nor_plots():
    code = (
        "import sys, bayesdose as bd; from bayesdose.study import read_study, data_path\n"
        "read_study(data_path('phenobarbital'), bd.Card(drug='x', source='y')).summary()\n"
        "assert not {'pymc', 'pytensor', 'matplotlib', 'arviz'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hundred_thousand_rows_read_in_seconds(neonates, card):
    rows = neonates.records.drop(columns="ROW")
    many = pd.concat([rows.assign(ID=rows["ID"] + f"_{k}") for k in range(135)], ignore_index=True)
    many.loc[::2, "WT"] = many.loc[::2, "WT"] * 1000
    began = time.process_time()
    with pytest.raises(TableError) as caught:
        read_study(many, card)
    assert len(caught.value.findings) > 50_000
    assert time.process_time() - began < 20  # about 2 on one core
