"""The structures that the gallery draws are those of the declarations."""

import importlib.util
from itertools import pairwise
from pathlib import Path

import pytest

import bayesdose as bd

ROOT = Path(__file__).parents[2]
OUT = "outside"


@pytest.fixture(scope="module")
def tool():
    found = importlib.util.spec_from_file_location("structures", ROOT / "tools" / "structures.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def shown(tool, name):
    """Return a spec's structure with flows and actions by name."""
    made = tool.structure(bd.load_model(name))
    names = (*made.names, OUT)  # OUT is -1
    flows = {(names[a], names[b]): label for (a, b), label in made.flows.items()}
    return made, names, flows, {(names[a], names[b]) for a, b in made.acts}


def test_a_closed_form_has_the_flows_of_its_diagram_and_their_rates(tool):
    made, names, flows, acts = shown(tool, "vancomycin_goti2018")
    assert flows == {
        ("central", OUT): "CL / V1",
        ("central", "peripheral"): "Q / V1",
        ("peripheral", "central"): "Q / V2",
    }
    assert [names[k] for k in made.observed] == ["central"]
    assert made.doses == {0: "dose"}
    assert not acts


def test_a_flow_that_takes_nothing_is_a_copy(tool):
    made, names, flows, _ = shown(tool, "synthetic_conversion_damage")
    assert {(names[a], names[b]) for a, b in made.copies} == {("central", "area")}
    assert flows["central", "area"] == "1 / V"


def test_binding_takes_from_both_and_gives_back_to_both(tool):
    """Mager and Jusko 2001: kon in both losses, koff back, kdeg and kint out, the target is made."""
    _, _, flows, acts = shown(tool, "synthetic_tmdd_full")
    inside = {(a, b) for a, b in flows if OUT not in (a, b)}
    assert inside == {(a, "complex") for a in ("central", "target")} | {
        ("complex", b) for b in ("central", "target")
    }
    assert {a for a, b in flows if b == OUT} == {"central", "target", "complex"}
    assert {b for a, b in flows if a == OUT} == {"target"}
    assert flows["complex", "target"] == "koff"
    assert flows["complex", OUT] == "kint"
    assert not acts


def test_cells_make_themselves_under_the_drug_and_the_feedback(tool):
    """Friberg 2002: stem cells, three transits, circulating cells; drug and feedback act on proliferation."""
    _, _, flows, acts = shown(tool, "docetaxel_kloft2006")
    chain = ("stem", "T1", "T2", "T3", "ANC")
    assert {flows[pair] for pair in pairwise(chain)} == {"4 / MTT"}
    assert ("stem", "stem") in flows
    assert acts == {("central", "stem"), ("ANC", "stem")}


def test_a_part_of_what_leaves_becomes_the_metabolite(tool):
    _, _, flows, _ = shown(tool, "fluorouracil_arshad2020")
    assert flows["central", "FUH2"] == "0.85 CL / V1"
    assert flows["central", OUT] == "0.15 CL / V1"


def test_what_binds_does_not_make_what_it_binds(tool):
    """Less is lost of what is bound, but nothing is made by it: IgE is made at Pe alone, the drug never."""
    _, _, flows, acts = shown(tool, "omalizumab_hayashi2007")
    assert {pair: label for pair, label in flows.items() if pair[0] == OUT} == {(OUT, "IgE"): "Pe"}
    assert acts == {("drug", "IgE"), ("IgE", "drug")}


def test_routes_and_times_are_said(tool):
    made, names, flows, _ = shown(tool, "voriconazole_friberg2012")
    assert {names[k]: label for k, label in made.doses.items()} == {
        "depot": "dose (F, lag)",
        "central": "dose",
    }
    assert flows["central", OUT].endswith("time")
