"""Write the gallery of the model library, a page a spec, from cards and what is stored (``make gallery``)."""

import json
from pathlib import Path

import matplotlib as mpl
from structure_figure import draw
from structures import structure

import bayesdose as bd
from bayesdose.model import Model, Prior, shipped_models
from bayesdose.reporting.cards import card_sections, status

ROOT = Path(__file__).parents[1]
PAGES, WORKED = ROOT / "docs" / "models", ROOT / "tests" / "library" / "worked.json"
CHECKED = ROOT / "tests" / "library" / "checked.json"
STRUCTURE = (
    "Structure, drawn from the declaration: filled compartments are observed, dashed orange arrows act on "
    "rates, a dashed black one copies"
)
INTRODUCTION = """# The model library

Models that come with the package, usable at once for a dose before any level, after levels, and for
decisions. *Fitted* ones were fitted here to data that ship. The numbers of the others come from papers:
*verified* ones were compared with what their page names, *unverified* ones were transcribed and not compared
with the paper; check them before use. *Synthetic* ones are made up to show one thing. None is a medical
device.

```python
import bayesdose as bd

fit = bd.load_fit("vancomycin_goti2018")             # prior draws: published numbers, their uncertainty
me  = bd.condition(fit, bd.read_study("patient.csv", fit.model), seed=1)
```

`bayesdose models` lists them, `bayesdose models NAME` shows a card. Pages are written by `make gallery`,
prior draws and worked patients by `make library`. [Checked](checked.md) on simulated patients: how often a
prediction covers the next level, and what three ways to choose a dose cost.

Notebooks, a group each: [anti-infectives](../../notebooks/10_anti_infectives.ipynb),
[genotype and the choice of a drug](../../notebooks/11_genotype_and_drug_choice.ipynb),
[oncology and blood](../../notebooks/12_oncology_and_blood.ipynb),
[biologics and their targets](../../notebooks/13_biologics.ipynb),
[systems and trade-offs](../../notebooks/14_systems_and_trade_offs.ipynb).

| model | status | what it is |
|---|---|---|
"""


def main() -> None:
    """Write all pages and draw all structures."""
    mpl.use("Agg")
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
        if name != "README.md":
            drawn = structure(bd.load_model(name.removesuffix(".md")))
            draw(drawn, PAGES / f"{name.removesuffix('.md')}_structure.png")


def pages() -> dict[str, str]:
    """Return the text of every page, by file name."""
    worked = json.loads(WORKED.read_text(encoding="utf-8"))
    loaded = [bd.load_model(name) for name in shipped_models()]
    rows = [f"| {_link(m)} | {status(m.card)} | {m.card.title} |" for m in loaded]
    made = {f"{m.name}.md": page(m, worked[m.name]) for m in loaded if m.name in worked}
    return {"README.md": INTRODUCTION + "\n".join(rows) + "\n", **made}


def _link(model: Model) -> str:
    return f"`{model.name}`" if model.card.evidence is None else f"[`{model.name}`]({model.name}.md)"


def page(model: Model, worked: dict[str, dict[str, object]]) -> str:
    """Return the page of one spec.

    Parameters
    ----------
    model
        The spec.
    worked
        What its worked patient is given, as stored.
    """
    parts = [f"# {model.card.title}\n\n`{model.name}`, [back to the library](README.md)\n"]
    for heading, texts in card_sections(model).items():
        listed = texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)
        parts.append(f"## {heading}\n\n{listed}\n")
        if heading == "Model":
            parts.append(f"![{STRUCTURE}]({model.name}_structure.png)\n")
        if heading == "Worked patient":
            parts += [_worked_table(worked), _picture(model)]
    return "\n".join([*parts, *_on_simulated_patients(model.name), _parameter_table(model)])


def _on_simulated_patients(name: str) -> list[str]:
    """Return what `make library-check` found of a spec, where it was run."""
    found = json.loads(CHECKED.read_text(encoding="utf-8")).get(name)
    if found is None:
        return []
    inside = 100 * found["covered"]["90"] / found["predicted"]
    text = f"The next level lay in its 90 % interval in {inside:.1f} % of {found['predicted']} patients."
    if "regret" in found:
        label, mode, expected = (found["regret"][rule][0] for rule in ("label", "mode", "expected"))
        text += (
            f" Regret against an oracle, over {found['dosed']}: {label:.2f} with the label's dose, "
            f"{mode:.2f} with the dose at the mode, {expected:.2f} with expected utility."
        )
    return [f"## On simulated patients\n\n{text} [How](checked.md)\n"]


def _picture(model: Model) -> str:
    """Return the link to the figure that `make library` drew, where there is one."""
    if not (PAGES / f"{model.name}.png").is_file():
        return ""
    return f"![Course under the best option, before levels and after; median and 90 %]({model.name}.png)\n"


def _worked_table(worked: dict[str, dict[str, object]]) -> str:
    rows = [
        f"| {when} | {found['best']} | {found['expected_utility']:.3f} +- {found['mcse']:.3f} "
        f"| {found['p_best']:.2f} |"
        for when, found in worked.items()
    ]
    head = "| | best option | expected utility | probability of being best |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _parameter_table(model: Model) -> str:
    provenance = json.loads((ROOT / "fits" / model.name / "provenance.json").read_text(encoding="utf-8"))
    rows = [
        f"| {name} | {_unit(name, provenance)} | {_numbers(r)} |" for name, r in provenance["priors"].items()
    ]
    rows += [
        f"| {name} | {_unit(name, provenance)} | {v:g} | fixed |" for name, v in provenance["fixed"].items()
    ]
    head = "## Parameters\n\n| name | unit | median | 90 % of the prior |\n|---|---|---|---|\n"
    note = "\n\nomega is the SD of eta; sigma_prop a fraction.\n"
    return head + "\n".join(rows) + note


def _unit(name: str, provenance: dict[str, dict[str, str]]) -> str:
    return provenance["units"].get(name.removeprefix("theta_"), "") if name.startswith("theta_") else ""


def _numbers(record: dict[str, object]) -> str:
    prior = Prior.from_dict(record)
    return f"{prior.median:.4g} | {prior.lower90:.3g} to {prior.upper90:.3g}"


if __name__ == "__main__":
    main()
