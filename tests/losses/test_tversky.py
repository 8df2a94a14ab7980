"""Tversky beyond conformance: its special cases, the focal form at 0, its exact metrics and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.imbalance.binary_tversky import binary_tversky
from lossary.losses.segmentation.dice import dice
from lossary.losses.segmentation.jaccard import jaccard
from lossary.losses.segmentation.tversky import LOSS, tversky

SHAPES = [(2, 3, 20), (2, 3, 4, 5), (2, 2, 3, 4, 2)]


def maps(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.rand(shape, generator=generator, dtype=torch.float64)
    return prediction, (torch.rand(shape, generator=generator) > 0.6).double()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gamma", [0.75, 1.0, 2.0])
def test_equals_the_formula_read_literally(shape, gamma):
    prediction, target = maps(*shape)
    axes = tuple(range(2, len(shape)))
    tp = (prediction * target).sum(axes)
    fp, fn = prediction.sum(axes) - tp, target.sum(axes) - tp
    expected = (1 - (tp + 0.2) / (tp + 0.3 * fp + 0.7 * fn + 0.2)) ** gamma
    options = {"alpha": 0.3, "beta": 0.7, "gamma": gamma, "smooth": 0.2}
    torch.testing.assert_close(tversky(prediction, target, **options, reduction="none"), expected)


OPTIONS = st.fixed_dictionaries(
    {
        "batch": st.booleans(),
        "include_background": st.booleans(),
        "reduction": st.sampled_from(["mean", "none"]),
    }
)


@given(seed=st.integers(0, 2**16), smooth=st.floats(1e-6, 10), options=OPTIONS)
@settings(max_examples=25)
def test_halves_are_dice_with_twice_the_smoothing(seed, smooth, options):
    given_maps = maps(2, 2, 7, seed=seed)
    overlap = dice(*given_maps, smooth=2 * smooth, **options)
    torch.testing.assert_close(tversky(*given_maps, smooth=smooth, **options), overlap)


@given(seed=st.integers(0, 2**16), smooth=st.floats(1e-6, 10), options=OPTIONS)
@settings(max_examples=25)
def test_ones_are_jaccard(seed, smooth, options):
    given_maps = maps(2, 2, 7, seed=seed)
    overlap = jaccard(*given_maps, smooth=smooth, **options)
    torch.testing.assert_close(tversky(*given_maps, alpha=1.0, beta=1.0, smooth=smooth, **options), overlap)


def test_one_map_is_a_set_of_binary_samples():
    prediction, target = maps(1, 1, 12)
    wanted = binary_tversky(
        prediction.ravel(), target.ravel(), alpha=0.2, beta=0.9, smooth=0.4, level="set", with_logits=False
    )
    torch.testing.assert_close(tversky(prediction, target, alpha=0.2, beta=0.9, smooth=0.4), wanted)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (0.3, 0.7), (0.8, 0.2)])
def test_on_hard_maps_is_one_minus_f_beta(alpha, beta):
    prediction, target = (value.round() for value in maps(1, 1, 6, 6))
    score = metrics.fbeta_score(
        target.ravel().numpy(), prediction.ravel().numpy(), beta=math.sqrt(beta / alpha)
    )
    loss = tversky(prediction, target, alpha=alpha, beta=beta, smooth=1e-12)
    assert loss.item() == pytest.approx(1 - score)


def test_the_declared_metric_is_that_of_the_default_weights():
    prediction, target = (value.round() for value in maps(1, 1, 6, 6, seed=2))
    (metric,) = LOSS.pairs_with
    loss = tversky(prediction, target, smooth=1e-12)
    assert loss.item() == pytest.approx(1 - metric(prediction=prediction, target=target))


def test_alpha_prices_false_positives_and_beta_false_negatives():
    one, zero = torch.ones(1, 1, 1), torch.zeros(1, 1, 1)
    for prediction, target, dear, cheap in (
        (one, zero, {"alpha": 2.0, "beta": 0.0}, {"alpha": 0.0, "beta": 2.0}),
        (zero, one, {"alpha": 0.0, "beta": 2.0}, {"alpha": 2.0, "beta": 0.0}),
    ):
        assert tversky(prediction, target, smooth=1.0, **dear).item() == pytest.approx(2 / 3)
        assert tversky(prediction, target, smooth=1.0, **cheap).item() == 0


@pytest.mark.parametrize("gamma", [0.25, 0.75, 1.0, 4 / 3, 2.0])
@pytest.mark.parametrize("value", [0.0, 1.0], ids=["both_empty", "perfect"])
def test_at_zero_the_gradient_is_finite_whatever_the_exponent(gamma, value):
    prediction = torch.full((1, 1, 3, 3), value, requires_grad=True)
    loss = tversky(prediction, prediction.detach(), gamma=gamma)
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad.isfinite().all()
    if gamma < 1:
        assert not prediction.grad.any()


def test_a_perfect_map_leaves_the_focal_gradient_of_the_others_alone():
    prediction, target = maps(2, 1, 6)
    prediction[0] = target[0]
    prediction.requires_grad_()
    tversky(prediction, target, gamma=0.75, reduction="sum").backward()
    alone = prediction[1:].detach().requires_grad_()
    tversky(alone, target[1:], gamma=0.75).backward()
    assert not prediction.grad[0].any()
    torch.testing.assert_close(prediction.grad[1:], alone.grad)


@pytest.mark.parametrize("gamma", [0.75, 1.5])
def test_the_focal_form_has_the_gradient_of_finite_differences_and_compiles(gamma):
    prediction, target = maps(2, 2, 5)

    def loss(values: torch.Tensor) -> torch.Tensor:
        return tversky(values, target, alpha=0.3, beta=0.7, gamma=gamma, reduction="none")

    leaf = (0.1 + 0.8 * prediction).requires_grad_()
    assert torch.autograd.gradcheck(loss, leaf)
    assert torch.autograd.gradgradcheck(loss, leaf, fast_mode=True)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(leaf), loss(leaf))
    torch.testing.assert_close(torch.func.vmap(loss)(torch.stack([leaf, leaf]))[1], loss(leaf))


def test_a_small_focal_loss_keeps_its_digits():
    target = torch.ones(1, 1, 1000)
    prediction = torch.full_like(target, 1 - 2**-20)  # the distance is FN / 2 / (TP + FN / 2)
    distance = 2**-21 / (1 - 2**-21)
    assert tversky(prediction, target, gamma=0.75).item() == pytest.approx(distance**0.75, rel=1e-5)


def test_an_empty_target_costs_nearly_one_unless_the_smoothing_is_large():
    prediction, target = torch.full((1, 1, 4), 0.25), torch.zeros(1, 1, 4)
    assert tversky(prediction, target).item() > 0.9999
    assert tversky(prediction, target, smooth=0.5).item() == pytest.approx(0.5)


def test_batch_pools_the_images_of_a_class():
    prediction, target = maps(3, 2, 5)
    pooled = tversky(prediction, target, batch=True, gamma=0.75, reduction="none")
    joined = [value.transpose(0, 1).reshape(1, 2, 15) for value in (prediction, target)]
    torch.testing.assert_close(pooled, tversky(*joined, gamma=0.75, reduction="none")[0])


@pytest.mark.parametrize("batch", [False, True])
def test_empty_batch_gives_zero(batch):
    empty = torch.zeros(0, 2, 3, requires_grad=True)
    loss = tversky(empty, empty.detach(), gamma=0.75, batch=batch)
    loss.backward()
    assert loss.item() == 0


PREDICTION, TARGET = maps(2, 3, 4)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (PREDICTION, TARGET[:, :2], {}, ShapeError, "target"),
        (PREDICTION[0, 0], TARGET[0, 0], {}, ShapeError, "prediction"),
        (PREDICTION, TARGET.argmax(1), {}, DtypeError, "target: got dtype torch.int64.*one_hot"),
        (PREDICTION, TARGET * math.nan, {}, InvalidInputError, "target"),
        (PREDICTION, TARGET, {"alpha": -0.1}, InvalidInputError, "alpha"),
        (PREDICTION, TARGET, {"beta": -0.1}, InvalidInputError, "beta"),
        (PREDICTION, TARGET, {"gamma": 0.0}, InvalidInputError, "gamma"),
        (PREDICTION, TARGET, {"smooth": 0.0}, InvalidInputError, "smooth"),
        (PREDICTION, TARGET, {"smooth": "1"}, DtypeError, "smooth"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        tversky(prediction, target, **options)
