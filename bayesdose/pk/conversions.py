"""Parameterisations of one, two and three compartments, and what follows from them.

Volumes and clearances, rate constants, and the coefficients and exponents of the sum of exponentials
``C(t) = dose sum(A_i exp(-lambda_i t))`` after a bolus into the central compartment. Elimination is from the
central compartment, the others exchange with it. Everything takes numbers or numpy arrays and broadcasts;
results of one function are arguments of the next: ``macro_constants(*rate_constants(CL, V1, Q2, V2))``.
Equations: Gibaldi & Perrier 1982, Pharmacokinetics, 2nd ed., chapter 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]


class Clearances(NamedTuple):
    """Clearances (volume/time) and volumes; what belongs to a missing compartment is None."""

    CL: Floats
    V1: Floats
    Q2: Floats | None = None
    V2: Floats | None = None
    Q3: Floats | None = None
    V3: Floats | None = None


class RateConstants(NamedTuple):
    """Central volume and rate constants (1/time): k12 goes from compartment 1, the central, to 2."""

    V1: Floats
    k10: Floats
    k12: Floats | None = None
    k21: Floats | None = None
    k13: Floats | None = None
    k31: Floats | None = None


class MacroConstants(NamedTuple):
    """Sum of exponentials after a bolus, the fastest first, (..., compartment)."""

    coefficients: Floats
    """A, B, C: concentration per dose, 1/volume."""
    rates: Floats
    """alpha, beta, gamma: 1/time."""


def rate_constants(
    CL: ArrayLike,
    V1: ArrayLike,
    Q2: ArrayLike | None = None,
    V2: ArrayLike | None = None,
    Q3: ArrayLike | None = None,
    V3: ArrayLike | None = None,
) -> RateConstants:
    """Return the rate constants: ``k10 = CL / V1, k12 = Q2 / V1, k21 = Q2 / V2``, the third alike.

    Parameters
    ----------
    CL
        Clearance, volume/time.
    V1
        Central volume.
    Q2, V2, Q3, V3
        Clearance to and volume of the second and the third compartment, where there are any.

    Raises
    ------
    InputError
        A compartment with one of its two parameters, or a third without a second.
    """
    _check_pairs(Q2=Q2, V2=V2, Q3=Q3, V3=V3)
    v1 = _floats(V1)
    k = [v1, _floats(CL) / v1]
    for Q, V in ((Q2, V2), (Q3, V3)):
        if Q is not None and V is not None:
            k += [_floats(Q) / v1, _floats(Q) / _floats(V)]
    return RateConstants(*k)


def clearances(
    V1: ArrayLike,
    k10: ArrayLike,
    k12: ArrayLike | None = None,
    k21: ArrayLike | None = None,
    k13: ArrayLike | None = None,
    k31: ArrayLike | None = None,
) -> Clearances:
    """Return clearances and volumes: ``CL = k10 V1, Q2 = k12 V1, V2 = V1 k12 / k21``, the third alike.

    Parameters
    ----------
    V1
        Central volume.
    k10, k12, k21, k13, k31
        Rate constants, 1/time, of as many compartments as there are.

    Raises
    ------
    InputError
        As `rate_constants`.
    """
    _check_pairs(k12=k12, k21=k21, k13=k13, k31=k31)
    v1 = _floats(V1)
    found = [_floats(k10) * v1, v1]
    for there, back in ((k12, k21), (k13, k31)):
        if there is not None and back is not None:
            found += [_floats(there) * v1, v1 * (_floats(there) / _floats(back))]
    return Clearances(*found)


def macro_constants(
    V1: ArrayLike,
    k10: ArrayLike,
    k12: ArrayLike | None = None,
    k21: ArrayLike | None = None,
    k13: ArrayLike | None = None,
    k31: ArrayLike | None = None,
) -> MacroConstants:
    """Return coefficients and exponents of the concentration after a bolus.

    The rate matrix is similar to ``G G'``, where G has the first row (sqrt k10, sqrt k12, sqrt k13) and else
    only -sqrt k21 and -sqrt k31 on its diagonal. The exponents are the squares of its singular values, the
    coefficients those of the first components of its left singular vectors, divided by V1. So slow exponents
    keep the digits that the roots of a polynomial lose, and exponents that meet do no harm.

    Parameters
    ----------
    V1
        Central volume.
    k10, k12, k21, k13, k31
        Rate constants, 1/time, of as many compartments as there are.

    Raises
    ------
    InputError
        As `rate_constants`.
    """
    _check_pairs(k12=k12, k21=k21, k13=k13, k31=k31)
    given = [_floats(x) for x in (V1, k10, k12, k21, k13, k31) if x is not None]
    v1, first, *others = np.broadcast_arrays(*given)
    n = len(given) // 2
    G = np.zeros((*v1.shape, n, n))
    G[..., 0, 0] = np.sqrt(first)
    slowest = first
    for i in range(1, n):
        there, back = others[2 * i - 2], others[2 * i - 1]
        G[..., 0, i], G[..., i, i] = np.sqrt(there), -np.sqrt(back)
        slowest = slowest * back
    U, roots, _ = np.linalg.svd(G)
    rates = roots**2
    # the product of all is that of k10, k21 and k31: it gives the slowest to the last digit
    rates[..., -1] = slowest / np.prod(rates[..., :-1], axis=-1)
    return MacroConstants(U[..., 0, :] ** 2 / v1[..., None], rates)


def from_macro_constants(coefficients: ArrayLike, rates: ArrayLike) -> RateConstants:
    """Return the rate constants for coefficients and exponents: the inverse of `macro_constants`.

    In an orthonormal basis whose first vector is the root of the coefficients' parts, and whose others do not
    exchange with each other, the matrix of the exponents holds k21 and k31 on its diagonal and the roots of
    k12 k21 and k13 k31 in its first row. The peripheral compartment that returns faster becomes the second.

    Parameters
    ----------
    coefficients
        A, B, C: concentration per dose, 1/volume, each above 0, (..., compartment).
    rates
        alpha, beta, gamma: 1/time, above 0, all different, (..., compartment).
    """
    A, rates_ = np.broadcast_arrays(_floats(coefficients), _floats(rates))
    total = A.sum(axis=-1)
    parts = A / total[..., None]
    k10 = 1.0 / (parts / rates_).sum(axis=-1)
    found = [1.0 / total, k10]
    if A.shape[-1] > 1:
        u = np.sqrt(parts)
        rest = _complement(u)
        back, turn = np.linalg.eigh(np.swapaxes(rest, -1, -2) @ (rates_[..., None] * rest))
        beside = ((u * rates_)[..., None, :] @ rest @ turn)[..., 0, :]
        there = beside**2 / back
        for i in reversed(range(A.shape[-1] - 1)):
            found += [there[..., i], back[..., i]]
    return RateConstants(*found)


def half_lives(rates: ArrayLike) -> Floats:
    """Return half-lives, ``log(2) / lambda``: of `MacroConstants.rates` the initial one comes first."""
    return np.asarray(np.log(2.0) / _floats(rates))


def effective_half_life(macro: MacroConstants, tau: ArrayLike) -> Floats:
    """Return the half-life of the one-compartment drug that accumulates as much.

    ``log(2) tau / log(R / (R - 1))``, where R is the ratio of the area over a dosing interval at steady state
    to that after the first bolus (Boxenbaum & Battle 1995, J Clin Pharmacol 35:763).

    Parameters
    ----------
    macro
        Coefficients and exponents, from `macro_constants`.
    tau
        Dosing interval.
    """
    areas = macro.coefficients / macro.rates
    gone = np.exp(-macro.rates * _floats(tau)[..., None])
    remains = (areas * gone).sum(axis=-1) / areas.sum(axis=-1)  # (R - 1) / R
    return np.asarray(-np.log(2.0) * _floats(tau) / np.log(remains))


def steady_state_volume(V1: ArrayLike, V2: ArrayLike = 0.0, V3: ArrayLike = 0.0) -> Floats:
    """Return the volume of distribution at steady state, ``Vss = V1 + V2 + V3``."""
    return np.asarray(_floats(V1) + _floats(V2) + _floats(V3))


def terminal_volume(CL: ArrayLike, rates: ArrayLike) -> Floats:
    """Return the volume of distribution in the terminal phase, ``Vz = CL / lambda_z`` (V area, V beta)."""
    return np.asarray(_floats(CL) / _floats(rates)[..., -1])


def mean_residence_time(
    CL: ArrayLike, Vss: ArrayLike, *, ka: ArrayLike | None = None, duration: ArrayLike = 0.0
) -> Floats:
    """Return the mean time from giving a molecule to its leaving, ``Vss / CL`` plus that of its input.

    Parameters
    ----------
    CL
        Clearance, volume/time.
    Vss
        Volume of distribution at steady state.
    ka
        Rate constant of absorption: adds ``1 / ka``.
    duration
        Of an infusion: adds half of it.
    """
    absorption = 0.0 if ka is None else 1.0 / _floats(ka)
    return np.asarray(_floats(Vss) / _floats(CL) + absorption + _floats(duration) / 2.0)


def _complement(u: Floats) -> Floats:
    """Return an orthonormal basis of what is at right angles to unit vectors u > 0, (..., n, n - 1)."""
    v = u.copy()
    v[..., 0] += 1.0  # Householder's reflection takes -u to the first axis
    n = u.shape[-1]
    reflection = np.eye(n) - v[..., :, None] * v[..., None, :] / v[..., :1, None]
    made: Floats = reflection[..., 1:]
    return made


def _floats(value: ArrayLike) -> Floats:
    return np.asarray(value, dtype=np.float64)


def _check_pairs(**pairs: ArrayLike | None) -> None:
    """Check that each peripheral compartment has both of its parameters, the second before the third."""
    names = list(pairs)
    given = [pairs[name] is not None for name in names]
    if given not in ([False] * 4, [True] * 2 + [False] * 2, [True] * 4):
        have = ", ".join(name for name, there in zip(names, given, strict=True) if there)
        raise InputError(
            explain(
                "the parameters are not those of one, two or three compartments",
                came=have,
                expected=f"nothing, {names[0]} and {names[1]}, or all of {', '.join(names)}",
            )
        )
