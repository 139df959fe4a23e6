"""The card of a model as text: on the command line, and as a page of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayesdose.card import Card, Covariate
    from bayesdose.model import Model

FITTED = "fitted"
"""Status of a card that ships and states no evidence: its numbers are those of a fit to data that ship."""

UNSTATED = "no evidence stated"
"""Status of the card of a user's own spec that says nothing of where its numbers come from."""


def status(card: Card, *, own: bool = False) -> str:
    """Return the status of a card: fitted, verified, unverified or synthetic.

    Parameters
    ----------
    card
        The card of a spec.
    own
        Whether the spec is a user's, which nothing that ships says anything about.
    """
    if card.evidence is not None:
        return card.evidence.status
    return UNSTATED if own else FITTED


def is_own(model: Model) -> bool:
    """Return whether a model is a user's own, not one that comes with the package."""
    from bayesdose.model import shipped_models

    shipped = shipped_models().get(model.name)
    return shipped is None or model.path.resolve() != shipped.resolve()


def card_sections(model: Model) -> dict[str, list[str]]:
    """Return what a card says, by heading: texts, one a line.

    Parameters
    ----------
    model
        A loaded spec.
    """
    card = model.card
    units = card.units
    found = {
        "Model": [
            card.title or model.name,
            f"drug: {card.drug}",
            f"status: {status(card, own=is_own(model))}",
        ],
        "Source": [card.source],
        "Made for": [card.population],
        "Limits": [card.limitations],
        "Not for": [card.not_for],
        "Units": [f"time {units.time}, amounts {units.amount}, concentrations {units.concentration}"],
        "Kinds of level": [f"DVID {k}: {e.name} {e.unit}".rstrip() for k, e in card.endpoints.items()],
        "Compartments": [", ".join(card.compartments)],
        "Covariates": [covariate_text(c) for c in card.covariates],
        "Aims": [f"{'harm: ' if a.harm else ''}{a} ({a.source})" for a in card.aims],
        "Published regimens": list(card.regimens),
        "Evidence": list(_evidence(card)),
        "Typical patient": [f"{e.metric} {e.value:.6g} under {e.regimen}: {e.source}" for e in card.expected],
        "Worked patient": list(_worked(card)),
    }
    return {heading: [t for t in texts if t] for heading, texts in found.items() if any(texts)}


def covariate_text(covariate: Covariate) -> str:
    """Return a covariate as one line: name, unit, what it is, reference, range."""
    unit = f" ({covariate.unit})" if covariate.unit else ""
    parts = [f"{covariate.name}{unit}", covariate.description]
    if covariate.reference is not None:
        parts.append(f"reference {covariate.reference:g}")
    if covariate.codes:
        parts.append(covariate.choices)
    elif covariate.range is not None:
        parts.append(f"from {covariate.range[0]:g} to {covariate.range[1]:g}")
    if covariate.varies:
        parts.append("may change in time")
    return "; ".join(part for part in parts if part)


def _evidence(card: Card) -> Iterator[str]:
    evidence = card.evidence
    if evidence is None:
        return
    yield f"compared with: {evidence.against}"
    yield f"variability printed as: {evidence.omega or 'none is printed'}"
    yield f"residual error: {evidence.error}"
    yield f"uncertainty of the priors: {evidence.uncertainty}"
    yield from (f"erratum: {text}" for text in evidence.errata)


def _worked(card: Card) -> Iterator[str]:
    if card.worked is None:
        return
    yield card.worked.story
    yield f"options: {card.worked.options}"
    yield f"utility: {card.worked.why}"
