"""What predictive checks share: the share inside, and in how many replicates it is as small."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import pytest

from bayesdose.validate import CategoryVpc, EventVpc, Vpc
from bayesdose.validate.inside import Compared, interval_of


@dataclass(frozen=True)
class Check(Compared):
    table: pd.DataFrame
    shares: np.ndarray


def test_the_share_inside_and_its_p_by_hand():
    one = Check(pd.DataFrame({"inside": [True, True, False, True]}), np.array([0.5, 0.75, 1.0, 1.0]))
    assert one.inside == 0.75
    assert one.p_value == pytest.approx((1 + 2) / (1 + 4))


@pytest.mark.parametrize("kind", [Vpc, CategoryVpc, EventVpc])
def test_every_check_says_it_the_same_way(kind):
    assert {"table", "shares"} <= {field.name for field in fields(kind)}
    assert kind.inside is Compared.inside
    assert kind.p_value is Compared.p_value


def test_an_interval_has_equal_tails():
    low, median, high = interval_of(np.arange(101.0)[None], 0.9)
    assert (low.item(), median.item(), high.item()) == pytest.approx((5, 50, 95))
