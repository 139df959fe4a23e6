"""The worth of a test that tells a category: a genotype, a subpopulation, a yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.decision import criteria
from bayesdose.decision.choice import Choice
from bayesdose.decision.comparison import Comparison, allowed_by
from bayesdose.decision.criteria import Clusters, Floats
from bayesdose.decision.information.gains import Information, assembled
from bayesdose.decision.information.value import too_few
from bayesdose.decision.information.views import AGAIN, policy, taken, views
from bayesdose.decision.one_thread import one_thread
from bayesdose.errors import InputError, Refused, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

Accuracy = Mapping[Any, Mapping[Any, float]]
"""Category to result to the probability of that result."""

_SUM = 1e-9
_FORBIDDEN = 1e12  # any weight of a draw in which an option is forbidden forbids it


@one_thread
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
    if isinstance(choice, Mapping):
        case, one = _by_category(choice, frequency), next(iter(choice.values()))
    else:
        case, one = _of_draws(choice, category), choice
    return _worth(case, _likelihood(case.categories, accuracy), one)


@dataclass(frozen=True, eq=False)
class _Case:
    """Draws with their weights and categories, and the options that are compared.

    `V` is what the criterion sums up, once for each of its levels; `excess` what the draws pass the chance
    constraints by, and last `_FORBIDDEN` where another limit blocks an option in the draw's category.
    """

    V: list[Floats]  # of (draw, option), that of the choice first
    excess: Floats  # (constraint, draw, option)
    weight: Floats  # sums to 1
    of: NDArray[np.intp]  # category of each draw
    categories: list[Any]
    names: list[str]
    groups: tuple[Clusters, ...]  # of draws that are independent of each other, in order
    best: int

    def then(self, V: Floats, weight: Floats) -> int:
        """Return the option chosen under these weights; that chosen without the test where it ties."""
        E = np.einsum("d,cdo->co", weight / weight.sum(), self.excess)
        return int(policy((weight @ V)[None], E[:, None], self.best)[0])

    def error(self, each: Floats) -> float:
        """Return the Monte Carlo error of the weighted mean of `each` (draw,)."""
        at, total = 0, 0.0
        for groups in self.groups:
            own = slice(at, at := at + groups.n_draws)
            share = float(self.weight[own].sum())
            total += (share * float(criteria.mcse(criteria.deviations(each[own, None], groups))[0])) ** 2
        return float(np.sqrt(total))


def _of_draws(choice: Choice, category: Any) -> _Case:
    found = views(choice)
    g, n = found[0], len(found[0].D)
    values = np.asarray(category) if category is not None else np.zeros(0)
    if values.shape != (n,):
        raise InputError(
            explain("category", came=f"shape {values.shape}", expected=f"one for each of {n} draws")
        )
    known, of = np.unique(values, return_inverse=True)
    if note := too_few("the test", len(known), g):
        raise Refused(note)
    V, weight = [one.D + one.base[:, None] for one in found], np.full(n, 1 / n)
    return _Case(V, g.excess, weight, of, known.tolist(), g.names, (g.groups,), g.best)


def _by_category(choices: Mapping[Any, Choice], frequency: Mapping[Any, float] | None) -> _Case:
    share = _shares(choices, frequency)
    names = next(iter(choices.values())).table["option"].to_numpy().tolist()
    values, excess, forbidden, groups = [], [], [], []
    for name, one in choices.items():
        c, place = _comparison(name, one), one.table["option"].to_numpy().tolist()
        if set(place) != set(names):
            raise InputError(explain(f"the choice for {name!r} is among other options"))
        order = [place.index(option) for option in names]
        values.append(c.V[:, order])
        excess.append(c.excess[:, :, order])
        forbidden.append(np.broadcast_to(_FORBIDDEN * c.forbidden[order], values[-1].shape))
        groups.append(criteria.independent(one.U))
    of = np.repeat(np.arange(len(values)), [len(v) for v in values])
    weight, V = share[of] / np.bincount(of)[of], np.concatenate(values)
    if len({len(e) for e in excess}) > 1:
        raise InputError(explain("choices by category under different chance constraints"))
    E = np.concatenate([np.concatenate(excess, axis=1), np.concatenate(forbidden)[None]])
    M, allowed = weight @ V, allowed_by(np.einsum("d,cdo->co", weight, E))
    if not allowed.any():
        barred = not allowed_by(np.einsum("d,cdo->co", weight, E[-1:])).any()
        where = "allowed in every category" if barred else "allowed by the chance constraints before the test"
        raise Refused(explain(f"no option is {where}", fix="add one that is: no treatment"))
    best = int(np.where(allowed, M, -np.inf).argmax())
    return _Case([V], E, weight, of, list(choices), names, tuple(groups), best)


def _shares(choices: Mapping[Any, Choice], frequency: Mapping[Any, float] | None) -> Floats:
    """Return the probability of each category (category,)."""
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
    return share


def _comparison(name: Any, one: Choice) -> Comparison:
    """Return what a category's choice compares; its criterion must be a mean."""
    if len(views(one)) > 1 or one.comparison is None:
        raise Refused(
            explain(
                f"the choice for {name!r} is by {one.criterion}",
                expected="a criterion that is a mean: expected utility or attainment",
                fix="draw from the mixture of the categories, and pass each draw's category",
            )
        )
    return one.comparison


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


def _worth(case: _Case, tell: pd.DataFrame, choice: Choice) -> Information:
    own = case.V[0][:, case.best]
    found = [_at(case, V, own, tell) for V in case.V]
    each, table = max(found, key=lambda one: float(case.weight @ one[0]))
    changes = float(table.loc[table["option"] != case.names[case.best], "probability"].sum())
    columns = {"value": [float(case.weight @ each)], "mcse": [case.error(each)], "changes": [changes]}
    perfect = [policy(V, case.excess, case.best) for V in case.V]
    evpi = max(float(case.weight @ (taken(V, d) - own)) for V, d in zip(case.V, perfect, strict=True))
    notes = [AGAIN] if choice.comparison is not None and choice.comparison.chances else []
    choice = replace(choice, best=case.names[case.best])
    method = "the draws of each result"
    return assembled("EVSI of a test", columns, ["test"], choice, evpi, method, policy=table, notes=notes)


def _at(case: _Case, V: Floats, own: Floats, tell: pd.DataFrame) -> tuple[Floats, pd.DataFrame]:
    """Return what each draw gains (draw,), and what follows which result."""
    P = tell.to_numpy()[case.of]  # (draw, result)
    rows, each = [], np.zeros(len(V))
    for k, result in enumerate(tell.columns):
        weight = case.weight * P[:, k]
        if weight.sum() == 0:
            continue
        d = case.then(V, weight)
        each += P[:, k] * (V[:, d] - own)
        rows.append(("test", result, float(weight.sum()), case.names[d]))
    return each, pd.DataFrame(rows, columns=["source", "result", "probability", "option"])
