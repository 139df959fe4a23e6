"""A declaration compiled for one patient: log-likelihood and prediction, batched over particles.

The functions come from the declaration that was fitted: its random variables become inputs, its data
become inputs, and a particle axis is put on theta and z. New numbers of doses, levels or candidate
regimens do not compile again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pymc.pytensorf import compile as compile_graph
from pymc.pytensorf import rvs_in_graph
from pytensor.compile.ops import ViewOp
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from scipy.special import logsumexp

from bayesdose.errors import InputError, explain
from bayesdose.individual.population import effect_columns
from bayesdose.model import Declaration, Model, build, data_values, names_of_population
from bayesdose.model.mixture import MEMBER
from bayesdose.pk.particles import vectorize_graph
from bayesdose.study import Study, events, read_study

if TYPE_CHECKING:
    import xarray as xr
    from pytensor.graph.basic import Variable
    from pytensor.tensor.variable import TensorVariable

Arrays = Mapping[str, np.ndarray]
Data = dict[str, np.ndarray]
"""The arrays of event tables, by the names that the model's ``pm.Data`` have."""


@dataclass(frozen=True)
class Compiled:
    """The compiled functions of a model and the names of what goes in and comes out.

    They take tables of any number of subjects; z holds the standard-normal individual variables, one column
    each, array by array as `latents` lists them.

    Parameters
    ----------
    model
        The spec.
    population
        Names of theta, omega, sigma: inputs of shape (particle,).
    etas
        Names of the random effects between subjects.
    latents
        Name of each array of standard-normal individual variables, to the dim it runs along and its columns.
    parameters
        Names of the individual parameters.
    units
        Unit of each parameter, as declared for its theta.
    declaration
        What was declared; it says which tables the model can take.
    outputs
        Names of what `predict` returns besides the concentrations, parameters and random effects, to their
        dims.
    informed
        Whether a patient without levels informs theta all the same: by a covariate whose distribution has
        thetas.
    among_groups
        Groups whose effects stand among `population`, not in z: one group of each, the patient's.
    """

    model: Model
    population: tuple[str, ...]
    etas: tuple[str, ...]
    latents: dict[str, tuple[str, int]] = field(repr=False)
    parameters: tuple[str, ...]
    units: dict[str, str] = field(repr=False)
    outputs: dict[str, str] = field(repr=False)
    informed: bool = field(repr=False)
    declaration: Declaration = field(repr=False)
    _dtypes: dict[str, np.dtype] = field(repr=False)
    _loglik: Callable[..., Any] = field(repr=False)
    _predict: Callable[..., Any] = field(repr=False)
    _individual: Callable[..., Any] = field(repr=False)
    among_groups: tuple[str, ...] = ()

    @property
    def subpopulations(self) -> tuple[str, ...]:
        """Names of the subpopulations; none in a model without them."""
        return self.declaration.mixture.names if self.declaration.mixture else ()

    def among(self, groups: Sequence[str]) -> Compiled:
        """Return these functions for a patient of groups that are known (`among_groups`)."""
        if not groups:
            return self
        columns = [c for name in groups for c in self._columns(name)]
        return replace(self, population=(*self.population, *columns), among_groups=tuple(groups))

    def _columns(self, group: str) -> tuple[str, ...]:
        return effect_columns(group, self.latents[f"z_{group}"][1])

    def data(self, tables: xr.Dataset) -> Data:
        """Return the arrays of an event Dataset as the compiled functions take them.

        Raises
        ------
        InputError
            When the model has no place for a dose or a level of theirs.
        """
        self.declaration.refuse(tables)
        values = data_values(tables)
        return {name: np.ascontiguousarray(values[name], dtype=dtype) for name, dtype in self._dtypes.items()}

    def shapes(self, data: Data) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of individual variables for these tables."""
        made: dict[str, tuple[int, ...]] = {}
        for name, (dim, width) in self.latents.items():
            if dim in self.among_groups:
                continue
            n = len(
                data[_COUNTED.get(dim) or next(k for k in (f"{dim}_label", f"{dim}_subject") if k in data)]
            )
            made[name] = (n,) if name.startswith("z_missing_") else (n, width)
        return made

    def size(self, data: Data) -> int:
        """Return the number of columns of z for these tables."""
        return sum(int(np.prod(shape)) for shape in self.shapes(data).values())

    def parted(self, z: np.ndarray, data: Data) -> dict[str, np.ndarray]:
        """Return the arrays of individual variables that z (particle, column) holds, by name."""
        made, at = {}, 0
        for name, shape in self.shapes(data).items():
            n = int(np.prod(shape))
            made[name] = z[:, at : at + n].reshape(len(z), *shape)
            at += n
        return made

    def loglik(self, theta: Arrays, z: np.ndarray, data: Data) -> np.ndarray:
        """Log-likelihood of one patient's levels, subpopulations summed over.

        Parameters
        ----------
        theta
            Population name to draws (particle,), natural scale.
        z
            (particle, column), standard-normal individual variables.
        data
            From `data`.

        Returns
        -------
        numpy.ndarray
            (particle,); minus infinity where the levels are impossible.
        """
        if not self.subpopulations:
            return _each(self._loglik(*self._inputs(theta, z, data))[0], len(z), dims=0)
        return np.asarray(logsumexp(self.memberships(theta, z, data), axis=1))

    def memberships(self, theta: Arrays, z: np.ndarray, data: Data) -> np.ndarray:
        """Log of each subpopulation's probability times likelihood, (particle, subpopulation)."""
        each = []
        for k in range(len(self.subpopulations)):
            member = np.full((len(z), len(data["subject_index"])), k)
            loglik, log_probability = self._loglik(*self._inputs(theta, z, data, member))
            each.append(loglik + np.broadcast_to(log_probability, (len(z), len(self.subpopulations)))[:, k])
        return np.stack(each, axis=1)

    def shares(self, theta: Arrays, z: np.ndarray, data: Data) -> np.ndarray:
        """Probability of each subpopulation under each draw of theta, (particle, subpopulation)."""
        member = np.zeros((len(z), len(data["subject_index"])))
        found = np.exp(self._loglik(*self._inputs(theta, z, data, member))[1])
        return np.broadcast_to(found, (len(z), len(self.subpopulations)))

    def predict(
        self, theta: Arrays, z: np.ndarray, data: Data, member: np.ndarray | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Individual variables and concentrations.

        Parameters
        ----------
        theta, z, data
            As in `loglik`.
        member
            (particle, subject), the number of each subject's subpopulation, in a model that has some.

        Returns
        -------
        dict, numpy.ndarray
            Name to (particle, subject, occasion or record) of each parameter and random effect;
            concentrations (particle, observation), in the card's unit.
        """
        found = self._predict(*self._inputs(theta, z, data, member))
        *individual, prediction = (_each(value, len(z)) for value in found)
        return dict(zip(self.outputs, individual, strict=True)), prediction

    def individual(
        self, theta: Arrays, z: np.ndarray, data: Data, member: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Individual variables, as from `predict`, without following a dose."""
        found = self._individual(*self._inputs(theta, z, data, member))
        named = zip(self.outputs, found, strict=True)
        return {name: _each(value, len(z)) for name, value in named}

    def levels(
        self, theta: Arrays, z: np.ndarray, data: Data, member: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Log-density of each level and the parameters of its distribution; compiled on first use.

        Returns
        -------
        numpy.ndarray, list of numpy.ndarray
            (particle, observation) each; `declaration.likelihood` knows what the parameters mean.
        """
        density, *parameters = _compile_levels(self.model)(*self._inputs(theta, z, data, member))
        return _each(density, len(z)), [_each(p, len(z)) for p in parameters]

    @cached_property
    def _blank(self) -> Data:
        return self.data(events(_blank_patient(self.model)))

    def measure(
        self, theta: Arrays, z: np.ndarray, data: Data, u: np.ndarray, member: np.ndarray | None = None
    ) -> np.ndarray:
        """Measured values: the quantiles `u` (particle, observation) of what is observed.

        With uniform random `u` they are measurements with their residual error; the same `u` gives the
        same noise to every option.
        """
        likelihood = self.declaration.likelihood
        assert likelihood is not None
        return likelihood.quantile(u, data, self.levels(theta, z, data, member)[1])

    def _inputs(
        self, theta: Arrays, z: np.ndarray, data: Data, member: np.ndarray | None = None
    ) -> list[np.ndarray]:
        known = {f"z_{g}": np.stack([theta[c] for c in self._columns(g)], axis=1) for g in self.among_groups}
        effects = {c for group in self.among_groups for c in self._columns(group)}
        own = [theta[name] for name in self.population if name not in effects]
        parts = self.parted(z, data) | {name: value[:, None, :] for name, value in known.items()}
        columns = [np.ascontiguousarray(x, dtype=float) for x in (*own, *(parts[n] for n in self.latents))]
        if not self.subpopulations:
            return [*columns, *data.values()]
        given = np.zeros((len(z), len(data["subject_index"]))) if member is None else member
        columns.append(np.ascontiguousarray(given, dtype=self._dtypes[MEMBER]))
        return [*columns, *(value for name, value in data.items() if name != MEMBER)]


def _each(value: np.ndarray, n: int, dims: int = 1) -> np.ndarray:
    """Return a value for each particle, also of what no particle changes."""
    return np.broadcast_to(value, (n, *value.shape)) if np.ndim(value) == dims else np.asarray(value)


_COUNTED = {"subject": "subject_index", "occasion": "occasion_subject"}


@dataclass(frozen=True)
class _Opened:
    """A declaration on a blank patient, its random variables and data replaced by inputs."""

    made: pm.Model
    batched: dict[Variable, TensorVariable]  # theta, omega, sigma, individual variables, subpopulation
    data: dict[Variable, TensorVariable]

    def replace(self, variables: list[Any]) -> list[Any]:
        """Return copies of `variables` that depend on inputs in place of random variables."""
        return list(clone_replace(variables, replace=[*self.batched.items()], rebuild_strict=False))

    def function(self, graphs: list[Any]) -> Callable[..., Any]:
        """Compile `graphs` with a particle axis on what is individual or theta; data have none.

        Raises
        ------
        InputError
            When a random draw is left in a graph.
        """
        graphs = list(clone_replace(graphs, replace=[*self.data.items()], rebuild_strict=False))
        if rvs_in_graph(graphs):
            raise InputError(
                explain("a live random draw is left in the compiled model", fix="use bd.observe")
            )
        batched: dict[Variable, Variable] = {x: _with_particles(x) for x in self.batched.values()}
        outputs = vectorize_graph(graphs, replace=batched)
        arguments = [*batched.values(), *self.data.values()]
        made = compile_graph(arguments, outputs, mode="NUMBA", on_unused_input="ignore")
        made.trust_input = True  # `Compiled` gives what is asked for; checking takes as long as a small call
        return made


@lru_cache(maxsize=16)
def compile_individual(model: Model) -> Compiled:
    """Compile `model` for one patient; made once per model and process, cached on disk by PyTensor.

    Raises
    ------
    InputError
        When a random draw is left in what is to be compiled.
    """
    opened = _open(model)
    declaration, outputs = opened.made.declaration, _outputs(opened.made)
    wanted = [_bare(opened.made[name]) for name in outputs]
    predictions = [_bare(opened.made[name]) for name in declaration.predictions.values()]
    dtypes = {x.name: np.dtype(x.dtype) for x in opened.made.data_vars}
    compiled = Compiled(
        model=model,
        population=tuple(names_of_population(opened.made)),
        etas=tuple(declaration.etas),
        latents=dict(declaration.latents),
        parameters=tuple(declaration.parameters),
        units=dict(declaration.units),
        outputs=outputs,
        informed=bool(_patient_potentials(opened.made)),
        declaration=declaration,
        _dtypes=dtypes,
        _loglik=opened.function(_loglik(opened)),
        _predict=opened.function(opened.replace([*wanted, *predictions])),
        _individual=opened.function(opened.replace(wanted)),
    )
    _warm_up(compiled)
    return compiled


@lru_cache(maxsize=16)
def _compile_levels(model: Model) -> Callable[..., Any]:
    opened = _open(model)
    declaration = opened.made.declaration
    along = pt.zeros_like(opened.made["DV_data"])
    parameters = [p + along for p in declaration.observed]
    return opened.function(opened.replace([declaration.log_density, *parameters]))


def _open(model: Model) -> _Opened:
    made = build(model, _blank_patient(model))
    named = [*names_of_population(made), *made.declaration.latents]
    if made.declaration.mixture is not None:
        named.append(MEMBER)
    batched = {made[name]: made[name].type(name=name) for name in named}
    return _Opened(made, batched, {x: x.type(name=x.name) for x in made.data_vars if x not in batched})


def _loglik(opened: _Opened) -> list[TensorVariable]:
    """Return the log-likelihood, and the subpopulations' log-probabilities where there are some."""
    made, mixture = opened.made, opened.made.declaration.mixture
    potentials = _patient_potentials(made)
    wanted = [made.declaration.log_density, *potentials, *([mixture.log_probability] if mixture else [])]
    density, *rest = opened.replace(wanted)
    total = sum((term.sum() for term in rest[: len(potentials)]), density.sum())
    return [total, *rest[len(potentials) :]]


def _patient_potentials(made: pm.Model) -> list[TensorVariable]:
    patient = set(made.data_vars) | {made[name] for name in made.declaration.individual}
    own = [p for p in made.potentials if not p.name.endswith("_mixture")]
    return [p for p in own if patient & set(ancestors([p]))]


def _outputs(made: pm.Model) -> dict[str, str]:
    declaration = made.declaration
    return dict.fromkeys(declaration.parameters, declaration.level) | declaration.effects


def _bare(x: TensorVariable) -> TensorVariable:
    """Return what a `pm.Deterministic` names: with particles, the name would be a loop that copies."""
    return x.owner.inputs[0] if isinstance(x.owner.op, ViewOp) else x


def _with_particles(x: TensorVariable) -> TensorVariable:
    return pt.tensor(f"{x.name}_particles", dtype=x.dtype, shape=(None, *x.type.shape))


def _blank_patient(model: Model) -> Study:
    """Make a patient with one dose and no level (of whatever kind the model knows), to build graphs on."""
    row = {"ID": ["1", "1"], "TIME": [0.0, 1.0], "AMT": [1.0, np.nan], "DV": [np.nan, 1.0]}
    for covariate in model.card.covariates:
        if covariate.imputed:
            row[covariate.name] = [np.nan, np.nan]
            continue
        low, high = covariate.range or (1.0, 1.0)
        value = covariate.reference if covariate.reference is not None else (low + high) / 2
        row[covariate.name] = [value, value]
    return read_study(pd.DataFrame(row), model).without_levels()


def _warm_up(compiled: Compiled) -> None:
    """Call both functions once: numba finishes its work on the first call."""
    theta = {name: np.full(2, 0.5) for name in compiled.population}
    z = np.zeros((2, compiled.size(compiled._blank)))
    compiled.loglik(theta, z, compiled._blank)
    compiled.predict(theta, z, compiled._blank)
    compiled.individual(theta, z, compiled._blank)
