"""Binomial deviance beyond conformance: loops, missing sides, exact tails and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.binomial_deviance import binomial_deviance


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


@given(
    seed=st.integers(0, 2**16),
    groups=st.integers(1, 9),
    alpha=st.floats(0.1, 9),
    beta=st.floats(0.1, 90),
    base=st.floats(-1, 1),
)
@settings(max_examples=25)
def test_equals_plain_loops(by_loops, seed, groups, alpha, beta, base):
    embeddings, labels = batch(groups=groups, seed=seed)

    def value(near, far):
        pull = sum(math.log1p(math.exp(-alpha * (s - base))) for s in near) / max(len(near), 1)
        return pull + sum(math.log1p(math.exp(beta * (s - base))) for s in far) / max(len(far), 1)

    found = binomial_deviance(embeddings, labels, alpha=alpha, beta=beta, base=base, reduction="none")
    torch.testing.assert_close(found, by_loops(embeddings, labels, value))


def test_an_anchor_without_negatives_has_its_positives_alone():
    embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    loss = binomial_deviance(embeddings, torch.tensor([0, 0]))
    assert loss.item() == pytest.approx(math.log1p(math.exp(-0.2)))


def test_one_item_gives_zero_with_a_graph():
    embeddings = torch.ones(1, 3, requires_grad=True)
    loss = binomial_deviance(embeddings, torch.tensor([0]))
    loss.backward()
    assert loss.item() == 0


def test_the_logistic_is_exact_where_softplus_is_cut_off():
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    loss = binomial_deviance(embeddings, torch.tensor([0, 1]), beta=42.0)
    assert loss.item() - 21 == pytest.approx(math.exp(-21), rel=1e-4)


def test_a_sharp_side_does_not_overflow():
    embeddings, labels = batch()
    embeddings = embeddings.float().requires_grad_()
    loss = binomial_deviance(embeddings, labels, alpha=1e6, beta=1e6)
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()


EMBEDDINGS, LABELS = batch()


@pytest.mark.parametrize(
    ("embeddings", "labels", "options", "error", "argument"),
    [
        (EMBEDDINGS[:0], LABELS[:0], {}, ShapeError, r"embeddings: got shape \(0, 4\)"),
        (EMBEDDINGS[0], LABELS, {}, ShapeError, "embeddings"),
        (EMBEDDINGS, LABELS[1:], {}, ShapeError, "labels"),
        (EMBEDDINGS, LABELS.double(), {}, DtypeError, "labels"),
        (EMBEDDINGS.int(), LABELS, {}, DtypeError, "embeddings"),
        (EMBEDDINGS * math.nan, LABELS, {}, InvalidInputError, "embeddings"),
        (EMBEDDINGS * 0, LABELS, {}, InvalidInputError, "embeddings: got zeros only in row 0"),
        (EMBEDDINGS * 1e200, LABELS, {"normalize": False}, InvalidInputError, "embeddings: .*overflow"),
        (EMBEDDINGS, LABELS, {"alpha": 0.0}, InvalidInputError, "alpha"),
        (EMBEDDINGS, LABELS, {"beta": -1.0}, InvalidInputError, "beta"),
        (EMBEDDINGS, LABELS, {"base": math.nan}, InvalidInputError, "base"),
    ],
)
def test_bad_input_is_named(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        binomial_deviance(embeddings, labels, **options)
