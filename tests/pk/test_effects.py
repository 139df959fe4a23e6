"""Effects: closed forms, limits, the same on every kind of array, and gradients against the complex step."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, optimize, special, stats

from bayesdose.pk import effects as fx
from bayesdose.pk.ode import system

ROUNDING = 4e-15

C = np.array([0.0, 1e-9, 0.3, 1.0, 2.5, 40.0, 1e6])

# name: (function of numbers, arguments)
CASES = {
    "linear": (fx.linear, (2.5, 0.7, 10.0)),
    "log_linear": (fx.log_linear, (2.5, 0.7, 10.0)),
    "emax": (fx.emax, (2.5, 30.0, 1.5, 2.0)),
    "sigmoid_emax": (fx.sigmoid_emax, (2.5, 30.0, 1.5, 3.2, 2.0)),
    "sigmoid_emax, low": (fx.sigmoid_emax, (1e-6, 30.0, 1.5, 3.2, 2.0)),
    "sigmoid_emax, steep": (fx.sigmoid_emax, (1.6, 30.0, 1.5, 60.0, 2.0)),
    "stimulation": (fx.stimulation, (0.4, 3.0, 1.5, 1.8)),
    "inhibition": (fx.inhibition, (0.4, 0.9, 1.5, 1.8)),
    "turnover": (fx.turnover, (8.0, 3.0, 0.4, 0.6, 1.2)),
    "inr": (fx.inr, (0.4, 1.0, 15.0, 3.6)),
    "logistic": (fx.logistic, (-1.3,)),
    "logistic, far": (fx.logistic, (-30.0,)),
    "probit": (fx.probit, (-1.3,)),
    "free_linear": (fx.free_linear, (3.0, 0.1)),
    "free_saturable": (fx.free_saturable, (3.0, 2.0, 0.5, 0.3)),
    "free_saturable, low": (fx.free_saturable, (0.01, 2.0, 0.5, 0.3)),
    "loewe": (fx.loewe, (1.0, 2.0, 0.5, 3.0)),
    "greco": (fx.greco, (1.0, 2.0, 0.5, 3.0, 0.8)),
    "greco, against each other": (fx.greco, (1.0, 2.0, 0.5, 3.0, -0.9)),
    "bliss": (fx.bliss, (0.3, 0.6)),
    "constant_hazard": (lambda *a: fx.constant_hazard(*a)[1], (3.0, 0.2)),
    "weibull_hazard": (lambda *a: fx.weibull_hazard(*a)[0], (3.0, 2.0, 1.7)),
    "weibull_hazard, cumulative": (lambda *a: fx.weibull_hazard(*a)[1], (3.0, 2.0, 1.7)),
    "gompertz_hazard": (lambda *a: fx.gompertz_hazard(*a)[0], (3.0, 0.1, 0.3)),
    "gompertz_hazard, cumulative": (lambda *a: fx.gompertz_hazard(*a)[1], (3.0, 0.1, 0.3)),
    "gompertz_hazard, no growth": (lambda *a: fx.gompertz_hazard(*a)[1], (3.0, 0.1, 1e-9)),
    "exposure_hazard": (fx.exposure_hazard, (0.1, 4.0, 0.2)),
    "survival": (fx.survival, (0.7,)),
    "event_probability": (fx.event_probability, (1e-5,)),
}


@pytest.fixture(scope="module")
def pytensor_results():
    """Values and gradients of every case, in one compiled function."""
    outputs, inputs, values = [], [], []
    for function, arguments in CASES.values():
        own = [pt.dscalar() for _ in arguments]
        result = function(*own)
        outputs += [result, *pytensor.grad(result, own)]
        inputs += own
        values += arguments
    found = pytensor.function(inputs, outputs, mode="FAST_COMPILE")(*values)
    results, at = {}, 0
    for name, (_, arguments) in CASES.items():
        results[name] = np.array(found[at : at + 1 + len(arguments)])
        at += 1 + len(arguments)
    return results


@pytest.mark.parametrize("name", CASES)
def test_pytensor_gives_the_same_and_gradients_are_the_complex_step(name, pytensor_results):
    function, arguments = CASES[name]
    value, *gradient = pytensor_results[name]
    assert_allclose(value, function(*arguments), rtol=ROUNDING)
    for i, found in enumerate(gradient):
        moved = [complex(a) for a in arguments]
        moved[i] += 1e-200j
        # a derivative may be small against the function over its argument: that is what rounds
        scale = abs(float(np.real(function(*arguments))) / arguments[i])
        exact = np.imag(function(*moved)) / 1e-200
        assert_allclose(found, exact, rtol=1e-12, atol=1e-14 * scale, err_msg=f"argument {i}")


@pytest.mark.parametrize("name", CASES)
def test_arrays_of_every_kind(name):
    function, arguments = CASES[name]
    one = function(*arguments)
    rows = function(*(np.array([a, a]) for a in arguments))
    assert_allclose(rows, [one, one], rtol=1e-15)
    labelled = function(*(xr.DataArray([a, a], dims="draw", coords={"draw": [5, 6]}) for a in arguments))
    assert isinstance(labelled, xr.DataArray)
    assert labelled.draw.to_numpy().tolist() == [5, 6]
    assert_allclose(labelled, [one, one], rtol=1e-15)


def test_labelled_arrays_broadcast_by_name():
    draws, options = xr.DataArray([1.0, 2.0], dims="draw"), xr.DataArray([0.5, 3.0, 9.0], dims="option")
    assert fx.sigmoid_emax(options, 10.0, draws, 2.0).sizes == {"option": 3, "draw": 2}
    assert fx.gompertz_hazard(options, 0.1, draws)[1].sizes == {"option": 3, "draw": 2}


# Concentration and effect


def test_emax_and_its_limits():
    assert fx.emax(0.0, 30.0, 1.5, 2.0) == 2.0
    assert fx.emax(1.5, 30.0, 1.5, 2.0) == 17.0
    assert_allclose(fx.emax(1e300, 30.0, 1.5, 2.0), 32.0)
    assert_allclose(fx.sigmoid_emax(C, 30.0, 1.5, 1.0, 2.0), fx.emax(C, 30.0, 1.5, 2.0), rtol=ROUNDING)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.7, 12.0, 300.0])
def test_sigmoid_emax_is_hills_and_never_overflows(gamma):
    found = fx.sigmoid_emax(C, 1.0, 1.5, gamma)
    assert found[0] < 1e-60
    assert (np.diff(found) >= 0).all()
    assert fx.sigmoid_emax(-1e-17, 1.0, 1.5, gamma) == found[0]
    assert_allclose(fx.sigmoid_emax(1.5, 1.0, 1.5, gamma), 0.5, rtol=1e-14)
    middle = C[(C > 0) & (np.abs(gamma * np.log(np.maximum(C, 1e-99) / 1.5)) < 300)]
    power = (middle / 1.5) ** gamma
    # a power rounds in its exponent: gamma log(C / EC50) times the unit
    assert_allclose(fx.sigmoid_emax(middle, 1.0, 1.5, gamma), power / (1 + power), rtol=300 * 4.5e-16)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 5.0])
def test_gradients_at_no_drug_are_finite(gamma):
    inputs = [pt.dscalar() for _ in range(4)]
    drug, Emax, EC50, shape = inputs
    result = fx.sigmoid_emax(drug, Emax, EC50, shape)
    slopes = pytensor.function(inputs, pytensor.grad(result, inputs), mode="FAST_COMPILE")
    assert np.isfinite(slopes(0.0, 30.0, 1.5, gamma)).all()
    assert np.isfinite(slopes(1e9, 30.0, 1.5, 100 * gamma)).all()


def test_log_linear_is_the_tangent_of_the_sigmoid_in_its_middle():
    gamma, Emax, EC50, h = 1.7, 30.0, 1.5, 1e-3
    slope = gamma * Emax / 4
    intercept = Emax / 2 - slope * np.log(EC50)
    near = EC50 * np.exp([-h, h])
    line, curve = fx.log_linear(near, slope, intercept), fx.sigmoid_emax(near, Emax, EC50, gamma)
    # the logistic function's next term is of the third order: x^3 / 48
    assert_allclose(line, curve, atol=Emax * (gamma * h) ** 3 / 48 * 1.01)


def test_inhibition_and_stimulation_are_mirrored():
    assert fx.inhibition(1.5, 0.8, 1.5, 2.0) == pytest.approx(0.6, rel=1e-15)
    assert fx.stimulation(1.5, 0.8, 1.5, 2.0) == pytest.approx(1.4, rel=1e-15)
    assert_allclose(fx.inhibition(C, 0.8, 1.5) + fx.stimulation(C, 0.8, 1.5), 2.0, rtol=1e-15)
    assert fx.inhibition(0.0, 1.0, 1.5, 3.0) == 1.0


def test_probabilities():
    x = np.linspace(-40.0, 40.0, 81)
    assert_allclose(fx.logistic(x), special.expit(x), rtol=ROUNDING)
    assert_allclose(fx.probit(x), stats.norm.cdf(x), rtol=1e-12)
    assert fx.logistic(-1e4) < 1e-150
    assert fx.logistic(1e4) == 1.0
    odds = fx.logistic(2.0 * np.log(3.0 / 1.5))
    assert_allclose(odds, fx.sigmoid_emax(3.0, 1.0, 1.5, 2.0), rtol=1e-14)


def test_inr_without_and_with_full_effect():
    assert fx.inr(1.0, 1.1, 15.0, 3.6) == 1.1
    assert fx.inr(1.0 + 1e-16, 1.1, 15.0, 3.6) == 1.1
    assert_allclose(fx.inr(0.0, 1.1, 15.0, 3.6), 16.1)
    assert_allclose(fx.inr(0.5, 1.1, 15.0, 2.0), 1.1 + 15 / 4)


# Turnover


RESPONSES = {
    "I": (lambda C: {"production": fx.inhibition(C, 0.9, 2.0)}, 0.1 + 0.9 * 2 / 7),
    "II": (lambda C: {"loss": fx.inhibition(C, 0.9, 2.0)}, 1 / (0.1 + 0.9 * 2 / 7)),
    "III": (lambda C: {"production": fx.stimulation(C, 0.9, 2.0)}, 1 + 0.9 * 5 / 7),
    "IV": (lambda C: {"loss": fx.stimulation(C, 0.9, 2.0)}, 1 / (1 + 0.9 * 5 / 7)),
}


@pytest.mark.parametrize("response", RESPONSES)
def test_indirect_responses_go_to_their_steady_state(response):
    """At a constant concentration of 5 each goes exponentially, at the rate of its loss, to a closed form."""
    factors, ratio = RESPONSES[response]
    kin, kout, C = 6.0, 0.3, 5.0
    rest = kin / kout
    assert fx.turnover(rest, kin, kout) == pytest.approx(0.0, abs=1e-14)
    assert fx.turnover(rest * ratio, kin, kout, **factors(C)) == pytest.approx(0.0, abs=1e-14)
    solved = integrate.solve_ivp(
        lambda t, R: fx.turnover(R, kin, kout, **factors(C)), (0, 8), [rest], rtol=1e-11, atol=1e-11
    )
    speed = kout * factors(C).get("loss", 1.0)
    exact = rest * (ratio + (1 - ratio) * np.exp(-speed * 8))
    assert_allclose(solved.y[0, -1], exact, rtol=1e-9)


def test_inside_a_right_hand_side():
    """The functions m of a bd.System go through, and its traced form gives the same numbers."""

    def rhs(t, A, p, m):
        free = fx.free_saturable(A.central / p.V, p.Bmax, p.Kd)
        effect = fx.inhibition(free, p.Imax, p.IC50, p.gamma)
        change = fx.turnover(A.response, p.kin, p.kout, production=effect)
        hazard = fx.exposure_hazard(p.h0, A.response, p.slope)
        return {"central": -p.CL * free, "response": change, "hazard": hazard * fx.survival(A.hazard)}

    values = {"V": 10.0, "Bmax": 2.0, "Kd": 0.5, "Imax": 0.9, "IC50": 1.0, "gamma": 2.0, "kin": 3.0}
    values |= {"kout": 0.3, "h0": 0.1, "slope": 0.2, "CL": 2.0}
    made = system.System(rhs, ("central", "response", "hazard"), tuple(values), dose="central")
    central, response, hazard = system.evaluate(made, 0.0, [7.0, 9.0, 0.4], list(values.values()))
    C = fx.free_saturable(0.7, 2.0, 0.5)
    assert_allclose(central, -2.0 * C, rtol=1e-15)
    assert_allclose(response, 3.0 * (1 - 0.9 * C**2 / (1 + C**2)) - 0.3 * 9.0, rtol=1e-13)
    assert_allclose(hazard, 0.1 * np.exp(1.8) * np.exp(-0.4), rtol=1e-14)
    assert len(made.traced.rhs) == 3


# Binding and combinations


@given(st.floats(1e-9, 1e6), st.floats(0.0, 1e3), st.floats(1e-6, 1e3), st.floats(0.0, 20.0))
def test_free_concentration_solves_the_binding_equation(total, Bmax, Kd, nonspecific):
    free = fx.free_saturable(total, Bmax, Kd, nonspecific)
    assert 0 < free <= total * (1 + ROUNDING)
    assert_allclose(free + Bmax * free / (Kd + free) + nonspecific * free, total, rtol=1e-12)


def test_free_concentration_at_its_limits():
    assert fx.free_saturable(0.0, 2.0, 0.5) == 0.0
    low = fx.free_saturable(1e-12, 2.0, 0.5, 0.3)
    assert_allclose(low, 1e-12 / (1 + 2.0 / 0.5 + 0.3), rtol=1e-11)  # linear, but for C / Kd
    high = fx.free_saturable(1e9, 2.0, 0.5)
    assert_allclose(high, 1e9 - 2.0, rtol=1e-15)
    assert fx.free_saturable(3.0, 0.0, 0.5) == 3.0
    assert_allclose(fx.free_linear(low, 0.1), 0.1 * low)


@given(st.floats(0.0, 50.0), st.floats(0.0, 50.0), st.floats(-1.0, 20.0))
def test_greco_solves_his_equation(U1, U2, alpha):
    U = fx.greco(U1 * 2.0, U2 * 3.0, 2.0, 3.0, alpha)
    assert_allclose(U * U, (U1 + U2) * U + alpha * U1 * U2, rtol=1e-12, atol=1e-200)
    additive = fx.loewe(U1 * 2.0, U2 * 3.0, 2.0, 3.0)
    if U1 > 1e-6 and U2 > 1e-6 and abs(alpha) > 1e-6:
        assert (additive < U) == (alpha > 0)


def test_combinations_reduce_to_one_drug():
    assert fx.loewe(4.0, 0.0, 2.0, 3.0) == 2.0
    assert fx.greco(4.0, 0.0, 2.0, 3.0, 5.0) == 2.0
    assert fx.greco(4.0, 6.0, 2.0, 3.0, 0.0) == fx.loewe(4.0, 6.0, 2.0, 3.0) == 4.0
    assert fx.loewe(4.0, 4.0, 2.0, 2.0) == fx.loewe(8.0, 0.0, 2.0, 2.0)  # a drug with itself
    assert fx.bliss(0.3, 0.0) == fx.bliss(0.0, 0.3) == 0.3
    assert_allclose(fx.bliss(0.3, 0.6), 1 - 0.7 * 0.4, rtol=1e-15)


def test_grecos_paper_form():
    """E from U solves 1 = C1 / (IC1 (E / (1 - E))^(1/m)) + ..., the interaction with its half powers."""
    C1, C2, IC1, IC2, m, alpha = 1.2, 0.7, 2.0, 0.9, 1.8, 2.5
    E = fx.sigmoid_emax(fx.greco(C1, C2, IC1, IC2, alpha), 1.0, 1.0, m)

    def paper(E):
        y = (E / (1 - E)) ** (1 / m)
        return C1 / (IC1 * y) + C2 / (IC2 * y) + alpha * C1 * C2 / (IC1 * IC2 * y * y) - 1

    assert_allclose(E, optimize.brentq(paper, 1e-6, 1 - 1e-9, xtol=1e-15), rtol=1e-12)


# Hazards


@pytest.mark.parametrize(
    ("hazard", "arguments"),
    [
        (fx.constant_hazard, (0.2,)),
        (fx.weibull_hazard, (3.0, 1.7)),
        (fx.gompertz_hazard, (0.1, 0.3)),
        (fx.gompertz_hazard, (0.1, -0.3)),
    ],
)
def test_cumulative_hazards_are_integrals(hazard, arguments):
    t = np.array([0.5, 1.0, 2.0, 8.0])
    found = fx.cumulative_hazard(lambda at: hazard(at, *arguments)[0], t, nodes=20)
    exact = hazard(t, *arguments)[1]
    assert_allclose(found, exact - exact[0], rtol=1e-11, atol=1e-15)


def test_hazards_are_those_of_scipy():
    t = np.linspace(0.1, 9.0, 30)
    rate, cumulative = fx.weibull_hazard(t, 3.0, 1.7)
    known = stats.weibull_min(1.7, scale=3.0)
    assert_allclose(fx.event_probability(cumulative), known.cdf(t), rtol=1e-13)
    assert_allclose(rate * fx.survival(cumulative), known.pdf(t), rtol=1e-13)
    rate, cumulative = fx.gompertz_hazard(t, 0.06, 0.3)
    known = stats.gompertz(0.2, scale=1 / 0.3)
    assert_allclose(fx.event_probability(cumulative), known.cdf(t), rtol=1e-13)
    assert_allclose(rate * fx.survival(cumulative), known.pdf(t), rtol=1e-13)
    assert_allclose(fx.weibull_hazard(t, 3.0, 1.0)[1], fx.constant_hazard(t, 1 / 3.0)[1], rtol=1e-14)


@pytest.mark.parametrize("growth", [0.0, 1e-12, 1e-6, 9.9e-4, -9.9e-4, 1.1e-3])
def test_gompertz_passes_through_no_growth(growth):
    x = growth * 1.0
    series = 0.1 * (1 + x / 2 + x**2 / 6 + x**3 / 24 + x**4 / 120 + x**5 / 720)
    assert_allclose(fx.gompertz_hazard(1.0, 0.1, growth)[1], series, rtol=1e-13)


def test_rare_events_keep_their_digits():
    assert_allclose(fx.event_probability(1e-20), 1e-20, rtol=1e-15)
    assert fx.weibull_hazard(0.0, 2.0, 1.7)[1] == 0.0
    assert np.isfinite(fx.weibull_hazard(0.0, 2.0, 0.7)[0])


def test_hazard_under_a_varying_exposure():
    """A bolus at 2 and the hazard of its concentration, for two draws."""
    k = np.array([[0.3], [0.6]])

    def hazard(t):
        return fx.exposure_hazard(0.1, np.where(t >= 2, np.exp(-k * np.maximum(t - 2, 0)), 0.0), np.log(2.0))

    found = fx.cumulative_hazard(hazard, np.array([0.0, 2.0, 5.0, 12.0]), nodes=16)
    exact = [
        0.2 + integrate.quad(lambda t, k=k: 0.1 * 2 ** np.exp(-k * t), 0, 10, epsabs=1e-13)[0]
        for k in (0.3, 0.6)
    ]
    assert found.shape == (2, 4)
    assert_allclose(found[:, 0], 0.0)
    assert_allclose(found[:, 1], 0.2, rtol=1e-14)
    assert_allclose(found[:, 3], exact, rtol=1e-11)
