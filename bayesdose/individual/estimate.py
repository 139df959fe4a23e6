"""The mode of one patient's random effects at a fixed theta: MAP, or empirical-Bayes, estimation.

It is here for comparison with programs that report it. Its standard errors are a normal approximation that
leaves out how uncertain theta is; `condition` is what to decide with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain, nearest
from bayesdose.fitting import Fit
from bayesdose.individual.compiled import Compiled, Data, compile_individual
from bayesdose.individual.groups import as_member
from bayesdose.individual.mode import derivatives, find_mode, is_floored
from bayesdose.individual.proposal import log_normal
from bayesdose.individual.target import require_parameters
from bayesdose.model import Model
from bayesdose.study import Study, events

_STEP = 1e-5
_CONVERGED = 1e-6  # half of what Newton's method still expects to gain, in units of -log p
_NOTHING: Mapping[str, float] = MappingProxyType({})
_GIVEN = "as given"
_MEAN = "posterior mean of the fit's draws (of logarithms where all draws are positive)"
LABEL = (
    "approximate: inverse Hessian of -log posterior at the mode (Laplace), conditional on theta; "
    "ignores the population's uncertainty"
)


@dataclass(frozen=True)
class MapEstimate:
    """The mode of a patient's random effects at one theta.

    Parameters
    ----------
    eta
        Name to the mode of the random effect between subjects, on its own scale.
    kappa
        Name to occasion to the mode of the random effect between occasions.
    parameters
        Individual parameters at the mode, in the units of the spec: a value each, along ``occasion`` or
        ``record`` where they differ there.
    standard_errors
        Of the random effects and of the parameters (by the delta method), with the dims that these have.
        Approximate: ``attrs["what"]`` says how.
    covariance
        Of the random effects, dims (effect, effect_other): `eta_CL`, and by occasion `kappa_CL_2`.
    predictions
        At each level, dims (observation,): ``individual`` (at the mode), ``typical`` (random effects of 0,
        but those of a study or centre that is known) and ``DV``; coordinates time and DVID.
    objective
        -2 log p(levels, z) in full, z being the standard-normal random effects.
    constant
        The part of it that is (levels that are not censored + random effects) log 2 pi. For normal errors
        `objective` less `constant` is the sum of ((y - f) / sd)^2 + log sd^2 over levels, plus eta' Omega^-1
        eta; a censored level adds -2 log of its probability.
    gradient
        Norm of the gradient of -log p(levels, z) at the mode.
    converged
        Whether Newton's method expects to gain less than 1e-6 there.
    floored
        Whether the curvature at the mode was below a quarter of the prior's and was raised to that: standard
        errors are then not to be used.
    theta
        The population's values that were used, effects of a known study or centre among them.
    theta_from
        Where they came from.
    subpopulation
        The likeliest one at the mode, in a model that has some.
    z
        The mode in standard-normal units, (column,), for `Compiled`.
    """

    eta: dict[str, float]
    kappa: dict[str, dict[int, float]]
    parameters: xr.Dataset = field(repr=False)
    standard_errors: xr.Dataset = field(repr=False)
    covariance: xr.DataArray = field(repr=False)
    predictions: xr.Dataset = field(repr=False)
    objective: float
    constant: float
    gradient: float
    converged: bool
    floored: bool
    theta: dict[str, float] = field(repr=False)
    theta_from: str
    subpopulation: str | None
    z: np.ndarray = field(repr=False)

    def __str__(self) -> str:
        return "\n".join(_text(self))


class _At(NamedTuple):
    """A patient, a theta of one particle, and the tables' arrays."""

    compiled: Compiled
    theta: dict[str, np.ndarray]
    data: Data

    def objective(self, z: np.ndarray) -> np.ndarray:
        """-log p(levels, z) for each row of z."""
        return -(self.compiled.loglik(self._spread(z), z, self.data) + log_normal(z))

    def member(self, z: np.ndarray) -> int | None:
        """Return the number of the likeliest subpopulation at z."""
        if not self.compiled.subpopulations:
            return None
        return int(self.compiled.memberships(self.theta, z[None], self.data)[0].argmax())

    def individual(self, z: np.ndarray, member: int | None) -> dict[str, np.ndarray]:
        """Return random effects and parameters, name to (row of z, subject or occasion or record)."""
        return self.compiled.individual(self._spread(z), z, self.data, _each(member, z))

    def predicted(self, z: np.ndarray, member: int | None) -> np.ndarray:
        """Return predictions, (row of z, observation)."""
        return self.compiled.predict(self._spread(z), z, self.data, _each(member, z))[1]

    def _spread(self, z: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.repeat(value, len(z)) for name, value in self.theta.items()}


def map_estimate(model: Model, patient: Study, theta: Mapping[str, float] | Fit = _NOTHING) -> MapEstimate:
    """Find the mode of a patient's random effects at a fixed theta (the MAP or empirical-Bayes estimate).

    Parameters
    ----------
    model, patient
        A spec and one subject.
    theta
        A value for each population variable (``theta_CL``, ``omega_CL``, ...), none when the spec fixes all
        of them; or a fit, whose posterior mean is then taken (of logarithms where all draws are positive). A
        patient of a study or centre that is in the fit is a member of it, with the mean of its effect.

    Returns
    -------
    MapEstimate
        Mode, predictions at the levels, objective, and standard errors that are approximate: they come from
        the inverse Hessian of -log posterior at the mode, and ignore the population's uncertainty.

    Raises
    ------
    InputError
        More than one subject, a population variable without a value or an unknown one, a fit of another
        model, or covariates that leave a parameter without a value.
    Refused
        When the levels are impossible under the model.

    Notes
    -----
    The mode is that of the standard-normal variables z. Etas are linear in them, so it is that of the etas
    too; Student-t etas and covariates that are missing are not. The standard error of a parameter is that of
    its tangent at the mode (delta method).
    """
    _require_one_subject(patient)
    at = _placed(model, patient, theta)
    compiled, k = at.compiled, at.compiled.size(at.data)
    require_parameters(compiled, at.theta, at.data, patient)
    mode = find_mode(at.objective, k)
    gradient, hessian = derivatives(at.objective, mode.z) if k else (np.zeros(0), mode.hessian)
    inverse = np.linalg.inv(hessian)
    member = at.member(mode.z)
    parts = _described(at, mode.z, inverse, member)
    constant = np.log(2 * np.pi) * (k + int((at.data["CENS"] == 0).sum()))
    return MapEstimate(
        **parts,
        predictions=_predictions(at, mode.z, member),
        objective=2 * mode.value,
        constant=float(constant),
        gradient=float(np.linalg.norm(gradient)),
        converged=bool(gradient @ inverse @ gradient < 2 * _CONVERGED),
        floored=is_floored(hessian),
        theta={name: float(value[0]) for name, value in at.theta.items()},
        theta_from=_MEAN if isinstance(theta, Fit) else _GIVEN,
        subpopulation=None if member is None else compiled.subpopulations[member],
        z=mode.z,
    )


def _placed(model: Model, patient: Study, theta: Mapping[str, float] | Fit) -> _At:
    """Return the patient and theta: of a fit its mean, and that of the patient's study or centre."""
    compiled = compile_individual(model)
    data = compiled.data(events(patient))
    if not isinstance(theta, Fit):
        return _At(compiled, _theta(compiled, theta), data)
    _require_same_model(model, theta)
    compiled, known, _ = as_member(theta, compiled, data)
    return _At(compiled, known.natural(np.zeros((1, len(known.theta)))), data)


def _theta(compiled: Compiled, theta: Mapping[str, float]) -> dict[str, np.ndarray]:
    unknown = [name for name in theta if name not in compiled.population]
    missing = [name for name in compiled.population if name not in theta]
    if unknown or missing:
        raise InputError(
            explain(
                "theta does not say what the model asks for",
                came=f"{unknown[0]}" if unknown else f"nothing for {', '.join(missing)}",
                expected=f"a number each for {', '.join(compiled.population) or 'nothing: all is fixed'}",
                meant=nearest(unknown[0], missing) if unknown else None,
            )
        )
    return {name: np.array([float(theta[name])]) for name in compiled.population}


def _require_same_model(model: Model, fit: Fit) -> None:
    if fit.model.hash != model.hash:
        raise InputError(
            explain(
                "the fit is of another model",
                came=fit.model.name,
                expected=model.name,
                fix="bd.map_estimate(fit.model, patient, fit)",
            )
        )


def _require_one_subject(patient: Study) -> None:
    if patient.n_subjects != 1:
        raise InputError(
            explain(
                "map_estimate takes one patient",
                came=f"{patient.n_subjects} subjects",
                expected="a study of one subject",
                fix="choose one: study.select([id])",
            )
        )


def _each(member: int | None, z: np.ndarray) -> np.ndarray | None:
    return None if member is None else np.full((len(z), 1), member)


def _described(at: _At, z: np.ndarray, inverse: np.ndarray, member: int | None) -> dict[str, Any]:
    """Return random effects and parameters at the mode, and their standard errors."""
    values = {name: value[0] for name, value in at.individual(z[None], member).items()}
    steps = _STEP * np.vstack([np.eye(len(z)), -np.eye(len(z))])
    moved = at.individual(z + steps, member)
    slope = {n: (v[: len(z)] - v[len(z) :]).T / (2 * _STEP) for n, v in moved.items()}  # (place, column)
    errors = {n: np.sqrt(np.einsum("ij,jk,ik->i", s, inverse, s)) for n, s in slope.items()}
    effects = list(at.compiled.declaration.effects)
    shapes = {n: _shape(at, n, np.column_stack([values[n], slope[n]])) for n in values}
    occasions = at.data["occasion_label"].tolist() if at.compiled.declaration.kappas else []
    return {
        "eta": {n: float(values[f"eta_{n}"][0]) for n in at.compiled.etas},
        "kappa": {
            n: dict(zip(occasions, values[f"kappa_{n}"].tolist(), strict=True))
            for n in at.compiled.declaration.kappas
        },
        "parameters": _dataset(at, {n: values[n] for n in at.compiled.parameters}, shapes),
        "standard_errors": _dataset(at, errors, shapes).assign_attrs(what=LABEL),
        "covariance": _covariance({n: slope[n] for n in effects}, inverse, occasions),
    }


def _shape(at: _At, name: str, rows: np.ndarray) -> tuple[str, np.ndarray]:
    """Return the dim along which a value and its derivatives differ ("" for none), and where to look."""
    dim = at.compiled.outputs[name]
    if dim != "record":
        return (dim if dim == "occasion" else ""), np.arange(len(rows))
    if (rows == rows[0]).all():
        return "", np.zeros(1, dtype=int)
    index = at.data.get("record_occasion_index")
    if at.compiled.declaration.kappas and index is not None:
        first = np.array([int(np.argmax(index == k)) for k in range(len(at.data["occasion_label"]))])
        if (rows == rows[first][index]).all():
            return "occasion", first
    return "record", np.arange(len(rows))


def _dataset(
    at: _At, values: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[str, np.ndarray]]
) -> xr.Dataset:
    variables: dict[str, Any] = {}
    for name, value in values.items():
        dim, where = shapes[name]
        unit = {"units": at.compiled.units.get(name, "")}
        variables[name] = (dim, value[where], unit) if dim else ((), value[0], unit)
    used = {dim for name in values for dim in (shapes[name][0],)}
    coords: dict[str, Any] = {}
    if "occasion" in used:
        coords["occasion"] = at.data["occasion_label"]
    if "record" in used:
        coords["time"] = ("record", at.data["record_time"])
    return xr.Dataset(variables, coords)


def _covariance(slope: Mapping[str, np.ndarray], inverse: np.ndarray, occasions: list[int]) -> xr.DataArray:
    names = [
        f"{name}_{occasions[k]}" if name.startswith("kappa_") else name
        for name, rows in slope.items()
        for k in range(len(rows))
    ]
    J = np.concatenate([np.zeros((0, len(inverse))), *slope.values()])
    return xr.DataArray(
        J @ inverse @ J.T,
        dims=("effect", "effect_other"),
        coords={"effect": names, "effect_other": names},
        attrs={"what": LABEL},
    )


def _predictions(at: _At, z: np.ndarray, member: int | None) -> xr.Dataset:
    individual, typical = at.predicted(np.stack([z, np.zeros_like(z)]), member)
    made = {"individual": individual, "typical": typical, "DV": at.data["DV_data"]}
    return xr.Dataset(
        {name: ("observation", value) for name, value in made.items()},
        {
            "time": ("observation", at.data["record_time"][at.data["observation_record"]]),
            "DVID": ("observation", at.data["DVID"]),
        },
    )


def _text(found: MapEstimate) -> Iterator[str]:
    yield f"Mode of the random effects (MAP) at theta {found.theta_from}"
    yield "  standard errors are " + LABEL
    for title, values in (("random effects", _effects(found)), ("parameters", _parameters(found))):
        rows = list(values)
        yield f"  {title}" + ("" if rows else ": none")
        width = max((len(name) for name, _, _ in rows), default=0)
        yield from (f"    {name:<{width}}  {value:11.5g}  se {se:9.3g}" for name, value, se in rows)
    if found.subpopulation is not None:
        yield f"  likeliest subpopulation: {found.subpopulation}"
    yield (
        f"  -2 log p(levels, z) {found.objective:.4f}, of which constants {found.constant:.4f}; "
        f"gradient {found.gradient:.1e}"
    )
    if not found.converged:
        yield "warning: the search has not converged"
    if found.floored:
        yield "warning: the density is flat at the mode: standard errors are not to be used"


_Row = tuple[str, float, float]


def _effects(found: MapEstimate) -> Iterator[_Row]:
    for name, value in found.eta.items():
        yield f"eta_{name}", value, float(found.standard_errors[f"eta_{name}"])
    for name, by_occasion in found.kappa.items():
        errors = found.standard_errors[f"kappa_{name}"]
        for occasion, value in by_occasion.items():
            yield f"kappa_{name}_{occasion}", value, float(errors.sel(occasion=occasion))


def _parameters(found: MapEstimate) -> Iterator[_Row]:
    for name, value in found.parameters.data_vars.items():
        unit = f" [{value.attrs['units']}]" if value.attrs["units"] else ""
        errors = found.standard_errors[name]
        if not value.dims:
            yield f"{name}{unit}", float(value), float(errors)
            continue
        place = value["occasion"].values if value.dims == ("occasion",) else value["time"].values
        word = "occasion" if value.dims == ("occasion",) else "time"
        for where, one, se in zip(place.tolist(), value.values, errors.values, strict=True):
            yield f"{name}{unit} {word} {where:g}", float(one), float(se)
