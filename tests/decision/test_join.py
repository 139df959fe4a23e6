"""Outcomes joined: paired or independent draws, facts, and the Monte Carlo error of a difference."""

import numpy as np
import pytest
import xarray as xr
from synthetic_outcome import u

import bayesdose as bd
from bayesdose.decision import decide, join


def outcome(U, amounts=(0.0, 10.0), particle=None, unit="mg", **attrs):
    U = np.asarray(U, float)
    amounts = np.asarray(amounts, float)
    coords = {
        "option": ["no treatment" if a == 0 else f"{a:g} {unit}" for a in amounts],
        "kind": ("option", ["none" if a == 0 else "candidate" for a in amounts]),
        "amount": ("option", np.where(amounts > 0, amounts, np.nan)),
        "max_daily": ("option", amounts),
    }
    if particle is not None:
        coords |= {"particle": ("draw", particle), "population_draw": ("draw", particle)}
    return xr.Dataset(
        {"u": (("draw", "option"), U, {"units": "1"})}, coords, attrs={"amount_unit": unit, **attrs}
    )


def test_draws_of_one_model_and_seed_stay_side_by_side():
    rng = np.random.default_rng(1)
    z, own = rng.standard_normal((500, 1)), {"model_hash": "a", "seed": 1}
    first = outcome(np.hstack([0 * z, z]), particle=np.arange(500) // 2, **own)
    second = outcome(np.hstack([0 * z, z + 0.1]), particle=np.arange(500) // 2, **own)
    both = join({"A": first, "B": second})
    assert both["option"].to_numpy().tolist() == ["no treatment", "A: 10 mg", "B: 10 mg"]
    assert both.attrs["joined"].startswith("draws of A, B are paired: they are of one model")
    np.testing.assert_allclose(both.u[:, 2] - both.u[:, 1], 0.1)
    np.testing.assert_array_equal(both.particle, np.arange(500) // 2)
    np.testing.assert_array_equal(both.population_draw, np.arange(500) // 2)
    choice = decide(both, u, complete=["amount"])
    assert both.attrs["joined"] in choice.reasons
    assert "draws of A, B are paired" in str(choice)
    assert choice.row("A: 10 mg")["difference_mcse"] == pytest.approx(0, abs=1e-12)
    assert choice.row("B: 10 mg")["p_best"] == pytest.approx(float((z > -0.1).mean()))


@pytest.mark.parametrize(
    ("attrs", "particles", "said"),
    [
        ({"model_hash": "b", "seed": 1}, 0, "of different models"),
        ({"model_hash": "a", "seed": 2}, 0, "of different seeds"),
        ({"model_hash": "a", "seed": 1}, 1, "their particles differ"),
        ({}, 0, "of different models"),
    ],
)
def test_other_draws_are_independent(attrs, particles, said):
    z = np.random.default_rng(1).standard_normal((400, 1))
    first = outcome(np.hstack([0 * z, z]), particle=np.arange(400), model_hash="a", seed=1)
    second = outcome(np.hstack([0 * z, z]), particle=np.arange(400) + particles, **attrs)
    both = join({"A": first, "B": second})
    assert both.attrs["joined"].startswith("draws of A, B are independent: ")
    assert said in both.attrs["joined"]
    assert abs(np.corrcoef(both.u[:, 1], both.u[:, 2])[0, 1]) < 0.2  # not 1: their order is drawn
    assert sorted(both.u[:, 2].to_numpy()) == sorted(z[:, 0])
    stated = join({"A": first, "B": second}, paired=True)
    assert "are paired: as stated" in stated.attrs["joined"]
    np.testing.assert_array_equal(stated.u[:, 1], stated.u[:, 2])


def test_the_error_of_a_difference_sees_copies_of_particles():
    rng = np.random.default_rng(3)

    def sample(mean):
        sizes = rng.integers(1, 6, 400)
        values = rng.standard_normal(400) + mean
        particle = np.repeat(np.arange(400), sizes)[:1000]
        order = rng.permutation(1000)
        return outcome(np.repeat(values, sizes)[:1000][order, None], [10.0], particle=particle[order])

    errors, differences = [], []
    for k in range(150):
        both = join({"A": sample(0.0), "B": sample(0.3)}, seed=k)
        choice = decide(both, u, complete=["amount"])
        row = {name: choice.row(name) for name in ("A: 10 mg", "B: 10 mg")}
        means = [r["expected_utility"] for r in row.values()]
        differences.append(means[1] - means[0])
        errors.append(max(r["difference_mcse"] for r in row.values()))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.2)
    assert np.mean(differences) == pytest.approx(0.3, abs=4 * np.std(differences) / np.sqrt(150))


@pytest.mark.parametrize("sizes", [[20], [3, 4, 5, 6]])
def test_it_sees_what_the_particles_of_one_population_draw_share(sizes):
    rng = np.random.default_rng(4)

    def sample(mean):
        copies = np.resize(sizes, 400)
        shared = np.repeat(rng.standard_normal(400), copies)[:1500]
        values = shared + 0.1 * rng.standard_normal(1500) + mean
        made = outcome(values[:, None], [10.0], particle=np.arange(1500))
        return made.assign_coords(population_draw=("draw", np.repeat(np.arange(400), copies)[:1500]))

    errors, differences = [], []
    for k in range(100):
        choice = decide(join({"A": sample(0.0), "B": sample(0.3)}, seed=k), u, complete=["amount"])
        row = {name: choice.row(name) for name in ("A: 10 mg", "B: 10 mg")}
        differences.append(np.subtract(*(r["expected_utility"] for r in row.values())))
        errors.append(max(r["difference_mcse"] for r in row.values()))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.25)
    assert choice.n_particles == 1500


def test_facts_are_told_in_the_units_of_the_first():
    flat = np.zeros((5, 2))
    first, second = outcome(flat), outcome(flat, (0.0, 0.02), unit="g")
    second = second.assign_coords(route=("option", ["none", "infusion"]))
    second["u"].attrs["units"] = "percent"
    both = join({"A": first, "B": second})
    np.testing.assert_allclose(both.max_daily, [0, 10, 20])
    assert both["drug"].to_numpy().tolist() == ["", "A", "B"]
    assert both["route"].to_numpy().tolist() == ["", "", "infusion"]
    assert both.attrs["amount_unit"] == "mg"
    units = join({"A": first, "B": outcome(flat, unit="IU")})
    np.testing.assert_array_equal(units.max_daily, [0, 10, np.nan])


def test_a_variable_that_one_lacks_is_stated():
    flat = np.zeros((4, 2))
    first = outcome(flat).assign(trough=(("draw", "option"), flat + 3))
    both = join({"A": first, "B": outcome(flat)}, fill={"trough": 0.0})
    assert both.trough.to_numpy()[0].tolist() == [3, 3, 0]
    with pytest.raises(bd.InputError, match=r"'B' has no 'trough'.*fill="):
        join({"A": first, "B": outcome(flat)})


def test_what_cannot_be_joined():
    flat = np.zeros((4, 2))
    other = outcome(flat)
    other["u"].attrs["units"] = "mg/L"
    with pytest.raises(bd.InputError, match="another unit"):
        join({"A": outcome(flat), "B": other})
    with pytest.raises(bd.InputError, match="different numbers of draws"):
        join({"A": outcome(flat), "B": outcome(np.zeros((5, 2)))}, paired=True)
    with pytest.raises(bd.InputError, match="named outcomes"):
        join({"A": outcome(flat)})
    wide = outcome(flat).assign(c=(("draw", "option", "t"), np.zeros((4, 2, 3))))
    with pytest.raises(bd.InputError, match="cannot be joined"):
        join({"A": wide, "B": outcome(flat)})
