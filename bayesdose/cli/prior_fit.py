"""What ``bayesdose fit`` does without a table: a spec's priors become a fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bayesdose.cli.answers import say
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.model import Model


def require_one_source(model: str, table: Path | None, *, prior: bool) -> None:
    """Refuse a fit of nothing, and one of a table and of the priors at once.

    Raises
    ------
    InputError
        It says both ways.
    """
    if (table is None) == prior:
        return
    ways = (
        f"a table of subjects to fit (bayesdose fit {model} TABLE), or --prior to store the spec's priors, "
        f"its published numbers, as a fit (bayesdose fit {model} --prior)"
    )
    came = "neither a table nor --prior" if table is None else "a table and --prior"
    raise InputError(explain("a fit is made from one source", came=came, expected=ways))


def store_prior(model: Model, folder: Path, *, seed: int, draws: int, given: Sequence[str]) -> Fit:
    """Draw a model's priors, store them as a fit, and return it.

    Parameters
    ----------
    model
        A loaded spec.
    folder
        Where the fit goes.
    seed, draws
        Of the draws, and how many.
    given
        Options that were given and are of the sampler or of a table; there is neither here.

    Raises
    ------
    InputError
        When such an option was given, the spec leaves nothing to draw, or a prior is a vector.
    """
    from bayesdose.individual import prior_fit

    if given:
        came = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        fix = "leave them out; --draws and --seed are what --prior takes"
        raise InputError(explain("no chain is sampled of priors, and no table is read", came=came, fix=fix))
    made = prior_fit(model, seed=seed, draws=draws)
    if not made.population:
        fix = "in Python bd.fixed(model) conditions it"
        raise InputError(explain(f"the spec {model.name} has no prior: all its numbers are fixed", fix=fix))
    made.save(folder)
    say(str(made))
    return made
