"""Similarity-distance-magnitude cross-entropy beyond conformance: its base, exponent, limits and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.similarity_distance_magnitude_cross_entropy import (
    similarity_distance_magnitude_cross_entropy,
)
from torch.nn import functional

LOGITS, TARGET = torch.tensor([[0.3, -2.0, 1.0], [0.1, 0.2, 0.0]]), torch.tensor([1, 0])
SIMILARITY, QUANTILE = torch.tensor([3.0, 0.0]), torch.tensor([0.5, 1.0])


@given(seed=st.integers(0, 2**16), offset=st.floats(1.5, 4))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, offset):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    target = torch.randint(3, (5,), generator=generator)
    similarity = torch.randint(9, (5,), generator=generator).double()
    quantile = torch.rand(5, generator=generator, dtype=torch.float64)
    base = (offset + similarity).unsqueeze(1)
    powers = base ** (quantile.unsqueeze(1) * logits)
    probability = (powers / powers.sum(1, keepdim=True)).gather(1, target.unsqueeze(1))
    wanted = (-probability.log() / base.log()).squeeze(1)
    values = similarity_distance_magnitude_cross_entropy(
        logits, target, similarity, quantile, rescale_offset=offset, reduction="none"
    )
    torch.testing.assert_close(values, wanted)


def test_a_base_of_e_and_no_distance_is_cross_entropy():
    similarity = torch.full((2,), math.e - 2)
    loss = similarity_distance_magnitude_cross_entropy(LOGITS, TARGET, similarity, torch.ones(2))
    torch.testing.assert_close(loss, functional.cross_entropy(LOGITS, TARGET))


def test_the_base_cancels_in_the_gradient():
    logits = LOGITS.clone().requires_grad_()
    similarity_distance_magnitude_cross_entropy(
        logits, TARGET, SIMILARITY, QUANTILE, reduction="sum"
    ).backward()
    exponent = QUANTILE * (SIMILARITY + 2).log()
    probability = (LOGITS * exponent.unsqueeze(1)).softmax(1)
    wanted = QUANTILE.unsqueeze(1) * (probability - functional.one_hot(TARGET, 3))
    torch.testing.assert_close(logits.grad, wanted)


def test_far_from_all_training_data_the_classes_are_equal_and_nothing_is_learnt():
    logits = LOGITS.clone().requires_grad_()
    values = similarity_distance_magnitude_cross_entropy(
        logits, TARGET, SIMILARITY, torch.zeros(2), reduction="none"
    )
    values.sum().backward()
    torch.testing.assert_close(values.detach(), math.log(3) / (SIMILARITY + 2).log())
    assert not logits.grad.any()


def test_similarity_and_distance_receive_no_gradient():
    similarity, quantile = SIMILARITY.clone().requires_grad_(), QUANTILE.clone().requires_grad_()
    similarity_distance_magnitude_cross_entropy(
        LOGITS.clone().requires_grad_(), TARGET, similarity, quantile
    ).backward()
    assert similarity.grad is None
    assert quantile.grad is None


def test_other_dtypes_of_similarity_leave_that_of_the_logits():
    loss = similarity_distance_magnitude_cross_entropy(LOGITS, TARGET, SIMILARITY.double(), QUANTILE.double())
    assert loss.dtype == torch.float32


@pytest.mark.parametrize(
    ("similarity", "quantile", "options", "error", "argument"),
    [
        (SIMILARITY[:1], QUANTILE, {}, ShapeError, "similarity"),
        (SIMILARITY, QUANTILE[:1], {}, ShapeError, "distance_quantile"),
        (SIMILARITY.long(), QUANTILE, {}, DtypeError, "similarity"),
        (SIMILARITY - 1, QUANTILE, {}, InvalidInputError, "similarity: got -1;"),
        (SIMILARITY * math.inf, QUANTILE, {}, InvalidInputError, "similarity"),
        (SIMILARITY, 1.5 * QUANTILE, {}, InvalidInputError, "distance_quantile"),
        (SIMILARITY, -QUANTILE, {}, InvalidInputError, "distance_quantile"),
        (SIMILARITY, QUANTILE, {"rescale_offset": 1.0}, InvalidInputError, "rescale_offset"),
        (SIMILARITY, QUANTILE, {"rescale_offset": "2"}, DtypeError, "rescale_offset"),
    ],
)
def test_bad_input_is_named(similarity, quantile, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        similarity_distance_magnitude_cross_entropy(LOGITS, TARGET, similarity, quantile, **options)


def test_a_small_offset_does_where_every_similarity_is_large_enough():
    loss = similarity_distance_magnitude_cross_entropy(
        LOGITS, TARGET, SIMILARITY + 1, QUANTILE, rescale_offset=0.5
    )
    assert loss.isfinite()
