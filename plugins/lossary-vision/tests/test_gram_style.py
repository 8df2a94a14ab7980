"""Gram style: its formula, what positions may do, and errors."""

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.gram_style import gram_style


def features(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_equals_the_formula_read_literally(seed, reduction):
    prediction, target = features(2, 3, 4, 5, seed=seed), features(2, 3, 7, seed=seed + 1)
    wanted = []
    for own, style in zip(prediction.reshape(2, 3, 20), target, strict=True):
        wanted.append((own @ own.T / 60 - style @ style.T / 21).abs().sum())
    wanted = torch.stack(wanted)
    values = {"mean": wanted.mean(), "sum": wanted.sum(), "none": wanted}[reduction]
    torch.testing.assert_close(gram_style(prediction, target, reduction=reduction), values)


def test_positions_may_be_shuffled():
    prediction, target = features(2, 3, 12), features(2, 3, 12, seed=1)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(gram_style(prediction[..., order], target), gram_style(prediction, target))
    assert gram_style(target[..., order], target).item() == pytest.approx(0, abs=1e-12)


def test_an_image_tiled_twice_has_its_style():
    image = features(1, 2, 3, 4)
    assert gram_style(image.repeat(1, 1, 2, 1), image).item() == pytest.approx(0, abs=1e-12)


def test_descent_reaches_the_style():
    target, prediction = features(1, 2, 6), features(1, 2, 6, seed=1).requires_grad_()
    start = gram_style(prediction, target).item()
    for _ in range(100):
        (gradient,) = torch.autograd.grad(gram_style(prediction, target), prediction)
        prediction = (prediction - 0.05 * gradient).detach().requires_grad_()
    assert gram_style(prediction, target).item() < 0.4 * start


def test_no_image_gives_zero_with_a_graph():
    prediction = torch.zeros(0, 2, 3, requires_grad=True)
    loss = gram_style(prediction, torch.zeros(0, 2, 4))
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("prediction", "target", "error", "message"),
    [
        (features(2, 3, 4), features(2, 2, 4), ShapeError, "target: got shape .* of 3 channels"),
        (features(2, 3, 4), features(1, 3, 4), ShapeError, "target: got shape .* 2 samples"),
        (features(2, 3), features(2, 3), ShapeError, "prediction: got shape"),
        (features(2, 3, 4), features(2, 3, 0), ShapeError, "target: got shape"),
        (features(2, 3, 4), torch.ones(2, 3, 4, dtype=torch.int64), DtypeError, "target: got dtype"),
        (features(2, 3, 4) * torch.inf, features(2, 3, 4), InvalidInputError, "prediction: got 24 values"),
    ],
)
def test_bad_input_is_named(prediction, target, error, message):
    with pytest.raises(error, match=message):
        gram_style(prediction, target)
