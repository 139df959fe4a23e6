"""``--column``: tables whose columns have other names."""

TABLE = "Patient,TIME,AMT,conc,WT\n7,0,20.7,.,0.9\n7,1.8,.,20.8,0.9\n"


def test_columns_under_other_names(bayesdose, as_json, here):
    (here / "one.csv").write_text(TABLE)
    asked = ("condition", "phenobarbital", "one.csv")
    refused = bayesdose(*asked)
    assert refused.exit_code == 2
    assert "is --column DV=conc" in refused.stderr
    found = as_json(*asked, "--column", "ID=Patient", "--column", "DV=conc")
    assert found["exit_code"] == 0
    (here / "two.csv").write_text(TABLE.replace("Patient", "ID").replace("conc", "DV"))
    same = as_json("condition", "phenobarbital", "two.csv")
    assert found["patients"][0]["parameters"] == same["patients"][0]["parameters"]


def test_what_is_no_pair(bayesdose, here):
    (here / "one.csv").write_text(TABLE)
    asked = ("condition", "phenobarbital", "one.csv", "--column")
    assert "expected: OURS=THEIRS" in bayesdose(*asked, "DV").stderr.replace("Expected", "expected")
    twice = bayesdose(*asked, "DV=a", "--column", "DV=b")
    assert twice.exit_code == 2
    assert "names DV twice" in twice.stderr
    mixed = bayesdose(*asked, "adppk", "--column", "DV=b")
    assert "leave the other --column out" in mixed.stderr
