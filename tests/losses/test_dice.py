"""Dice beyond conformance: bounds, degenerate maps, options and errors."""

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation.dice import dice


def maps(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator), (torch.rand(shape, generator=generator) > 0.6).float()


def test_equals_one_minus_f1_on_hard_maps():
    prediction, target = (value.round() for value in maps(1, 1, 9, 9))
    true_positive = int((prediction * target).sum())
    f1 = 2 * true_positive / int(prediction.sum() + target.sum())
    assert dice(prediction, target, smooth=1e-12).item() == pytest.approx(1 - f1)


@pytest.mark.parametrize("squared", [False, True])
def test_equals_the_formula_read_literally(squared):
    prediction, target = (value.double() for value in maps(2, 3, 4, 5))
    power = 2 if squared else 1
    overlap = (prediction * target).sum((2, 3))
    mass = (prediction**power).sum((2, 3)) + (target**power).sum((2, 3))
    expected = 1 - (2 * overlap + 0.3) / (mass + 0.3)
    torch.testing.assert_close(
        dice(prediction, target, smooth=0.3, squared=squared, reduction="none"), expected
    )


def test_keeps_the_digits_of_a_small_loss_in_float32():
    target = torch.ones(1, 1, 1000, 1000)
    prediction = torch.full_like(target, 1 - 2**-20)
    exact = 2**-20 / (2 - 2**-20)
    assert dice(prediction, target).item() == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_stays_within_zero_and_one_in_float32(seed):
    prediction, target = maps(4, 4, 50, seed=seed)
    disjoint = dice(1 - target, target, smooth=1e-30, reduction="none")
    near = dice(target, target * (1 - 1e-7), smooth=1e-30, squared=True, reduction="none")
    for values in (dice(prediction, target, reduction="none"), disjoint, near):
        assert (values >= 0).all()
        assert (values <= 1).all()


@pytest.mark.parametrize("smooth", [1e-5, 1e-30])
def test_two_empty_maps_give_zero_with_a_graph(smooth):
    prediction = torch.zeros(1, 1, 3, 3, requires_grad=True)
    loss = dice(prediction, torch.zeros(1, 1, 3, 3), smooth=smooth)
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()


def test_smooth_softens_the_loss_of_an_empty_target():
    prediction, target = torch.full((1, 1, 4), 0.25), torch.zeros(1, 1, 4)
    assert dice(prediction, target, smooth=1.0).item() == pytest.approx(0.5)
    assert dice(prediction, target).item() > 0.9999


def test_soft_target_reaches_zero_only_when_squared():
    target = torch.full((1, 1, 4), 0.5)
    assert dice(target, target, squared=True).item() == 0
    assert dice(target, target).item() == pytest.approx(0.5, abs=1e-4)


def test_batch_pools_the_images_of_a_class():
    prediction, target = maps(3, 2, 5)
    pooled = dice(prediction, target, batch=True, reduction="none")
    joined = dice(
        prediction.transpose(0, 1).reshape(1, 2, 15),
        target.transpose(0, 1).reshape(1, 2, 15),
        reduction="none",
    )
    torch.testing.assert_close(pooled, joined[0])


def test_background_is_left_out_only_when_there_are_other_classes():
    prediction, target = maps(2, 3, 5)
    without = dice(prediction, target, include_background=False, reduction="none")
    torch.testing.assert_close(without, dice(prediction[:, 1:], target[:, 1:], reduction="none"))
    single = dice(prediction[:, :1], target[:, :1], include_background=False)
    torch.testing.assert_close(single, dice(prediction[:, :1], target[:, :1]))


def test_maps_without_a_spatial_axis_are_single_points():
    prediction, target = maps(4, 3)
    torch.testing.assert_close(dice(prediction, target), dice(prediction[..., None], target[..., None]))


def test_result_has_the_dtype_of_the_prediction_whatever_the_target():
    prediction, target = maps(2, 2, 4)
    assert dice(prediction, target.double()).dtype == torch.float32


@pytest.mark.parametrize("batch", [False, True])
def test_empty_batch_gives_zero(batch):
    empty = torch.zeros(0, 2, 3, requires_grad=True)
    loss = dice(empty, empty.detach(), batch=batch)
    loss.backward()
    assert loss.item() == 0


def test_label_map_is_refused_with_the_way_out():
    prediction, _ = maps(2, 3, 4, 4)
    with pytest.raises(DtypeError, match=r"target: got dtype torch.int64.*one_hot"):
        dice(prediction, torch.zeros(2, 4, 4, dtype=torch.int64))


def test_shapes_must_agree():
    prediction, target = maps(2, 3, 4)
    with pytest.raises(ShapeError, match="target: got shape"):
        dice(prediction, target[:, :2])


def test_a_class_axis_is_needed():
    with pytest.raises(ShapeError, match="prediction: got shape"):
        dice(torch.zeros(3), torch.zeros(3))


@pytest.mark.parametrize("smooth", [0.0, -1.0, float("nan"), float("inf")])
def test_smooth_must_be_positive(smooth):
    with pytest.raises(InvalidInputError, match="smooth"):
        dice(*maps(1, 1, 4), smooth=smooth)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_values_must_be_probabilities(value):
    prediction, target = maps(1, 1, 4)
    broken = prediction.clone()
    broken[0, 0, 0] = value
    with pytest.raises(InvalidInputError, match="prediction"):
        dice(broken, target)
    with pytest.raises(InvalidInputError, match="target"):
        dice(prediction, broken)
