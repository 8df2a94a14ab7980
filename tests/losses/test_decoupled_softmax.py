"""Decoupled softmax beyond conformance: loops, cross-entropy as its special case, degenerate rows, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.decoupled_softmax import LOSS, decoupled_softmax
from torch.nn.functional import cross_entropy, one_hot


def batch(queries: int = 4, labels: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(queries, labels, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(queries, labels, generator=generator) < 0.4).double()


@given(
    seed=st.integers(0, 2**16), positive_reduction=st.sampled_from(["mean", "sum"]), weighted=st.booleans()
)
@settings(max_examples=30)
def test_equals_plain_loops(seed, positive_reduction, weighted):
    logits, target = batch(seed=seed)
    if weighted:
        target = target * logits.abs()
    expected = []
    for row, wanted in zip(logits.tolist(), target.tolist(), strict=True):
        rivals = sum(math.exp(s) for s, y in zip(row, wanted, strict=True) if y == 0)
        terms = [
            -y * math.log(math.exp(s) / (math.exp(s) + rivals))
            for s, y in zip(row, wanted, strict=True)
            if y > 0
        ]
        expected.append(sum(terms) / (max(len(terms), 1) if positive_reduction == "mean" else 1))
    found = decoupled_softmax(logits, target, positive_reduction=positive_reduction, reduction="none")
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_one_relevant_label_is_cross_entropy(seed):
    logits, _ = batch(seed=seed)
    label = torch.randint(6, (4,), generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(decoupled_softmax(logits, one_hot(label, 6)), cross_entropy(logits, label))


def test_relevant_labels_do_not_compete():
    logits = torch.tensor([[1.0, 5.0, 0.0]], requires_grad=True)
    target = torch.tensor([[1, 1, 0]])
    values = [decoupled_softmax(logits + shift, target, positive_reduction="sum") for shift in (0.0, 1.0)]
    torch.testing.assert_close(*values)
    (gradient,) = torch.autograd.grad(values[0], logits)
    of_pairs = [-1 / (1 + math.e), -1 / (1 + math.exp(5))]
    torch.testing.assert_close(gradient, torch.tensor([[*of_pairs, -sum(of_pairs)]]))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32])
def test_indicators_may_have_any_real_dtype(dtype):
    logits, target = batch()
    torch.testing.assert_close(decoupled_softmax(logits, target.to(dtype)), decoupled_softmax(logits, target))


def test_rows_without_relevant_or_irrelevant_labels_are_zero_and_count_in_the_mean():
    logits, target = batch()
    logits.requires_grad_()
    target[0], target[1] = 0, 1
    values = decoupled_softmax(logits, target, reduction="none")
    loss = decoupled_softmax(logits, target)
    loss.backward()
    assert not values[:2].any()
    torch.testing.assert_close(loss, values.sum() / 4)
    assert logits.grad.isfinite().all()
    assert not logits.grad[:2].any()


def test_second_derivatives_hold_beside_degenerate_rows():
    logits, target = batch()
    target[0], target[1] = 0, 1
    assert torch.autograd.gradgradcheck(lambda x: decoupled_softmax(x, target), logits.requires_grad_())


@pytest.mark.parametrize("gap", [100.0, 1e4])
def test_extreme_gaps_keep_their_digits(gap):
    target = torch.tensor([[1, 0]])
    far = torch.tensor([[0.0, gap]], requires_grad=True)
    loss = decoupled_softmax(far, target)
    loss.backward()
    assert loss.item() == gap
    assert far.grad.tolist() == [[-1.0, 1.0]]
    near = decoupled_softmax(torch.tensor([[gap, 0.0]], dtype=torch.float64), target)
    assert near.item() == pytest.approx(math.exp(-gap), rel=1e-12)


def test_exact_metrics_are_those_of_the_top():
    precision, recall = LOSS.pairs_with
    logits = torch.tensor([[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.0]])
    target = torch.tensor([[1, 0, 0, 1], [0, 1, 0, 0]])
    assert precision(logits=logits, target=target) == 0.5
    assert recall(logits=logits, target=target) == 0.75


LOGITS, TARGET = batch()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS, TARGET[:, :4], {}, ShapeError, "target"),
        (LOGITS, TARGET[:, 0], {}, ShapeError, "target"),
        (LOGITS[:, :0], TARGET[:, :0], {}, ShapeError, "logits: .*at least one"),
        (LOGITS, -TARGET, {}, InvalidInputError, "target: got -1"),
        (LOGITS, TARGET * math.nan, {}, InvalidInputError, "target"),
        (LOGITS, TARGET + 0j, {}, DtypeError, "target: got dtype torch.complex128"),
        (LOGITS, TARGET.tolist(), {}, DtypeError, "target"),
        (LOGITS, TARGET, {"positive_reduction": "max"}, InvalidInputError, "positive_reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        decoupled_softmax(logits, target, **options)
