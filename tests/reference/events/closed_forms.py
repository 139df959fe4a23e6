"""Concentrations of one compartment at a time t after a dose, as in any textbook.

V = 10 L, CL = 2 L/h, k = CL/V = 0.2 /h, ka = 1 /h throughout; amounts in mg, times in h. Before the dose
(t < 0) every one is 0; at t = 0 a bolus is there. Gibaldi & Perrier, Pharmacokinetics, 2nd ed., 1982.
"""

from math import exp

from event_cases import CL, KA, KE, V

Q12 = exp(-KE * 12)
"""What is left after 12 h."""


def bolus(t: float, dose: float = 100.0) -> float:
    """Return dose/V exp(-k t)."""
    return dose / V * exp(-KE * t) if t >= 0 else 0.0


def infusion(t: float, rate: float, duration: float) -> float:
    """Return rate/CL (1 - exp(-k t)) while it runs, then decay."""
    if t <= 0:
        return 0.0
    return rate / CL * (1 - exp(-KE * min(t, duration))) * exp(-KE * max(t - duration, 0.0))


def oral(t: float, dose: float = 100.0) -> float:
    """Return dose ka/(V (ka - k)) (exp(-k t) - exp(-ka t))."""
    return dose * KA / (V * (KA - KE)) * (exp(-KE * t) - exp(-KA * t)) if t >= 0 else 0.0


def into_depot(t: float, rate: float, duration: float) -> float:
    """Zero order into the depot, then first order: what has begun less what has ended."""
    return _into_depot(t, rate) - _into_depot(t - duration, rate)


def _into_depot(t: float, rate: float) -> float:
    """Return rate/V [(1 - exp(-k t))/k - (exp(-k t) - exp(-ka t))/(ka - k)]."""
    if t <= 0:
        return 0.0
    return rate / V * ((1 - exp(-KE * t)) / KE - (exp(-KE * t) - exp(-KA * t)) / (KA - KE))


def steady_bolus(t: float, dose: float = 100.0, interval: float = 12.0) -> float:
    """Return dose/V exp(-k t) / (1 - exp(-k II)): the sum over all doses before, t after the last."""
    return bolus(t, dose) / (1 - exp(-KE * interval))


def steady_oral(t: float, dose: float = 100.0, interval: float = 12.0) -> float:
    """Return dose ka/(V (ka - k)) (exp(-k t)/(1 - exp(-k II)) - exp(-ka t)/(1 - exp(-ka II)))."""
    slow, fast = (exp(-k * t) / (1 - exp(-k * interval)) for k in (KE, KA))
    return dose * KA / (V * (KA - KE)) * (slow - fast)


def steady_infusion(t: float, rate: float, duration: float, interval: float = 12.0) -> float:
    """Return the steady state t after the last start, for duration <= II.

    What this infusion gives, and what one leaves at its next start, over 1 - exp(-k II), decayed by t.
    """
    left = infusion(interval, rate, duration) / (1 - exp(-KE * interval))
    return infusion(t, rate, duration) + left * exp(-KE * t)
