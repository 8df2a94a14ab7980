"""Mann-Whitney beyond conformance: its facts about the AUC, its inputs and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.mann_whitney import LOSS, mann_whitney
from lossary.metrics import roc_auc_score


def auc_by_counting(score: torch.Tensor, target: torch.Tensor) -> float:
    """Wins plus half the ties, over all pairs."""
    difference = score[target == 1].unsqueeze(1) - score[target == 0]
    return ((difference > 0).double() + 0.5 * (difference == 0).double()).mean().item()


scores = st.integers(-6, 6).map(lambda step: step / 4) | st.floats(-30, 30, width=32)
batches = st.lists(st.tuples(scores, st.booleans()), min_size=2, max_size=20).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


def tensors(rows: list[tuple[float, bool]]) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.tensor([row[0] for row in rows], dtype=torch.float64),
        torch.tensor([int(row[1]) for row in rows]),
    )


@settings(max_examples=60)
@given(rows=batches)
def test_paired_metric_is_the_share_of_pairs_in_order(rows):
    score, target = tensors(rows)
    (metric,) = LOSS.pairs_with
    exact = metric(score=score, target=target)
    assert exact == pytest.approx(auc_by_counting(score, target), abs=1e-14)
    assert exact == roc_auc_score(target.numpy(), score.numpy())


@settings(max_examples=60)
@given(rows=batches, temperature=st.sampled_from([0.1, 1.0, 5.0]))
def test_bounds_the_area_over_the_curve(rows, temperature):
    score, target = tensors(rows)
    bound = mann_whitney(score, target, temperature=temperature).item() / math.log(2)
    assert bound >= 1 - auc_by_counting(score, target) - 1e-12


@settings(max_examples=40)
@given(rows=batches, constant=st.integers(-64, 64))
def test_adding_a_constant_to_every_score_changes_nothing(rows, constant):
    score, target = tensors(rows)
    torch.testing.assert_close(
        mann_whitney(score + constant, target), mann_whitney(score, target), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("temperature", [1e-30, 0.02, 1.0, 30.0])
def test_equal_scores_give_log_two(temperature):
    target = torch.tensor([1, 0, 0, 1, 0])
    assert mann_whitney(torch.full((5,), 3.0), target, temperature=temperature).item() == pytest.approx(
        math.log(2)
    )


def test_small_temperature_counts_misordered_pairs():
    score, target = torch.tensor([0.9, 0.1, 0.5, 0.4], dtype=torch.float64), torch.tensor([1, 1, 0, 0])
    # the two pairs of 0.1 are in the wrong order by 0.4 and 0.3
    assert mann_whitney(score, target, temperature=1e-3).item() == pytest.approx((400 + 300) / 4)


def test_equals_cross_entropy_of_all_differences():
    generator = torch.Generator().manual_seed(1)
    score = torch.randn(50, generator=generator, dtype=torch.float64)
    target = torch.rand(50, generator=generator) > 0.7
    logits = (score[target].unsqueeze(1) - score[~target]) / 0.2
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    torch.testing.assert_close(mann_whitney(score, target, temperature=0.2), expected)


@pytest.mark.parametrize("column_target", [False, True])
def test_a_column_of_scores_is_read_as_a_vector(column_target):
    score, target = torch.tensor([0.3, 2.0, -1.0, 0.5]), torch.tensor([1, 0, 0, 1])
    column = score.unsqueeze(1).requires_grad_()
    loss = mann_whitney(column, target.unsqueeze(1) if column_target else target)
    loss.backward()
    assert loss.shape == ()
    assert column.grad.shape == (4, 1)
    torch.testing.assert_close(loss, mann_whitney(score, target))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.uint8, torch.float64])
def test_target_may_be_bool_integer_or_floating(dtype):
    score, target = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])
    assert torch.equal(mann_whitney(score, target.to(dtype)), mann_whitney(score, target))


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], []])
def test_a_batch_of_one_class_gives_zero_with_a_graph(target):
    score = torch.ones(len(target), requires_grad=True)
    loss = mann_whitney(score, torch.tensor(target, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(score.grad, torch.zeros(len(target)))


def test_descending_the_gradient_raises_the_auc():
    generator = torch.Generator().manual_seed(0)
    score = torch.randn(40, generator=generator, requires_grad=True)
    target = torch.arange(40) % 4 == 0
    before = auc_by_counting(score.detach(), target)
    optimizer = torch.optim.SGD([score], lr=5.0)
    for _ in range(50):
        optimizer.zero_grad()
        mann_whitney(score, target).backward()
        optimizer.step()
    assert before < 0.9
    assert auc_by_counting(score.detach(), target) == 1.0


SCORE, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2), TARGET, {}, ShapeError, "score"),
        (torch.tensor(1.0), TARGET, {}, ShapeError, "score"),
        (SCORE, TARGET[:2], {}, ShapeError, "target"),
        (SCORE, TARGET.unsqueeze(1), {}, ShapeError, "target"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE.tolist(), TARGET, {}, DtypeError, "score"),
        (SCORE, [1, 0, 0], {}, DtypeError, "target"),
        (SCORE.unsqueeze(1), [1, 0, 0], {}, DtypeError, "target"),
        (SCORE, torch.tensor([1, 0, 2]), {}, InvalidInputError, "target"),
        (SCORE, torch.tensor([1.0, 0.0, 0.5]), {}, InvalidInputError, "target"),
        (SCORE, torch.tensor([1.0, 0.0, math.nan]), {}, InvalidInputError, "target"),
        (SCORE * math.nan, TARGET, {}, InvalidInputError, "score"),
        (SCORE * math.inf, TARGET, {}, InvalidInputError, "score"),
        (SCORE, TARGET, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (SCORE, TARGET, {"temperature": -1.0}, InvalidInputError, "temperature"),
        (SCORE, TARGET, {"temperature": math.nan}, InvalidInputError, "temperature"),
        (SCORE, TARGET, {"temperature": "1"}, DtypeError, "temperature"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        mann_whitney(score, target, **options)
