"""Rows of a validation: what each part found against its limit of acceptance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bayesdose.fitting.checks import Check
from bayesdose.validate.acceptance import Limits
from bayesdose.validate.event_check import EventVpc
from bayesdose.validate.inside import Compared
from bayesdose.validate.levels import SORT

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.validate.held_out import Coverage
    from bayesdose.validate.leaving_out import LooCheck
    from bayesdose.validate.npde_of_fit import Npde
    from bayesdose.validate.predictive_check import Vpc


def fit_rows(fit: Fit) -> list[Check]:
    """Return whether the fit passed its own checks."""
    failed = [row.name for row in fit.check() if not row.passed]
    return [Check("fit: convergence checks failed", len(failed), "<=", 0, ", ".join(failed))]


def vpc_rows(vpcs: Mapping[str, Vpc], limits: Limits) -> list[Check]:
    """Return rows of percentiles, and of shares below the limit of quantification."""
    rows = [
        row
        for name, one in vpcs.items()
        for row in _inside(name, one, "percentiles", limits.vpc_inside, limits)
    ]
    for one in list(vpcs.values())[:1]:
        if len(one.below):
            share, seen = float(one.below["inside"].mean()), f"of {len(one.below)} bins"
            rows.append(Check("below LLOQ: share inside", share, ">=", limits.vpc_inside, seen))
    return rows


def other_rows(others: Mapping[str, Any], limits: Limits) -> list[Check]:
    """Return rows of the shares of counts and categories, and of times of the curves of events."""
    rows = []
    for name, one in others.items():
        curve = isinstance(one, EventVpc)
        least = limits.curve_inside if curve else limits.vpc_inside
        rows += _inside(name, one, "times" if curve else "shares", least, limits)
    return rows


def _inside(name: str, one: Compared, what: str, least: float, limits: Limits) -> list[Check]:
    seen = f"of {len(one.table)} {what}"
    return [
        Check(f"{name}: share inside", one.inside, ">=", least, seen),
        Check(f"{name}: p of that share", one.p_value, ">=", limits.vpc_p),
    ]


def npde_rows(found: Npde | None, limits: Limits) -> list[Check]:
    """Return rows of npde."""
    if found is None:
        return []
    p, sd = found.tests["p"], float(found.variance**0.5)
    each = ", ".join(f"{what} {p[what]:.2g}" for what in p.index)
    return [
        Check("npde: p of their tests", found.p_value, ">=", limits.npde_p, f"p: {each}"),
        Check("npde: |mean|", abs(found.mean), "<=", limits.npde_mean, f"mean {found.mean:.3f}"),
        Check("npde: |SD - 1|", abs(sd - 1), "<=", limits.npde_sd, f"SD {sd:.3f}"),
    ]


def loo_rows(found: LooCheck | None, limits: Limits) -> list[Check]:
    """Return rows of levels left out one at a time."""
    rows = []
    for row in [] if found is None else found.table.to_dict("records"):
        told = f"of {row['n'] - row['high_khat']} levels; elpd {row['elpd']:.1f} (se {row['se']:.1f})"
        rows.append(Check(f"{row['of']}: LOO-PIT off", row["off"], "<=", limits.pit_off, told))
        share, seen = row["high_khat"] / row["n"], f"of {row['n']} levels"
        rows.append(Check(f"{row['of']}: share of k-hat too high", share, "<=", limits.khat_high, seen))
    return rows


def held_rows(found: Coverage | None, limits: Limits) -> list[Check]:
    """Return rows of held-out subjects."""
    if found is None:
        return []
    rows = []
    for row in found.table.to_dict("records"):
        given = "no level known" if row["known"] == 0 else f"{row['known']} known"
        seen = f"{row['covered']:.2f} ({row['low']:.2f} to {row['high']:.2f}) of {row['n']} levels"
        of = "" if row["of"] == SORT else f"{row['of']}: "
        name = f"{of}{100 * row['nominal']:g} % intervals, {given}: off"
        rows.append(Check(name, row["off"], "<=", limits.coverage_off, seen))
    share = len(found.refused) / max(found.conditioned, 1)
    rows.append(Check("held out: share refused", share, "<=", limits.refused, f"of {found.conditioned}"))
    if len(found.folds):
        failed = ", ".join(f"fold {k}" for k in found.folds.loc[found.folds["failed"] != "", "fold"])
        rows.append(Check("folds: not converged", found.unconverged, "<=", 0, failed))
    return rows
