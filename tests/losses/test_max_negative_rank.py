"""Maximal negative rank beyond conformance: the anchor and its gradient, what zero means, and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.max_negative_rank import LOSS, max_negative_rank

SCORE, TARGET = torch.tensor([0.9, 0.2, 0.6, 0.1]), torch.tensor([1, 1, 0, 0])
SAMPLES = st.lists(st.tuples(st.integers(-6, 6), st.integers(0, 1)), min_size=1, max_size=9)


@given(samples=SAMPLES)
@settings(max_examples=40)
def test_equals_the_formula_read_literally(samples):
    positives = [score for score, label in samples if label]
    negatives = [score for score, label in samples if not label]
    wanted = 0.0
    if negatives:
        wanted = sum(max(0, max(negatives) - score) ** 2 for score in positives) / (len(positives) + 1)
    score, target = torch.tensor(samples).T
    assert max_negative_rank(score.double(), target).item() == pytest.approx(wanted)


@given(samples=SAMPLES)
@settings(max_examples=40)
def test_full_recall_without_a_false_alarm_costs_nothing(samples):
    score, target = torch.tensor([*samples, (0, 0), (1, 1)]).T
    recall, auc = (metric(score=score.double(), target=target) for metric in LOSS.pairs_with)
    if recall == 1:
        assert auc == 1
        assert max_negative_rank(score.double(), target).item() == 0


def test_by_default_only_positives_below_the_anchor_receive_a_gradient():
    score = SCORE.clone().requires_grad_()
    max_negative_rank(score, TARGET).backward()
    torch.testing.assert_close(score.grad, torch.tensor([0.0, -0.8 / 3, 0.0, 0.0]))


def test_with_its_gradient_the_first_hardest_negative_takes_the_opposite_sum():
    score = torch.tensor([0.0, 1.0, 1.0, 0.5], requires_grad=True)
    max_negative_rank(score, torch.tensor([1, 0, 0, 1]), detach_anchor=False).backward()
    torch.testing.assert_close(score.grad, torch.tensor([-2.0, 3.0, 0.0, -1.0]) / 3)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("detach_anchor", [True, False])
def test_a_batch_of_one_class_gives_zero_with_a_graph(label, count, detach_anchor):
    score = torch.arange(count, dtype=torch.float32).requires_grad_()
    loss = max_negative_rank(score, torch.full((count,), label), detach_anchor=detach_anchor)
    loss.backward()
    assert loss.item() == 0
    assert not score.grad.any()


@pytest.mark.parametrize(
    ("score", "target", "error", "argument"),
    [
        (SCORE, 2 * TARGET, InvalidInputError, "target"),
        (SCORE, TARGET[:1], ShapeError, "target"),
        (SCORE[:, None], TARGET[:, None], ShapeError, "score"),
        (SCORE.long(), TARGET, DtypeError, "score"),
        (SCORE * math.nan, TARGET, InvalidInputError, "score"),
    ],
)
def test_bad_input_is_named(score, target, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        max_negative_rank(score, target)
