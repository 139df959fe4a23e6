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
def dosing(draw):
    """AMT, RATE, II, ADDL, SS and CMT of a dose that obeys the rules."""
    amount, steady, more = (
        draw(amounts),
        draw(st.sampled_from([0, 0, 1, 2])),
        draw(st.sampled_from([0, 0, 1, 9])),
    )
    rate = draw(st.sampled_from([0.0, 0.0, 7.5, -1.0, -2.0]))
    if steady and rate in (7.5, -1.0) and draw(st.booleans()):
        return 0.0, rate, 0.0, 0, steady, draw(st.integers(0, 3))
    interval = draw(st.sampled_from([1e-3, 12.0])) if steady or more else 0.0
    return amount, rate, interval, more, steady, draw(st.integers(0, 3))


@st.composite
def level(draw):
    """DV, MDV, CENS, LIMIT and DVID of an observation that obeys the rules."""
    dv = draw(levels | st.just(math.nan))
    if math.isnan(dv):
        return dv, 1, 0, math.nan, 1
    kind, cens = draw(st.sampled_from([1, 1, 2])), draw(st.sampled_from([0, 0, 1, -1])) if dv > 1e-3 else 0
    limit = draw(st.sampled_from([math.nan, dv / 2 if cens > 0 else dv * 2])) if cens else math.nan
    return dv, draw(st.sampled_from([0, 1])), cens, limit, kind


GIVEN = ["AMT", "RATE", "II", "ADDL", "SS", "CMT"]
SEEN = ["DV", "MDV", "CENS", "LIMIT", "DVID"]


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
            given_ = draw(dosing()) if evid in (1, 4) else (math.nan, 0.0, 0.0, 0, 0, 0)
            seen = draw(level()) if evid == 0 else (math.nan, 1, 0, math.nan, 1)
            occasion = draw(st.sampled_from([1, 1, 2]))
            rows.append((f"S{subject}", time, evid, *given_, *seen, occasion, weight, 7.0))
    return pd.DataFrame(rows, columns=["ID", "TIME", "EVID", *GIVEN, *SEEN, "OCC", "WT", "APGR"])


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
    kind = arrays["record_kind"].to_numpy()
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
    doses = table[table["EVID"].isin((1, 4))]
    names = ("amount", "rate", "interval", "additional", "steady", "compartment")
    for name, column in zip(names, GIVEN, strict=True):
        values = arrays[f"record_{name}"].to_numpy()
        np.testing.assert_array_equal(values[kind == 1], doses[column], name)
        assert (values[kind != 1] == 0).all()
    observed = arrays["observation_record"].to_numpy()
    assert (kind[observed] == 0).all()
    assert (np.diff(observed) > 0).all()
    for column in ("DV", "CENS", "LIMIT", "DVID"):
        np.testing.assert_array_equal(arrays[column], study.levels[column])
    np.testing.assert_array_equal(time[observed], study.levels["TIME"])
    np.testing.assert_array_equal(arrays["WT"], table.drop_duplicates("ID")["WT"])
    twice = np.repeat(table["OCC"].to_numpy(), np.where(table["EVID"] == 4, 2, 1))
    np.testing.assert_array_equal(arrays["record_occasion"], twice)
    assert {arrays[n].dtype for n in ("stream_start", "record_kind", "observation_record")} == {
        np.dtype("int64")
    }


@given(table=records(), n=st.integers(1, 3), time=st.floats(0, 50))
@QUICK
def test_cuts_are_parts(table, n, time):
    study = read_study(table, CARD)
    for part in (study.first_levels(n), study.until(time), study.without_levels(), study.without_censored()):
        assert isinstance(part, Study)
        assert part.ids == study.ids
        events(part)
    assert study.first_levels(n).levels.groupby("ID").size().max() in {*range(n + 1)} or study.levels.empty
    assert (study.until(time).records["TIME"] <= time).all()


ODD = ["x", "<3", "1,5", '"', "inf", "nan", "9e999", "é", "\0", "8:30", "2024-02-03"]
CELLS = st.sampled_from(["1", "0", "2", "", ".", "-1", "-2", "1e3", *ODD])
LINES = st.lists(st.lists(CELLS, min_size=0, max_size=9).map(",".join), max_size=6).map("\n".join)
HEADERS = st.sampled_from(
    [
        "ID,TIME,AMT,DV,WT,APGR",
        "id;time;amt;dv;wt;apgr",
        "ID,TIME,AMT,DV,EVID,MDV,RATE,WT,APGR",
        "ID,TIME,DATE,AMT,DV,II,ADDL,WT,APGR",
        "ID,TIME,AMT,DV,CMT,SS,II,WT,APGR",
        "ID,TIME,AMT,DV,CENS,LIMIT,DVID,WT,APGR",
        "USUBJID,AFRLT,EVID,AMT,DV,BLQFN,ALLOQ,WTBL,APGR",
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
        study = read_study(path, CARD, columns="adppk" if data.startswith(b"USUBJID") else None)
    except TableError as error:
        found = error
    if found is None:
        study.summary()
        events(study)
    else:
        assert "error" in {f.level for f in found.findings}
        assert str(found).startswith("t.csv: ")
