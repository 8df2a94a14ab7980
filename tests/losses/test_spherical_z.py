"""Spherical Z beyond conformance: the other form of the formula, its gradient, constant rows and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.spherical_z import spherical_z


def rows(seed: int = 0, classes: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (5,), generator=generator)


def test_equals_the_form_by_sum_and_sum_of_squares():
    logits, target = rows()
    mean = logits.sum(1) / 6
    deviation = (logits.square().sum(1) / 6 - mean.square()).sqrt()
    score = (logits[torch.arange(5), target] - mean) / deviation
    expected = torch.log1p(torch.exp(0.5 * (2.0 - score))) / 0.5
    torch.testing.assert_close(
        spherical_z(logits, target, sharpness=0.5, shift=2.0, reduction="none"), expected
    )


def test_gradient_equals_the_closed_form():
    logits, target = rows(1)
    logits.requires_grad_()
    spherical_z(logits, target, sharpness=3.0, shift=1.0, reduction="sum").backward()
    with torch.no_grad():
        centred = logits - logits.mean(1, keepdim=True)
        deviation = centred.square().mean(1, keepdim=True).sqrt()
        onehot = torch.nn.functional.one_hot(target, 6).double()
        score = (centred * onehot).sum(1, keepdim=True) / deviation
        slope = (onehot - 1 / 6 - score * centred / (6 * deviation)) / deviation
        expected = -torch.sigmoid(3.0 * (1.0 - score)) * slope
    torch.testing.assert_close(logits.grad, expected)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e30])
@pytest.mark.parametrize("classes", [1, 3, 10])
def test_constant_row_has_a_zero_score_and_no_gradient(value, classes):
    logits = torch.full((2, classes), value, requires_grad=True)
    loss = spherical_z(logits, torch.zeros(2, dtype=torch.int64), sharpness=2.0, shift=1.5)
    loss.backward()
    assert loss.item() == pytest.approx(math.log1p(math.exp(3.0)) / 2.0)
    torch.testing.assert_close(logits.grad, torch.zeros(2, classes))


def test_large_offset_does_not_cancel():
    logits, target = rows()
    offset = (logits.float() * 1024).round()  # exact also after the shift
    torch.testing.assert_close(
        spherical_z(offset + 2**20, target), spherical_z(offset, target), rtol=1e-6, atol=0.0
    )


@pytest.mark.parametrize("factor", [1e-6, 1e6, 1e25])
def test_scale_of_the_logits_does_not_matter(factor):
    logits, target = rows()
    torch.testing.assert_close(
        spherical_z(logits.float() * factor, target), spherical_z(logits.float(), target), rtol=1e-5, atol=0.0
    )


def test_confident_row_saturates_only_below_the_largest_score():
    logits = torch.zeros(1, 10, dtype=torch.float64)
    logits[0, 4] = 1.0  # the largest possible standard score, sqrt(9)
    target = torch.tensor([4])
    assert spherical_z(logits, target, shift=3.0).item() == pytest.approx(math.log(2))
    assert spherical_z(logits, target, sharpness=20.0).item() < 1e-20


def test_single_precision_integer_targets_are_taken():
    logits, target = rows()
    torch.testing.assert_close(spherical_z(logits, target.int()), spherical_z(logits, target))


@pytest.mark.parametrize(
    ("option", "value"),
    [("sharpness", 0.0), ("sharpness", -1.0), ("shift", math.inf), ("eps", -1e-3), ("reduction", "max")],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(InvalidInputError, match=option):
        spherical_z(*rows(), **{option: value})


@pytest.mark.parametrize("wrong", [-1, 6])
def test_target_must_be_a_class(wrong):
    logits, target = rows()
    target[2] = wrong
    with pytest.raises(InvalidInputError, match=f"target: got class {wrong}; wanted classes 0 to 5"):
        spherical_z(logits, target)


def test_shapes_must_fit():
    logits, target = rows()
    with pytest.raises(ShapeError, match="target"):
        spherical_z(logits, target[:-1])
    with pytest.raises(ShapeError, match="logits"):
        spherical_z(logits[0], target)
    with pytest.raises(ShapeError, match="wanted at least one class"):
        spherical_z(logits[:, :0], target)


def test_target_must_be_integer():
    logits, target = rows()
    with pytest.raises(DtypeError, match="target"):
        spherical_z(logits, target.double())


def test_logits_whose_difference_overflows_have_a_score():
    wide = torch.tensor([[3e38, -3e38, 0.0]], requires_grad=True)

    loss = spherical_z(wide, torch.tensor([0]))
    loss.backward()

    torch.testing.assert_close(loss, spherical_z(torch.tensor([[3.0, -3.0, 0.0]]), torch.tensor([0])))
    assert wide.grad.isfinite().all()
