"""The figure of a structure: boxes in columns along the flows, arrows between them (see `structures`)."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

if TYPE_CHECKING:
    from structures import Structure

OUT = -1
STEP, ROW = 2.9, 1.75  # from a column to the next, from a row to the next
WIDE, HIGH, FREE = 1.3, 0.6, 0.5  # a box, and an arrow from or to outside
INCH, DPI, SMALL = 0.5, 80, 7.5
INK, DOSE, ACTS = "#333333", "#1f77b4", "#d95f02"

Place = tuple[float, float]


def draw(shown: Structure, path: Path) -> None:
    """Draw a structure into a PNG file.

    Parameters
    ----------
    shown
        The structure.
    path
        The file.
    """
    places = placed(shown)
    xs, ys = zip(*places.values(), strict=True)
    sag = 0.9 if any(places[a][1] == places[b][1] == min(ys) for a, b in shown.acts) else 0.0
    left, right, low, high = min(xs) - 2.3, max(xs) + 3.3, min(ys) - 0.6 - sag, max(ys) + 1.15
    figure, axis = plt.subplots(figsize=((right - left) * INCH, (high - low) * INCH))
    axis.set(xlim=(left, right), ylim=(low, high))
    axis.axis("off")
    figure.subplots_adjust(0, 0, 1, 1)
    for k, name in enumerate(shown.names):
        _box(axis, places[k], name, k in shown.observed)
    for (a, b), label in shown.flows.items():
        _flow(axis, shown, places, (a, b), label)
    for k, label in shown.doses.items():
        _dose(axis, places, k, label)
    for a, b in sorted(shown.acts):
        _act(axis, places[a], places[b])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    plt.close(figure)


def placed(shown: Structure) -> dict[int, Place]:
    """Return the place of every compartment: columns along the flows, connected ones in rows of their own."""
    inside = [(a, b) for a, b in shown.flows if OUT not in (a, b) and a != b]
    groups = _groups(len(shown.names), inside)
    fed = set(shown.doses) | {b for a, b in shown.flows if a == OUT}
    places: dict[int, Place] = {}
    row = 0
    for group in groups:
        columns = _columns(group, inside, fed)
        taken: Counter[int] = Counter()
        for k in sorted(group, key=lambda k: (columns[k], k)):
            places[k] = (STEP * columns[k], -ROW * (row + taken[columns[k]]))
            taken[columns[k]] += 1
        row += max(taken.values())
    return places


def _groups(n: int, pairs: list[tuple[int, int]]) -> list[list[int]]:
    """Return the connected groups, in the order of their first members."""
    of = list(range(n))
    for _ in range(n):
        for a, b in pairs:
            of[a] = of[b] = min(of[a], of[b])
    return [[k for k in range(n) if of[k] == first] for first in dict.fromkeys(of)]


def _columns(group: list[int], pairs: list[tuple[int, int]], fed: set[int]) -> dict[int, int]:
    """Return the column of each of a group: steps from where nothing flows in, or from what is fed."""
    entered = {b for a, b in pairs}
    begins = [k for k in group if k not in entered] or [k for k in group if k in fed] or group[:1]
    columns = dict.fromkeys(begins, 0)
    while len(columns) < len(group):
        more = {b: columns[a] + 1 for a, b in reversed(pairs) if a in columns and b not in columns}
        columns |= more or {next(k for k in group if k not in columns): 0}
    return columns


def _box(axis: Any, place: Place, name: str, observed: bool) -> None:
    x, y = place
    patch = FancyBboxPatch(
        (x - WIDE / 2, y - HIGH / 2),
        WIDE,
        HIGH,
        boxstyle="round,pad=0,rounding_size=0.12",
        fc="#dbe9f6" if observed else "white",
        ec=INK,
        lw=1.2,
    )
    axis.add_patch(patch)
    axis.text(x, y, name, ha="center", va="center", fontsize=8.5 if len(name) < 11 else 7)


def _arrow(axis: Any, start: Place, end: Place, color: str = INK, **more: Any) -> None:
    kept = {"arrowstyle": "-|>", "mutation_scale": 9, "lw": 1.1, "shrinkA": 0, "shrinkB": 0} | more
    axis.add_patch(FancyArrowPatch(start, end, color=color, **kept))


def _text(axis: Any, x: float, y: float, label: str, color: str = INK, **more: Any) -> None:
    kept = {"ha": "center", "va": "center", "fontsize": SMALL, "linespacing": 0.95} | more
    axis.text(x, y, _broken(label), color=color, **kept)


def _broken(label: str, longest: int = 17) -> str:
    """Return a long list of names on several lines."""
    lines = [""]
    for part in label.split(", "):
        if lines[-1] and len(lines[-1]) + len(part) > longest:
            lines.append("")
        lines[-1] += f", {part}" if lines[-1] else part
    return ",\n".join(lines)


def _flow(axis: Any, shown: Structure, places: dict[int, Place], flow: tuple[int, int], label: str) -> None:
    a, b = flow
    if a == b:
        _loop(axis, places[a], label)
    elif a == OUT:
        _from_above(axis, places[b], label, INK)
    elif b == OUT:
        _leaves(axis, places, flow[0], shown, label)
    else:
        _between(axis, shown, places, flow, label)


def _loop(axis: Any, place: Place, label: str) -> None:
    """Draw what makes itself: an arrow from a box into itself."""
    x, y = place[0], place[1] + HIGH / 2
    _arrow(axis, (x - 0.35, y), (x + 0.35, y), connectionstyle="arc3,rad=-1.3")
    _text(axis, x, y + 0.62, label)


def _from_above(axis: Any, place: Place, label: str, color: str) -> None:
    """Draw what enters from outside, at the left of a box's upper edge."""
    x, y = place[0] - 0.25, place[1] + HIGH / 2
    _arrow(axis, (x, y + FREE), (x, y), color)
    _text(axis, x - 0.08, y + FREE * 0.65, label, color, ha="right")


def _leaves(axis: Any, places: dict[int, Place], k: int, shown: Structure, label: str) -> None:
    """Draw what leaves: to the right where that is free, else at the right of the upper edge."""
    x, y = places[k]
    joined = {b for a, b in shown.flows if a == k} | {a for a, b in shown.flows if b == k}
    if any(places[other][0] > x + 0.1 for other in joined - {OUT}):
        _arrow(axis, (x + 0.25, y + HIGH / 2), (x + 0.25, y + HIGH / 2 + FREE))
        _text(axis, x + 0.33, y + HIGH / 2 + FREE * 0.65, label, ha="left")
    else:
        _arrow(axis, (x + WIDE / 2, y), (x + WIDE / 2 + FREE, y))
        _text(axis, x + WIDE / 2 + FREE + 0.06, y, label, ha="left")


def _between(
    axis: Any, shown: Structure, places: dict[int, Place], flow: tuple[int, int], label: str
) -> None:
    """Draw a flow between two boxes, beside the one that comes back."""
    a, b = flow
    left, right = sorted((places[a], places[b]))
    ahead = places[a] == left
    gap = 0.0 if (b, a) not in shown.flows else 0.1 if ahead else -0.1
    path = _path(left, right, gap)
    style = {"linestyle": "--"} if flow in shown.copies else {}
    for start, end in pairwise(path):
        last = end == path[-1] if ahead else start == path[0]
        points = (start, end) if ahead else (end, start)
        _arrow(axis, *points, arrowstyle="-|>" if last else "-", **style)
    (xa, y), (xb, _) = next((p, q) for p, q in pairwise(path) if abs(p[1] - q[1]) < 0.01)
    above = gap >= 0
    _text(axis, (xa + xb) / 2, y + (0.08 if above else -0.08), label, va="bottom" if above else "top")


def _path(left: Place, right: Place, gap: float) -> list[Place]:
    """Return the corners of a line between two boxes: straight in a row, else with one right angle."""
    (xa, ya), (xb, yb) = left, right
    if abs(ya - yb) < 0.1:
        return [(xa + WIDE / 2, ya + gap), (xb - WIDE / 2, yb + gap)]
    if yb < ya:  # down, then to the right
        return [(xa + 0.4 + gap, ya - HIGH / 2), (xa + 0.4 + gap, yb + gap), (xb - WIDE / 2, yb + gap)]
    return [(xa + WIDE / 2, ya + gap), (xb - gap, ya + gap), (xb - gap, yb - HIGH / 2)]


def _dose(axis: Any, places: dict[int, Place], k: int, label: str) -> None:
    """Draw a dose into a compartment: from the left where that is free, else from above."""
    x, y = places[k]
    if not any(abs(oy - y) < 0.1 and ox < x for ox, oy in places.values()):
        _arrow(axis, (x - WIDE / 2 - FREE, y), (x - WIDE / 2, y), DOSE)
        words = label.replace(" (", "\n(")
        axis.text(x - WIDE / 2 - FREE - 0.05, y, words, ha="right", va="center", fontsize=SMALL, color=DOSE)
    else:
        _from_above(axis, places[k], label, DOSE)


def _act(axis: Any, start: Place, end: Place) -> None:
    """Draw what acts on the rates of another state, around what stands between them."""
    (xa, ya), (xb, yb) = start, end
    if abs(ya - yb) < 0.1:  # below the row
        sign = 1 if xb > xa else -1
        begin, finish = (xa + 0.2 * sign, ya - HIGH / 2), (xb - 0.2 * sign, yb - HIGH / 2)
        rad = 0.2 * sign
    elif yb > ya:
        begin, finish, rad = (xa + 0.1, ya + HIGH / 2), (xb + 0.1, yb - HIGH / 2), 0.0
    else:
        begin, finish = (xa + (0.3 if xa == xb else -0.2), ya - HIGH / 2), (xb + 0.5, yb + HIGH / 2)
        rad = 0.0 if ya - yb < 1.1 * ROW else -0.6 if xa == xb else 0.15
    _arrow(axis, begin, finish, ACTS, linestyle=(0, (3, 2)), connectionstyle=f"arc3,rad={rad}")
