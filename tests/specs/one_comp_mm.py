"""One subject, first-order absorption and Michaelis-Menten elimination: the structure of posteriordb's
one_comp_mm_elim_abs (Stan's statistical computation benchmarks): half-Cauchy priors, log-normal error, V = 2.
"""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="benchmark", source="posteriordb", units=bd.Units(time="day", amount="mg", concentration="mg/L")
)
V = 2.0


def rhs(t, A, p, m):
    C = A.central / V
    absorbed = p.k_a * A.depot
    return {"depot": -absorbed, "central": absorbed - p.V_m * C / (p.K_m + C)}


SYSTEM = bd.System(rhs, states=("depot", "central"), parameters=("k_a", "K_m", "V_m"), dose="depot")


def model(study):
    """DV is the logarithm of the concentration."""
    with bd.population_model(study, CARD) as m:
        k_a, K_m, V_m = (bd.theta(name, pm.HalfCauchy.dist(1.0)) for name in ("k_a", "K_m", "V_m"))
        A = bd.ode(SYSTEM, k_a=k_a, K_m=K_m, V_m=V_m)
        bd.observe("DV", pm.math.log(A.central / V), error=bd.additive(pm.HalfCauchy.dist(1.0)))
    return m
