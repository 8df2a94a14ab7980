"""CosFace and the normalized softmax beyond conformance: the formulas read literally, and what joins them."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads.cosface import LOSS, cosface
from lossary.losses.margin_heads.normalized_softmax import normalized_softmax
from torch.nn import functional


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(4, (6,), generator=generator), weight


@given(seed=st.integers(0, 2**16), margin=st.floats(-1.0, 1.0), scale=st.floats(0.1, 100.0))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, margin, scale):
    embeddings, labels, weight = batch(seed)
    cosine = functional.normalize(embeddings) @ functional.normalize(weight).T
    logits = scale * (cosine - margin * functional.one_hot(labels, 4))
    wanted = functional.cross_entropy(logits, labels, reduction="none")
    loss = cosface(embeddings, labels, weight, margin=margin, scale=scale, reduction="none")
    torch.testing.assert_close(loss, wanted, rtol=1e-6, atol=2e-7 * scale)  # cosines end 1e-7 short of 1


@given(seed=st.integers(0, 2**16), scale=st.floats(0.1, 100.0))
@settings(max_examples=15)
def test_without_a_margin_it_is_the_normalized_softmax(seed, scale):
    inputs = batch(seed)
    torch.testing.assert_close(
        cosface(*inputs, margin=0.0, scale=scale), normalized_softmax(*inputs, scale=scale)
    )


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_a_larger_margin_costs_more(seed):
    inputs = batch(seed)
    values = torch.stack(
        [cosface(*inputs, margin=margin, scale=5.0, reduction="none") for margin in (0.0, 0.2, 0.4)]
    )
    assert (values.diff(dim=0) > 0).all()


def test_a_large_scale_neither_overflows_nor_loses_the_gradient_in_half_precision():
    embeddings, labels, weight = (value.half() if value.is_floating_point() else value for value in batch(0))
    embeddings.requires_grad_()
    loss = cosface(embeddings, labels, weight, scale=1e4)
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()
    assert embeddings.grad.any()


def test_the_metrics_compare_the_embeddings_and_not_the_classes():
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    inputs = {"embeddings": embeddings, "labels": torch.tensor([0, 0, 1, 1]), "weight": -torch.eye(2)}
    values = {metric.name: metric(**inputs) for metric in LOSS.pairs_with}
    assert values == {
        "tar_at_far": 1.0,
        "verification_accuracy": 1.0,
        "equal_error_rate": 0.0,
        "recall_at_k": 1.0,
    }


@pytest.mark.parametrize("margin", [math.nan, math.inf])
def test_a_margin_that_is_no_number_is_refused(margin):
    with pytest.raises(InvalidInputError, match=r"^margin: "):
        cosface(*batch(0), margin=margin)
