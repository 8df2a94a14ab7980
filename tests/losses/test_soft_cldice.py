"""Soft clDice beyond conformance: its formula, its exact metrics, gaps in tubes, degenerate maps, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation.dice import dice
from lossary.losses.segmentation.soft_cldice import LOSS, soft_cldice
from lossary.metrics import cldice
from lossary.training.soft_skeleton import soft_skeleton

SHAPES = [(2, 2, 6, 7), (2, 2, 4, 5, 3)]


def maps(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.rand(shape, generator=generator, dtype=torch.float64)
    return prediction, (torch.rand(shape, generator=generator) > 0.6).double()


def tube(*, thick: bool = False) -> torch.Tensor:
    image = torch.zeros(1, 1, 7, 20)
    image[:, :, 2 : 5 if thick else 3] = 1
    return image


def literally(prediction, target, axes, smooth=1.0, iterations=10):
    thin, thin_target = (soft_skeleton(each, iterations=iterations) for each in (prediction, target))
    precision = ((thin * target).sum(axes) + smooth) / (thin.sum(axes) + smooth)
    sensitivity = ((thin_target * prediction).sum(axes) + smooth) / (thin_target.sum(axes) + smooth)
    return 1 - 2 * precision * sensitivity / (precision + sensitivity)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", [{}, {"smooth": 1e-3}, {"iterations": 0}, {"iterations": 2}])
def test_equals_the_formula_read_literally(shape, options):
    prediction, target = maps(*shape)
    axes = tuple(range(2, len(shape)))
    values = soft_cldice(prediction, target, **options, reduction="none")
    torch.testing.assert_close(values, literally(prediction, target, axes, **options))
    pooled = soft_cldice(prediction, target, **options, batch=True)
    torch.testing.assert_close(pooled, literally(prediction, target, tuple(range(len(shape))), **options))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_batch_gives_a_scalar_whatever_the_reduction(reduction):
    given_maps = maps(2, 2, 6, 7)
    pooled = soft_cldice(*given_maps, batch=True, reduction=reduction)
    torch.testing.assert_close(pooled, soft_cldice(*given_maps, batch=True))


@given(seed=st.integers(0, 2**16), smooth=st.floats(1e-6, 10))
@settings(max_examples=20)
def test_of_a_single_map_batch_says_nothing_new(seed, smooth):
    given_maps = maps(1, 1, 5, 6, seed=seed)
    torch.testing.assert_close(
        soft_cldice(*given_maps, smooth=smooth, batch=True), soft_cldice(*given_maps, smooth=smooth)
    )


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_hard_maps_may_change_places(seed):
    prediction, target = maps(1, 2, 6, 7, seed=seed)
    prediction = prediction.round()
    torch.testing.assert_close(soft_cldice(prediction, target), soft_cldice(target, prediction))


@pytest.mark.parametrize("shape", [(1, 1, 9, 9), (2, 2, 6, 7), (1, 1, 5, 6, 5)])
def test_on_hard_maps_is_one_minus_the_exact_metric_of_the_soft_skeletons(shape):
    prediction, target = maps(*shape, seed=3)
    prediction = (0.7 * prediction + 0.4 * target).round()
    skeletons = {
        "prediction_skeleton": soft_skeleton(prediction).round(),
        "target_skeleton": soft_skeleton(target).round(),
    }
    exact = cldice(prediction, target, **skeletons, reduction="none")
    loss = soft_cldice(prediction, target, smooth=1e-12, reduction="none")
    assert (exact > 0).all()
    assert (exact < 1).any()
    assert loss.tolist() == pytest.approx(1 - exact)


def test_the_exact_metric_is_high_where_the_loss_is_low():
    (metric,) = LOSS.pairs_with
    broken = tube()
    broken[..., 8:12] = 0
    assert metric(prediction=broken, target=tube()) == pytest.approx(2 * 0.8 / 1.8)
    empty = torch.zeros(1, 1, 4, 4)
    assert metric(prediction=empty, target=empty) == 1


def test_a_hard_map_that_equals_its_target_costs_nothing():
    _, target = maps(2, 2, 6, 7)
    assert soft_cldice(target, target).item() == 0


def test_a_tube_of_another_thickness_costs_nothing_but_a_gap_does():
    thin, thick = tube(), tube(thick=True)
    middle = torch.roll(thin, 1, 2)  # the centre line of the thick one
    assert soft_cldice(middle, thick, smooth=1e-6).item() == pytest.approx(0, abs=1e-6)
    assert dice(middle, thick).item() > 0.4
    broken = middle.clone()
    broken[..., 8:12] = 0
    assert soft_cldice(broken, thick, smooth=1e-6).item() == pytest.approx(1 - 2 * 0.8 / 1.8, abs=1e-6)


def test_keeps_the_digits_of_a_small_loss_in_float32():
    target = tube()
    small = 2.0**-22
    loss = soft_cldice(target * (1 - small), target, smooth=1e-6)
    assert loss.item() == pytest.approx(small / 2, rel=1e-4)  # a sensitivity of 1 - small, a precision of 1


@pytest.mark.parametrize("smooth", [1.0, 1e-5, 1e-30])
@pytest.mark.parametrize("batch", [False, True])
def test_two_empty_maps_give_zero_with_a_graph(smooth, batch):
    prediction = torch.zeros(1, 1, 4, 4, requires_grad=True)
    loss = soft_cldice(prediction, torch.zeros(1, 1, 4, 4), smooth=smooth, batch=batch)
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad.isfinite().all()


@pytest.mark.parametrize("smooth", [1.0, 1e-30])
@pytest.mark.parametrize("empty", ["prediction", "target"])
def test_one_empty_map_costs_at_most_one_and_has_a_finite_gradient(smooth, empty):
    inputs = {"prediction": tube(), "target": tube()}
    inputs[empty] = torch.zeros_like(inputs[empty])
    inputs["prediction"].requires_grad_()
    loss = soft_cldice(**inputs, smooth=smooth)
    loss.backward()
    assert 0.5 < loss.item() <= 1
    assert inputs["prediction"].grad.isfinite().all()


@pytest.mark.parametrize("batch", [False, True])
def test_empty_batch_gives_zero(batch):
    empty = torch.zeros(0, 2, 3, 3, requires_grad=True)
    loss = soft_cldice(empty, empty.detach(), batch=batch)
    loss.backward()
    assert loss.item() == 0


def test_volumes_compile_and_map_over_batches_with_gradients():
    prediction, target = maps(2, 1, 3, 4, 3)

    def loss(values: torch.Tensor) -> torch.Tensor:
        return soft_cldice(values, target, iterations=2)

    leaf = prediction.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, leaf, fast_mode=True)
    assert torch.autograd.gradgradcheck(loss, leaf, fast_mode=True)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(prediction), loss(prediction))
    (wanted,) = torch.autograd.grad(loss(leaf), leaf)
    stacked = torch.stack([prediction, prediction])
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(loss))(stacked)[1], wanted)


def test_training_closes_a_gap():
    target = tube(thick=True)
    logits = torch.where(target > 0, 2.0, -2.0)
    logits[..., 9:11] = -2.0
    logits.requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.2)
    for _ in range(60):
        optimizer.zero_grad()
        loss = 0.5 * dice(logits.sigmoid(), target) + 0.5 * soft_cldice(
            logits.sigmoid(), target, iterations=3
        )
        loss.backward()
        optimizer.step()
    assert ((logits > 0) == (target > 0)).all()


PREDICTION, TARGET = maps(1, 2, 4, 4)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (PREDICTION, TARGET[:, :1], {}, ShapeError, "target"),
        (PREDICTION[0], TARGET[0], {}, ShapeError, "prediction"),
        (PREDICTION[..., :0], TARGET[..., :0], {}, ShapeError, "prediction"),
        (PREDICTION, TARGET.argmax(1), {}, DtypeError, "target: got dtype torch.int64.*one_hot"),
        (PREDICTION, TARGET * math.nan, {}, InvalidInputError, "target"),
        (PREDICTION - 1, TARGET, {}, InvalidInputError, "prediction"),
        (PREDICTION, TARGET, {"iterations": -1}, InvalidInputError, "iterations"),
        (PREDICTION, TARGET, {"iterations": 1.0}, DtypeError, "iterations"),
        (PREDICTION, TARGET, {"smooth": 0}, InvalidInputError, "smooth"),
        (PREDICTION, TARGET, {"batch": True, "reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        soft_cldice(prediction, target, **options)
