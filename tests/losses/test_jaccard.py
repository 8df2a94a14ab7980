"""Jaccard beyond conformance: its formula, its relatives, its exact metric, degenerate maps and errors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation.dice import dice
from lossary.losses.segmentation.jaccard import LOSS, jaccard

SHAPES = [(2, 3, 20), (2, 3, 4, 5), (2, 2, 3, 4, 2)]


def maps(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.rand(shape, generator=generator, dtype=torch.float64)
    return prediction, (torch.rand(shape, generator=generator) > 0.6).double()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("squared", [False, True])
def test_equals_the_formula_read_literally(shape, squared):
    prediction, target = maps(*shape)
    power, axes = (2 if squared else 1), tuple(range(2, len(shape)))
    overlap = (prediction * target).sum(axes)
    mass = (prediction**power).sum(axes) + (target**power).sum(axes)
    expected = 1 - (overlap + 0.3) / (mass - overlap + 0.3)
    values = jaccard(prediction, target, smooth=0.3, squared=squared, reduction="none")
    torch.testing.assert_close(values, expected)


@given(
    seed=st.integers(0, 2**16),
    smooth=st.floats(1e-6, 10),
    squared=st.booleans(),
    batch=st.booleans(),
)
@settings(max_examples=25)
def test_is_twice_dice_over_one_more_than_dice_of_twice_the_smoothing(seed, smooth, squared, batch):
    options = {"squared": squared, "batch": batch, "reduction": "none"}
    overlap = dice(*maps(2, 2, 7, seed=seed), smooth=2 * smooth, **options)
    values = jaccard(*maps(2, 2, 7, seed=seed), smooth=smooth, **options)
    torch.testing.assert_close(values, 2 * overlap / (1 + overlap))


@pytest.mark.parametrize("seed", range(3))
def test_on_hard_maps_is_one_minus_the_exact_metric(seed):
    prediction, target = (value.round() for value in maps(1, 1, 6, 6, seed=seed))
    (metric,) = LOSS.pairs_with
    score = metric(prediction=prediction, target=target)
    assert jaccard(prediction, target, smooth=1e-12).item() == pytest.approx(1 - score)
    assert score == metrics.jaccard_score(target.ravel().numpy(), prediction.ravel().numpy())


def test_exact_metric_of_two_empty_maps_is_one():
    empty = torch.zeros(1, 1, 3, 3)
    assert LOSS.pairs_with[0](prediction=empty, target=empty) == 1


def test_keeps_the_digits_of_a_small_loss_in_float32():
    target = torch.ones(1, 1, 1000, 1000)
    prediction = torch.full_like(target, 1 - 2**-20)
    assert jaccard(prediction, target).item() == pytest.approx(2**-20, rel=1e-4)


@pytest.mark.parametrize("smooth", [1e-5, 1e-30])
def test_two_empty_maps_give_zero_with_a_graph(smooth):
    prediction = torch.zeros(1, 1, 3, 3, requires_grad=True)
    loss = jaccard(prediction, torch.zeros(1, 1, 3, 3), smooth=smooth)
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad.isfinite().all()


def test_smooth_softens_the_loss_of_an_empty_target():
    prediction, target = torch.full((1, 1, 4), 0.25), torch.zeros(1, 1, 4)
    assert jaccard(prediction, target, smooth=1.0).item() == pytest.approx(0.5)
    assert jaccard(prediction, target).item() > 0.9999


def test_soft_target_reaches_zero_only_when_squared():
    target = torch.full((1, 1, 4), 0.5)
    assert jaccard(target, target, squared=True).item() == 0
    assert jaccard(target, target).item() == pytest.approx(2 / 3, abs=1e-4)


def test_batch_pools_the_images_of_a_class():
    prediction, target = maps(3, 2, 5)
    pooled = jaccard(prediction, target, batch=True, reduction="none")
    joined = [value.transpose(0, 1).reshape(1, 2, 15) for value in (prediction, target)]
    torch.testing.assert_close(pooled, jaccard(*joined, reduction="none")[0])


def test_background_is_left_out_only_when_there_are_other_classes():
    prediction, target = maps(2, 3, 5)
    without = jaccard(prediction, target, include_background=False, reduction="none")
    torch.testing.assert_close(without, jaccard(prediction[:, 1:], target[:, 1:], reduction="none"))
    single = jaccard(prediction[:, :1], target[:, :1], include_background=False)
    torch.testing.assert_close(single, jaccard(prediction[:, :1], target[:, :1]))


@pytest.mark.parametrize("batch", [False, True])
def test_empty_batch_gives_zero(batch):
    empty = torch.zeros(0, 2, 3, requires_grad=True)
    loss = jaccard(empty, empty.detach(), batch=batch)
    loss.backward()
    assert loss.item() == 0


PREDICTION, TARGET = maps(2, 3, 4)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (PREDICTION, TARGET[:, :2], {}, ShapeError, "target"),
        (PREDICTION[0, 0], TARGET[0, 0], {}, ShapeError, "prediction"),
        (PREDICTION, TARGET.argmax(1), {}, DtypeError, "target: got dtype torch.int64.*one_hot"),
        (PREDICTION.long(), TARGET, {}, DtypeError, "prediction"),
        (PREDICTION + 1, TARGET, {}, InvalidInputError, "prediction"),
        (PREDICTION, -TARGET, {}, InvalidInputError, "target"),
        (PREDICTION, TARGET, {"smooth": 0.0}, InvalidInputError, "smooth"),
        (PREDICTION, TARGET, {"reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        jaccard(prediction, target, **options)
