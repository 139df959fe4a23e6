"""Draw the structure of a spec from its declaration: compartments, flows, inputs, elimination, what acts.

Nothing is drawn by hand. A linear diagram lists its flows. Of a system of differential equations, each
derivative is multiplied out: a term that one state loses and another gains is a flow between them, what
nobody gains leaves, what nobody loses is made, and a state that only appears in another's derivative acts
on it. ``python tools/structures.py NAME ...`` draws some specs, ``make gallery`` all of the library.
"""

import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import ancestors

import bayesdose as bd
from bayesdose.case.worked import worked_tables
from bayesdose.model import Model
from bayesdose.pk.diagram import OUT
from bayesdose.pk.linear import Linear
from bayesdose.pk.ode.expressions import Expression, ordered
from bayesdose.pk.ode.system import System, evaluate
from bayesdose.pk.op import Walk

PAGES = Path(__file__).parents[1] / "docs" / "models"
INFIX = {"true_div": " / ", "mul": " ", "add": " + ", "sub": " - "}
TRIALS = 50  # of random amounts and parameters, of the order of 1
NOTHING, MADE = 1e-9, 1e-5  # an empty state, which may be divided by; a rate that is not nothing
LONGEST = 16  # of a label, in characters; a longer one lists the names alone


@dataclass
class Structure:
    """What a figure shows; compartments by index, `OUT` is outside the body.

    ``flows`` maps (source, target) to a label; a source `OUT` is what is made. ``copies`` are the flows that
    take nothing from their source. ``acts`` are pairs (state, state it changes the rates of).
    """

    names: tuple[str, ...]
    flows: dict[tuple[int, int], str]
    doses: dict[int, str]
    observed: set[int]
    copies: set[tuple[int, int]] = field(default_factory=set)
    acts: set[tuple[int, int]] = field(default_factory=set)


def structure(model: Model) -> Structure:
    """Return the structure of a spec, as declared for the worked patient of its card."""
    _, study = worked_tables(model)
    declared = model.declare(study)
    graph = list(ancestors([declared["DV_prediction"]]))
    [walk] = {v.owner for v in graph if v.owner and isinstance(v.owner.op, Walk)}
    engine = walk.op.engine
    if isinstance(engine, Linear):
        made = _of_diagram(engine, _columns(walk.inputs[0]), set(declared.named_vars))
        observed = {engine.diagram.outputs[c] for c in _read(graph, walk)}
    else:
        made = _of_system(engine.system)
        observed = _read(graph, walk)
    made.observed |= observed
    default = getattr(engine, "diagram", None)
    first = default.dose_compartment if default else made.names.index(engine.system.dose)
    made.doses |= _doses(model, made.names, first, engine.routing)
    return made


def _read(graph: list[Any], walk: Any) -> set[int]:
    """Return the columns of the walk's amounts that predictions use."""
    taken = [v.owner for v in graph if v.owner and walk.outputs[0] in v.owner.inputs]
    return {int(x.data) for node in taken for x in node.inputs[1:] if isinstance(x, Constant)}


def _doses(
    model: Model, names: tuple[str, ...], first: int, routing: tuple[tuple[str, int], ...]
) -> dict[int, str]:
    """Return the compartments that doses enter, on the card or by default, and what the model gives them."""
    card = model.card
    options = card.worked.options
    texts = [*([options] if isinstance(options, str) else options), *card.regimens]
    into = {name for text in texts for name in re.findall(r"\binto (?:a )?(\w+)", text)}
    into |= {"central"} if "vein" in into else set()
    given = card.worked.table
    amounts, numbers = given.get("AMT", [0.0]), given.get("CMT")
    amounts = amounts if isinstance(amounts, list) else [amounts]
    numbers = numbers if isinstance(numbers, list) else [numbers or 0] * len(amounts)
    used = {int(c) - 1 for c, a in zip(numbers, amounts, strict=True) if a and c}
    entered = {first} | used | {k for k, name in enumerate(names) if name in into}
    of = {k: [what for what, where in routing if where == k] for k in range(len(names))}
    return {k: " ".join(["dose", f"({', '.join(of[k])})" if of[k] else ""]).strip() for k in sorted(entered)}


# A linear diagram: its flows, and their rates as the graph has them.


def _of_diagram(engine: Linear, rates: list[Any], named: set[str]) -> Structure:
    diagram = engine.diagram
    labels = [_label(rate, named) for rate in rates]
    flows: dict[tuple[int, int], str] = {}
    for flow, label in zip(diagram.flows, labels, strict=True):
        flows[flow] = f"{flows[flow]} + {label}" if flow in flows else label
    copies = {diagram.flows[k] for k in diagram.copies}
    return Structure(diagram.compartments, flows, {}, set(), copies)


def _columns(rates: Any) -> list[Any]:
    """Return the graphs of the columns of stacked rates."""
    stacked = type(rates.owner.op).__name__ == "Join"
    return [x for x in rates.owner.inputs if x.type.ndim == 2] if stacked else [rates]


def _label(rate: Any, named: set[str]) -> str:
    """Return a rate in the names of the declaration: written out where that is short, else their list."""
    text = _written(rate, named)
    if text is not None and len(text) <= LONGEST:
        return text
    return ", ".join(_names(rate, named))


def _written(x: Any, named: set[str]) -> str | None:
    """Return an expression as text down to named variables, or None where it is not plain arithmetic."""
    if x.name in named:
        return str(x.name).removeprefix("theta_")
    if isinstance(x, Constant):
        return f"{float(np.ravel(x.data)[0]):.4g}"
    if x.owner is None:
        return None
    if type(x.owner.op).__name__ in ("DimShuffle", "ExpandDims", "Alloc"):
        return _written(x.owner.inputs[0], named)
    operation = getattr(getattr(x.owner.op, "scalar_op", None), "name", None)
    return _infix(operation, [_written(i, named) for i in x.owner.inputs])


def _infix(operation: str | None, parts: list[str | None]) -> str | None:
    if operation == "add":
        parts = [p for p in parts if p not in ("0", "0.0")]
        if len(parts) == 1:
            return parts[0]
    if operation not in INFIX or None in parts:
        return None
    if operation == "true_div" and parts[1] in str(parts[0]).split():  # k V / V
        return " ".join(p for p in str(parts[0]).split() if p != parts[1])
    if operation == "mul":
        parts = sorted(parts, key=lambda p: not str(p)[0].isdigit())
    if operation in ("mul", "true_div"):
        parts = [f"({p})" if " + " in str(p) or " - " in str(p) else p for p in parts]
    if operation == "true_div" and "/" in str(parts[1]):
        parts[1] = f"({parts[1]})"
    return INFIX[operation].join(map(str, parts))


def _names(rate: Any, named: set[str]) -> list[str]:
    """Return the named variables next to a rate."""
    if rate.name in named:
        return [str(rate.name).removeprefix("theta_")]
    inputs = rate.owner.inputs if rate.owner else []
    return list(dict.fromkeys(name for x in inputs for name in _names(x, named)))


# A system of differential equations: derivatives multiplied out.

Term = tuple[tuple[int, int], ...]  # (id of a factor, its power), sorted
Sum = dict[Term, float]


class _Terms:
    """The derivatives of a system as sums of products, and what their factors are."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.factors: dict[int, Expression] = {}
        self.rates = [self._slope(system.traced.rhs["a", i]) for i in range(len(system.states))]

    def _slope(self, node: Expression) -> Sum:
        """Return one derivative; the solver's own input (x) is no part of it."""
        return {term: c for term, c in self._sum(node).items() if c and not self._has(term, "x")}

    def _has(self, term: Term, kind: str, index: int | None = None, bare: bool = False) -> bool:
        nodes = [self.factors[key] for key, power in term if power == 1 or not bare]
        inside = nodes if bare else ordered(nodes)
        return any(n.operation == kind and index in (None, n.index) for n in inside)

    def states(self, term: Term) -> set[int]:
        """Return the states that a term depends on."""
        return {k for k in range(len(self.system.states)) if self._has(term, "y", k)}

    def bare(self, term: Term, state: int) -> bool:
        """Return whether a state is a factor of a term by itself."""
        return self._has(term, "y", state, bare=True)

    def _sum(self, node: Expression) -> Sum:
        """Return an expression multiplied out."""
        if node.operation in ("add", "sub"):
            left, right = map(self._sum, node.arguments)
            sign = 1.0 if node.operation == "add" else -1.0
            return _added(left, {term: sign * c for term, c in right.items()})
        if node.operation == "neg":
            return {term: -c for term, c in self._sum(node.arguments[0]).items()}
        if node.operation == "constant":
            return {(): float(node.value or 0.0)}
        if node.operation == "mul":
            return _product(*map(self._factor, node.arguments))
        if node.operation == "div":
            return _product(self._factor(node.arguments[0]), self._reciprocal(node.arguments[1]))
        return self._atom(node)

    def _factor(self, node: Expression) -> Sum:
        """Return a factor multiplied out, but keep a modifier such as 1 - Emax C / (EC50 + C) whole."""
        found = self._sum(node)
        whole = found.get((), 0.0) > 0 and len(found) > 1
        plain = {k for term in found for k in self.states(term) if len(term) == 1 and self.bare(term, k)}
        return self._atom(node) if whole and not plain else found

    def _reciprocal(self, node: Expression) -> Sum:
        found = self._sum(node)
        if len(found) > 1:
            return self._atom(node, -1)
        [(term, c)] = found.items()
        return {tuple((key, -power) for key, power in term): 1.0 / c}

    def _atom(self, node: Expression, power: int = 1) -> Sum:
        self.factors[id(node)] = node
        return {((id(node), power),): 1.0}

    def label(self, rate: Sum, source: int = OUT) -> str:
        """Return a rate in the names of its parameters: written out where short, else their list."""
        written = [self._written(term, abs(c), source) for term, c in rate.items()]
        text = " + ".join(str(w) for w in written)
        if None not in written and len(text) <= LONGEST:
            return text
        nodes = ordered(self.factors[key] for term in rate for key, _ in term)
        used = {n.index for n in nodes if n.operation == "p"}
        names = [name for k, name in enumerate(self.system.parameters) if k in used]
        return ", ".join(names + ["time"] * any(n.operation == "t" for n in nodes))

    def _written(self, term: Term, c: float, source: int) -> str | None:
        over = [f"{c:.3g}"] if abs(c - 1.0) > 1e-9 else []
        under: list[str] = []
        for key, power in term:
            node = self.factors[key]
            if (node.operation, node.index, power) == ("y", source, 1):
                continue
            if node.operation not in ("p", "y") or abs(power) != 1:
                return None
            names = self.system.parameters if node.operation == "p" else self.system.states
            (over if power > 0 else under).append(names[node.index])
        return " / ".join([" ".join(over) or "1", *under])


def _added(left: Sum, right: Sum) -> Sum:
    total = defaultdict(float, left)
    for term, c in right.items():
        total[term] += c
    return dict(total)


def _product(left: Sum, right: Sum) -> Sum:
    made: Sum = {}
    for a, x in left.items():
        for b, y in right.items():
            powers = defaultdict(int, dict(a))
            for key, power in b:
                powers[key] += power
            term = tuple(sorted((key, power) for key, power in powers.items() if power))
            made = _added(made, {term: x * y})
    return made


def _of_system(system: System) -> Structure:
    terms = _Terms(system)
    n = len(system.states)
    moved, left = _matched(terms)
    flows = {pair: terms.label(rate, pair[0]) for pair, rate in moved.items()}
    for i in range(n):
        lost = {t: c for t, c in left[i].items() if c < 0 and i in terms.states(t)}
        if lost:
            flows[i, OUT] = terms.label(lost, i)
        gained = {t: c for t, c in left[i].items() if c > 0}
        full = {a for a, b in moved if b == i}
        if gained and _is_made(system, i, full):
            flows[OUT, i] = terms.label({t: c for t, c in left[i].items() if c and i not in terms.states(t)})
        elif gained and _is_made(system, i, full, own=1.0):
            flows[i, i] = terms.label({t: c for t, c in gained.items() if terms.bare(t, i)}, i)
    depends = {(k, i) for i in range(n) for t in terms.rates[i] for k in terms.states(t) if k != i}
    acts = depends - set(moved)
    # in a flow that two states make together neither acts on the other: both are its sources
    acts -= {(a, b) for a, x in moved for b, y in moved if x == y and set(moved[a, x]) & set(moved[b, y])}
    return Structure(system.states, flows, {}, set(), acts=acts)


def _matched(terms: _Terms) -> tuple[dict[tuple[int, int], Sum], list[Sum]]:
    """Return rates by (losing state, gaining state), and what is left of each derivative."""
    moved: dict[tuple[int, int], Sum] = defaultdict(dict)
    left = [dict(rate) for rate in terms.rates]
    for i, rate in enumerate(terms.rates):
        for term in [t for t, c in rate.items() if c < 0 and i in terms.states(t)]:
            for j, other in enumerate(terms.rates):
                if other.get(term, 0.0) > 0:
                    share = min(other[term], -rate[term])  # more arrives than left where units change
                    moved[i, j][term] = share
                    left[i][term] = min(left[i][term] + share, 0.0)
                    left[j][term] = 0.0
    return dict(moved), left


def _is_made(system: System, state: int, sources: set[int], own: float = NOTHING) -> bool:
    """Return whether a state can grow from `own` while what flows into it is empty."""
    rng = np.random.default_rng(1)
    for _ in range(TRIALS):
        y = rng.uniform(0.0, 1.0, len(system.states))
        y[[state, *sources]] = [own, *(NOTHING for _ in sources)]
        if evaluate(system, 1.0, y, rng.uniform(0.2, 0.8, len(system.parameters)))[state] > MADE:
            return True
    return False


def main() -> None:
    """Draw the specs that are named."""
    from structure_figure import draw

    for name in sys.argv[1:]:
        draw(structure(bd.load_model(name)), PAGES / f"{name}_structure.png")


if __name__ == "__main__":
    main()
