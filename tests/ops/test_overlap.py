"""The Tversky distance against its formula, and its digits."""

import pytest
import torch
from lossary.ops.overlap import tversky_distance


@pytest.mark.parametrize(("alpha", "beta", "smooth"), [(0.5, 0.5, 1.0), (0.3, 0.7, 1e-4), (1.0, 1.0, 0.1)])
def test_equals_one_minus_the_index(alpha, beta, smooth):
    tp, fp, fn = torch.rand(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    index = (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
    torch.testing.assert_close(tversky_distance(tp, fp, fn, alpha=alpha, beta=beta, smooth=smooth), 1 - index)


def test_a_small_distance_keeps_its_digits():
    one, small = torch.tensor(1.0), torch.tensor(1e-12)
    distance = tversky_distance(one, small, small, alpha=0.5, beta=0.5, smooth=1.0)
    assert distance.item() == pytest.approx(5e-13, rel=1e-6)
