"""The conformance cases: a table beside this file, the spec it is read for, and what must be predicted.

A case is a function with the name of its CSV that returns the expected concentrations at the levels, in file
order, or None where the twin (tests/twins/events.py) is the source. The tables' DV holds them to ten digits,
so that another program can be run on the same files.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
import pytensor
from twins.events import Linear, Row, amounts, mammillary

import bayesdose as bd
from bayesdose.model import build, data_values, names_of_population
from bayesdose.study import events

HERE = Path(__file__).parent
CL, V, KA = 2.0, 10.0, 1.0
KE = CL / V
TYPICAL = {"CL": CL, "V": V, "ka": KA, "Q": 1.0, "V2": 20.0, "Q3": 0.4, "V3": 50.0, "ke0": 0.3}
CASES: dict[str, "Case"] = {}


@dataclass(frozen=True)
class Case:
    """One table: its spec, the thetas that are not `TYPICAL`, and the arithmetic of what is expected."""

    name: str
    spec: str
    expected: Callable[[], list[float] | None]
    theta: dict[str, float] = field(default_factory=dict)
    rtol: float = 1e-10
    twin: bool = True

    @property
    def path(self) -> Path:
        return HERE / f"{self.name}.csv"


def case(spec: str, *, rtol: float = 1e-10, twin: bool = True, **theta: float):
    """Register a function as a case; `twin` says whether the twin reads the table too."""

    def register(function):
        name = function.__name__
        assert name not in CASES, name
        CASES[name] = Case(name, spec, function, theta, rtol, twin)
        return function

    return register


# -- the twin's reading ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class System:
    """What the twin knows of a spec: routes by number of their compartment, where it looks, the matrix K."""

    routes: dict[int, str]
    observed: int
    matrix: Callable[[dict[str, float]], np.ndarray]


def _effect(p):
    """Return K of depot, central, and an effect compartment that copies the central one."""
    K = np.zeros((3, 3))
    K[:2, :2] = mammillary(p["CL"], p["V"], p["ka"])
    K[2] = [0.0, p["ke0"], -p["ke0"]]
    return K


def _three(p):
    return mammillary(p["CL"], p["V"], None, [(p["Q"], p["V2"]), (p["Q3"], p["V3"])])


ONE = System({1: "central"}, 1, lambda p: mammillary(p["CL"], p["V"]))
BOTH = {1: "depot", 2: "central"}
SYSTEMS = {
    "iv": ONE,
    "varying": ONE,
    "varying_locf": ONE,
    "oral": System(BOTH, 2, lambda p: mammillary(p["CL"], p["V"], p["ka"])),
    "two": System(BOTH, 2, lambda p: mammillary(p["CL"], p["V"], p["ka"], [(p["Q"], p["V2"])])),
    "three": System({1: "central"}, 1, _three),
    "effect": System(BOTH, 3, _effect),
}
ROLES = {"F": 1.0, "lag": 0.0, "D": 1.0, "R": 1.0}
"""What a route has where a case says nothing."""


def records(case: Case) -> list[list[dict]]:
    """Return the table's records, subject by subject, as numbers."""
    with case.path.open(encoding="utf-8") as lines:
        rows = [{name.upper(): cell for name, cell in row.items()} for row in csv.DictReader(lines)]
    for row in rows:
        row |= {name: 0.0 if cell == "." else float(cell) for name, cell in row.items() if name != "DV"}
        row.setdefault("EVID", float(row["AMT"] > 0))
    return [list(group) for _, group in groupby(rows, key=lambda row: row["ID"])]


def twin_prediction(case: Case) -> np.ndarray:
    """Return the twin's concentrations at the levels of a table."""
    system, found = SYSTEMS[case.spec], []
    for table in records(case):
        carried = [table[0], *table[:-1]] if case.spec == "varying_locf" else table
        here = [_parameters(case.theta, record) for record in carried]
        rows = [
            Row(system.matrix(p), **{r: {c: p[f"{r}_{n}"] for c, n in system.routes.items()} for r in ROLES})
            for p in here
        ]
        x = amounts(table, rows, Linear(len(rows[0].kinetics)))[:, system.observed - 1]
        found += [a / p["V"] for a, p, record in zip(x, here, table, strict=True) if _is_level(record)]
    return np.array(found)


def _parameters(theta, record):
    """Return the thetas by name, times the record's XCL, XV, XF, XLAG, XD and XR where the table has them."""
    routes = {f"{role}_{name}": value for role, value in ROLES.items() for name in ("depot", "central")}
    all_of_them = routes | TYPICAL | theta
    return {n: v * record.get(f"X{n.removesuffix('_central').upper()}", 1.0) for n, v in all_of_them.items()}


def _is_level(record):
    return record["EVID"] == 0 and record.get("MDV", 0) == 0 and record["DV"] != "."


# -- the public route --------------------------------------------------------------------------------------


@cache
def _compiled(spec: str, example: Path):
    """Compile a spec's prediction once, on any table; its thetas are inputs and its data are swapped."""
    model = bd.load_model(HERE / "specs" / f"{spec}.py")
    made = build(model, bd.read_study(example, model))
    names = names_of_population(made)
    return model, made, names, pytensor.function([made[name] for name in names], made["DV_prediction"])


def _example(spec: str) -> Path:
    return next(
        c.path for c in CASES.values() if c.spec == spec.removeprefix("ode_").replace("turnover", "iv")
    )


def predict_table(case: Case) -> np.ndarray:
    """Return the model's prediction at the levels: spec, `read_study`, and the compiled declaration."""
    model, made, names, predict = _compiled(case.spec, _example(case.spec))
    for name, value in data_values(events(bd.read_study(case.path, model))).items():
        made[name].set_value(value.astype(made[name].dtype))
    theta = _parameters(case.theta, {})
    return predict(*[np.float64(theta[name.removeprefix("theta_")]) for name in names])
