"""Depth losses: the fit of NumPy, masks, neighbours, constant predictions, errors."""

import math

import numpy as np
import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.scale_shift_invariant import scale_shift_invariant


def maps(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction, target = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return prediction, target, torch.rand(shape, generator=generator) < 0.7


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scales", [1, 3])
def test_equals_least_squares_and_plain_loops(seed, scales):
    prediction, target, mask = maps(2, 5, 6, seed=seed)
    residuals = np.zeros((2, 5, 6))
    for image, (x, y, m) in enumerate(zip(prediction.numpy(), target.numpy(), mask.numpy(), strict=True)):
        slope, shift = np.polyfit(x[m], y[m], 1)
        residuals[image][m] = (slope * x + shift - y)[m]
    wanted = (residuals**2).sum() / (2 * mask.sum().item())
    for step in [2**k for k in range(scales)]:
        r, m = residuals[:, ::step, ::step], mask.numpy()[:, ::step, ::step]
        total = sum(
            abs(r[b, i + di, j + dj] - r[b, i, j])
            for b, i, j in np.ndindex(r.shape)
            for di, dj in ((0, 1), (1, 0))
            if i + di < r.shape[1] and j + dj < r.shape[2] and m[b, i, j] and m[b, i + di, j + dj]
        )
        wanted += 0.3 * total / m.sum()
    found = scale_shift_invariant(prediction, target, mask, alpha=0.3, scales=scales)
    assert found.item() == pytest.approx(wanted)


@pytest.mark.parametrize("factor", [1e-30, 1e-3, 1e15])
def test_the_unit_of_the_prediction_does_not_count(factor):
    prediction, target, mask = maps(2, 5, 5)
    prediction, target = prediction.float(), target.float()
    wanted = scale_shift_invariant(prediction, target, mask)
    torch.testing.assert_close(scale_shift_invariant(factor * prediction, target, mask), wanted)


def test_what_is_masked_may_be_nan_and_has_no_gradient():
    prediction, target, mask = maps(2, 5, 5)
    wanted = scale_shift_invariant(prediction, target, mask)
    spoilt = prediction.masked_fill(~mask, math.nan).requires_grad_()
    loss = scale_shift_invariant(spoilt, target.masked_fill(~mask, math.nan), mask)
    (gradient,) = torch.autograd.grad(loss, spoilt)
    torch.testing.assert_close(loss, wanted)
    assert gradient.isfinite().all()
    assert not gradient[~mask].any()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e20])
def test_a_constant_prediction_is_taken_for_zero(value):
    target = torch.tensor([[[1.0, 2.0], [3.0, 5.0]]])
    prediction = torch.full((1, 2, 2), value, requires_grad=True)
    loss = scale_shift_invariant(prediction, target, torch.ones(1, 2, 2, dtype=torch.bool), alpha=0.0)
    loss.backward()
    assert loss.item() == pytest.approx((1 + 4 + 9 + 25) / 8)
    assert prediction.grad.isfinite().all()


def test_without_a_pixel_that_counts_the_loss_is_zero_with_a_graph():
    prediction, target, mask = maps(2, 3, 3)
    prediction.requires_grad_()
    loss = scale_shift_invariant(prediction, target, torch.zeros_like(mask))
    loss.backward()
    assert loss.item() == 0
    assert not prediction.grad.any()


PREDICTION, TARGET, MASK = maps(2, 3, 3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((PREDICTION[0], TARGET, MASK), {}, ShapeError, "prediction"),
        ((PREDICTION[:, :0], TARGET[:, :0], MASK[:, :0]), {}, ShapeError, "prediction"),
        ((PREDICTION, TARGET[:1], MASK), {}, ShapeError, "target"),
        ((PREDICTION, TARGET, MASK[:, 1:]), {}, ShapeError, "mask"),
        ((PREDICTION, TARGET, MASK.double()), {}, DtypeError, "mask"),
        ((PREDICTION, TARGET * math.inf, MASK), {}, InvalidInputError, "target"),
        ((PREDICTION, TARGET, MASK), {"alpha": -1.0}, InvalidInputError, "alpha"),
        ((PREDICTION, TARGET, MASK), {"scales": 0}, InvalidInputError, "scales"),
        ((PREDICTION, TARGET, MASK), {"scales": 1.0}, DtypeError, "scales"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        scale_shift_invariant(*arguments, **options)
