"""The packed plan of a diagram, given back its names in the kernel, and its pumps."""

from __future__ import annotations

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int64Array, inlined, part
from bayesdose.pk.records import DOSE, Records, Routes, compartment_of

COUNTS = 8


@inlined
def unpack(packed: Int64Array) -> Plan:
    """Return the Plan that `Plan.packed` put into one array."""
    n, m, blocks, outputs = packed[0], packed[1], packed[2], packed[3]
    a = COUNTS + m
    b = a + m
    c = b + m
    d = c + blocks + 1
    e = d + n
    f = e + n
    g = f + outputs
    return Plan(
        packed[COUNTS:a], packed[a:b], packed[b:c], packed[c:d], packed[d:e], packed[e:f], packed[f:g],
        packed[g:g], packed[4] != 0,
    )  # fmt: skip


@inlined
def routes_in(packed: Int64Array, value: Array) -> Routes:
    """Return the dose parameters, with the columns that `Plan.packed` put behind the plan."""
    n = packed[0]
    a = packed.shape[0] - 4 * n
    return Routes(
        value, packed[5], packed[7], packed[a : a + n], packed[a + n : a + 2 * n], packed[a + 2 * n : a + 3
        * n], packed[a + 3 * n :],
    )  # fmt: skip


@part
def count_pumps(records: Records, routes: Routes, pump: Int64Array) -> int:
    """Return how many compartments receive infusions; number them in `pump`, with -1 for the others."""
    n_pumps = 0
    for c in range(pump.shape[0]):
        pump[c] = -1
    for r in range(records.time.shape[0]):
        if records.kind[r] == DOSE and records.rate[r] != 0.0:
            c = compartment_of(records, routes, r)
            if pump[c] < 0:
                pump[c] = n_pumps
                n_pumps += 1
    return n_pumps


@part
def with_pumps(base: Plan, pump: Int64Array, p: int, ints: Int64Array) -> tuple[Plan, Int64Array]:
    """Return a plan with p pumps before its states, and the `target` that `schedule` wants.

    Both live in ints.
    """
    n, m, blocks, k = (
        base.parent.shape[0],
        base.source.shape[0],
        base.edge.shape[0] - 1,
        base.outputs.shape[0],
    )
    a = m
    b = a + m
    c = b + blocks + 1 + p
    d = c + n + p
    e = d + n
    f = e + k
    g = f + p
    h = g + 2 * n
    made = Plan(
        ints[:a], ints[a:b], base.depletes, ints[b:c], ints[c:d], ints[d:e], ints[e:f], ints[f:g], base.modal
    )
    target = ints[g:h]
    for i in range(m):
        made.source[i] = base.source[i] + p
        made.target[i] = base.target[i] + p if base.target[i] >= 0 else base.target[i]
    for i in range(p):
        made.edge[i] = i
        made.parent[i] = -1
    for i in range(blocks + 1):
        made.edge[p + i] = base.edge[i] + p
    for i in range(n):
        made.parent[p + i] = base.parent[i] + p if base.parent[i] >= 0 else -1
        made.entry[i] = base.entry[i] + p
        target[i] = made.entry[i]
        target[n + i] = pump[i]
        if pump[i] >= 0:
            made.pumps[pump[i]] = made.entry[i]
    for i in range(k):
        made.outputs[i] = base.outputs[i] + p
    return made, target
