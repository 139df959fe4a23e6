"""The worth of a test that tells a category: a genotype, a subpopulation, a yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.decision import criteria
from bayesdose.decision.choice import Choice
from bayesdose.decision.criteria import Bools, Clusters, Floats
from bayesdose.decision.information.gains import Gains, Information, assembled, gains
from bayesdose.decision.information.value import too_few
from bayesdose.errors import InputError, Refused, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

Accuracy = Mapping[Any, Mapping[Any, float]]
"""Category to result to the probability of that result."""

_SUM = 1e-9


def evsi_test(
    choice: Choice | Mapping[Any, Choice],
    category: Any = None,
    *,
    frequency: Mapping[Any, float] | None = None,
    accuracy: Accuracy | None = None,
) -> Information:
    """Return the worth of a test for a category before choosing: a genotype, a subpopulation.

    Parameters
    ----------
    choice
        What `decide` returned, on draws whose category is uncertain; or, by category, the choices made for
        the patient in each of them, among the same options, as with a covariate that is not known yet.
    category
        That of each draw (draw,), with the first form: ``me.data.subpopulation``.
    frequency
        Probability of each category, with the second form.
    accuracy
        Category to result to probability, ``{"slow": {"slow": 0.98, "normal": 0.02}, ...}``; unless given the
        test tells the category without error.

    Returns
    -------
    Information
        One source, "test": ``sum_r P(r) max_j E[U_j | r] - max_j E[U_j]``, exact over the draws (no
        simulation). `policy` says which option follows which result. With choices by category an option is
        allowed where no category that is still possible blocks it: a test may be worth having because it
        lifts a contraindication.

    Raises
    ------
    InputError
        Categories, frequencies, or probabilities that do not fit together; choices among other options.
    Refused
        When no option is allowed in all categories, a choice was not made by expected utility, or there are
        fewer than ten distinct draws for each category.
    """
    case = _by_category(choice, frequency) if isinstance(choice, Mapping) else _of_draws(choice, category)
    tell = _likelihood(case.categories, accuracy)
    return _worth(case, tell)


@dataclass(frozen=True, eq=False)
class _Case:
    """Draws with their weights and categories; which options each category allows."""

    U: Floats
    weight: Floats  # sums to 1
    of: NDArray[np.intp]  # category of each draw
    categories: list[Any]
    allowed: Bools  # (category, option)
    names: list[str]
    groups: tuple[Clusters, ...]  # of draws that are independent of each other, in order

    def best(self, weight: Floats, allowed: Bools) -> int:
        """Return the allowed option with the highest expected utility under these weights."""
        return int(np.where(allowed, weight @ self.U, -np.inf).argmax())

    def error(self, each: Floats) -> float:
        """Return the Monte Carlo error of the weighted mean of `each` (draw,)."""
        at, total = 0, 0.0
        for groups in self.groups:
            own = slice(at, at := at + groups.n_draws)
            share = float(self.weight[own].sum())
            total += (share * float(criteria.mcse(criteria.deviations(each[own, None], groups))[0])) ** 2
        return float(np.sqrt(total))


def _of_draws(choice: Choice, category: Any) -> _Case:
    g = gains(choice)
    values = np.asarray(category) if category is not None else np.zeros(0)
    if values.shape != (len(g.D),):
        raise InputError(
            explain("category", came=f"shape {values.shape}", expected=f"one for each of {len(g.D)} draws")
        )
    known, of = np.unique(values, return_inverse=True)
    if note := too_few("the test", len(known), g):
        raise Refused(note)
    allowed = np.full((len(known), len(g.names)), True)
    weight = np.full(len(g.D), 1 / len(g.D))
    return _Case(g.D, weight, of, known.tolist(), allowed, g.names, (g.groups,))


def _by_category(choices: Mapping[Any, Choice], frequency: Mapping[Any, float] | None) -> _Case:
    if frequency is None or set(frequency) != set(choices) or len(choices) < 2:
        raise InputError(
            explain(
                "frequency",
                came="none" if frequency is None else ", ".join(map(str, frequency)),
                expected=f"the probability of each of {', '.join(map(str, choices))} (two or more)",
            )
        )
    share = np.array([float(frequency[name]) for name in choices])
    if not (share > 0).all() or abs(share.sum() - 1) > _SUM:
        raise InputError(explain("frequency", came=str(share.tolist()), expected="above 0, adding up to 1"))
    names = next(iter(choices.values())).table["option"].to_numpy().tolist()
    parts, groups, allowed = [], [], []
    for name, one in choices.items():
        gains(one)  # refuses other criteria
        if set(one.table["option"].to_numpy().tolist()) != set(names):
            raise InputError(explain(f"the choice for {name!r} is among other options"))
        parts.append(one.U.sel(option=names).transpose("draw", "option").to_numpy())
        groups.append(criteria.independent(one.U))
        allowed.append(~one.table["blocked"].sel(option=names).to_numpy().astype(bool))
    of = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    weight = share[of] / np.bincount(of)[of]
    return _Case(np.concatenate(parts), weight, of, list(choices), np.stack(allowed), names, tuple(groups))


def _likelihood(categories: Sequence[Any], accuracy: Accuracy | None) -> pd.DataFrame:
    """Return P(result | category), a row per category."""
    if accuracy is None:
        return pd.DataFrame(np.eye(len(categories)), index=list(categories), columns=list(categories))
    made = pd.DataFrame({c: dict(row) for c, row in accuracy.items()}).T.fillna(0.0).astype(float)
    if set(made.index) != set(categories):
        raise InputError(
            explain(
                "accuracy", came=", ".join(map(str, made.index)), expected=", ".join(map(str, categories))
            )
        )
    values = made.to_numpy()
    if (values < 0).any() or (abs(values.sum(axis=1) - 1) > _SUM).any():
        raise InputError(
            explain("accuracy: probabilities of the results of a category", expected="a sum of 1")
        )
    return made.loc[list(categories)]


def _worth(case: _Case, tell: pd.DataFrame) -> Information:
    everywhere = case.allowed.all(axis=0)
    if not everywhere.any():
        raise Refused(explain("no option is allowed in every category", fix="add one that is: no treatment"))
    best = case.best(case.weight, everywhere)
    P = tell.to_numpy()[case.of]  # (draw, result)
    rows, each = [], np.zeros(len(case.U))
    for k, result in enumerate(tell.columns):
        weight = case.weight * P[:, k]
        if weight.sum() == 0:
            continue
        allowed = case.allowed[tell.to_numpy()[:, k] > 0].all(axis=0)
        d = case.best(weight, allowed)
        if weight @ (case.U[:, d] - case.U[:, best]) <= 0:
            d = best  # a tie: nothing changes
        each += P[:, k] * (case.U[:, d] - case.U[:, best])
        rows.append(("test", result, float(weight.sum()), case.names[d]))
    policy = pd.DataFrame(rows, columns=["source", "result", "probability", "option"])
    return _assembled(case, best, each, policy)


def _assembled(case: _Case, best: int, each: Floats, policy: pd.DataFrame) -> Information:
    changes = float(policy.loc[policy["option"] != case.names[best], "probability"].sum())
    columns = {"value": [float(case.weight @ each)], "mcse": [case.error(each)], "changes": [changes]}
    allowed = np.where(case.allowed[case.of], case.U, -np.inf)
    top = float(case.weight @ (allowed.max(axis=1) - case.U[:, best]))
    # one draw that is worth as much as perfect information: the draws of categories have weights
    names, groups = [case.names[best], "perfect information"], case.groups[0]
    g = Gains(np.array([[0.0, top]]), names, 0, groups, groups)
    return assembled("EVSI of a test", columns, ["test"], g, "the draws of each result", policy=policy)
