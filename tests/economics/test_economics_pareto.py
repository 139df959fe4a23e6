"""The Pareto set, against its definition."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.errors import InputError


def outcome(**values):
    first = np.asarray(next(iter(values.values())))
    dims = ("draw", "option") if first.ndim == 2 else ("option",)
    labels = [f"o{k}" for k in range(first.shape[-1])]
    return xr.Dataset({n: (dims, np.asarray(v, float)) for n, v in values.items()}, coords={"option": labels})


def test_by_hand():
    o = outcome(benefit=[0.0, 0.5, 0.4, 0.9], harm=[0.0, 0.2, 0.3, 0.6])
    found = bd.economics.pareto(o, {"benefit": "max", "harm": "min"})
    assert found.options == ("o0", "o1", "o3")
    assert found.table.loc["o2", "dominated_by"] == "o1"
    assert found.table["p_efficient"].to_dict() == {"o0": 1.0, "o1": 1.0, "o3": 1.0, "o2": 0.0}
    assert "3 of 4 options" in str(found)
    # scaled to the range and the corner (1.1, 1.1): rectangles that only one option covers
    benefit, harm = np.array([0, 0.5, 0.9]) / 0.9, np.array([0, 0.2, 0.6]) / 0.6
    own = [
        (benefit[0] + 0.1) * (harm[1] - harm[0]),
        (benefit[1] - benefit[0]) * (harm[2] - harm[1]),
        (benefit[2] - benefit[1]) * (1.1 - harm[2]),
    ]
    steps = np.append(harm[1:], 1.1) - harm
    volume = float(((benefit + 0.1) * steps).sum())
    np.testing.assert_allclose(found.table["gain"].to_numpy()[:3], np.array(own) / volume)


@given(
    st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12),
    st.tuples(*[st.sampled_from(["max", "min"])] * 3),
)
def test_efficient_is_undominated(points, ways):
    o = outcome(**{name: [p[k] for p in points] for k, name in enumerate("abc")})
    found = bd.economics.pareto(o, dict(zip("abc", ways, strict=True))).table
    signs = np.array([1 if way == "min" else -1 for way in ways])
    costs = np.array(points) * signs
    beaten = {
        f"o{k}" for k, j in itertools.permutations(range(len(points)), 2)
        if (costs[j] <= costs[k]).all() and (costs[j] < costs[k]).any()
    }  # fmt: skip
    assert set(found.index[~found["efficient"]]) == beaten
    assert all(found["efficient"] | (found["dominated_by"] != ""))
    weights = np.array([1.0, 2.0, 0.5])
    best = int(np.argmin(costs @ weights))
    assert found.loc[f"o{best}", "efficient"]


def test_labels_of_any_kind_of_text():
    o = outcome(benefit=[0.0, 1.0], harm=[0.0, 1.0])
    for labels in (np.array(["a", "b"], dtype=np.dtypes.StringDType()), np.array(["a", "b"], dtype=object)):
        found = bd.economics.pareto(o.assign_coords(option=labels), {"benefit": "max", "harm": "min"})
        assert found.options == ("a", "b")
        curves = bd.economics.acceptability(o.harm.assign_coords(option=labels), {"a": 0, "b": 1}, [2.0])
        assert curves.curves["best"].item() == "b"


def test_how_sure_and_which_options_count():
    o = outcome(benefit=[[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]], harm=[[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = bd.economics.pareto(o, {"benefit": "max", "harm": "min"})
    assert found.table["p_efficient"].to_dict() == {"o0": 1.0, "o1": 0.5, "o2": 0.5}
    assert found.options == ("o0", "o1", "o2")
    only = bd.economics.pareto(o, {"benefit": "max", "harm": "min"}, allowed=["o1", "o2"])
    assert set(only.table.index) == {"o1", "o2"}


@pytest.mark.parametrize(
    "objectives", [{"benefit": "max"}, {"benefit": "up", "harm": "min"}, {"benefit": "max", "cost": "min"}]
)
def test_what_cannot_be_is_refused(objectives):
    with pytest.raises(InputError):
        bd.economics.pareto(outcome(benefit=[0.0, 1.0], harm=[0.0, 1.0]), objectives)
