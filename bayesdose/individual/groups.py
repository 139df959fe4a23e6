"""The groups that a patient belongs to, studies or centres: those of a fit are known, another one is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bayesdose.individual.population import Population, population_of

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.individual.compiled import Compiled


class Member(NamedTuple):
    """What conditioning on a member of some groups takes.

    Parameters
    ----------
    compiled
        The model's functions; effects of groups that are known stand among the population's variables.
    known
        The population's draws, with those effects.
    groups
        Name of each group covariate to the label of the patient's, and whether the fit knows it.
    """

    compiled: Compiled
    known: Population
    groups: dict[str, tuple[float, bool]]


def as_member(fit: Fit, compiled: Compiled, data: Mapping[Any, Any], *, new: Collection[str] = ()) -> Member:
    """Place a patient among the groups of a fit.

    Parameters
    ----------
    fit
        A population fit.
    compiled, data
        Its model's functions, and the tables of one patient, or their arrays by name.
    new
        Group covariates whose effect is drawn anew, although the fit has the patient's group.

    Returns
    -------
    Member
        The effect of a group that is in the fit has the fit's own draws, jointly with theta, from p(theta,
        effect | population data). That of another is one of the patient's random effects.
    """
    labels = {name: float(data[f"{name}_label"][0]) for name in compiled.declaration.groups}
    known = {
        name: name not in new and fit.effects_of(name, label) is not None for name, label in labels.items()
    }
    own = tuple((name, label) for name, label in labels.items() if known[name])
    groups = {name: (label, known[name]) for name, label in labels.items()}
    return Member(compiled.among([name for name, _ in own]), population_of(fit, own), groups)
