"""Subpopulations: subjects who belong to one of several kinds, and nobody knows to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pymc as pm
import pytensor.tensor as pt
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors

from bayesdose.errors import InputError, explain
from bayesdose.model.blocks import population_variable
from bayesdose.model.context import current

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

MEMBER, SUBPOPULATION = "member", "subpopulation"
BY_SUBPOPULATION = "_by_subpopulation"
"""Ends the name of what the posterior has for each subpopulation."""


@dataclass(frozen=True)
class Mixture:
    """The subpopulations of a model.

    Parameters
    ----------
    names
        What they are called.
    log_probability
        Of each, (subpopulation,).
    """

    names: tuple[str, ...]
    log_probability: TensorVariable

    def __call__(self, values: Mapping[str, Any]) -> TensorVariable:
        """Return the value of each subject's subpopulation, for `parameter`.

        Parameters
        ----------
        values
            One for each subpopulation: scalars, or one value per subject or record.
        """
        made, declaration = current()
        declaration.read = True
        if set(values) != set(self.names):
            raise InputError(
                explain(
                    "a mixture needs a value for each subpopulation",
                    came=", ".join(values),
                    expected=", ".join(self.names),
                )
            )
        member = made[MEMBER]
        member = member[made["record_subject"]] if declaration.level == "record" else member
        chosen = pt.as_tensor(values[self.names[0]]) + pt.zeros(member.shape[0])
        for k, name in enumerate(self.names[1:], start=1):
            chosen = pt.switch(pt.eq(member, k), values[name], chosen)
        return chosen

    def marginal(self, name: str, log_density: TensorVariable) -> TensorVariable:
        """Add the log-likelihood to the model, each subject's subpopulation summed over (`name`_mixture).

        The posterior gets ``membership`` (subpopulation, subject): how probable each subject is in each; and
        z, effects and parameters as they are in each, ``<name>_by_subpopulation``.

        Notes
        -----
        Levels that leave no doubt about a subject's CL would hold it in whichever subpopulation its z began
        with: another needs another z. Let u be the z of the last subpopulation, and z = u - s_k that of
        subpopulation k, where s_k makes up for the difference of the typical values. For any s,
        ``p(y) = sum_k p_k int p(y | z = u - s_k, k) N(u - s_k; 0, I) du``: the integrand is sampled in u,
        where the subpopulations share one CL. A centred CL is shared anyway; its density differs.
        """
        made, _ = current()
        made.add_coord(SUBPOPULATION, list(self.names))
        shifts = [self._shift(k) for k in range(len(self.names))]
        each = pt.stack([self._density(k, s, log_density) for k, s in enumerate(shifts)])
        each = each + self.log_probability[:, None]
        pm.Deterministic("membership", pt.special.softmax(each, axis=0), dims=(SUBPOPULATION, "subject"))
        self._put_each(shifts)
        return pm.Potential(f"{name}_mixture", pt.logsumexp(each, axis=0).sum())

    def _put_each(self, shifts: list[TensorVariable | None]) -> None:
        made, declaration = current()
        depends = {made[MEMBER], made.named_vars.get("z")}
        centred = [f"z_centred_{name}" for name in declaration.centred_on]
        for name in ("z", *centred, *declaration.effects, *declaration.parameters):
            if name in made.named_vars and depends & set(ancestors([made[name]])):
                values = [self._within(k, s, made[name]) for k, s in enumerate(shifts)]
                dims = (SUBPOPULATION, *made.named_vars_to_dims[name])
                pm.Deterministic(name + BY_SUBPOPULATION, pt.stack(values), dims=dims)

    def _density(self, k: int, shift: TensorVariable | None, log_density: TensorVariable) -> TensorVariable:
        """Return the log-density of each subject's levels and effects in subpopulation k, over that of u."""
        made, declaration = current()
        whose = made["record_subject"][made["observation_record"]]
        total = pt.zeros(made["subject_index"].shape[0])[whose].inc(self._within(k, shift, log_density))
        for variable, centre, sd in declaration.centred_on.values():
            total += pm.logp(pm.Normal.dist(self._within(k, shift, centre), sd), variable)
            total -= pm.logp(pm.Normal.dist(centre, sd), variable)
        return total if shift is None else total + (shift * (made["z"] - shift / 2.0)).sum(axis=1)

    def _within(self, k: int, shift: TensorVariable | None, variable: TensorVariable) -> TensorVariable:
        """Return `variable` as it is for subjects of subpopulation k, whose z is u - shift."""
        made, declaration = current()
        member = made[MEMBER]
        kind = pt.zeros_like(made["subject_index"], dtype=member.dtype) + pt.constant(k, dtype=member.dtype)
        put = {variable: variable for variable, _, _ in declaration.centred_on.values()}
        if shift is not None:
            put[made["z"]] = made["z"] - shift
        # Random variables stand aside: a copy of one would be a live draw in the density.
        held: Any = {one: one.type(f"{one.name}_held") for one in put}
        found = graph_replace([variable], held, strict=False)
        found = graph_replace(found, {member: kind}, strict=False)
        return cast(
            "TensorVariable", graph_replace(found, {held[one]: put[one] for one in put}, strict=False)[0]
        )

    def _shift(self, k: int) -> TensorVariable | None:
        """Return what lies between the z of the last subpopulation and of k, (subject, eta)."""
        made, declaration = current()
        last = len(self.names) - 1
        if k == last or not declaration.apart:
            return None
        distance = {
            name: (self._within(k, None, mean) - self._within(last, None, mean)) / omega
            for name, (mean, omega) in declaration.apart.items()
        }
        nothing = pt.zeros(made["subject_index"].shape[0])
        solved: dict[str, TensorVariable] = {}
        for name in (n for n in declaration.etas if n not in declaration.centred):
            row = declaration.factors.get(name, {name: 1.0})  # of the Cholesky factor of its block
            rest = sum((row[o] * solved[o] for o in row if o != name), nothing)
            solved[name] = (distance.get(name, nothing) - rest) / row[name]
        return pt.stack(list(solved.values()), axis=1)


def mixture(probabilities: Mapping[str, Any]) -> Mixture:
    """Declare subpopulations that differ in a typical value, each subject in one of them.

    Parameters
    ----------
    probabilities
        Name to the prior of its probability (``pm.Beta.dist(2, 2)``, or a number), of all but the last, whose
        value is None: it takes the rest. With more than two, each is the share of what those before it leave.

    Returns
    -------
    Mixture
        Called in `parameter`: ``bd.parameter("CL", kind({"poor": poor, "normal": normal}), eta["CL"])``.
        Which subpopulation a subject is in is summed over in the likelihood, exactly; `condition` draws it
        for the patient.
    """
    _, declaration = current()
    names, priors = tuple(probabilities), list(probabilities.values())
    if len(names) < 2 or priors[-1] is not None or None in priors[:-1]:
        raise InputError(
            explain(
                "a mixture needs two or more subpopulations, the last without a prior",
                came=", ".join(f"{k}: {v}" for k, v in probabilities.items()),
                expected='{"poor": pm.Beta.dist(2, 8), "normal": None}',
            )
        )
    if declaration.mixture is not None or declaration.likelihood is not None:
        raise InputError(explain("a mixture is declared once, before what is observed"))
    left: Any = pt.constant(0.0)
    logs = []
    for name, prior in zip(names[:-1], priors[:-1], strict=True):
        share = population_variable(f"p_{name}", prior)
        logs.append(left + pt.log(share))
        left = left + pt.log1p(-share)
    declaration.mixture = Mixture(names, pt.stack([*logs, left]))
    return declaration.mixture
