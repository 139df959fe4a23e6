"""A declaration compiled for one patient: log-likelihood and prediction, batched over particles.

The functions come from the declaration that was fitted: its random variables become inputs, its data
become inputs, and a particle axis is put on theta and z. New numbers of doses, levels or candidate
regimens do not compile again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pymc.pytensorf import compile as compile_graph
from pymc.pytensorf import rvs_in_graph
from pytensor.compile.ops import ViewOp
from pytensor.graph.replace import clone_replace, vectorize_graph
from pytensor.graph.traversal import ancestors

from bayesdose.errors import InputError, explain
from bayesdose.model import Declaration, Model, build, data_values, names_of_population
from bayesdose.study import Study, events, read_study

if TYPE_CHECKING:
    import xarray as xr
    from pytensor.graph.basic import Variable
    from pytensor.tensor.variable import TensorVariable

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Compiled:
    """The two compiled functions of a model and the names of what goes in and comes out.

    Parameters
    ----------
    model
        The spec.
    population
        Names of theta, omega, sigma: inputs of shape (particle,).
    etas
        Names of the random effects: columns of z (particle, eta).
    parameters
        Names of the individual parameters.
    units
        Unit of each parameter, as declared for its theta.
    declaration
        What was declared; it says which tables the model can take.
    outputs
        Names of what `predict` returns besides the concentrations: parameters and etas.
    """

    model: Model
    population: tuple[str, ...]
    etas: tuple[str, ...]
    parameters: tuple[str, ...]
    units: dict[str, str] = field(repr=False)
    outputs: tuple[str, ...] = field(repr=False)
    declaration: Declaration = field(repr=False)
    _dtypes: dict[str, np.dtype] = field(repr=False)
    _covariates: frozenset[str] = field(repr=False)  # the data that individual variables depend on
    _constant: bool = field(repr=False)  # whether these are all of the subject, and none of a record
    _loglik: Callable[..., Any] = field(repr=False)
    _predict: Callable[..., Any] = field(repr=False)

    def data(self, tables: xr.Dataset) -> tuple[np.ndarray, ...]:
        """Return the arrays of a one-subject event Dataset as the compiled functions take them.

        Raises
        ------
        InputError
            When the model has no place for a dose or a level of theirs.
        """
        self.declaration.refuse(tables)
        values = data_values(tables)
        return tuple(np.ascontiguousarray(values[name], dtype=dtype) for name, dtype in self._dtypes.items())

    def loglik(self, theta: Arrays, z: np.ndarray, data: tuple[np.ndarray, ...]) -> np.ndarray:
        """Log-likelihood of the patient's levels.

        Parameters
        ----------
        theta
            Population name to draws (particle,), natural scale.
        z
            (particle, eta), standard-normal random effects.
        data
            From `data`.

        Returns
        -------
        numpy.ndarray
            (particle,); minus infinity where the levels are impossible.
        """
        return np.asarray(self._loglik(*self._particles(theta, z), *data)[0])

    def predict(
        self, theta: Arrays, z: np.ndarray, data: tuple[np.ndarray, ...]
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Individual variables and concentrations.

        Returns
        -------
        dict, numpy.ndarray
            Name to (particle, subject or record) of each parameter and each eta; concentrations
            (particle, observation), in the card's unit.
        """
        *individual, prediction = self._predict(*self._particles(theta, z), *data)
        return dict(zip(self.outputs, individual, strict=True)), prediction

    def individual(self, theta: Arrays, z: np.ndarray, data: tuple[np.ndarray, ...]) -> dict[str, np.ndarray]:
        """Individual variables, as from `predict`; where they do not change in time, no dose is followed."""
        if not self._constant:
            return self.predict(theta, z, data)[0]
        named = zip(self._dtypes, data, self._blank, strict=True)
        own = tuple(values if name in self._covariates else blank for name, values, blank in named)
        return self.predict(theta, z, own)[0]

    @cached_property
    def _blank(self) -> tuple[np.ndarray, ...]:
        return self.data(events(_blank_patient(self.model)))

    def measure(
        self, theta: Arrays, z: np.ndarray, data: tuple[np.ndarray, ...], u: np.ndarray
    ) -> np.ndarray:
        """Measured values: the quantiles `u` (particle, observation) of the observed variable.

        With uniform random `u` they are measurements with their residual error; the same `u` gives the
        same noise to every option. Compiled on first use.
        """
        uniform = np.ascontiguousarray(u, dtype=float)
        return np.asarray(_compile_quantiles(self.model)(*self._particles(theta, z), uniform, *data)[0])

    def _particles(self, theta: Arrays, z: np.ndarray) -> list[np.ndarray]:
        columns = [np.ascontiguousarray(theta[name], dtype=float) for name in self.population]
        return [*columns, np.ascontiguousarray(z[:, None, :], dtype=float)]


@dataclass(frozen=True)
class _Opened:
    """A declaration on a blank patient, its random variables and data replaced by inputs."""

    made: pm.Model
    random: dict[Variable, TensorVariable]  # theta, omega, sigma and z to inputs
    z: TensorVariable
    data: dict[Variable, TensorVariable]

    def replace(self, variables: list[Any]) -> list[Any]:
        """Return copies of `variables` that depend on inputs in place of random variables."""
        return list(clone_replace(variables, replace=[*self.random.items()], rebuild_strict=False))

    def function(self, graphs: list[Any], extra: tuple[Any, ...] = ()) -> Callable[..., Any]:
        """Compile `graphs` with a particle axis on theta, z and `extra`; the patient's data have none.

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
        population = [x for x in self.random.values() if x is not self.z]
        batched: dict[Variable, Variable] = {x: _with_particles(x) for x in (*population, self.z, *extra)}
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
        When the spec's individual block is not the one that `bd.eta` makes.
    """
    opened = _open(model)
    declaration = opened.made.declaration
    wanted = [opened.made[name] for name in _outputs(opened.made)]
    covariates = opened.data.keys() & set(ancestors(wanted))
    wanted += [_bare(opened.made[name]) for name in declaration.predictions.values()]
    compiled = Compiled(
        model=model,
        population=tuple(names_of_population(opened.made)),
        etas=tuple(declaration.etas),
        parameters=tuple(declaration.parameters),
        units=dict(declaration.units),
        outputs=tuple(_outputs(opened.made)),
        declaration=declaration,
        _dtypes={str(x.name): np.dtype(x.dtype) for x in opened.data.values()},
        _covariates=frozenset(str(x.name) for x in covariates),
        _constant={opened.made.named_vars_to_dims[x.name] for x in covariates} <= {("subject",)},
        _loglik=opened.function([_loglik(opened)]),
        _predict=opened.function(opened.replace(wanted)),
    )
    _warm_up(compiled)
    return compiled


@lru_cache(maxsize=16)
def _compile_quantiles(model: Model) -> Callable[..., Any]:
    opened = _open(model)
    u = pt.vector("u")
    (observed,) = opened.replace(list(opened.made.observed_RVs))
    # an SD of 0 (a concentration of 0 under proportional error) is a value, not an error, here
    with pm.Model(check_bounds=False):
        return opened.function([pm.icdf(observed, u)], extra=(u,))


def _open(model: Model) -> _Opened:
    made = build(model, _blank_patient(model))
    random = {made[name]: made[name].type(name=name) for name in names_of_population(made)}
    z = pt.matrix("z")  # an unused input where nothing varies between subjects
    if made.declaration.etas:
        random[made["z"]] = z
    return _Opened(made, random, z, {x: x.type(name=x.name) for x in made.data_vars})


def _loglik(opened: _Opened) -> TensorVariable:
    """Replace random variables first, then take the density: a censored one would keep a live draw in it."""
    made = opened.made
    patient = set(made.data_vars) | {made[name] for name in made.declaration.individual}
    potentials = [p for p in made.potentials if patient & set(ancestors([p]))]
    observed = list(made.observed_RVs)
    cloned = opened.replace([*observed, *potentials])
    densities = [pm.logp(rv, made.rvs_to_values[old]) for rv, old in zip(cloned, observed, strict=False)]
    return sum(term.sum() for term in [*densities, *cloned[len(observed) :]])


def _outputs(made: pm.Model) -> list[str]:
    return [*made.declaration.parameters, *(f"eta_{name}" for name in made.declaration.etas)]


def _bare(x: TensorVariable) -> TensorVariable:
    """Return what a `pm.Deterministic` names: with particles, the name would be a loop that copies."""
    return x.owner.inputs[0] if isinstance(x.owner.op, ViewOp) else x


def _with_particles(x: TensorVariable) -> TensorVariable:
    return pt.tensor(f"{x.name}_particles", dtype=x.dtype, shape=(None, *x.type.shape))


def _blank_patient(model: Model) -> Study:
    """Make a patient with one dose and no level (of whatever kind the model knows), to build graphs on."""
    row = {"ID": ["1", "1"], "TIME": [0.0, 1.0], "AMT": [1.0, np.nan], "DV": [np.nan, 1.0]}
    for covariate in model.card.covariates:
        low, high = covariate.range or (1.0, 1.0)
        value = covariate.reference if covariate.reference is not None else (low + high) / 2
        row[covariate.name] = [value, value]
    return read_study(pd.DataFrame(row), model).without_levels()


def _warm_up(compiled: Compiled) -> None:
    """Call both functions once: numba finishes its work on the first call."""
    theta = {name: np.full(2, 0.5) for name in compiled.population}
    z = np.zeros((2, len(compiled.etas)))
    compiled.loglik(theta, z, compiled._blank)
    compiled.predict(theta, z, compiled._blank)
