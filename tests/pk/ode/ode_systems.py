"""Systems for the tests of the solver, their events, and SciPy as the oracle."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from bayesdose.pk.ode.system import Named, System, evaluate, mathematics

OBSERVE, DOSE, OTHER, RESET = 0, 1, 2, 3


def michaelis_menten(t, A, p, m):
    C = A.central / p.V
    return {"depot": -p.ka * A.depot, "central": p.ka * A.depot - p.Vm * C / (p.Km + C)}


def _turnover(build, loss):
    def rhs(t, A, p, m):
        C = A.central / p.V
        effect = C / (p.C50 + C)
        kin, kout = build(p, effect), loss(p, effect)
        return {
            "depot": -p.ka * A.depot,
            "central": p.ka * A.depot - p.CL * C,
            "response": kin - kout * A.response,
        }

    return System(
        rhs,
        states=("depot", "central", "response"),
        parameters=("ka", "CL", "V", "kin", "kout", "C50", "most"),
        dose="depot",
        initial=lambda p, m: {"response": p.kin / p.kout},
    )


def tmdd(t, A, p, m):
    bound = p.kon * A.L * A.R - p.koff * A.P
    return {
        "L": -p.kel * A.L - bound,
        "R": p.ksyn - p.kdeg * A.R - bound,
        "P": bound - p.kint * A.P,
    }


def quasi_steady(t, A, p, m):
    gap = A.L - A.R - p.Kss
    free = 0.5 * (gap + m.sqrt(gap * gap + 4.0 * p.Kss * A.L))
    bound = A.R * free / (p.Kss + free)
    return {
        "L": -p.kel * free - p.kint * bound,
        "R": p.ksyn - p.kdeg * A.R - (p.kint - p.kdeg) * bound,
    }


def friberg(t, A, p, m):
    ktr = 4.0 / p.MTT
    feedback = (p.circ0 / A.circ) ** p.gamma
    return {
        "central": -p.CL / p.V * A.central,
        "prol": ktr * A.prol * ((1.0 - p.slope * A.central / p.V) * feedback - 1.0),
        "t1": ktr * (A.prol - A.t1),
        "t2": ktr * (A.t1 - A.t2),
        "t3": ktr * (A.t2 - A.t3),
        "circ": ktr * (A.t3 - A.circ),
    }


def circadian(t, A, p, m):
    CL = p.CL * (1.0 + p.amplitude * m.cos(2.0 * m.pi * (t - p.peak) / 24.0))
    return {"depot": -p.ka * A.depot, "central": p.ka * A.depot - CL / p.V * A.central}


CHAIN = tuple(f"c{i}" for i in range(20))


def chain(t, A, p, m):
    amounts = [getattr(A, name) for name in CHAIN]
    last = p.Vm * amounts[-1] / (p.Km + amounts[-1])
    rates = [-p.k * amounts[0], *(p.k * (a - b) for a, b in pairwise(amounts))]
    rates[-1] = p.k * amounts[-2] - last
    return dict(zip(CHAIN, rates, strict=True))


def sigmoid(t, A, p, m):
    drive = A.central**p.gamma / (p.E50**p.gamma + A.central**p.gamma)
    return {
        "depot": -p.ka * A.depot,
        "central": p.ka * A.depot - p.ke * A.central,
        "response": p.kin * (1.0 + p.Emax * drive) - p.kout * A.response,
    }


@dataclass(frozen=True)
class Example:
    """A system, typical parameters, its doses and the times of its observations."""

    system: System
    parameters: dict
    doses: list
    times: list
    initial: np.ndarray = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "initial", initial(self.system, self.values))

    @property
    def values(self):
        return np.array([self.parameters[name] for name in self.system.parameters], dtype=float)

    @property
    def records(self):
        """Doses and observations in the order of time; at one time the dose comes last."""
        return sorted([record(t) for t in self.times] + self.doses, key=lambda r: (r["time"], r["kind"]))


def record(time, kind=OBSERVE, **more):
    """Return a record of a stream: time, kind, and amount, rate, interval, ..., row."""
    return {"time": time, "kind": kind, **more}


def dose(time, amount, **more):
    """Return the record of a dose."""
    return record(time, DOSE, amount=amount, **more)


def initial(system, p):
    """Return the initial amounts (state,) for parameters (parameter,)."""
    if system.initial is None:
        return np.zeros(len(system.states))
    found = system.initial(Named(dict(zip(system.parameters, p, strict=True)), "parameter"), mathematics(np))
    return np.array([found.get(s, 0.0) for s in system.states], dtype=float)


_PK = {"ka": 1.0, "CL": 2.0, "V": 20.0, "kin": 10.0, "kout": 0.2, "C50": 1.5, "most": 0.8}
_ORAL = [dose(0.0, 100.0), dose(24.0, 100.0), dose(30.0, 50.0, rate=25.0, compartment=2)]
_HOURS = [0.5, 1, 2, 4, 8, 12, 24, 25, 28, 31, 36, 48, 72]
_TMDD = {"kel": 0.1, "kon": 2.0, "koff": 0.5, "ksyn": 5.0, "kdeg": 0.5, "kint": 0.3}

EXAMPLES = {
    "michaelis_menten": Example(
        System(michaelis_menten, ("depot", "central"), ("ka", "V", "Vm", "Km"), "depot"),
        {"ka": 1.0, "V": 20.0, "Vm": 8.0, "Km": 0.8},
        _ORAL,
        _HOURS,
    ),
    "inhibited_build": Example(
        _turnover(lambda p, e: p.kin * (1.0 - p.most * e), lambda p, e: p.kout), _PK, _ORAL, _HOURS
    ),
    "inhibited_loss": Example(
        _turnover(lambda p, e: p.kin, lambda p, e: p.kout * (1.0 - p.most * e)), _PK, _ORAL, _HOURS
    ),
    "stimulated_build": Example(
        _turnover(lambda p, e: p.kin * (1.0 + p.most * e), lambda p, e: p.kout), _PK, _ORAL, _HOURS
    ),
    "stimulated_loss": Example(
        _turnover(lambda p, e: p.kin, lambda p, e: p.kout * (1.0 + p.most * e)), _PK, _ORAL, _HOURS
    ),
    "tmdd": Example(
        System(tmdd, ("L", "R", "P"), tuple(_TMDD), "L", lambda p, m: {"R": p.ksyn / p.kdeg}),
        _TMDD,
        [dose(0.0, 500.0), dose(14.0, 300.0), dose(21.0, 100.0, rate=1000.0)],
        [0.01, 0.1, 0.5, 1, 3, 7, 10, 14, 15, 18, 21, 24, 28, 35],
    ),
    "quasi_steady": Example(
        System(
            quasi_steady, ("L", "R"), ("kel", "ksyn", "kdeg", "kint", "Kss"), "L",
            lambda p, m: {"R": p.ksyn / p.kdeg},
        ),
        {"kel": 0.1, "ksyn": 5.0, "kdeg": 0.5, "kint": 0.3, "Kss": 0.4},
        [dose(0.0, 500.0), dose(14.0, 300.0)],
        [0.1, 1, 3, 7, 14, 15, 21, 28, 42],
    ),
    "friberg": Example(
        System(
            friberg, ("central", "prol", "t1", "t2", "t3", "circ"),
            ("CL", "V", "MTT", "circ0", "gamma", "slope"),
            "central", lambda p, m: dict.fromkeys(("prol", "t1", "t2", "t3", "circ"), p.circ0),
        ),
        {"CL": 5.0, "V": 50.0, "MTT": 120.0, "circ0": 5.0, "gamma": 0.17, "slope": 0.1},
        [dose(0.0, 500.0), dose(504.0, 400.0)],
        [1, 24, 100, 200, 300, 400, 504, 600, 700, 800, 900],
    ),
    "circadian": Example(
        System(circadian, ("depot", "central"), ("ka", "CL", "V", "amplitude", "peak"), "depot"),
        {"ka": 0.8, "CL": 3.0, "V": 30.0, "amplitude": 0.4, "peak": 9.0},
        [dose(0.0, 100.0), dose(24.0, 100.0)],
        _HOURS,
    ),
    "chain": Example(
        System(chain, CHAIN, ("k", "Vm", "Km"), "c0"),
        {"k": 3.0, "Vm": 20.0, "Km": 10.0},
        [dose(0.0, 100.0), dose(12.0, 100.0)],
        [1, 4, 6, 8, 12, 18, 24, 36],
    ),
    "sigmoid": Example(
        System(
            sigmoid, ("depot", "central", "response"),
            ("ka", "ke", "E50", "gamma", "kin", "kout", "Emax"), "depot",
            lambda p, m: {"response": p.kin / p.kout},
        ),
        {"ka": 1.0, "ke": 0.15, "E50": 20.0, "gamma": 1.8, "kin": 10.0, "kout": 0.2, "Emax": 2.0},
        [dose(1.0, 100.0), dose(24.0, 50.0)],
        _HOURS,
    ),
}  # fmt: skip


_COLUMNS = ("row", "time", "kind", "amount", "rate", "interval", "additional", "steady", "compartment")


def inputs(values, start, streams, routes=None):
    """Return the solver's inputs for parameters (row, parameter), initial amounts and streams of records."""
    flat = [r for stream in streams for r in stream]
    columns = [np.array([r.get(name, 0) for r in flat], dtype=float) for name in _COLUMNS]
    offsets = np.cumsum([0] + [len(stream) for stream in streams])
    kind = columns[2]
    routes = np.empty((len(values), 0)) if routes is None else routes
    return values, start, routes, offsets, *columns, np.flatnonzero(kind == OBSERVE)


def reference(system, parameters, start, stream, method="LSODA", rtol=1e-11, atol=1e-11):
    """Return amounts (observation, state) by SciPy, from one time to the next; no steady states, no lags."""
    n, found, last = len(system.states), [], stream[0]["time"]
    y, ends = np.array(start[0], float), []
    for r in stream:
        place, amount = max(r.get("compartment", 0) - 1, 0), r.get("amount", 0.0)
        p = parameters[r.get("row", 0)]
        stops = sorted({r["time"], *(t for t, _ in ends if last < t < r["time"])})
        for stop in stops if r["kind"] != RESET else ():
            u = sum((rate for t, rate in ends if t > last), np.zeros(n))
            if stop > last:
                y = solve_ivp(
                    lambda at, x, p=p, u=u: evaluate(system, at, x, p) + u,
                    (last, stop),
                    y,
                    method,
                    rtol=rtol,
                    atol=atol,
                ).y[:, -1]
            last = stop
        last = r["time"]
        if r["kind"] == DOSE and r.get("rate"):
            ends.append((last + amount / r["rate"], r["rate"] * (np.arange(n) == place)))
        elif r["kind"] == DOSE:
            y = y + amount * (np.arange(n) == place)
        elif r["kind"] == RESET:
            y, ends = np.array(start[r.get("row", 0)], float), []
        else:
            found.append(y)
    return np.array(found)
