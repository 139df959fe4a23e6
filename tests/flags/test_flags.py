"""Red flags of one patient on the shipped fit: what is raised, what is not, what is said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.errors import InputError, Refused
from bayesdose.flags.looking import Design, judged


@pytest.fixture(scope="module")
def patient(neonates):
    return neonates.select("18")  # twelve doses, four levels


def look(fit, patient, **more):
    """Fewer simulated patients than the default: the limit is coarser, and the tests are quicker."""
    return bd.red_flags(fit, patient, **{"seed": 1, "replicates": 1000, "particles": 800} | more)


def changed(patient, level, **values):
    """The patient with a cell of one level changed; a callable is given the cell."""
    records = patient.records.copy()
    for name, value in values.items():
        at = (patient.levels.index[level], name)
        records.loc[at] = value(records.loc[at]) if callable(value) else value
    return replace(patient, records=records)


def made_up(model, *levels, weight=1.2, dose=20.0, **more):
    """One neonate with a loading dose at 1 h and levels (time, value)."""
    rows = [
        {"TIME": 1.0, "AMT": dose, "DV": np.nan},
        *({"TIME": t, "AMT": np.nan, "DV": v} for t, v in levels),
    ]
    table = pd.DataFrame(rows).assign(ID="new", WT=weight, **more).sort_values("TIME", kind="stable")
    return bd.read_study(table.reset_index(drop=True), model)


@pytest.fixture(scope="module")
def slipped(stored_fit, patient):
    """The second level is written ten times too high."""
    return look(stored_fit, changed(patient, 1, DV=lambda v: 10 * v))


def test_a_clean_patient_has_none(stored_fit, patient):
    found = look(stored_fit, patient)
    assert not found
    assert list(found) == []
    assert found.p > found.alpha
    assert len(found.checks) == 1 + 4 + 4 + 4  # covariate; before the drug, against the others; joint ones
    assert found.suspects == ()
    assert "no red flag" in str(found)


def test_a_unit_slip_is_flagged_and_named(slipped, patient):
    assert slipped
    assert slipped.p <= slipped.alpha
    named = [flag for flag in slipped if flag.name == "probable x10 unit slip"]
    assert len(named) == 1
    assert named[0].where == "level at 71.3 h"
    assert named[0].row == patient.levels["ROW"].iloc[1]
    assert named[0].value > named[0].limit
    assert {"levels improbable together", "levels contradict each other"} <= set(slipped.names)
    assert all(flag.advice and flag.raised for flag in slipped)


def test_flags_print_as_a_table_and_go_into_json(slipped):
    text = str(slipped)
    assert "re-check before escalating" in text.splitlines()[0]
    assert "probable x10 unit slip" in text
    assert max(map(len, text.splitlines())) <= 130
    record = json.loads(json.dumps(slipped.to_dict(), allow_nan=False))
    assert len(record["raised"]) == len(slipped)
    assert len(record["checks"]) == len(slipped.table()) == len(slipped.checks)
    assert record["suspects"][0]["kind"] == "unit"


def test_the_same_seed_gives_the_same_flags(stored_fit, patient, slipped):
    again = look(stored_fit, changed(patient, 1, DV=lambda v: 10 * v))
    assert again.table().equals(slipped.table())


def test_it_works_where_conditioning_refuses(stored_fit, phenobarbital):
    odd = made_up(phenobarbital, (0.5, 8.0))
    with pytest.raises(Refused):
        bd.condition(stored_fit, odd, seed=1)
    assert look(stored_fit, odd).names == ("level before the dose reached the blood",)


@pytest.mark.parametrize(
    ("factor", "name"), [(0.1, "/10 unit slip"), (1e-3, "/1000 unit slip"), (1e3, "x1000 unit slip")]
)
def test_other_unit_slips_are_named(stored_fit, patient, factor, name):
    found = look(stored_fit, changed(patient, 3, DV=lambda v: factor * v))
    assert f"probable {name}" in found.names


def test_all_levels_in_another_unit(stored_fit, patient):
    records = patient.records.copy()
    records["DV"] *= 1000.0
    found = look(stored_fit, replace(patient, records=records))
    best = [flag for flag in found if flag.name.startswith("probable")]
    assert [(flag.name, flag.where, flag.row) for flag in best] == [
        ("probable x1000 unit slip", "all levels", None)
    ]


def test_umol_for_mg_needs_the_molar_mass(stored_fit, patient):
    # phenobarbital: 232.24 g/mol (PubChem CID 4763)
    records = patient.records.copy()
    records["DV"] *= 1000.0 / 232.24
    odd = replace(patient, records=records)
    named = look(stored_fit, odd, molar_mass=232.24)
    assert "probable umol/L for mg/L unit slip" in named.names
    without = look(stored_fit, odd)
    assert without
    assert not any("umol/L" in name for name in without.names)


def test_swapped_samples_are_named(stored_fit, phenobarbital):
    # 20 mg into 1.15 L: 17 at once, 10 after five half-lives' fifth
    table = [(2.0, 17.0), (100.0, 11.0), (200.0, 6.5)]
    right = made_up(phenobarbital, *table)
    assert not look(stored_fit, right)
    wrong = made_up(phenobarbital, (2.0, 6.5), (100.0, 11.0), (200.0, 17.0))
    found = look(stored_fit, wrong)
    assert "probable swapped samples" in found.names
    assert [f.where for f in found if "swapped" in f.name] == ["level at 2 h and level at 200 h"]


def test_a_dose_that_was_missed_is_a_suspect(stored_fit, phenobarbital):
    # two loads of 20 mg a day apart are written; the levels are those of one
    rows = [(0.0, 20.0, np.nan), (24.0, 20.0, np.nan)]
    rows += [(2.0, np.nan, 17.0), (26.0, np.nan, 15.3), (48.0, np.nan, 13.8), (72.0, np.nan, 12.2)]
    table = pd.DataFrame(rows, columns=["TIME", "AMT", "DV"]).assign(ID="new", WT=1.2).sort_values("TIME")
    found = look(stored_fit, bd.read_study(table.reset_index(drop=True), phenobarbital))
    assert found
    assert found.suspects[0].kind == "missed dose"
    assert found.suspects[0].where == "dose at 24 h"


def test_a_level_before_any_dose(stored_fit, phenobarbital):
    found = look(stored_fit, made_up(phenobarbital, (0.5, 8.0), (3.0, 17.0)))
    assert found.names == ("level before the dose reached the blood",)
    assert [flag.where for flag in found] == ["level at 0.5 h"]
    assert found.raised[0].value == 0.0


def test_a_lone_level_before_any_dose_leaves_nothing_to_weigh(stored_fit, phenobarbital):
    assert np.isnan(look(stored_fit, made_up(phenobarbital, (0.5, 8.0))).p)


def test_levels_without_any_dose_are_flagged_and_conditioning_says_so():
    """Additive error makes a level of 0.4 possible without drug, and only the prior comes back."""
    model = bd.load_model(Path(__file__).parents[1] / "specs" / "stress_limits.py")
    rows = {
        "ID": 1,
        "TIME": [0.0, 2.0, 5.0],
        "AMT": [100.0, 0.0, 0.0],
        "EVID": [1, 0, 0],
        "DV": [np.nan, 0.4, 0.3],
    }
    table, fit = pd.DataFrame(rows), bd.fixed(model)
    found = look(fit, bd.read_study(table.iloc[1:], model))
    assert found.names == ("level before the dose reached the blood",)
    assert len(found.raised) == 2
    with pytest.warns(UserWarning, match="levels and no dose"):
        me = bd.condition(fit, bd.read_study(table.iloc[1:], model), seed=1)
    assert "residual error alone" in me.warnings[0]
    assert me.data["eta_CL"].std().item() == pytest.approx(0.4, rel=0.1)
    late = table.assign(TIME=[0.5, 0.0, 5.0]).sort_values(
        "TIME"
    )  # with a dose, a trace before it is an error's
    assert "level before the dose reached the blood" not in look(fit, bd.read_study(late, model)).names
    assert bd.condition(fit, bd.read_study(late, model), seed=1).warnings == ()


def test_a_covariate_outside_the_range(stored_fit, patient):
    records = patient.records.assign(WT=9.0)
    found = look(stored_fit, replace(patient, records=records).without_levels())
    assert [(f.name, f.where, f.value, f.limit) for f in found] == [
        ("covariate outside the card's range", "covariate WT", 9.0, 5.0)
    ]


def test_a_level_below_the_limit_of_quantification(stored_fit, phenobarbital):
    patient = made_up(phenobarbital, (3.0, 17.0), (400.0, 2.0))
    assert "level below the limit of quantification" not in look(stored_fit, patient).names
    found = look(stored_fit, patient, lloq=2.5)
    below = [flag for flag in found if flag.name == "level below the limit of quantification"]
    assert [(flag.where, flag.value, flag.limit) for flag in below] == [("level at 400 h", 2.0, 2.5)]
    with pytest.raises(InputError, match="lloq="):
        look(stored_fit, patient, lloq=-1.0)


def test_without_levels_there_is_nothing_to_weigh(stored_fit, patient):
    found = look(stored_fit, patient.without_levels())
    assert not found
    assert np.isnan(found.p)


def test_what_cannot_be_used_is_refused(stored_fit, neonates, patient):
    with pytest.raises(InputError, match="one patient"):
        look(stored_fit, neonates)
    with pytest.raises(InputError, match="replicates"):
        look(stored_fit, patient, replicates=100)


def test_the_whole_way_from_table_to_blocked_options(stored_fit, patient, slipped):
    me = bd.condition(stored_fit, patient, seed=2, draws=500)
    options = bd.regimens("{amount} mg every 12 h x 10", amount=[2, 3, 4], after=patient)
    outcome = bd.simulate(me, options, {"trough": bd.trough(after_dose=-1)})
    choice = bd.decide(outcome, lambda o: o.trough, flags=slipped)
    assert {"4 mg every 12 h x 10"} <= set(choice.blocked)
    seen = bd.Acknowledged(who="Dr A", why="confirmed by a second sample")
    free = bd.decide(outcome, lambda o: o.trough, flags=slipped, acknowledged=seen, complete=["amount"])
    assert free.best == "4 mg every 12 h x 10"


@pytest.mark.slow
def test_clean_patients_are_flagged_as_seldom_as_claimed(stored_fit, neonates):
    # the smallest p of simulated patients, among others of the same design, is uniform (exact ranks)
    from bayesdose.flags.reference import particles
    from bayesdose.individual import compile_individual

    patient, alpha = neonates.select("18"), 0.1
    compiled = compile_individual(stored_fit.model)
    own = Design(compiled, stored_fit.population_draws, None, alpha, 7, 800, 800).reference(patient)
    new = particles(compiled, stored_fit.population_draws, own.data, 2000, np.random.default_rng(8), wide=0.0)
    u = np.random.default_rng(9).random((2000, own.n))
    y = compiled.declaration.likelihood.quantile(u, own.data, new.levels(compiled, own.data))
    p = own.p_values(own.statistics(y, np.zeros(y.shape, dtype=int)))
    share = float((p.min(axis=1) <= own.limit(alpha)).mean())
    # 800 simulated patients place the limit, 2000 others meet it
    assert abs(share - alpha) < 4 * np.sqrt(alpha * (1 - alpha) * (1 / 800 + 1 / 2000))
    assert len(judged(own, patient, alpha)) == 8
