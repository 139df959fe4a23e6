"""Convergence checks of a fit: rows of check, value, limit, pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.model import Declaration

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, limit: value < limit,
    ">=": lambda value, limit: value >= limit,
    "<=": lambda value, limit: value <= limit,
}


@dataclass(frozen=True)
class Check:
    """One row: what was checked, its value, the limit, whether it holds, and what to do when it does not."""

    name: str
    value: float
    relation: str
    limit: float
    worst: str = ""
    advice: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value is within the limit; a value that is not finite is not."""
        return bool(np.isfinite(self.value)) and _COMPARE[self.relation](self.value, self.limit)


@dataclass(frozen=True)
class Checks:
    """All rows of a fit's check; true when every one holds."""

    rows: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return all(row.passed for row in self.rows)

    def __bool__(self) -> bool:
        return self.passed

    def __iter__(self) -> Iterator[Check]:
        return iter(self.rows)

    def __str__(self) -> str:
        if not self.rows:
            return "no checks: no chain was sampled"
        head = f"{'check':<28}{'value':>10}   {'limit':<9}{'':<6} worst"
        lines = [
            f"{row.name:<28}{row.value:>10.4g}   {row.relation + ' ' + format(row.limit, 'g'):<9}"
            f"{'ok' if row.passed else 'FAILED':<6} {row.worst}".rstrip()
            for row in self.rows
        ]
        advice = [f"{row.name}: {row.advice}" for row in self.rows if not row.passed and row.advice]
        verdict = "all checks hold" if self.passed else "NOT CONVERGED: do not use this fit"
        return "\n".join([head, *lines, verdict, *advice])

    def to_list(self) -> list[dict[str, Any]]:
        """Return the rows as plain dictionaries, for provenance and JSON."""
        return [{**asdict(row), "passed": row.passed} for row in self.rows]

    @classmethod
    def from_list(cls, rows: list[dict[str, Any]]) -> Checks:
        """Return the Checks that `to_list` wrote."""
        return cls(tuple(Check(**{k: v for k, v in row.items() if k != "passed"}) for row in rows))


def run_checks(trace: xr.DataTree, declaration: Declaration, population: list[str]) -> Checks:
    """Check a posterior: R-hat, bulk and tail ESS, divergences, E-BFMI, flip-flop.

    Parameters
    ----------
    trace
        With groups posterior and sample_stats, dims (chain, draw).
    declaration
        Names of the etas and of the absorption parameters.
    population
        Names of theta, omega and sigma.

    Notes
    -----
    R-hat and ESS are the rank-normalised ones of Vehtari et al. 2021 (Bayesian Analysis 16:667), over
    the population variables, every random effect and every missing covariate; E-BFMI is Betancourt's (2016,
    arXiv:1604.00695).
    """
    from arviz_stats import bfmi, ess, rhat

    missing = [name for name in declaration.latents if name.startswith("z_missing_")]
    names = [*population, *declaration.effects, *missing]
    kept = trace["posterior"].to_dataset()[names]
    chains, diverging = _advice(sorted(declaration.centred))
    rows = [
        _extreme("R-hat", rhat(kept), "max", "<", 1.01, chains),
        _extreme("bulk ESS", ess(kept, method="bulk"), "min", ">=", 400, chains),
        _extreme("tail ESS", ess(kept, method="tail"), "min", ">=", 400, chains),
        Check(
            "divergences",
            float(trace["sample_stats"]["diverging"].sum()),
            "<=",
            0,
            advice=diverging,
        ),
        Check(
            "E-BFMI",
            float(min(np.min(v) for v in bfmi(trace).values())),
            ">=",
            0.3,
            advice="the energy hardly moves: another parametrisation (centred=) or a tighter prior",
        ),
    ]
    return Checks((*rows, *_flip_flop(kept, trace, declaration)))


def _advice(centred: list[str]) -> tuple[str, str]:
    """Return what to do about chains that disagree, and about divergences, by what was sampled centred."""
    out = f"{', '.join(centred)} out of centred= where an omega is near zero or data are few"
    chains = ["more draws", "centred= for the parameters with rich data", "a tighter prior"]
    diverging = ["raise target_accept", "look for an omega near zero or weakly identified parameters"]
    if centred:
        chains.insert(2, out)
        diverging.append(f"take {out}")
    where = "bd.validate.pathologies(fit) says where"
    return ", ".join(chains[:-1]) + f", or {chains[-1]}", "; ".join([*diverging, where])


def _extreme(name: str, values: xr.Dataset, which: str, relation: str, limit: float, advice: str) -> Check:
    """Make a row of the worst value over variables and their elements, and say where it is."""
    found: dict[str, float] = {}
    for variable, array in values.items():
        flat = array.values.ravel()
        if not np.isfinite(flat).all():
            return Check(name, float("nan"), relation, limit, str(variable), advice)
        found[str(variable)] = float(flat.max() if which == "max" else flat.min())
    worst = max(found, key=found.__getitem__) if which == "max" else min(found, key=found.__getitem__)
    return Check(name, found[worst], relation, limit, worst, advice)


def _flip_flop(kept: xr.Dataset, trace: xr.DataTree, declaration: Declaration) -> list[Check]:
    """Return the share of (draw, subject) pairs whose absorption is slower than their elimination."""
    if declaration.absorption is None or any(n not in trace["posterior"] for n in declaration.absorption):
        return []
    CL, V, ka = (trace["posterior"][name] for name in declaration.absorption)
    share = float((ka < CL / V).mean())
    advice = "ka and ke have changed places: an informative prior on ka, or data from an IV dose"
    return [Check("flip-flop (share ka < ke)", share, "<=", 0.05, declaration.absorption[2], advice)]
