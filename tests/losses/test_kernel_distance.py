"""Kernel distance beyond conformance: its sums, equal points, maximum mean discrepancy, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.kernel_distance import LOSS, kernel_distance
from lossary.losses.distributions.multi_kernel_mmd import multi_kernel_mmd

KERNELS = ("energy", "gaussian", "laplacian")


def sets(points: int = 3, others: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, points, 2), (2, others, 2))
    x, y = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)
    return x, y


@given(seed=st.integers(0, 2**16), kernel=st.sampled_from(KERNELS), blur=st.floats(0.2, 3))
@settings(max_examples=25)
def test_equals_its_sums_over_all_pairs(seed, kernel, blur):
    def value(a: torch.Tensor, b: torch.Tensor) -> float:
        gap = (a - b).square().sum().sqrt().item()
        if kernel == "energy":
            return -gap
        return math.exp(-((gap / blur) ** 2) / 2) if kernel == "gaussian" else math.exp(-gap / blur)

    def mean(left: torch.Tensor, right: torch.Tensor) -> float:
        return sum(value(a, b) for a in left for b in right) / (len(left) * len(right))

    x, y = sets(seed=seed)
    found = kernel_distance(x, y, kernel=kernel, blur=blur, reduction="none")
    for a, b, distance in zip(x, y, found.tolist(), strict=True):
        assert distance == pytest.approx(mean(a, a) / 2 + mean(b, b) / 2 - mean(a, b), abs=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_equal_sets_with_points_that_meet_are_at_zero_with_no_slope(kernel):
    x = sets()[0].repeat(1, 2, 1).requires_grad_()
    loss = kernel_distance(x, x.detach().flip(1), kernel=kernel, blur=1.0)
    (slope,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(loss.detach(), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(slope, torch.zeros_like(x), rtol=0, atol=1e-12)


@given(seed=st.integers(0, 2**16), blur=st.floats(0.2, 3))
@settings(max_examples=10)
def test_the_gaussian_kernel_is_half_a_discrepancy_of_one_kernel(seed, blur):
    x, y = sets(seed=seed)
    expected = [
        multi_kernel_mmd(a, b, kernel_num=1, bandwidth=2 * blur**2) for a, b in zip(x, y, strict=True)
    ]
    found = kernel_distance(x, y, kernel="gaussian", blur=blur, reduction="none")
    torch.testing.assert_close(2 * found, torch.stack(expected))


def test_the_metric_is_of_masks_at_one_half():
    (metric,) = LOSS.pairs_with
    masks = (torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    assert metric(prediction=0.6 * masks, target=masks) == 0
    assert metric(prediction=0.4 * masks, target=masks) > 0


X, Y = sets()


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X[:, :0], Y, {}, ShapeError, "prediction"),
        (X, Y[:1], {}, ShapeError, "target"),
        (X, Y[..., :1], {}, ShapeError, "target"),
        (X, Y.long(), {}, DtypeError, "target"),
        (X * math.inf, Y, {}, InvalidInputError, "prediction"),
        (X, Y, {"kernel": "hausdorff"}, InvalidInputError, "kernel"),
        (X, Y, {"blur": -1.0}, InvalidInputError, "blur"),
    ],
)
def test_bad_input_is_named(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        kernel_distance(x, y, **options)
