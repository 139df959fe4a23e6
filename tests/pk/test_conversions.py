"""Conversions between parameterisations: worked examples, 60 digits, matrix exponentials and round trips."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import expm

from bayesdose.errors import InputError
from bayesdose.pk.conversions import (
    clearances,
    effective_half_life,
    from_macro_constants,
    half_lives,
    macro_constants,
    mean_residence_time,
    rate_constants,
    steady_state_volume,
    terminal_volume,
)

ONE = (2.0, 30.0)
TWO = (2.0, 30.0, 5.0, 60.0)
# propofol in the reference adult of Schnider et al. 1998, Anesthesiology 88:1170: CL 1.89, V1 4.27, Q2 1.29,
# V2 18.9, Q3 0.836, V3 238 (L, L/min); as rates: k10 0.443, k12 0.302, k21 0.0683, k13 0.196, k31 0.0035
PROPOFOL = (1.89, 4.27, 1.29, 18.9, 0.836, 238.0)
CASES = [ONE, TWO, PROPOFOL]


def matrix(k10, k12=0.0, k21=0.0, k13=0.0, k31=0.0):
    return np.array([[-k10 - k12 - k13, k21, k31], [k12, -k21, 0.0], [k13, 0.0, -k31]])


def test_a_worked_example_of_two_compartments():
    """Bourne, Pharmacokinetics and Biopharmaceutics, example of section 19.2 (with four digits)."""
    V1 = 90.5 * 0.39
    A, rates = macro_constants(V1, 0.192, 1.86, 1.68)
    assert_allclose(rates, [3.643, 0.08853], rtol=5e-4)
    assert_allclose(500 * A, [7.824, 6.343], rtol=5e-4)


def test_published_rate_constants_of_three_compartments():
    V1, *k = rate_constants(*PROPOFOL)
    assert V1 == 4.27
    assert_allclose(k, [0.443, 0.302, 0.0683, 0.196, 0.0035], rtol=0, atol=5e-4)


@pytest.mark.parametrize("CL_V", CASES)
def test_macro_constants_are_the_matrix_exponential(CL_V):
    V1, *k = (x for x in rate_constants(*CL_V) if x is not None)
    A, rates = macro_constants(V1, *k)
    for t in (0.0, 0.3, 4.0, 60.0):
        exact = expm(matrix(*k) * t)[0, 0] / V1
        assert_allclose((A * np.exp(-rates * t)).sum(), exact, rtol=1e-11)
    assert (np.diff(rates) < 0).all()


@pytest.mark.parametrize("CL_V", CASES)
def test_round_trips(CL_V):
    k = rate_constants(*CL_V)
    assert_allclose(clearances(*k)[: len(CL_V)], CL_V, rtol=1e-14)
    again = from_macro_constants(*macro_constants(*k))
    n = len(CL_V)
    assert_allclose(again[:n], k[:n], rtol=1e-11)
    assert again[n:] == (None,) * (6 - n)


def test_textbook_relations_of_two_compartments():
    """Gibaldi & Perrier 1982, chapter 2: sums and products of the exponents, and the inverse by A and B."""
    k = rate_constants(*TWO)
    (A, B), (alpha, beta) = macro_constants(*k)
    assert_allclose(alpha + beta, k.k10 + k.k12 + k.k21, rtol=1e-14)
    assert_allclose(alpha * beta, k.k10 * k.k21, rtol=1e-14)
    assert_allclose(A, (alpha - k.k21) / (alpha - beta) / k.V1, rtol=1e-13)
    assert_allclose((A * beta + B * alpha) / (A + B), k.k21, rtol=1e-13)
    assert_allclose(A / alpha + B / beta, 1 / TWO[0], rtol=1e-13)
    # the volumes: Vss = dose AUMC / AUC^2, and Vz = CL / beta above it
    Vss = (A / alpha**2 + B / beta**2) * TWO[0] ** 2
    assert_allclose(Vss, steady_state_volume(30.0, 60.0), rtol=1e-13)
    assert terminal_volume(TWO[0], np.array([alpha, beta])) > Vss


@pytest.mark.parametrize("slow", [1e-3, 1e-6, 1e-9])
def test_slow_exponents_keep_their_digits(slow):
    """A deep compartment, k31 down to a billionth of the others, against 60 digits."""
    k = (0.3, 0.5, 0.2, 0.4, slow)
    with mpmath.workdps(60):
        k10, k12, k21, k13, k31 = (mpmath.mpf(x) for x in k)
        a, b = -mpmath.sqrt(k12 * k21), -mpmath.sqrt(k13 * k31)
        symmetric = mpmath.matrix([[k10 + k12 + k13, a, b], [a, k21, 0], [b, 0, k31]])
        exact = sorted((float(x) for x in mpmath.eigsy(symmetric, eigvals_only=True)), reverse=True)
    A, rates = macro_constants(1.0, *k)
    # the entries of G span sqrt(slow), and so do the errors of its singular values, squared
    assert_allclose(rates, exact, rtol=1e-14)
    assert_allclose((A / rates).sum(), 1 / 0.3, rtol=1e-11 / np.sqrt(slow))


def test_exponents_that_meet_and_empty_compartments():
    A, rates = macro_constants(10.0, 0.2, 1e-18, 0.2)
    assert_allclose(rates, [0.2, 0.2], rtol=1e-8)
    assert_allclose(A.sum(), 0.1, rtol=1e-14)
    A, rates = macro_constants(10.0, 0.2, 0.0, 0.5)  # nothing goes there
    assert_allclose(A[np.argmin(abs(rates - 0.2))], 0.1, rtol=1e-14)
    A, rates = macro_constants(10.0, 0.2, 0.3, 0.5, 0.2, 0.5)  # two compartments that are one
    B, fewer = macro_constants(10.0, 0.2, 0.5, 0.5)
    assert_allclose(rates[[0, 2]], fewer, rtol=1e-13)
    assert_allclose(A, [B[0], 0.0, B[1]], atol=1e-16)


positive = st.floats(1e-3, 1e3)


@given(st.lists(positive, min_size=6, max_size=6))
def test_macro_constants_hang_together(values):
    V1, *k = values
    A, rates = macro_constants(V1, *k)
    assert (A >= 0).all()
    assert (rates > 0).all()
    assert_allclose(A.sum() * V1, 1.0, rtol=1e-13)
    assert_allclose(rates.sum(), sum(k), rtol=1e-13)
    assert_allclose(np.prod(rates), k[0] * k[2] * k[4], rtol=1e-13)


@given(st.lists(positive, min_size=6, max_size=6))
def test_clearances_come_back(values):
    assert_allclose(clearances(*rate_constants(*values)), values, rtol=1e-14)


def test_arrays_broadcast():
    CL = np.array([[1.0], [2.0]])
    V1 = np.array([10.0, 20.0, 30.0])
    k = rate_constants(CL, V1, 3.0, 40.0)
    A, rates = macro_constants(*k)
    assert A.shape == rates.shape == (2, 3, 2)
    one = macro_constants(*rate_constants(2.0, 30.0, 3.0, 40.0))
    assert_allclose(A[1, 2], one.coefficients, rtol=1e-13)
    again = from_macro_constants(A, rates)
    assert again.k12.shape == (2, 3)
    for found, exact in zip(again[:4], k[:4], strict=True):
        assert_allclose(found, np.broadcast_to(exact, (2, 3)), rtol=1e-11)


def test_half_lives_and_times():
    macro = macro_constants(*rate_constants(*ONE))
    assert_allclose(half_lives(macro.rates), np.log(2) * 15.0)
    assert_allclose(effective_half_life(macro, 12.0), np.log(2) * 15.0, rtol=1e-13)
    assert_allclose(mean_residence_time(2.0, 30.0), 15.0)
    assert_allclose(mean_residence_time(2.0, 30.0, ka=0.5, duration=3.0), 15.0 + 2.0 + 1.5)
    assert steady_state_volume(10.0) == 10.0
    assert steady_state_volume(10.0, 20.0, 5.0) == 35.0


def test_the_effective_half_life_is_between_the_others_and_follows_from_accumulation():
    macro = macro_constants(*rate_constants(*TWO))
    initial, terminal = half_lives(macro.rates)
    for tau in (1.0, 12.0, 100.0):
        found = effective_half_life(macro, tau)
        assert initial < found < terminal
        first = (macro.coefficients * -np.expm1(-macro.rates * tau) / macro.rates).sum()
        ratio = (macro.coefficients / macro.rates).sum() / first
        assert_allclose(1 / -np.expm1(-np.log(2) * tau / found), ratio, rtol=1e-12)


@pytest.mark.parametrize(
    "given",
    [
        {"Q2": 1.0},
        {"V2": 1.0},
        {"Q3": 1.0, "V3": 1.0},
        {"Q2": 1.0, "V2": 1.0, "V3": 1.0},
    ],
)
def test_half_a_compartment_is_refused(given):
    with pytest.raises(InputError, match="one, two or three compartments"):
        rate_constants(1.0, 1.0, **given)
    with pytest.raises(InputError, match="one, two or three compartments"):
        macro_constants(1.0, 1.0, k31=1.0)
