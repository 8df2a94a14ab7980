"""The surrogates of a pair: their values, and slopes that are their derivatives."""

import pytest
import torch
from lossary.ops.surrogates import SURROGATES, pair_loss, pair_slope

DIFFERENCES = torch.linspace(-7.3, 7.1, 97, dtype=torch.float64)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("scale", [0.3, 0.5, 1.0, 2.5])
def test_slope_is_the_derivative(surrogate, scale):
    difference = DIFFERENCES.clone().requires_grad_()
    loss = pair_loss(difference, surrogate, 0.7, scale)
    (expected,) = torch.autograd.grad(loss.sum(), difference)
    torch.testing.assert_close(pair_slope(difference.detach(), surrogate, 0.7, scale), expected)


@pytest.mark.parametrize(
    ("surrogate", "scale", "expected"),
    [
        ("hinge", 1.0, [0.0]),
        ("squared_hinge", 1.0, [0.0]),
        ("barrier_hinge", 2.0, [-1.0, -1.0]),  # kinks at -2 and 1
        ("barrier_hinge", 0.25, [-0.25, -0.25]),  # kinks at 1/3 and 2
        ("barrier_hinge", 0.75, [-1.0]),  # one kink, at 1
    ],
)
def test_slopes_at_the_kinks(surrogate, scale, expected):
    kinks = {2.0: [-2.0, 1.0], 0.25: [1 / 3, 2.0]}.get(scale, [1.0])
    slopes = pair_slope(torch.tensor(kinks, dtype=torch.float64), surrogate, 1.0, scale)
    assert slopes.tolist() == expected


@pytest.mark.parametrize("function", [pair_loss, pair_slope])
def test_an_unknown_name_is_refused(function):
    with pytest.raises(ValueError, match=r"surrogate: got 'linear'; wanted one of"):
        function(torch.zeros(1), "linear", 1.0, 1.0)


@pytest.mark.parametrize("surrogate", ["logistic", "sigmoid"])
def test_large_differences_do_not_overflow(surrogate):
    difference = torch.tensor([-1e30, 1e30])
    assert pair_loss(difference, surrogate, 1.0, 1.0).isfinite().all()
    assert pair_slope(difference, surrogate, 1.0, 1.0).isfinite().all()
