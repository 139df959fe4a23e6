"""Omalizumab and IgE: an antibody whose target it binds and slows (target-mediated disposition).

Hayashi N, Tsukamoto Y, Sallas WM, Lowe PJ. A mechanism-based binding model for the population
pharmacokinetics and pharmacodynamics of omalizumab. Br J Clin Pharmacol 2007;63:548-561, Table 3, as
nlmixr2lib transcribes it, read twice: total drug X and total IgE E (nmol), complex in equilibrium, C = (S -
sqrt(S^2 - 4 X E)) / 2 with S = X + E + Kd Vx Ve / Vc and Kd = Kd0 (X / E)^alpha. The complex is computed as
2 X E / (S + sqrt(S^2 - 4 X E)), the same root without cancellation, and X / E is kept above 1e-6: before a
dose (X / E)^alpha has no gradient. CVs exact (39.9, 20.3, 34.9, 13.0, 25.0, 25.3, 23.1 %), correlation of
CL and production of IgE 0.968. 150 and 190 kDa. The abstract has seven of the thetas, six with standard
errors. The other RSEs are not in the copy: 10 % for thetas, 25 % for CVs and 10 % for sigmas are defaults.
"""

import pymc as pm

import bayesdose as bd

RSE, RSE_CV, RSE_SIGMA = 10, 25, 10
DRUG, IGE = 150.0, 190.0  # kDa, ug/nmol

CARD = bd.Card(
    drug="omalizumab",
    title="Omalizumab and free IgE, target-mediated disposition",
    units=bd.Units(time="day", amount="mg", concentration="mg/L"),
    compartments=("depot", "drug", "IgE"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=61.1, range=(20.0, 150.0), description="body weight"),
        bd.Covariate(
            "IGE0",
            unit="ug/L",
            reference=482.4,
            range=(40.0, 3700.0),
            description="total IgE before treatment, ug/L (1 IU/mL is 2.42)",
        ),
    ],
    endpoints={
        1: bd.Endpoint("total omalizumab", "mg/L"),
        2: bd.Endpoint("total IgE", "ug/L"),
        3: bd.Endpoint("free IgE", "ug/L"),
    },
    source="doi:10.1111/j.1365-2125.2006.02803.x",
    population="202 Japanese volunteers and patients with atopy or hay fever, single and repeated doses",
    limitations="Apparent clearances and volumes, under the skin; equilibrium binding.",
    not_for="urticaria (where IgE is not the target), children below 20 kg",
    evidence=bd.Evidence(
        status="verified",
        against=(
            "the paper's abstract (PMC2000760): clearances, volumes, production of IgE, standard errors, and "
            "Kd; ka, alpha, effects of covariates, omegas and sigmas are in nlmixr2lib's copy alone"
        ),
        omega="cv",
        error="exponential, by kind of level",
        uncertainty="the abstract's errors (six thetas); defaults: RSE 10 % (others, sigmas), 25 % (CVs)",
        errata=("Kd is 0^alpha before the first dose: its gradient is singular and guarded here",),
    ),
    aims=[
        bd.Aim("free IgE", high=25, unit="ug/L", source="mean target: AAPS J 2013;15(4), asthma"),
        bd.Aim("free IgE", high=50, unit="ug/L", harm=True, source="loss of effect above; to be confirmed"),
    ],
    regimens=("75-375 mg under the skin every 2-4 weeks, by weight and IgE",),
    expected=[
        bd.Expected(
            "concentration_at",
            value=482.4,
            source="free IgE before a dose is the baseline",
            regimen="150 mg every 28 days x 1",
            arguments={"times": [0.0], "dvid": 3},
        ),
        bd.Expected(
            "concentration_at",
            value=190 * 3.828 / 1.704,
            source="long after a trace of drug: 190 ug/nmol, production over clearance of IgE",
            regimen="0.001 mg every 1 days x 1",
            arguments={"times": [1500.0], "dvid": 3},
        ),
        bd.Expected(
            "concentration_at",
            value=16.384,
            source="free IgE after six doses, from the published numbers by another solver (LSODA)",
            regimen="300 mg every 28 days x 6",
            arguments={"times": [168.0], "dvid": 3},
        ),
        bd.Expected(
            "concentration_at",
            value=2238.9,
            source="LSODA: total IgE at that time",
            regimen="300 mg every 28 days x 6",
            arguments={"times": [168.0], "dvid": 2},
        ),
        bd.Expected(
            "concentration_at",
            value=39.964,
            source="LSODA: total omalizumab at that time",
            regimen="300 mg every 28 days x 6",
            arguments={"times": [168.0]},
        ),
    ],
    worked=bd.Worked(
        story="66 kg, IgE 600 ug/L (248 IU/mL); 300 mg at days 0 and 28, free IgE on day 56.",
        table={
            "TIME": [0.0, 0.0, 28.0, 56.0],
            "AMT": [0.0, 300.0, 300.0, 0.0],
            "DV": [None, None, None, 32.0],
            "DVID": [1, 1, 1, 3],
            "EVID": [2, 1, 1, 0],
            "WT": 66.0,
            "IGE0": 600.0,
        },
        options="{amount} mg every {interval} weeks for 24 weeks",
        values={"amount": [150, 225, 300, 375], "interval": [2, 4]},
        outcomes={"IgE": ("trough", {"dvid": 3}), "drug": ("trough", {})},
        utility={"name": "target", "outcome": "IgE", "target": 20, "loss": "log-squared"},
        why="free IgE near 20 ug/L, in ratio: below the 25 of the dosing table without waste",
        complete=("interval", "amount"),
    ),
)


def complexed(X, E, p, m):
    """Return the amount of complex, nmol."""
    Kd = p.Kd0 * m.exp(p.alpha * m.log(m.maximum(X, 1e-6 * E) / E))
    S = X + E + Kd * p.Vx * p.Vx / p.Vc
    return 2.0 * X * E / (S + m.sqrt(m.maximum(S * S - 4.0 * X * E, 0.0)))


def rhs(t, A, p, m):
    X, E = A.drug, A.IgE
    C = complexed(X, E, p, m)
    lost = (p.CLx + p.dCLc) * C / p.Vc
    return {
        "depot": -p.ka * A.depot,
        "drug": p.ka * A.depot * 1000.0 / DRUG - p.CLx * (X - C) / p.Vx - lost,
        "IgE": p.Pe - p.CLe * (E - C) / p.Vx - lost,
    }


SYSTEM = bd.System(
    rhs,
    states=("depot", "drug", "IgE"),
    parameters=("ka", "CLx", "dCLc", "CLe", "Vx", "Vc", "Pe", "Kd0", "alpha", "E0"),
    dose="depot",
    initial=lambda p, m: {"IgE": p.E0},
    rtol=1e-6,
)


class Binding:
    """The parameters of the binding at each level."""

    def __init__(self, **parameters):
        for name, value in parameters.items():
            setattr(self, name, bd.at_observations(value))


def theta(name, value, unit="", rse=RSE):
    return bd.theta(name, bd.published.theta(value, rse_percent=rse), unit=unit)


def power(name, value):
    return bd.theta(name, bd.published.effect(value, rse_percent=RSE))


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, IGE0 = bd.covariate("WT"), bd.covariate("IGE0")

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        omegas = {
            "ka": cv(0.399),
            "CLx": cv(0.203),
            "dCLc": cv(0.349),
            "Vx": cv(0.130),
            "Vc": cv(0.250),
            "CLe": cv(0.253),
            "Pe": cv(0.231),
        }
        eta = bd.eta(omegas, correlation={("CLe", "Pe"): 0.968})
        of_IgE = IGE0 / 482.4
        ka = bd.parameter("ka", theta("ka", 0.48, "1/day"), eta["ka"])
        size = bd.power_effect(WT, 61.1, power("WT_on_CLx", 0.911))
        CLx = bd.parameter("CLx", theta("CLx", 0.17568, "L/day", 100 * 0.153 / 7.32) * size, eta["CLx"])
        dCLc = bd.parameter("dCLc", theta("dCLc", 0.14064, "L/day", 100 * 0.920 / 5.86), eta["dCLc"])
        Vx = bd.parameter(
            "Vx",
            theta("Vx", 5.9, "L", 100 * 107 / 5900) * bd.power_effect(WT, 61.1, power("WT_on_Vx", 0.658)),
            eta["Vx"],
        )
        Vc = bd.parameter("Vc", theta("Vc", 3.63, "L", 100 * 223 / 3630), eta["Vc"])
        CLe = bd.parameter(
            "CLe",
            theta("CLe", 1.704, "L/day", 100 * 4.68 / 71.0) * of_IgE ** power("IGE0_on_CLe", -0.281),
            eta["CLe"],
        )
        Pe = bd.parameter(
            "Pe",
            theta("Pe", 3.828, "nmol/day", 100 * 2.04 / 30.3) * of_IgE ** power("IGE0_on_Pe", 0.657),
            eta["Pe"],
        )
        Kd0, alpha = theta("Kd0", 1.07, "nmol/L"), theta("alpha", 0.157)
        own = {"ka": ka, "CLx": CLx, "dCLc": dCLc, "CLe": CLe, "Vx": Vx, "Vc": Vc, "Pe": Pe}
        A = bd.ode(SYSTEM, **own, Kd0=Kd0, alpha=alpha, E0=IGE0 / IGE * Vx)
        p = Binding(Vx=Vx, Vc=Vc, Kd0=Kd0, alpha=alpha)
        C = complexed(A.drug, A.IgE, p, pm.math)
        bound = C / p.Vc
        free = (A.IgE - C) / p.Vx
        levels = {
            1: ((A.drug - C) / p.Vx + bound) * DRUG / 1000.0,
            2: (free + bound) * IGE,
            3: free * IGE,
        }
        errors = {
            k: bd.log_normal(bd.published.sigma(s, scale="sd", rse_percent=RSE_SIGMA))
            for k, s in {1: 0.167, 2: 0.211, 3: 0.218}.items()
        }
        bd.observe("DV", levels, error=errors)
    return m
