"""Multi-kernel MMD beyond conformance: its sums, its bandwidth, equal points, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.multi_kernel_mmd import multi_kernel_mmd


def rows(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    kernel_mul=st.floats(0.5, 4),
    kernel_num=st.integers(1, 6),
)
@settings(max_examples=25)
def test_equals_its_sums_over_all_pairs(seed, sizes, kernel_mul, kernel_num):
    s, t = rows(sizes[0], seed), rows(sizes[1], seed + 1)
    every = torch.cat([s, t])
    squares = (every.unsqueeze(1) - every).square().sum(-1)
    mean = squares.sum() / (len(every) * (len(every) - 1))

    def kernel(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        gaps = (left.unsqueeze(1) - right).square().sum(-1)
        widths = [mean / kernel_mul ** (kernel_num // 2) * kernel_mul**m for m in range(kernel_num)]
        return sum((-gaps / width).exp() for width in widths).mean()

    options = {"kernel_mul": kernel_mul, "kernel_num": kernel_num}
    found = multi_kernel_mmd(s, t, **options)
    torch.testing.assert_close(found, kernel(s, s) + kernel(t, t) - 2 * kernel(s, t))
    torch.testing.assert_close(multi_kernel_mmd(s, t, bandwidth=mean.item(), **options), found)


def test_the_gradient_is_that_at_a_fixed_bandwidth():
    s, t = rows(4).requires_grad_(), rows(5, 1).requires_grad_()
    mean = torch.pdist(torch.cat([s, t]).detach()).square().mean().item()
    found, fixed = (torch.autograd.grad(multi_kernel_mmd(s, t, bandwidth=b), [s, t]) for b in (None, mean))
    torch.testing.assert_close(found, fixed)
    assert torch.autograd.gradcheck(lambda a, b: multi_kernel_mmd(a, b, bandwidth=mean), (s, t))


@pytest.mark.parametrize("count", [1, 3])
def test_points_that_are_all_the_same_are_at_zero_with_a_graph(count):
    s = torch.ones(count, 2, requires_grad=True)
    loss = multi_kernel_mmd(s, torch.ones(2, 2))
    (slope,) = torch.autograd.grad(loss, s)
    assert loss.item() == 0
    assert not slope.any()


def test_scale_does_not_matter_as_the_bandwidth_follows():
    s, t = rows(4), rows(5, 1)
    torch.testing.assert_close(multi_kernel_mmd(1e4 * s, 1e4 * t), multi_kernel_mmd(s, t))


S, T = rows(3), rows(4, 1)


@pytest.mark.parametrize(
    ("s", "t", "options", "error", "argument"),
    [
        (S[:0], T, {}, ShapeError, "source"),
        (S, T[:0], {}, ShapeError, "target"),
        (S, T[:, :2], {}, ShapeError, "target"),
        (S[0], T, {}, ShapeError, "source"),
        (S.long(), T, {}, DtypeError, "source"),
        (S, T * math.nan, {}, InvalidInputError, "target"),
        (S, T, {"kernel_mul": 0.0}, InvalidInputError, "kernel_mul"),
        (S, T, {"kernel_num": 0}, InvalidInputError, "kernel_num"),
        (S, T, {"kernel_num": 2.0}, DtypeError, "kernel_num"),
        (S, T, {"bandwidth": 0.0}, InvalidInputError, "bandwidth"),
    ],
)
def test_bad_input_is_named(s, t, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        multi_kernel_mmd(s, t, **options)
