"""The adversarial retriever beyond conformance: its two parts, what they reward, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.adversarial_retriever import LOSS, adversarial_retriever
from torch.nn.functional import cross_entropy


def lists(queries: int = 3, items: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores, ranker = torch.randn(2, queries, items, generator=generator, dtype=torch.float64)
    return scores, ranker


@given(seed=st.integers(0, 2**16), weight=st.floats(0, 1), temperature=st.floats(0.1, 10))
@settings(max_examples=25)
def test_equals_plain_loops(seed, weight, temperature):
    scores, ranker = lists(seed=seed)
    expected = []
    for row, judged in zip(scores.tolist(), ranker.tolist(), strict=True):
        whole = math.log(sum(math.exp(s) for s in row))
        teacher = [math.exp(r / temperature) for r in judged]
        adversarial = distilled = 0.0
        for s, r, t in zip(row, judged, teacher, strict=True):
            adversarial += math.log(1 / (1 + math.exp(r - judged[0]))) * (s - whole)
            distilled -= t / sum(teacher) * (s - whole)
        expected.append(weight * adversarial + (1 - weight) * distilled)
    found = adversarial_retriever(
        scores, ranker, adversarial_weight=weight, ranker_temperature=temperature, reduction="none"
    )
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_distillation_alone_is_cross_entropy_with_the_rankers_distribution():
    scores, ranker = lists()
    found = adversarial_retriever(scores, ranker, adversarial_weight=0.0, ranker_temperature=2.0)
    torch.testing.assert_close(found, cross_entropy(scores, (ranker / 2).softmax(1)))


def test_the_adversarial_part_seeks_the_negative_that_the_ranker_takes_for_the_positive():
    scores = torch.zeros(1, 3, requires_grad=True)
    ranker = torch.tensor([[0.0, 4.0, -4.0]])  # the second deceives the ranker, the third does not
    adversarial_retriever(scores, ranker, adversarial_weight=1.0).backward()
    positive, deceiving, obvious = scores.grad[0].tolist()
    assert deceiving < 0 < positive < obvious


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_the_positive_may_stand_in_any_column(seed):
    scores, ranker = lists(seed=seed)
    column = torch.randint(5, (3,), generator=torch.Generator().manual_seed(seed))
    moved = [
        torch.stack([row.roll(int(c)) for row, c in zip(s, column, strict=True)]) for s in (scores, ranker)
    ]
    torch.testing.assert_close(
        adversarial_retriever(*moved, column, reduction="none"),
        adversarial_retriever(scores, ranker, reduction="none"),
    )


def test_the_rankers_temperature_leaves_the_adversarial_part_alone():
    one, other = (
        adversarial_retriever(*lists(), adversarial_weight=1.0, ranker_temperature=t) for t in (1.0, 7.0)
    )
    assert one == other


def test_one_candidate_gives_zero_with_a_graph():
    scores, ranker = lists(items=1)
    scores.requires_grad_()
    loss = adversarial_retriever(scores, ranker)
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


def test_extreme_scores_are_finite_on_both_sides():
    scores = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    loss = adversarial_retriever(scores, torch.tensor([[-1e4, 1e4, 0.0]]), ranker_temperature=1e-3)
    loss.backward()
    assert loss.isfinite()
    assert scores.grad.isfinite().all()


def test_exact_metrics_look_for_the_positive_candidate():
    scores = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    recall, reciprocal_rank = LOSS.pairs_with
    given_inputs = {"scores": scores, "ranker_scores": scores, "positive_index": torch.tensor([0, 1])}
    assert recall(**given_inputs) == 0.5
    assert reciprocal_rank(**given_inputs) == 0.75
    assert recall(scores=scores, ranker_scores=scores) == 1.0


SCORES, RANKER = lists()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((SCORES, RANKER[:, :4]), {}, ShapeError, "ranker_scores"),
        ((SCORES[:, :0], RANKER[:, :0]), {}, ShapeError, "scores: .*at least one item"),
        ((SCORES, RANKER, torch.tensor([0, 1])), {}, ShapeError, "positive_index"),
        ((SCORES, RANKER, torch.tensor([0, 1, 5])), {}, InvalidInputError, "positive_index"),
        ((SCORES, RANKER, torch.zeros(3)), {}, DtypeError, "positive_index"),
        ((SCORES, RANKER), {"adversarial_weight": 1.1}, InvalidInputError, "adversarial_weight"),
        ((SCORES, RANKER), {"adversarial_weight": -0.1}, InvalidInputError, "adversarial_weight"),
        ((SCORES, RANKER), {"ranker_temperature": 0.0}, InvalidInputError, "ranker_temperature"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        adversarial_retriever(*arguments, **options)
