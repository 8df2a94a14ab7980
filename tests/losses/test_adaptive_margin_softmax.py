"""Adaptive margin softmax beyond conformance: what scale and margin achieve, late training, modes, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads.adaptive_margin_softmax import (
    AdaptiveMarginSoftmax,
    adaptive_margin_softmax,
    adaptive_margin_softmax_terms,
)
from lossary.losses.margin_heads.cosface import cosface
from torch.nn import functional


def batch(
    seed: int, *, spread: float = 0.3, rows: int = 7
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Items around their classes."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (rows,), generator=generator)
    noise = torch.randn(rows, 5, generator=generator, dtype=torch.float64)
    return functional.normalize(weight)[labels] + spread * noise, labels, weight


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_the_median_item_has_the_set_probability(seed):
    inputs = batch(seed, spread=0.1)
    values, scale, margin = adaptive_margin_softmax_terms(*inputs, alpha=0.1, reduction="none")
    cosine = functional.cosine_similarity(inputs[0], inputs[2][inputs[1]])
    median = cosine.median(0)
    logits = scale * functional.normalize(inputs[0])[median.indices] @ functional.normalize(inputs[2]).T
    logits[inputs[1][median.indices]] -= scale * margin
    if margin > 0:
        torch.testing.assert_close(values[median.indices].neg().exp(), torch.tensor(0.1, dtype=torch.float64))
    torch.testing.assert_close(-logits.log_softmax(0)[inputs[1][median.indices]], values[median.indices])


def test_the_scale_lets_a_perfect_item_reach_the_largest_probability():
    inputs = batch(0, spread=0.1)
    _, scale, _ = adaptive_margin_softmax_terms(*inputs, alpha=0.1, min_scale=1e-3)
    median = functional.cosine_similarity(inputs[0], inputs[2][inputs[1]]).median()
    # the median item of probability alpha, moved to cosine 1
    logit = math.log(0.1 / 0.9) + scale * (1 - median)
    torch.testing.assert_close(
        logit.sigmoid(), torch.tensor(1 - 1e-7, dtype=torch.float64), rtol=1e-12, atol=0
    )


@given(seed=st.integers(0, 2**16), spread=st.floats(0.01, 1.0))
@settings(max_examples=20)
def test_value_and_gradient_are_those_of_cosface_with_that_scale_and_margin(seed, spread):
    embeddings, labels, weight = batch(seed, spread=spread)
    leaves = [embeddings.requires_grad_(), weight.requires_grad_()]
    loss, scale, margin = adaptive_margin_softmax_terms(embeddings, labels, weight)
    fixed = cosface(embeddings, labels, weight, margin=margin.item(), scale=scale.item())
    torch.testing.assert_close(loss, fixed)
    for gradient, wanted in zip(
        torch.autograd.grad(loss, leaves), torch.autograd.grad(fixed, leaves), strict=True
    ):
        torch.testing.assert_close(gradient, wanted)
    assert not scale.requires_grad
    assert not margin.requires_grad


@pytest.mark.parametrize("background", ["median_sample", "mean", "median"])
def test_the_background_is_the_sum_of_the_other_classes(background):
    inputs = batch(1, spread=0.1)
    _, scale, margin = adaptive_margin_softmax_terms(*inputs, alpha=0.1, background=background)
    cosine = functional.normalize(inputs[0]) @ functional.normalize(inputs[2]).T
    own = functional.one_hot(inputs[1], 4).bool()
    sums = (scale * cosine).exp().masked_fill(own, 0.0).sum(1)
    median = cosine[own].median(0)
    typical = {"median_sample": sums[median.indices], "mean": sums.mean(), "median": sums.median()}[
        background
    ]
    wanted = median.values - (typical * 0.1 / 0.9).log() / scale
    assert wanted > 0
    torch.testing.assert_close(margin, wanted)


def test_an_even_batch_takes_the_lower_median_and_of_equal_items_the_first():
    weight = torch.eye(2, dtype=torch.float64)
    angle = torch.tensor([10.0, 20.0, -20.0, 40.0], dtype=torch.float64).deg2rad()
    embeddings = torch.stack([angle.cos(), angle.sin()], 1)
    labels = torch.zeros(4, dtype=torch.long)
    # ascending: 40, then 20 and -20 degrees; the second is the median, and 20 degrees come first
    _, scale, margin = adaptive_margin_softmax_terms(embeddings, labels, weight, min_scale=1.0)
    median = math.cos(math.radians(20))
    wanted = math.log((1 - 1e-7) / 1e-7 * 0.98 / 0.02) / (1 - median)
    assert scale.item() == pytest.approx(wanted)
    other = math.sin(math.radians(20))
    assert margin.item() == pytest.approx(median - other - math.log(0.02 / 0.98) / wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_items_on_their_classes_keep_scale_margin_and_gradient_finite(dtype):
    weight = torch.eye(3, dtype=dtype)
    embeddings, labels = (2 * weight).requires_grad_(), torch.arange(3)
    loss, scale, margin = adaptive_margin_softmax_terms(embeddings, labels, weight)
    loss.backward()
    assert all(value.isfinite() for value in (loss, scale, margin))
    assert scale > 1e6
    assert embeddings.grad.isfinite().all()


def test_one_class_has_no_margin():
    embeddings, labels, weight = batch(0)
    loss, _, margin = adaptive_margin_softmax_terms(embeddings, 0 * labels, weight[:1])
    assert loss == margin == 0


def test_a_given_margin_leaves_the_scale_adaptive():
    inputs = batch(0, spread=0.1)
    _, scale, _ = adaptive_margin_softmax_terms(*inputs)
    _, kept, margin = adaptive_margin_softmax_terms(*inputs, margin=0.25)
    assert margin == 0.25
    assert kept == scale


def test_the_module_has_no_margin_in_evaluation_mode_unless_it_is_set():
    embeddings, labels, _ = batch(0, spread=0.1)
    torch.manual_seed(0)
    head = AdaptiveMarginSoftmax(4, 5, alpha=0.5).double()
    with torch.no_grad():
        head.weight.copy_(batch(0)[2])
    expected = {
        margin: adaptive_margin_softmax(embeddings, labels, head.weight, alpha=0.5, margin=margin)
        for margin in (None, 0.0, 0.1)
    }
    assert head(embeddings, labels) == expected[None]
    head.eval()
    assert head(embeddings, labels) == expected[0.0]
    assert expected[0.0] != expected[None]
    assert head(embeddings, labels, margin=0.1) == expected[0.1]
    head.margin = 0.1
    assert head(embeddings, labels) == expected[0.1]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("alpha", 0.0),
        ("alpha", 1.0),
        ("max_probability", 1.0),
        ("max_probability", 0.0),
        ("min_scale", 0.0),
        ("background", "all"),
        ("margin", math.inf),
    ],
)
def test_bad_options_are_named(option, value):
    with pytest.raises(InvalidInputError, match=f"^{option}: "):
        adaptive_margin_softmax(*batch(0), **{option: value})
