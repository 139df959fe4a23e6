"""Random effects, scales, mixtures, imputed covariates: each declaration against explicit arithmetic."""

from functools import cache

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytest
from scipy import stats

import bayesdose as bd
from bayesdose.errors import InputError

UNITS = bd.Units(time="h", amount="mg", concentration="mg/L")
COVARIATES = (
    bd.Covariate("WT", unit="kg", imputed=True),
    bd.Covariate("STUDY", group=True),
)
CARD = bd.Card(drug="x", source="here", units=UNITS)
TIMES, DV = [0.0, 2.0, 24.0, 26.0], [0.0, 4.0, 0.0, 5.0]


def study(card=CARD, subjects=3, **columns):
    rows = {
        "ID": np.repeat(np.arange(subjects) + 1, 4),
        "TIME": np.tile(TIMES, subjects),
        "AMT": np.tile([100, 0, 100, 0], subjects),
        "EVID": np.tile([1, 0, 1, 0], subjects),
        "DV": np.tile(DV, subjects),
        "OCC": np.tile([1, 1, 2, 2], subjects),
    }
    return bd.read_study(pd.DataFrame(rows | columns).astype(str), card)


def declared(body, card=CARD, **columns):
    with bd.population_model(study(card, **columns), card) as m:
        body()
    return m


def values(made, names, **given):
    """Evaluate variables of a declaration with its free variables fixed."""
    point = {v: np.asarray(given[v.name], dtype=float) for v in made.free_RVs if v.name in given}
    outputs = pm.do(made, {v.name: x for v, x in point.items()})
    return pytensor.function([], [outputs[n] for n in names], mode="FAST_COMPILE")()


def one_parameter(effects, scale="log", typical=3.0):
    def body():
        CL = bd.parameter("CL", typical, *effects(), scale=scale)
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0), error=bd.proportional(0.2))

    return body


@pytest.mark.parametrize("n", [2, 3, 4])
def test_partial_correlations_make_lkj(n):
    """The density of the correlations that independent betas make is that of LKJ, by change of variables."""
    names, eta = tuple("abcd"[:n]), 1.7
    rng = np.random.default_rng(n)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]

    def body():
        eta_ = bd.eta(dict.fromkeys(names, 0.3), correlated=True, lkj=eta)
        p = {name: bd.parameter(name, 1.0, eta_[name]) for name in names}
        bd.observe("DV", bd.one_compartment(CL=p["a"], V=p["b"]), error=bd.proportional(0.2))

    m = declared(body)
    partial = [m[f"partial_{names[i]}_{names[j]}"] for i, j in pairs]
    rho = [m[f"rho_{names[i]}_{names[j]}"] for i, j in pairs]
    f = pytensor.function(partial, rho, mode="FAST_COMPILE", on_unused_input="ignore")

    def density(u):
        beta = [stats.beta(eta + (n - 2 - i) / 2, eta + (n - 2 - i) / 2) for i, _ in pairs]
        jacobian = np.empty((len(pairs), len(pairs)))
        for k in range(len(pairs)):
            step = np.zeros(len(pairs))
            step[k] = 1e-6
            jacobian[:, k] = (np.array(f(*(u + step))) - np.array(f(*(u - step)))) / 2e-6
        R = np.eye(n)
        for (i, j), r in zip(pairs, f(*u), strict=True):
            R[i, j] = R[j, i] = r
        made = sum(b.logpdf(x) for b, x in zip(beta, u, strict=True)) - np.linalg.slogdet(jacobian)[1]
        return made - (eta - 1) * np.linalg.slogdet(R)[1], R

    found = [density(rng.uniform(0.2, 0.8, len(pairs))) for _ in range(4)]
    np.testing.assert_allclose(
        [c for c, _ in found], found[0][0], rtol=1e-6
    )  # one constant: det(R)^(eta - 1)
    assert all(np.linalg.eigvalsh(R).min() > 0 for _, R in found)


def test_correlated_etas():
    def body():
        eta = bd.eta({"CL": 0.3, "V": 0.2, "ka": 0.5}, correlated=[("CL", "ka")])
        p = {k: bd.parameter(k, t, eta[k]) for k, t in {"CL": 3.0, "V": 20.0, "ka": 1.0}.items()}
        bd.observe("DV", bd.one_compartment(**p), error=bd.proportional(0.2))

    z = np.arange(9.0).reshape(3, 3) / 10
    made = declared(body)
    CL, V, ka, rho = values(made, ["eta_CL", "eta_V", "eta_ka", "rho_CL_ka"], z=z, partial_CL_ka=0.8)
    assert rho == pytest.approx(0.6)
    np.testing.assert_allclose(CL, 0.3 * z[:, 0])
    np.testing.assert_allclose(V, 0.2 * z[:, 1])
    np.testing.assert_allclose(ka, 0.5 * (0.6 * z[:, 0] + 0.8 * z[:, 2]))
    assert [v.name for v in made.free_RVs] == ["z", "partial_CL_ka"]


def test_student_t_etas():
    made = declared(one_parameter(lambda: [bd.eta({"CL": 0.4}, df=5.0)["CL"]]), subjects=4000)
    rng = np.random.default_rng(1)
    z = {name: rng.standard_normal((4000, 1)) for name in ("z", "z_tail")}
    (eta,) = values(made, ["eta_CL"], **z)
    assert stats.kstest(eta / 0.4, stats.t(5.0).cdf).pvalue > 0.01


def test_scales():
    z = np.array([[-1.0], [0.0], [1.5]])

    def with_scale(scale, typical):
        made = declared(one_parameter(lambda: [bd.eta({"CL": 0.5})["CL"]], scale, typical))
        return values(made, ["CL"], z=z)[0]

    effect = 0.5 * z[:, 0]
    np.testing.assert_allclose(with_scale("log", 3.0), 3 * np.exp(effect))
    np.testing.assert_allclose(with_scale("normal", 3.0), 3 + effect)
    logit = np.log(0.3 / 0.7) + effect
    np.testing.assert_allclose(with_scale("logit", 0.3), 1 / (1 + np.exp(-logit)))
    np.testing.assert_allclose(with_scale(bd.logit_normal(1.0, 5.0), 2.2), 1 + 4 / (1 + np.exp(-logit)))
    skewed = (np.exp(effect) ** 0.7 - 1) / 0.7
    np.testing.assert_allclose(with_scale(bd.box_cox(0.7), 3.0), 3 * np.exp(skewed))
    np.testing.assert_allclose(with_scale(bd.box_cox(0.0), 3.0), 3 * np.exp(effect))


def test_kappa_changes_clearance_between_occasions_and_carries_the_amount():
    def effects():
        kappa = bd.kappa({"CL": 0.4})
        return [bd.eta({"CL": 0.3})["CL"], kappa["CL"]]

    made = declared(one_parameter(effects))
    z, zk = np.array([[0.5], [-1.0], [0.0]]), np.linspace(-2, 2, 6)[:, None]
    prediction, CL = values(made, ["DV_prediction", "CL"], z=z, z_kappa=zk)
    k1, k2 = (3 * np.exp(0.3 * z[:, 0] + 0.4 * zk[i::2, 0]) / 20 for i in (0, 1))
    first = 100 / 20 * np.exp(-2 * k1)
    # a record's parameters govern the interval that ends at it (NONMEM)
    second = 100 / 20 * (np.exp(-2 * k1 - 22 * k2) + 1) * np.exp(-2 * k2)
    np.testing.assert_allclose(prediction, np.stack([first, second], axis=1).ravel(), rtol=1e-9)
    np.testing.assert_allclose(CL[[0, 2]], 20 * np.array([k1[0], k2[0]]))


def test_kappa_must_come_first():
    def body():
        CL = bd.parameter("CL", 3.0)
        bd.kappa({"CL": 0.4})
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0), error=bd.proportional(0.2))

    with pytest.raises(InputError, match="stands too late"):
        declared(body)


def test_groups_of_subjects():
    card = bd.Card(drug="x", source="here", units=UNITS, covariates=COVARIATES[1:])
    effects = lambda: [bd.eta({"CL": 0.3})["CL"], bd.between("STUDY", {"CL": 0.2})["CL"]]  # noqa: E731
    made = declared(one_parameter(effects), card, STUDY=np.repeat([7, 3, 7], 4))
    z, zs = np.array([[0.1], [0.2], [0.3]]), np.array([[-1.0], [2.0]])
    (CL,) = values(made, ["CL"], z=z, z_STUDY=zs)
    np.testing.assert_allclose(CL, 3 * np.exp(0.3 * z[:, 0] + 0.2 * np.array([2.0, -1.0, 2.0])))


def test_an_unknown_group_is_told():
    with pytest.raises(InputError, match="is no group of subjects"):
        declared(one_parameter(lambda: [bd.between("STUDY", {"CL": 0.2})["CL"]]))


def test_missing_covariates_are_unknowns_and_seen_ones_inform():
    card = bd.Card(drug="x", source="here", units=UNITS, covariates=COVARIATES[:1])

    def body():
        median = bd.theta("WT", pm.Normal.dist(70.0, 10.0))
        WT = bd.covariate("WT", missing=bd.Imputed(median, 0.2))
        CL = bd.parameter("CL", 3.0 * WT / 70)
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0), error=bd.proportional(0.2))

    made = declared(body, card, WT=np.repeat(["60", ".", "95"], 4))
    CL, seen = values(made, ["CL", "WT_seen"], theta_WT=72.0, z_missing_WT=[1.5])
    np.testing.assert_allclose(CL, 3 * np.array([60, 72 * np.exp(0.3), 95]) / 70)
    expected = stats.norm(np.log(72), 0.2).logpdf(np.log([60, 95])).sum()
    np.testing.assert_allclose(seen, expected)


def test_a_covariate_that_may_be_missing_needs_a_distribution():
    card = bd.Card(drug="x", source="here", units=UNITS, covariates=COVARIATES[:1])
    body = one_parameter(lambda: [], typical=None)

    def read():
        bd.covariate("WT")
        body()

    with pytest.raises(InputError, match="how it is distributed"):
        declared(read, card, WT=np.repeat(["60", ".", "95"], 4))


def mixed(names=("CL",), correlated=()):
    """Slow and fast people; V of 20 L, with an eta where it is named."""
    kind = bd.mixture({"slow": 0.25, "fast": None})
    eta = bd.eta(dict.fromkeys(names, 0.3), correlated=correlated)
    CL = bd.parameter("CL", kind({"slow": 1.0, "fast": 4.0}), eta["CL"])
    V = bd.parameter("V", 20.0, eta["V"]) if "V" in names else 20.0
    bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(0.2))


@cache
def levels_alone(typical):
    made = declared(one_parameter(lambda: [bd.eta({"CL": 0.3})["CL"]], typical=typical))
    return made.compile_logp(vars=[made["DV"]], sum=False)


def alone(typical, z):
    """Return the log-density of each subject's levels where all have one typical CL and z is known."""
    return levels_alone(typical)({"z": z})[0].reshape(3, 2).sum(axis=1)


def by_hand(u):
    """Return the log of p_k p(y | z, k) N(z) / N(u) in each subpopulation: z is u, or makes up for CL / 4."""
    z = np.stack([u + np.log(4.0) / 0.3, u])
    levels = np.stack([alone(1.0, z[0]), alone(4.0, z[1])])
    normal = stats.norm.logpdf(z[:, :, 0]) - stats.norm.logpdf(u[:, 0])
    return np.log([0.25, 0.75])[:, None] + levels + normal


def test_a_mixture_is_summed_over():
    u = np.array([[0.5], [-4.0], [-2.5]])
    made = declared(mixed)
    names = ["DV_mixture", "membership", "CL_by_subpopulation", "z_by_subpopulation"]
    total, membership, CL, z = values(made, names, z=u)
    np.testing.assert_allclose(total, np.logaddexp(*by_hand(u)).sum(), rtol=1e-10)
    np.testing.assert_allclose(membership, np.exp(by_hand(u) - np.logaddexp(*by_hand(u))), rtol=1e-9)
    np.testing.assert_allclose(CL, np.tile(4.0 * np.exp(0.3 * u[:, 0]), (2, 1)))  # both share one CL
    np.testing.assert_allclose(z[0] - z[1], np.log(4.0) / 0.3)


def test_where_a_mixture_is_sampled_does_not_change_what_it_says():
    """The integral over u is that of the mixture over z, in each subpopulation on its own."""
    made = declared(mixed)
    density = made.compile_logp(vars=[made["DV_mixture"]])
    grid = np.linspace(-14.0, 9.0, 801)
    u = np.zeros((len(grid), 3, 1))
    u[:, 0, 0] = grid  # the first subject's; the others stay where they are
    rest = np.logaddexp(*by_hand(np.zeros((3, 1))))[1:].sum()
    seen = np.exp([float(density({"z": one})) - rest for one in u]) * stats.norm.pdf(grid)
    each = [
        np.trapezoid(np.exp([alone(typical, one)[0] for one in u]) * stats.norm.pdf(grid), grid)
        for typical in (1.0, 4.0)
    ]
    np.testing.assert_allclose(np.trapezoid(seen, grid), 0.25 * each[0] + 0.75 * each[1], rtol=1e-6)


@pytest.mark.parametrize("correlated", [(), True])
def test_centred_or_not_a_mixture_has_one_density(correlated):
    """Up to the change of variables: d CL / d u is omega, and that of the rows of the factor."""
    from bayesdose.model.context import _CENTRED

    names, u = ("CL", "V"), np.array([[0.5, 1.0], [-4.0, 0.3], [-2.5, -1.2]])
    partial = {"partial_CL_V": 0.8} if correlated else {}

    def made(centred):
        token = _CENTRED.set(frozenset(centred))
        try:
            return declared(lambda: mixed(names, correlated))
        finally:
            _CENTRED.reset(token)

    def joint(model, point):
        values = {model.rvs_to_values[model[k]].name: np.asarray(v, float) for k, v in point.items()}
        logit = {"partial_CL_V_logodds__": np.log(0.8 / 0.2)} if correlated else {}
        named = {k: v for k, v in values.items() if "partial" not in k} | logit
        return float(model.compile_logp(jacobian=False)(named))

    free, centred = made(()), made(names)
    at = pm.do(free, {"z": u, **partial})
    CL, V = pytensor.function([], [at["CL_by_subpopulation"][1], at["V_by_subpopulation"][1]])()
    rho = 2 * 0.8 - 1 if correlated else 0.0
    jacobian = 3 * (2 * np.log(0.3) + 0.5 * np.log1p(-(rho**2)))
    point = {"centred_CL": np.log(CL), "centred_V": np.log(V), **partial}
    assert np.isclose(joint(free, {"z": u, **partial}), joint(centred, point) + jacobian, rtol=1e-10)


def test_part_of_a_block_is_not_centred():
    from bayesdose.model.context import _CENTRED

    token = _CENTRED.set(frozenset({"CL"}))
    try:
        with pytest.raises(InputError, match="correlated etas of CL, V some are centred"):
            declared(lambda: mixed(("CL", "V"), True))
    finally:
        _CENTRED.reset(token)


def test_three_subpopulations_share_the_probability():
    def body():
        kind = bd.mixture({"a": 0.5, "b": 0.4, "c": None})
        CL = bd.parameter("CL", kind({"a": 1.0, "b": 2.0, "c": 4.0}))
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0), error=bd.proportional(0.2))

    log_p = declared(body).declaration.mixture.log_probability
    np.testing.assert_allclose(np.exp(log_p.eval()), [0.5, 0.2, 0.3])
