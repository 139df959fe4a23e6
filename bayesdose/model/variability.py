"""Random effects: between subjects (eta), occasions (kappa) and groups of subjects (studies, centres).

All of them are written with standard-normal variables ``z``, one array a level, so that one patient is
conditioned on by the same declaration: the patient's z, and a row of it for every occasion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pymc as pm
import pytensor.tensor as pt

from bayesdose.errors import InputError, explain, nearest
from bayesdose.model.blocks import population_variable
from bayesdose.model.context import current, use_records
from bayesdose.model.correlation import fixed_factors

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

Prior = Any


@dataclass(frozen=True)
class Effect:
    """One random effect.

    Parameters
    ----------
    name
        The parameter it is named after.
    omega
        Its SD, on the parameter's scale.
    value
        The effect, along `dim`; None where the parameter is centred.
    dim
        "subject", "occasion", or the name of a group.
    """

    name: str
    omega: TensorVariable
    value: TensorVariable | None
    dim: str

    @property
    def label(self) -> str:
        """Its name in the posterior: eta_CL, kappa_CL, or eta_STUDY_CL."""
        return {"subject": f"eta_{self.name}", "occasion": f"kappa_{self.name}"}.get(
            self.dim, f"eta_{self.dim}_{self.name}"
        )


def eta(
    omegas: Mapping[str, Prior],
    *,
    correlated: bool | Sequence[Sequence[str]] = (),
    lkj: float = 2.0,
    correlation: Mapping[tuple[str, str], float] = MappingProxyType({}),
    df: Prior | None = None,
) -> dict[str, Effect]:
    """Declare random effects between subjects.

    Parameters
    ----------
    omegas
        Parameter name to the prior of its omega, the SD of eta (not its variance), or a fixed number.
    correlated
        Blocks of names whose etas are correlated, ``[("CL", "V")]``; True for one block of all. Others are
        independent.
    lkj
        The prior of a block's correlation matrix is LKJ(lkj): 1 is uniform, larger is nearer to none.
    correlation
        Correlations that are known, ``{("CL", "V"): 0.5}``; etas that it links are one block, whose other
        correlations are 0.
    df
        Degrees of freedom: etas are then Student-t, with omega as scale; a number or a prior. For subjects
        who lie far out.

    Returns
    -------
    dict
        One Effect per name, to hand to `parameter`. The block is non-centred, ``z ~ N(0, I)`` with dims
        (subject, eta), but for names that the fit asks to centre.

    Notes
    -----
    A correlation matrix is the product of partial correlations ``partial_A_B``, whose beta priors make it LKJ
    (Lewandowski, Kurowicka & Joe 2009, J Multivar Anal 100:1989); ``partial_A_B`` is (1 + that) / 2, between
    0 and 1. ``rho_A_B`` are the correlations.
    """
    made, declaration = current()
    if declaration.etas:
        raise InputError(explain("eta is declared twice", fix="give all random effects in one bd.eta({...})"))
    names = list(omegas)
    declaration.etas.extend(names)
    declaration.fixed |= {f"rho_{a}_{b}": float(rho) for (a, b), rho in correlation.items()}
    made.add_coord("eta", names)
    fixed = fixed_factors(names, correlation)
    blocks = [*_blocks([n for n in names if not any(n in block for block in fixed)], correlated), *fixed]
    free = [name for name in names if name not in declaration.centred]
    _refuse_centred(set(names) - set(free), blocks, df)
    z = _standard("z", "subject", "eta" if free == names else "eta_noncentred", free)
    if df is not None:
        z = _heavy_tailed(z, free, df)
    for block in blocks:
        rows = fixed[block] if block in fixed else _cholesky(block, lkj)
        declaration.factors |= {
            name: dict(zip(block, row, strict=False)) for name, row in zip(block, rows, strict=True)
        }
        if block[0] in z:
            z |= _mixed(block, z, rows)
    return dict(_effects("omega", "subject", omegas, z))


def kappa(omegas: Mapping[str, Prior]) -> dict[str, Effect]:
    """Declare independent random effects between the occasions (OCC) of a subject.

    To be declared before covariates and parameters: these then have a value for every record.

    Parameters
    ----------
    omegas
        Parameter name to the prior of the SD of its kappa, ``omega_kappa_<name>``, or a fixed number.

    Returns
    -------
    dict
        One Effect per name, to hand to `parameter` beside its eta: ``bd.parameter("CL", typical, eta["CL"],
        kappa["CL"])``. Amounts are carried from one occasion to the next (Karlsson & Sheiner 1993, J
        Pharmacokinet Biopharm 21:735).
    """
    made, declaration = current()
    if declaration.kappas:
        raise InputError(explain("kappa is declared twice", fix="give all of them in one bd.kappa({...})"))
    use_records("kappa")
    declaration.kappas.extend(omegas)
    made.add_coord("kappa", list(omegas))
    z = _standard("z_kappa", "occasion", "kappa", list(omegas))
    return dict(_effects("omega_kappa", "occasion", omegas, z))


def between(group: str, omegas: Mapping[str, Prior]) -> dict[str, Effect]:
    """Declare independent random effects between groups of subjects: studies, centres.

    Parameters
    ----------
    group
        A covariate of the card with ``group=True``: a number for each group.
    omegas
        Parameter name to the prior of the SD of its effect, ``omega_<group>_<name>``, or a fixed number.

    Returns
    -------
    dict
        One Effect per name, to hand to `parameter`. A patient is conditioned on as a member of the group of
        its number where the fit knows that group, else as one of a new group.
    """
    made, declaration = current()
    if f"{group}_index" not in made.named_vars:
        raise InputError(
            explain(
                f"{group!r} is no group of subjects",
                expected=", ".join(c.name for c in declaration.card.covariates if c.group)
                or "none is declared",
                meant=nearest(group, [c.name for c in declaration.card.covariates]),
                fix=f"declare Covariate({group!r}, group=True) on the card",
            )
        )
    made.add_coord(f"{group}_effect", list(omegas))
    z = _standard(f"z_{group}", group, f"{group}_effect", list(omegas))
    declaration.groups.append(group)
    return dict(_effects(f"omega_{group}", group, omegas, z))


def _standard(name: str, dim: str, columns: str, names: list[str]) -> dict[str, TensorVariable]:
    """Register standard-normal variables (dim, column), and return each column by its name."""
    if not names:
        return {}
    made, declaration = current()
    if columns not in made.coords:
        made.add_coord(columns, names)
    z = pm.Normal(name, 0.0, 1.0, dims=(dim, columns))
    declaration.individual.append(name)
    declaration.latents[name] = (dim, len(names))
    return {column: z[:, k] for k, column in enumerate(names)}


def _effects(
    prefix: str, dim: str, omegas: Mapping[str, Prior], z: Mapping[str, TensorVariable]
) -> Iterator[tuple[str, Effect]]:
    for name, prior in omegas.items():
        omega = population_variable(f"{prefix}_{name}", prior)
        yield name, Effect(name, omega, omega * z[name] if name in z else None, dim)


def _blocks(names: list[str], correlated: bool | Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    if correlated is True:
        return [tuple(names)] if len(names) > 1 else []
    blocks = [tuple(block) for block in correlated or ()]
    flat = [name for block in blocks for name in block]
    wrong = [name for name in flat if name not in names or flat.count(name) > 1]
    if wrong or any(len(block) < 2 for block in blocks):
        raise InputError(
            explain(
                "correlated= of eta is not a list of blocks",
                came=repr(correlated),
                expected="blocks of two or more names, each name once: [('CL', 'V')], or True",
                meant=nearest(wrong[0], names) if wrong else None,
            )
        )
    return blocks


def _refuse_centred(centred: set[str], blocks: list[tuple[str, ...]], df: Prior | None) -> None:
    if centred and df is not None:
        name = sorted(centred)[0]
        raise InputError(
            explain(f"{name} cannot be centred: its eta is Student-t", fix=f"leave {name!r} out of centred=")
        )
    for block in blocks:
        if centred & set(block) and not centred >= set(block):
            raise InputError(
                explain(
                    f"of the correlated etas of {', '.join(block)} some are centred and some are not",
                    came=", ".join(n for n in block if n in centred),
                    fix="centre all of them, or none",
                )
            )


def _heavy_tailed(z: dict[str, TensorVariable], names: list[str], df: Prior) -> dict[str, TensorVariable]:
    """Make Student-t variables of pairs of normal ones.

    With R^2 = z1^2 + z2^2, ``z1 sqrt(nu expm1(R^2 / nu) / R^2)`` is Student-t with nu degrees of freedom
    (Bailey 1994, Math Comp 62:779, with uniform and angle written as normals).
    """
    nu = population_variable("df_eta", df)
    second = _standard("z_tail", "subject", "eta_tail", names)
    made = {}
    for name in names:
        x = (z[name] ** 2 + second[name] ** 2) / nu
        near = x < 1e-8
        safe = pt.switch(near, 1.0, x)
        made[name] = z[name] * pt.sqrt(pt.switch(near, 1.0 + x / 2.0, pt.expm1(safe) / safe))
    return made


def _cholesky(block: tuple[str, ...], lkj: float) -> list[list[Any]]:
    """Return the rows of the Cholesky factor of a correlation matrix with an LKJ prior."""
    n = len(block)
    partial = {}
    for i, j in combinations(range(n), 2):
        b = lkj + (n - 2 - i) / 2.0
        name = f"{block[i]}_{block[j]}"
        partial[i, j] = 2.0 * population_variable(f"partial_{name}", pm.Beta.dist(b, b)) - 1.0
    rows: list[list[Any]] = []
    for j in range(n):
        left: Any = 1.0
        row = []
        for i in range(j):
            row.append(partial[i, j] * pt.sqrt(left))
            left = left * (1.0 - partial[i, j] ** 2)
        rows.append([*row, pt.sqrt(left) if j else 1.0])
    for i, j in combinations(range(n), 2):
        rho = sum(a * b for a, b in zip(rows[i], rows[j], strict=False))
        pm.Deterministic(f"rho_{block[i]}_{block[j]}", pt.as_tensor(rho))
    return rows


def _mixed(
    block: tuple[str, ...], z: Mapping[str, TensorVariable], rows: list[list[Any]]
) -> dict[str, TensorVariable]:
    """Return correlated variables: each row of the factor times the independent ones."""
    return {
        name: sum(a * z[other] for a, other in zip(row, block, strict=False))
        for name, row in zip(block, rows, strict=True)
    }
