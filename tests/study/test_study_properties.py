"""Properties of reading and of the event arrays, for any study."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_tables import neonate_card

from bayesdose.study import Study, TableError, events, read_study

CARD = neonate_card()
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
amounts = st.floats(1e-6, 1e6)
levels = st.floats(0, 1e6)


@st.composite
def records(draw):
    """A table of 1 to 4 subjects that obeys the rules: many ties in time, resets, missing levels."""
    rows = []
    for subject in range(draw(st.integers(1, 4))):
        weight, time = draw(st.floats(0.5, 5.0)), 0.0
        for _ in range(draw(st.integers(1, 7))):
            evid = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4]))
            time = (
                draw(st.floats(0, 100)) if evid >= 3 else time + draw(st.sampled_from([0.0, 0.0, 0.1, 12.0]))
            )
            amount = draw(amounts) if evid in (1, 4) else math.nan
            dv = draw(levels | st.just(math.nan)) if evid == 0 else math.nan
            mdv = draw(st.sampled_from([0, 1])) if evid == 0 and not math.isnan(dv) else 1
            rows.append((f"S{subject}", time, evid, amount, dv, mdv, weight, 7.0))
    return pd.DataFrame(rows, columns=["ID", "TIME", "EVID", "AMT", "DV", "MDV", "WT", "APGR"])


@given(table=records())
@QUICK
def test_reading_a_written_study_gives_it_back(table, tmp_path):
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False, na_rep=".")
    study = read_study(path, CARD)
    read = study.records
    np.testing.assert_array_equal(read["ROW"], np.arange(len(table)) + 2)
    for name in table:
        np.testing.assert_array_equal(read[name], table[name], name)
    study.records.to_csv(path, index=False, na_rep=".")
    pd.testing.assert_frame_equal(read_study(path, CARD).records, read)
    pd.testing.assert_frame_equal(read_study(read, CARD).records, read)


@given(table=records())
@QUICK
def test_event_arrays_say_what_the_table_says(table):
    study = read_study(table, CARD)
    arrays = events(study)
    start, time = arrays["stream_start"].to_numpy(), arrays["record_time"].to_numpy()
    kind, amount = arrays["record_kind"].to_numpy(), arrays["record_amount"].to_numpy()
    assert start[0] == 0
    assert start[-1] == len(time) == len(table) + (table["EVID"] == 4).sum()
    assert (np.diff(start) > 0).all()
    for s, subject in enumerate(study.ids):
        part = slice(start[s], start[s + 1])
        assert (arrays["record_subject"].to_numpy()[part] == s).all()
        back = np.diff(time[part]) < 0
        assert (kind[part][1:][back] == 3).all()
        own = table[table["ID"] == subject]
        expected = [k for e in own["EVID"] for k in ([3, 1] if e == 4 else [e])]
        assert kind[part].tolist() == expected  # file order, also at ties
    np.testing.assert_array_equal(amount[kind == 1], table.loc[table["EVID"].isin((1, 4)), "AMT"])
    assert (amount[kind != 1] == 0).all()
    observed = arrays["observation_record"].to_numpy()
    assert (kind[observed] == 0).all()
    assert (np.diff(observed) > 0).all()
    np.testing.assert_array_equal(arrays["DV"], study.levels["DV"])
    np.testing.assert_array_equal(time[observed], study.levels["TIME"])
    np.testing.assert_array_equal(arrays["WT"], table.drop_duplicates("ID")["WT"])
    assert (arrays["record_compartment"] == 0).all()
    assert {arrays[n].dtype for n in ("stream_start", "record_kind", "observation_record")} == {
        np.dtype("int64")
    }


@given(table=records(), n=st.integers(1, 3), time=st.floats(0, 50))
@QUICK
def test_cuts_are_parts(table, n, time):
    study = read_study(table, CARD)
    for part in (study.first_levels(n), study.until(time), study.without_levels()):
        assert isinstance(part, Study)
        assert part.ids == study.ids
        events(part)
    assert study.first_levels(n).levels.groupby("ID").size().max() in {*range(n + 1)} or study.levels.empty
    assert (study.until(time).records["TIME"] <= time).all()


CELLS = st.sampled_from(
    ["1", "0", "2", "", ".", "x", "-1", "<3", "1,5", '"', "inf", "nan", "9e999", "é", "\0", "1e3"]
)
LINES = st.lists(st.lists(CELLS, min_size=0, max_size=9).map(",".join), max_size=6).map("\n".join)
HEADERS = st.sampled_from(
    [
        "ID,TIME,AMT,DV,WT,APGR",
        "id;time;amt;dv;wt;apgr",
        "ID,TIME,AMT,DV,EVID,MDV,RATE,WT,APGR",
        "ID WT APGR",
        "ID",
        "",
    ]
)


@given(
    data=st.binary(max_size=80) | st.builds("{}\n{}".format, HEADERS, LINES).map(lambda t: t.encode("utf-8"))
)
@settings(QUICK, max_examples=300)
def test_no_content_ends_in_another_error(data, tmp_path):
    path = Path(tmp_path) / "t.csv"
    path.write_bytes(data)
    found = None
    try:
        study = read_study(path, CARD)
    except TableError as error:
        found = error
    if found is None:
        study.summary()
        events(study)
    else:
        assert "error" in {f.level for f in found.findings}
        assert str(found).startswith("t.csv: ")
