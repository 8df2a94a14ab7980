"""Axis alignment: angles, either way round, axes without a direction, confidence and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.axis_alignment import axis_alignment

UP = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)


def directions(seed: int = 0) -> torch.Tensor:
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("degrees", [0, 30, 60, 90, 120, 180])
def test_is_one_minus_the_absolute_cosine_of_the_angle(degrees):
    angle = math.radians(degrees)
    tilted = torch.tensor([[math.sin(angle), math.cos(angle), 0.0]], dtype=torch.float64)
    assert axis_alignment(tilted, UP).item() == pytest.approx(1 - abs(math.cos(angle)), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", [-80.0, -1.0, 0.01, 30.0])
def test_length_and_sign_of_either_do_not_count(seed, scale):
    direction, reference = directions(seed), directions(seed + 1)
    plain = axis_alignment(direction, reference, reduction="none")
    torch.testing.assert_close(axis_alignment(scale * direction, reference, reduction="none"), plain)
    torch.testing.assert_close(axis_alignment(direction, scale * reference, reduction="none"), plain)


def test_is_torchs_cosine_similarity():
    direction, reference = directions(), directions(1)
    wanted = 1 - torch.nn.functional.cosine_similarity(direction, reference).abs()
    torch.testing.assert_close(axis_alignment(direction, reference, reduction="none"), wanted)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_tiny_and_huge_axes_have_their_direction(scale):
    direction = torch.tensor([[3.0, 4.0, 0.0]]) * scale
    assert axis_alignment(direction, UP.float()).item() == pytest.approx(0.2, rel=1e-5)


def test_an_axis_of_zeros_costs_one_without_a_gradient():
    direction = torch.zeros(1, 3, requires_grad=True)
    loss = axis_alignment(direction, UP.float())
    loss.backward()
    assert loss.item() == 1
    assert not direction.grad.any()


def test_a_right_angle_has_no_gradient():
    direction = torch.tensor([[2.0, 0.0, 0.0]], requires_grad=True)
    axis_alignment(direction, UP.float()).backward()
    assert not direction.grad.any()


def test_confidence_weighs_boxes_and_the_mean_is_over_all():
    direction, reference = directions(), directions(1)
    confidence = torch.tensor([1.0, 0.1, 0.0, 1.0, 0.5], dtype=torch.float64)
    values = confidence * axis_alignment(direction, reference, reduction="none")
    torch.testing.assert_close(axis_alignment(direction, reference, confidence, reduction="none"), values)
    torch.testing.assert_close(axis_alignment(direction, reference, confidence), values.sum() / 5)


@pytest.mark.parametrize(
    ("direction", "reference", "confidence", "error", "message"),
    [
        (directions()[0], directions()[0], None, ShapeError, "direction: got shape"),
        (directions()[:, :0], directions()[:, :0], None, ShapeError, "direction: got shape"),
        (directions(), directions()[:4], None, ShapeError, "reference: got shape"),
        (directions(), directions(), torch.ones(4), ShapeError, "confidence: got shape"),
        (directions(), directions(), -torch.ones(5), InvalidInputError, "confidence: got -1"),
        (directions(), directions(), torch.ones(5, dtype=torch.int64), DtypeError, "confidence: got dtype"),
        (directions() * math.nan, directions(), None, InvalidInputError, "direction: got 15 values"),
    ],
)
def test_bad_input_is_named(direction, reference, confidence, error, message):
    with pytest.raises(error, match=message):
        axis_alignment(direction, reference, confidence)
