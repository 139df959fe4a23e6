"""The catalogue of bad tables: each must raise exactly these findings."""

import pytest
from study_tables import BAD_TABLES

import bayesdose as bd
from bayesdose.study import Finding, TableError, read_study

MISSING = "no such column"
LIMIT = "is a limit, not a number"
TEXT = "text where a number belongs"
COMMA = "has a decimal comma"
NO_AMOUNT = "a dose record without an amount"
BLOCKS = "in two separate blocks"
OFF_DOSES = "on a record that gives no dose"
OUTSIDE = "is outside 0.5 to 5 kg"

# table: (row, subject, column, part of the problem) of every finding, in order
CATALOGUE = {
    # columns
    "no_level_column": [(1, None, "DV", MISSING)],
    "two_columns_missing": [
        (1, None, "AMT", MISSING),
        (1, None, "WT", MISSING),
        (3, "1", "APGR", "70 is outside 1 to 10"),
        (3, "1", "APGR", "changes within the subject"),
    ],
    "covariate_misnamed": [(1, None, "WT", "'Weight' may be it")],
    "column_misspelt": [(1, None, "APGR", "'APGAR' may be it"), (1, None, "TIME", "'TMIE' may be it")],
    "other_names": [
        (1, None, "AMT", "'dose' may be it"),
        (1, None, "DV", "'conc' may be it"),
        (1, None, "ID", "'subject' may be it"),
        (1, None, "TIME", "'hours' may be it"),
    ],
    "column_twice": [(1, None, "DV", "2 columns have this name")],
    "column_twice_by_case": [
        (1, None, "TIME", "2 columns have this name"),
        (1, None, "WT", "2 columns have this name"),
    ],
    # cells
    "text_in_numbers": [
        (2, "1", "TIME", TEXT),
        (3, "1", "AMT", TEXT),
        (4, "1", "DV", TEXT),
        (4, "1", "WT", TEXT),
    ],
    "below_limit": [(3, "1", "DV", "'<0.5' " + LIMIT), (4, "1", "DV", "'BLQ' " + LIMIT)],
    "infinite": [(2, "1", "AMT", "infinite"), (3, "1", "DV", "infinite"), (4, "1", "DV", "infinite")],
    "nan_text": [(3, "1", "DV", "'NaN' is no number"), (4, "1", "DV", "'N/A' is no number")],
    "unit_in_cell": [(2, "1", "AMT", "a unit or letters"), (2, "1", "WT", "a unit or letters")],
    "decimal_comma_quoted": [
        (2, "1", "WT", "'1,4' " + COMMA),
        (3, "1", "DV", "'17,3' " + COMMA),
        (3, "1", "WT", "'1,4' " + COMMA),
    ],
    # records
    "negative_time": [
        (2, "1", "TIME", "negative time -1"),
        (2, "1", "DV", "before any dose"),
    ],
    "negative_amount": [(2, "1", "AMT", "negative amount -25")],
    "negative_level": [(3, "1", "DV", "negative level -99")],
    "evid_unknown": [(2, "1", "EVID", "5 is no EVID"), (3, "1", "EVID", "-1 is no EVID")],
    "evid_fractional": [(2, "1", "EVID", "0.5 is no EVID")],
    "mdv_unknown": [(2, "1", "MDV", "2 is no MDV")],
    "mdv_0_on_dose": [(2, "1", "MDV", "MDV 0 on a record that is no observation")],
    "level_on_dose": [(2, "1", "DV", "a DV on a record that is no observation")],
    "dose_without_amount": [(2, "1", "AMT", NO_AMOUNT), (3, "1", "AMT", NO_AMOUNT)],
    "amount_on_level": [
        (3, "1", "AMT", "an amount on a record with EVID 0"),
        (4, "1", "AMT", "an amount on a record with EVID 2"),
    ],
    "time_missing": [(2, "1", "TIME", "the time is missing")],
    "time_runs_back": [(4, "1", "TIME", "time runs back from 5 to 4")],
    "two_blocks": [(4, "1", "ID", BLOCKS), (5, "2", "ID", BLOCKS)],
    "id_missing": [(3, None, "ID", "the ID is missing"), (4, None, "ID", "the ID is missing")],
    # covariates
    "covariate_missing": [
        (2, "1", "WT", "WT is missing"),
        (3, "1", "WT", "WT is missing"),
        (4, "2", "APGR", "APGR is missing"),
    ],
    "covariate_outside": [(2, "1", "WT", "0.1 " + OUTSIDE), (4, "2", "APGR", "11 is outside 1 to 10")],
    "covariate_in_grams": [
        (2, "1", "WT", f"1300 {OUTSIDE}, probably grams"),
        (4, "2", "WT", f"1450 {OUTSIDE}, probably grams"),
    ],
    "covariate_in_pounds": [(2, "1", "WT", f"6.6 {OUTSIDE}, probably pounds")],
    "covariate_code": [(2, "1", "WT", "-99 " + OUTSIDE)],
    "covariate_changes": [
        (3, "1", "WT", "changes within the subject, from 1.4 to 1.5"),
        (5, "1", "APGR", "changes within the subject, from 7 to 8"),
    ],
    "covariate_rows_twice": [(3, "1", "ID", "a second row for a subject without records")],
    # files
    "empty": [(None, None, None, "is empty")],
    "blank": [(None, None, None, "is empty")],
    "only_commas": [(None, None, None, "is empty")],
    "header_only": [(None, None, None, "a header and no records")],
    "header_only_misspelt": [(None, None, None, "a header and no records"), (1, None, "DV", MISSING)],
    "no_header": [(None, None, None, "no column names")],
    "semicolons": [(1, None, None, "separated by semicolons")],
    "semicolons_and_decimal_commas": [
        (1, None, None, "separated by semicolons"),
        (2, "1", "WT", "'1,4' " + COMMA),
        (3, "1", "DV", "'17,3' " + COMMA),
        (3, "1", "WT", "'1,4' " + COMMA),
    ],
    "tabs": [(1, None, None, "separated by tabs")],
    "spaces": [(1, None, None, "separated by spaces")],
    "decimal_comma": [(3, None, None, "9 cells where the header has 8")],
    "ragged": [
        (3, None, None, "7 cells where the header has 8"),
        (6, None, None, "10 cells where the header has 8"),
    ],
    "binary": [(None, None, None, "is binary, not text")],
    "excel": [(None, None, None, "an Excel workbook")],
    "utf16": [(None, None, None, "is UTF-16 text")],
    "latin1": [(2, None, None, "not UTF-8")],
    "open_quote": [(3, None, None, "a quotation mark")],
    # doses
    "rate_unknown": [(2, "1", "RATE", "-3 is no RATE"), (3, "1", "RATE", "-0.5 is no RATE")],
    "rate_without_amount": [(2, "1", "AMT", NO_AMOUNT), (3, "1", "AMT", NO_AMOUNT)],
    "dosing_off_doses": [
        (3, "1", "ADDL", OFF_DOSES),
        (3, "1", "II", OFF_DOSES),
        (3, "1", "RATE", OFF_DOSES),
        (3, "1", "SS", OFF_DOSES),
        (4, "1", "II", OFF_DOSES),
        (5, "1", "SS", OFF_DOSES),
    ],
    "interval_missing": [
        (2, "1", "II", "additional doses without an interval"),
        (3, "1", "II", "steady state without an interval"),
        (4, "1", "II", "additional doses without an interval"),
    ],
    "interval_column_missing": [(2, "1", "II", "additional doses without an interval")],
    "interval_negative": [(2, "1", "II", "negative interval -12")],
    "additional_doses_miscounted": [
        (2, "1", "ADDL", "NONMEM 7.5"),
        (3, "1", "ADDL", "2.5 is no number of doses"),
        (4, "1", "ADDL", "1e+06 additional doses"),
    ],
    "steady_state_unknown": [
        (2, "1", "SS", "SS 3 (SS 1 that starts its search"),
        (3, "1", "SS", "4 is no SS"),
        (4, "1", "SS", "-1 is no SS"),
        (5, "1", "SS", "0.5 is no SS"),
    ],
    "constant_infusion": [
        (2, "1", "II", "has no interval"),
        (3, "1", "ADDL", "has no additional doses"),
        (4, "1", "RATE", "has no duration"),
    ],
    "compartment_unknown": [
        (2, "1", "CMT", "turn the compartment off"),
        (3, "1", "CMT", "1.5 is no compartment"),
        (4, "1", "CMT", TEXT),
        (5, "1", "CMT", "1e+09 is no compartment"),
        (6, "1", "CMT", "turn the compartment off"),
    ],
    # levels
    "levels_of_two_compartments": [(4, "1", "CMT", "levels of several compartments, but no DVID")],
    "censoring_unknown": [
        (2, "1", "CENS", "CENS on a record that is no observation"),
        (3, "1", "CENS", "2 is no CENS"),
        (4, "1", "CENS", "0.5 is no CENS"),
    ],
    "censored_without_limit": [
        (3, "1", "DV", "a censored level without its limit"),
        (4, "1", "DV", "a censored level without its limit"),
        (5, "1", "DV", "a level below 0"),
    ],
    "limit_without_censoring": [(3, "1", "LIMIT", "a LIMIT without a column CENS")],
    "limit_on_the_wrong_side": [
        (3, "1", "LIMIT", "0.5 is not below DV"),
        (4, "1", "LIMIT", "50 is not above DV"),
    ],
    "flagged_blq": [(3, "1", "BLQ", "a flag of censored levels that is not read")],
    "occasions": [
        (3, "1", "OCC", "the occasion is missing"),
        (4, "1", "OCC", "1.5 is no occasion"),
        (5, "1", "OCC", "-1 is no occasion"),
    ],
    "kinds_of_level": [
        (3, "1", "DVID", "the kind of level is missing"),
        (4, "1", "DVID", "2.5 is no kind of level"),
    ],
    # clock times and dates
    "clock_runs_back": [(4, "1", "TIME", "time runs back from 1 to -22")],
    "clock_faulty": [
        (3, "1", "TIME", "no time of day"),
        (4, "1", "TIME", "no time of day"),
        (5, "1", "TIME", TEXT),
        (6, "1", "TIME", "clock time"),
    ],
    "hours_or_elapsed": [(2, "1", "TIME", "may be the hour of the day or count from a first record")],
    "time_beside_dates": [
        (3, "1", "TIME", "30 is no time of day, beside a date"),
        (5, "1", "TIME", "-1 is no time of day, beside a date"),
    ],
    "dates_ambiguous": [(4, "1", "DATE", "month or day may stand first")],
    "dates_of_another_order": [(2, "1", "DATE", "no date in the order month day year")],
    "dates_unclear": [
        (2, "1", "DAT1", "no date that is understood"),
        (3, "1", "DAT1", "the date is missing"),
        (4, "1", "DAT1", "no date that is understood"),
        (5, "1", "DAT1", "no date in the order day month year"),
        (6, "1", "DAT1", "no date that is understood"),
    ],
    "dates_and_day_numbers": [(3, "1", "DAT2", "day numbers and calendar dates in one column")],
    "two_date_columns": [(1, None, "DAT1", "a second column of dates")],
    "moments_and_hours": [
        (3, "1", "TIME", "no such date or time of day"),
        (4, "1", "TIME", "no date with a time of day"),
        (5, "1", "TIME", "no date with a time of day"),
    ],
    "interval_faulty": [(2, "1", "II", "no time of day")],
    # all at once
    "many_faults": [
        (2, "1", "AMT", TEXT),
        (2, "1", "WT", "probably grams"),
        (3, "1", "APGR", "0 is outside 1 to 10"),
        (3, "1", "APGR", "changes within the subject"),
        (3, "1", "DV", "'<1' " + LIMIT),
        (4, "1", "TIME", "time runs back from 2 to 1"),
        (5, "2", "AMT", NO_AMOUNT),
        (5, "2", "MDV", "MDV 0 on a record that is no observation"),
        (5, "2", "WT", "WT is missing"),
        (6, "2", "DV", "infinite"),
        (6, "2", "EVID", "9 is no EVID"),
        (6, "2", "MDV", "3 is no MDV"),
        (6, "2", "TIME", "negative time -3"),
        (7, "1", "ID", BLOCKS),
    ],
}


def test_every_file_is_in_the_catalogue():
    assert {p.stem for p in BAD_TABLES.glob("*.csv")} == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_exactly_these_findings(name, card):
    with pytest.raises(TableError) as caught:
        read_study(BAD_TABLES / f"{name}.csv", card)
    findings = caught.value.findings
    expected = CATALOGUE[name]
    assert [(f.row, f.subject, f.column) for f in findings] == [e[:3] for e in expected]
    for f, (*_, fragment) in zip(findings, expected, strict=True):
        assert fragment in f.problem
        assert f.fix
        assert f.level == ("warning" if "before any dose" in fragment else "error")
    assert str(caught.value).startswith(f"{name}.csv: ")


@pytest.mark.parametrize("name", CATALOGUE)
def test_free_text_is_not_echoed(name, card):
    with pytest.raises(TableError) as caught:
        read_study(BAD_TABLES / f"{name}.csv", card)
    for secret in ("Mary", "Smith", "Jones", "notes", "heavy", "Zo"):
        assert secret not in str(caught.value)


def fixes(name, card):
    with pytest.raises(TableError) as caught:
        read_study(BAD_TABLES / f"{name}.csv", card)
    return [f.fix for f in caught.value.findings]


def test_the_fix_says_what_to_do(card):
    assert fixes("covariate_in_grams", card) == ["divide by 1000", "divide by 1000"]
    assert "CENS 1" in fixes("below_limit", card)[0]
    assert fixes("decimal_comma_quoted", card)[1] == "write 17.3"
    assert "columns={'DV': 'conc'}" in fixes("other_names", card)[1]
    assert "write 25" in fixes("unit_in_cell", card)[0]
    assert "decimal comma" in fixes("decimal_comma", card)[0]


def test_no_such_file_names_the_nearest(card, tmp_path):
    (tmp_path / "neonates.csv").write_text("x")
    with pytest.raises(TableError, match=r"no such file.*'neonates.csv' was meant"):
        read_study(tmp_path / "neonate.csv", card)


def test_a_directory_or_an_impossible_path(card, tmp_path):
    with pytest.raises(TableError, match="is a directory"):
        read_study(tmp_path, card)
    with pytest.raises(TableError, match="is a directory"):
        read_study("", card)
    for path in ("a\0b.csv", "x" * 5000):
        with pytest.raises(TableError):
            read_study(path, card)


def test_an_unreadable_file(card, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(TableError, match="permission denied"):
        read_study(path, card)


@pytest.mark.parametrize("table", [None, 3, b"ID", ["ID"], {"ID": [1]}, "ID,TIME\n1,0\n"])
def test_not_a_table(table, card):
    with pytest.raises(bd.InputError, match="a path or a DataFrame"):
        read_study(table, card)


@pytest.mark.parametrize("model", [None, "phenobarbital", 3])
def test_not_a_model(model):
    with pytest.raises(bd.InputError, match="a model or a card"):
        read_study("x.csv", model)


def test_all_findings_are_kept_and_the_first_fifty_shown(read):
    with pytest.raises(TableError) as caught:
        read(*(f"1,{k},.,x,0,0,1.4,7" for k in range(400)))
    assert len(caught.value.findings) == 400
    lines = str(caught.value).splitlines()
    assert lines[0] == "table.csv: 400 errors"
    assert len(lines) == 1 + 1 + 50 + 1
    assert lines[-1] == "... and 350 more (see .findings)"
    assert len({line.find("text where") for line in lines[2:-1]}) == 1  # aligned


def test_control_characters_of_an_id_do_not_reach_the_terminal():
    error = TableError([Finding(2, "a\x1b[31mb\u202ec" + "d" * 99, "DV", "error", "p", "f")], "t\n.csv")
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)
    assert "d" * 30 not in str(error)
