"""Worth of information where draws do not belong together, are few, or share a population."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from simulated_levels import levels
from synthetic_outcome import of_utilities

from bayesdose.decision import Choice, decide
from bayesdose.decision.information.category import evsi_test
from bayesdose.decision.information.gains import enbs
from bayesdose.decision.information.samples import evsi
from bayesdose.decision.information.value import evpi, evppi
from bayesdose.errors import InputError, Refused


def two_actions(gain: np.ndarray, particle: np.ndarray) -> Choice:
    U = np.column_stack([gain, np.zeros_like(gain)])
    outcome = of_utilities(U, ["treat", "no treatment"], particle=("draw", particle))
    return decide(outcome, lambda o: o.u)


class TestLaterChoice:
    gain = 0.5 + np.random.default_rng(7).standard_normal(2000)
    particle = np.arange(2000)
    level = levels(gain, [0.5], 7, particle=particle)

    def test_other_draws_are_refused(self) -> None:
        now = two_actions(self.gain, self.particle)
        order = np.random.default_rng(8).permutation(2000)
        late = two_actions(self.gain[order] - 0.05, self.particle[order])
        with pytest.raises(InputError, match="later: not the draws of the choice"):
            evsi(now, self.level, later=late)
        same = two_actions(self.gain - 0.05, self.particle)
        assert evsi(now, self.level, later=same).row("1 h")["delay"] == pytest.approx(-0.05)

    def test_draws_known_by_their_labels_alone(self) -> None:
        bare = two_actions(self.gain, self.particle).U.drop_vars("particle")
        made = []
        for numbers in (np.arange(2000), np.arange(2000)[::-1]):
            labelled = bare.assign_coords(draw=numbers)
            made.append(decide(xr.Dataset({"u": labelled}), lambda o: o.u))
        with pytest.raises(InputError, match="later: not the draws"):
            evsi(made[0], self.level.drop_vars("particle"), later=made[1])


def test_the_error_follows_the_population() -> None:
    population = np.repeat(np.arange(100), 20)
    gain = np.random.default_rng(3).standard_normal(100)[population]
    outcome = of_utilities(np.column_stack([gain, 0 * gain]), particle=("draw", np.arange(2000)))
    alone = evpi(decide(outcome, lambda o: o.u)).row("everything")["mcse"]
    shared = outcome.assign_coords(population_draw=("draw", population))
    told = evpi(decide(shared, lambda o: o.u)).row("everything")["mcse"]
    assert told == pytest.approx(np.sqrt(20) * alone, rel=0.02)


class TestFewDraws:
    """60 particles 60 times each, and parameters that say nothing: what they are worth is noise."""

    rng = np.random.default_rng(11)
    particle = np.repeat(np.arange(60), 60)
    gain = rng.standard_normal(60)[particle]
    p1, p2 = rng.standard_normal((2, 60))[:, particle]
    noise = xr.Dataset({"p1": ("draw", p1), "p2": ("draw", p2)})

    def test_a_surface_through_noise_is_refused(self) -> None:
        choice = two_actions(self.gain, self.particle)
        with pytest.raises(Refused, match=r"p1 \+ p2.*Came: 60 for 49 columns.*condition with more"):
            evppi(choice, self.noise, of=[("p1", "p2")])
        kind = np.digitize(self.noise["p1"], [0.0])
        made = evppi(choice, self.noise.assign(kind=("draw", kind)), of=["p1", "kind"])
        assert np.isnan(made.row("p1")["value"])
        assert made.row("kind")["value"] >= 0
        assert "p1" in made.notes[0]
        assert made.most == "kind"

    def test_a_category_for_every_few_draws_is_refused(self) -> None:
        choice = two_actions(self.gain, self.particle)
        with pytest.raises(Refused, match="60 for 12 columns or categories"):
            evsi_test(choice, self.particle % 12)
        assert evsi_test(choice, self.particle % 2).row("test")["value"] >= 0

    def test_worth_by_what_other_draws_confirm(self) -> None:
        """Enough draws to fit; what the fit gains beyond those held out is chance."""
        rng = np.random.default_rng(5)
        gain, noise = rng.standard_normal(500), rng.standard_normal((2, 500))
        choice = two_actions(gain, np.arange(500))
        data = xr.Dataset({"p1": ("draw", noise[0]), "p2": ("draw", noise[1])})
        made = evppi(choice, data, of=[("p1", "p2")])
        row = made.row("p1 + p2")
        assert row["value"] > 2 * row["mcse"]
        assert row["held_out"] < 2 * row["mcse"]
        assert made.worth_it == {"p1 + p2": False}
        assert enbs(made, cost=0.01, patients=3).worth_it == {"p1 + p2": False}
