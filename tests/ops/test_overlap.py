"""Shares of mistakes and the Tversky distance against their formulas, and their digits."""

import pytest
import torch
from lossary.ops.overlap import mistake_share, tversky_distance


@pytest.mark.parametrize(("alpha", "beta", "smooth"), [(0.5, 0.5, 1.0), (0.3, 0.7, 1e-4), (1.0, 1.0, 0.1)])
def test_equals_one_minus_the_index(alpha, beta, smooth):
    tp, fp, fn = torch.rand(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    index = (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
    torch.testing.assert_close(tversky_distance(tp, fp, fn, alpha=alpha, beta=beta, smooth=smooth), 1 - index)


def test_a_small_distance_keeps_its_digits():
    one, small = torch.tensor(1.0), torch.tensor(1e-12)
    distance = tversky_distance(one, small, small, alpha=0.5, beta=0.5, smooth=1.0)
    assert distance.item() == pytest.approx(5e-13, rel=1e-6)


def test_shares_add_up_to_one():
    hits, mistakes = torch.rand(2, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    share = mistake_share(hits, mistakes, smooth=0.25)
    torch.testing.assert_close(share + (hits + 0.25) / (hits + mistakes + 0.25), torch.ones_like(share))


def test_without_a_count_there_is_no_mistake():
    nothing = torch.zeros(2)
    assert mistake_share(nothing, nothing, smooth=1e-30).tolist() == [0, 0]
