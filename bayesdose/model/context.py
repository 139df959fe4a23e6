"""The declaration while it is being written: a ``pm.Model`` whose data are the arrays of one study."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
from pytensor import config
from pytensor.graph.traversal import ancestors

from bayesdose.card import Card
from bayesdose.errors import InputError, explain, nearest
from bayesdose.model.refusals import LEVELS, Structure, refuse_censored, refuse_kinds, refuse_values
from bayesdose.study import events
from bayesdose.study.events import RESET

if TYPE_CHECKING:
    import xarray as xr
    from pytensor.graph.basic import Variable
    from pytensor.tensor.variable import TensorVariable

    from bayesdose.model.mixture import Mixture
    from bayesdose.model.observed import Likelihood
    from bayesdose.model.spec import Model
    from bayesdose.study import Study

_CENTRED: ContextVar[frozenset[str]] = ContextVar("centred", default=frozenset())


@dataclass
class Declaration:
    """What a declaration holds, by name; filled by the blocks and kept at ``pm.Model.declaration``.

    Parameters
    ----------
    card
        The spec's card.
    level
        Dimension that parameters live on: "subject", or "record" when a covariate varies in time.
    etas, kappas, groups
        Names of the random effects between subjects and between occasions, in declared order, and of the
        groups of subjects that differ.
    individual
        Names of the free random variables that belong to a subject; every other one is population.
    effects
        Name of each random effect in the posterior (eta_CL, kappa_CL) to the dim it runs along.
    latents
        Name of each array of standard-normal individual variables, to the dim it runs along and its columns.
    parameters
        Names of the individual parameters (``CL``, ``V``, ...).
    centred
        Parameters declared centred in this build.
    predictions
        Endpoint name to the name of its prediction.
    units
        Unit of each theta, as declared.
    scales
        Scale of each parameter's random effect ("log", "normal", "logit", "Box-Cox").
    fixed
        Population variables that are numbers, by name.
    absorption
        Names of (CL, V, ka) where the structure has first-order absorption; a check for flip-flop reads it.
    kinds
        The DVIDs that have predictions; None where there is one prediction for one kind of level.
    structure
        Where doses may go.
    numerical
        Whether predictions come from a solver of differential equations.
    read
        Whether a covariate or parameter was declared; their level is fixed from then on.
    likelihood, observed, log_density
        The distribution of the levels, its parameters, and the log-density of each level, as graphs.
    censored
        The kinds of level (DVID; None: any) that may be censored.
    mixture
        The subpopulations, where there are some.
    apart
        Parameters whose typical value differs between subpopulations and that have a non-centred eta, to
        that value on the eta's scale, (subject,), and omega.
    centred_on
        Parameters that are centred, to the variable, its mean and SD.
    factors
        Name of each eta in a correlated block, to its row of the Cholesky factor by name.
    """

    card: Card
    level: str
    centred: frozenset[str]
    etas: list[str] = field(default_factory=list)
    kappas: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    latents: dict[str, tuple[str, int]] = field(default_factory=dict)
    effects: dict[str, str] = field(default_factory=dict)
    individual: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    predictions: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    scales: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, float] = field(default_factory=dict)
    absorption: tuple[str, str, str] | None = None
    kinds: tuple[int, ...] | None = None
    structure: Structure | None = None
    numerical: bool = False
    read: bool = False
    likelihood: Likelihood | None = None
    observed: list[Any] = field(default_factory=list)
    log_density: Any = None
    censored: tuple[int | None, ...] = ()
    mixture: Mixture | None = None
    apart: dict[str, tuple[TensorVariable, TensorVariable]] = field(default_factory=dict)
    centred_on: dict[str, tuple[TensorVariable, TensorVariable, TensorVariable]] = field(default_factory=dict)
    factors: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refuse(self, tables: xr.Dataset) -> None:
        """Check that the model can take the doses and levels of event tables.

        Raises
        ------
        InputError
            When a dose, a kind of level or a censored level has no place in the model.
        """
        if self.structure is not None:
            names = ("record_compartment", "record_rate", "record_steady")
            self.structure.refuse(*(tables[name].values for name in names))
        refuse_kinds(self.kinds, tables["DVID"].values)
        self.refuse_levels({name: tables[name].values for name in LEVELS})

    def refuse_levels(self, levels: dict[str, np.ndarray]) -> None:
        """Check that the levels, censored or not, are such as their error models take.

        Raises
        ------
        InputError
            When one is not.
        """
        refuse_censored(self.censored, levels["CENS"], levels["DVID"])
        for part in self.likelihood.parts if self.likelihood else ():
            refuse_values(part, levels)


def build(
    model: Model, study: Study, *, centred: frozenset[str] | set[str] | tuple[str, ...] = ()
) -> pm.Model:
    """Declare `model` on `study`.

    Parameters
    ----------
    model
        A loaded spec.
    study
        Any number of subjects; the arrays of ``bayesdose.study.events`` become ``pm.Data``.
    centred
        Parameters whose individual block is written centred; a matter of sampling, never of meaning.

    Raises
    ------
    InputError
        When `centred` names a parameter that the model does not have, or the spec returns no model.
    """
    _keep_cache_private()
    token = _CENTRED.set(frozenset(centred))
    try:
        made = model.declare(study)
    finally:
        _CENTRED.reset(token)
    if not isinstance(made, pm.Model) or not isinstance(getattr(made, "declaration", None), Declaration):
        raise InputError(
            explain(
                f"the function model of {model.name} must return the model it declares",
                came=type(made).__name__,
                expected="with bd.population_model(study, CARD) as m: ...; return m",
            )
        )
    return made


@cache
def _keep_cache_private() -> None:
    """Close PyTensor's compile cache to other users: what lies in it is run."""
    folder = Path(config.base_compiledir)
    if hasattr(os, "getuid") and folder.is_dir() and folder.stat().st_uid == os.getuid():
        folder.chmod(0o700)


@contextmanager
def population_model(study: Study, card: Card) -> Iterator[pm.Model]:
    """Open a ``pm.Model`` on a study: its arrays are ``pm.Data``, its dims are labelled.

    Parameters
    ----------
    study
        A checked event table.
    card
        The spec's card.

    Yields
    ------
    pm.Model
        With dims subject, stream, edge, record, observation (and eta once declared, for z). On leaving the
        block the declaration is checked: every eta used, every individual variable known.
    """
    tables = events(study)
    level = "record" if any(covariate.varies for covariate in card.covariates) else "subject"
    with pm.Model() as made:
        _put_data(tables, study.ids)
        made.declaration = Declaration(card=card, level=level, centred=_CENTRED.get())
        yield made
        _close(made)


def data_values(tables: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the arrays of ``events`` under the names that the ``pm.Data`` of a declaration have.

    The observed values of DV are ``DV_data``: the name DV belongs to the random variable.
    Added are the subject of each occasion and the occasion of each record, and for each level the one of the
    same stream and kind before it (-1: none).
    """
    values = {f"{name}_data" if name == "DV" else str(name): array.values for name, array in tables.items()}
    values["LIMIT"] = np.where(np.isnan(values["LIMIT"]), -np.inf, values["LIMIT"])  # pm.Data refuses nan
    pairs = np.stack([values["record_subject"], values["record_occasion"]], axis=1)
    occasions, index = np.unique(pairs, axis=0, return_inverse=True)
    return {
        "subject_index": np.arange(tables.sizes["subject"]),
        "member": np.zeros(tables.sizes["subject"], dtype=np.int64),
        "occasion_subject": occasions[:, 0],
        "occasion_label": occasions[:, 1],
        "record_occasion_index": index.ravel(),
        "observation_previous": _previous(values),
        **values,
    }


_ADDED = {
    "subject_index": ("subject",),
    "member": ("subject",),
    "occasion_subject": ("occasion",),
    "occasion_label": ("occasion",),
    "record_occasion_index": ("record",),
    "observation_previous": ("observation",),
}


def _previous(values: dict[str, np.ndarray]) -> np.ndarray:
    """Return for each observation the one before it of the same stream and DVID, or -1."""
    record = values["observation_record"]
    resets = np.cumsum(values["record_kind"] == RESET)  # what was before a reset says nothing of what follows
    stream = np.searchsorted(values["stream_start"], record, side="right") + len(resets) * resets[record]
    order = np.lexsort((record, values["DVID"], stream))
    same = (np.diff(stream[order]) == 0) & (np.diff(values["DVID"][order]) == 0)
    before = np.full(len(record), -1)
    before[order[1:][same]] = order[:-1][same]
    return before


def current() -> tuple[pm.Model, Declaration]:
    """Return the open ``pm.Model`` and its declaration.

    Raises
    ------
    InputError
        Outside a ``with bd.population_model(...)`` block.
    """
    made = pm.Model.get_context(error_if_none=False)
    declaration = getattr(made, "declaration", None)
    if made is None or not isinstance(declaration, Declaration):
        raise InputError(
            explain(
                "theta, eta, parameter, covariate and observe declare inside a model",
                expected="a block: with bd.population_model(study, CARD) as m:",
            )
        )
    return made, declaration


def use_records(what: str) -> None:
    """Let parameters have a value for every record, because `what` varies in time.

    Raises
    ------
    InputError
        When a covariate or parameter was declared before.
    """
    _, declaration = current()
    if declaration.level != "record" and declaration.read:
        raise InputError(
            explain(
                f"{what} stands too late: parameters that change in time need a value for every record",
                fix=f"declare bd.{what}(...) before the first bd.covariate or bd.parameter",
            )
        )
    declaration.level = "record"


def _put_data(tables: xr.Dataset, ids: tuple[str, ...]) -> None:
    # the length of a dim comes from data, so that what has it can be told from what every subject shares
    coords = {"subject": list(ids)}
    dims = {f"{name}_data" if name == "DV" else str(name): array.dims for name, array in tables.items()}
    for name, value in data_values(tables).items():
        pm.Data(name, value, dims=_ADDED.get(name) or dims[name], coords=coords)


def _close(made: pm.Model) -> None:
    declaration: Declaration = made.declaration
    for what, names in (("eta", declaration.etas), ("kappa", declaration.kappas)):
        unused = [name for name in names if f"{what}_{name}" not in made.named_vars]
        if unused:
            raise InputError(
                explain(
                    f"{what} {', '.join(unused)} is declared but no parameter uses it",
                    fix=f"pass it on: bd.parameter(name, typical, {what}[name]), or leave it out",
                )
            )
    unused = [name for name in declaration.groups if not any(d == name for d in declaration.effects.values())]
    member = declaration.mixture is not None and made["member"] not in ancestors([declaration.log_density])
    if unused or member:
        what = f"bd.between({unused[0]!r}, ...)" if unused else "bd.mixture(...)"
        raise InputError(
            explain(f"{what} is declared but no parameter uses it", fix="use it, or leave it out")
        )
    unknown = declaration.centred - set(declaration.etas)
    if unknown:
        name = sorted(unknown)[0]
        raise InputError(
            explain(
                f"{name!r} cannot be centred: it has no eta",
                expected=f"names among {', '.join(declaration.etas)}",
                meant=nearest(name, declaration.etas),
            )
        )
    _check_individual(made, declaration)


def _check_individual(made: pm.Model, declaration: Declaration) -> None:
    """Refuse a random variable that grows with the subjects but was not made by eta."""
    data = set(made.data_vars)
    for variable in made.free_RVs:
        if variable.ndim and variable.name not in declaration.individual:
            _refuse_vector(variable, data)


def _refuse_vector(variable: TensorVariable, data: set[Variable]) -> None:
    sized_by_data = data & set(ancestors([variable.owner.op.size_param(variable.owner)]))
    what = "one value per subject" if sized_by_data else "several values"
    raise InputError(
        explain(
            f"random variable {variable.name!r} has {what} but no eta made it",
            expected="scalars that every subject shares, and what bd.eta declares",
            fix="bd.eta({name: prior of its omega}) and bd.parameter(name, typical, eta[name])",
        )
    )


def names_of_population(made: pm.Model) -> list[str]:
    """Return the names of the free random variables that every subject shares (theta, omega, sigma)."""
    return [v.name for v in made.free_RVs if v.name not in made.declaration.individual]
