"""Funnels, divergences, switched labels: made by hand, and found."""

from __future__ import annotations

import numpy as np
import pytest
import synthetic_fits as made

import bayesdose as bd
from bayesdose.errors import InputError

DRAW = ("chain", "draw")
CHAINS, DRAWS, SUBJECTS = 4, 500, 20
RNG = np.random.default_rng(1)


def _fit(informed, *, centred=(), diverging=None, **more):
    """Etas that follow omega (no data), or are known whatever omega is."""
    rng = np.random.default_rng(7)
    omega = np.exp(rng.normal(-1.0, 0.8, (CHAINS, DRAWS)))
    z = rng.standard_normal((CHAINS, DRAWS, SUBJECTS))
    known = 0.3 * rng.standard_normal(SUBJECTS)
    eta = known + 0.05 * z if informed else omega[..., None] * z
    variables = {
        "theta_CL": (DRAW, np.exp(0.1 * rng.standard_normal((CHAINS, DRAWS)))),
        "omega_CL": (DRAW, omega),
        "eta_CL": ((*DRAW, "subject"), eta),
        **more,
    }
    if diverging is not None:
        variables["diverging"] = (DRAW, diverging(omega))
    return made.fit(variables, sampler={"centred": list(centred)})


def test_an_effect_that_data_do_not_know_follows_its_omega():
    found = bd.validate.pathologies(_fit(informed=False, centred=["CL"]))
    assert found.funnels["r"][0] > 0.95
    assert any("leave 'CL' out of centred=" in text for text in found.advice)
    assert not bd.validate.pathologies(_fit(informed=False))  # non-centred: as it should be


def test_an_effect_that_data_know_asks_to_be_centred():
    found = bd.validate.pathologies(_fit(informed=True))
    assert abs(found.funnels["r"][0]) < 0.2
    assert "centred=['CL']" in str(found)
    assert not bd.validate.pathologies(_fit(informed=True, centred=["CL"]))


def test_correlated_effects_are_centred_together():
    found = bd.validate.pathologies(_fit(informed=True, rho_CL_V=(DRAW, np.ones((CHAINS, DRAWS)))))
    assert "centred=['CL', 'V']" in str(found)


@pytest.mark.parametrize("other", ["df_eta", "kappa_V"])
def test_what_cannot_be_centred_is_not_asked_to_be(other):
    assert not bd.validate.pathologies(_fit(informed=True, **{other: (DRAW, np.ones((CHAINS, DRAWS)))}))


def test_divergences_are_placed_at_the_neck():
    fit = _fit(informed=False, diverging=lambda omega: omega < np.quantile(omega, 0.03))
    found = bd.validate.pathologies(fit)
    assert found.n_divergent == 60
    top = found.divergences.iloc[0]
    omega = np.log(fit.posterior["posterior"]["omega_CL"].to_numpy())
    low = omega < np.quantile(omega, 0.03)
    by_hand = (omega[low].mean() - omega[~low].mean()) / omega[~low].std(ddof=1)
    assert (top["variable"], top["difference_sd"]) == ("omega_CL", pytest.approx(by_hand))
    assert any("omega_CL low: the neck of a funnel" in text for text in found.advice)


def test_divergences_anywhere_and_few():
    spread = np.random.default_rng(5).random((CHAINS, DRAWS)) < 0.05
    assert "spread over the posterior" in str(
        bd.validate.pathologies(_fit(False, diverging=lambda _: spread))
    )
    one = np.zeros((CHAINS, DRAWS), dtype=bool)
    one[0, 3] = True
    found = bd.validate.pathologies(_fit(False, diverging=lambda _: one))
    assert found.divergences.empty
    assert "1 draw diverged" in str(found)


def _membership(switched):
    p = np.clip(RNG.normal(0.9, 0.03, (CHAINS, DRAWS, SUBJECTS)), 0, 1)
    p[..., SUBJECTS // 2 :] = 1 - p[..., SUBJECTS // 2 :]
    p = np.where(switched[..., None], 1 - p, p)
    return {"membership": ((*DRAW, "subpopulation", "subject"), np.stack([p, 1 - p], axis=2))}


def test_switched_labels_are_found_by_chain_and_part():
    none = np.zeros((CHAINS, DRAWS), dtype=bool)
    assert not bd.validate.pathologies(_fit(False, **_membership(none))).labels["switched"].any()
    some = none.copy()
    some[2] = True  # a whole chain
    some[3, 250:] = True  # half of one
    found = bd.validate.pathologies(_fit(False, **_membership(some)))
    table = found.labels[found.labels["switched"]]
    assert table.groupby("chain")["part"].count().to_dict() == {2: 10, 3: 5}
    assert any("labels of subpopulations switch (chain 2, 3)" in text for text in found.advice)


def test_a_chain_in_another_mode_is_named():
    theta = np.random.default_rng(2).normal(0, 1, (CHAINS, DRAWS))
    theta[1] += 9.0
    found = bd.validate.pathologies(_fit(False, theta_V=(DRAW, theta)))
    assert found.apart[["variable", "chain"]].to_numpy().tolist() == [["theta_V", 1]]
    assert found.apart["distance_sd"][0] == pytest.approx(9.0, abs=0.4)


def test_an_omega_that_reaches_zero_is_told():
    omega = np.exp(np.random.default_rng(3).normal(-1, 2.0, (CHAINS, DRAWS)))
    fit = _fit(
        False, omega_V=(DRAW, omega), eta_V=((*DRAW, "subject"), omega[..., None] * RNG.normal(size=20))
    )
    assert "the omega of eta_V reaches 0" in str(bd.validate.pathologies(fit))


def test_flip_flop_is_the_fits_own_check():
    row = {"name": "flip-flop (share ka < ke)", "value": 0.4, "relation": "<=", "limit": 0.05}
    fit = made.fit(
        {"theta_CL": (DRAW, np.ones((2, 5)))}, checks=[row | {"worst": "ka", "advice": "a prior on ka"}]
    )
    found = bd.validate.pathologies(fit)
    assert found.flip_flop == 0.4
    assert found.advice == ("flip-flop (share ka < ke) 0.4: a prior on ka",)


def test_the_figure_shows_each_effect_and_a_slim_fit_has_none():
    found = bd.validate.pathologies(_fit(False, diverging=lambda omega: omega < 0.05))
    assert bd.figure(found).axes[0].get_xlabel() == "log omega of eta_CL"
    slim = bd.validate.pathologies(made.fit({"theta_CL": (DRAW, np.ones((2, 5)))}))
    assert slim.funnels.empty
    with pytest.raises(InputError, match="no random effects"):
        bd.figure(slim)
