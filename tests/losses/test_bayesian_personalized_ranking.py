"""BPR beyond conformance: which scores form pairs, its digits, its metrics and its errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.mann_whitney import mann_whitney
from lossary.losses.ranking.bayesian_personalized_ranking import LOSS, bayesian_personalized_ranking


def scores(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_several_negatives_are_pairs_of_their_own():
    positive, negative = scores(5, 1), scores(5, 3, seed=1)
    each = [bayesian_personalized_ranking(positive[:, 0], column) for column in negative.T]
    torch.testing.assert_close(bayesian_personalized_ranking(positive, negative), sum(each) / 3)
    values = bayesian_personalized_ranking(positive, negative, reduction="none")
    torch.testing.assert_close(values[2, 1], torch.log1p(torch.exp(negative[2, 1] - positive[2, 0])))


def test_of_one_user_is_mann_whitney():
    positive, negative = scores(1, 1), scores(1, 6, seed=1)
    target = torch.tensor([1, 0, 0, 0, 0, 0, 0])
    torch.testing.assert_close(
        bayesian_personalized_ranking(positive, negative),
        mann_whitney(torch.cat([positive, negative], 1)[0], target),
    )


def test_a_pair_in_order_keeps_the_digits_of_its_small_loss():
    loss = bayesian_personalized_ranking(torch.tensor([60.0]), torch.tensor([0.0]))
    assert loss.item() == pytest.approx(math.exp(-60), rel=1e-5)


@pytest.mark.parametrize(
    ("positive", "negative"), [((0,), (0,)), ((0, 1), (0, 3)), ((3, 1), (3, 0))], ids=str
)
def test_no_pair_gives_zero_with_a_graph(positive, negative):
    positive_score = torch.zeros(positive, requires_grad=True)
    loss = bayesian_personalized_ranking(positive_score, torch.zeros(negative))
    loss.backward()
    assert loss.item() == 0
    assert not positive_score.grad.any()


def test_exact_metrics_compare_the_items_of_a_user():
    area, hit, _ = LOSS.pairs_with
    inputs = {
        "positive_score": torch.tensor([[2.0], [9.0]]),
        "negative_score": torch.tensor([[1.0, 3.0], [8.0, 7.0]]),
    }
    assert area(**inputs) == pytest.approx((0.5 + 1) / 2)
    assert hit(**inputs) == pytest.approx(1 / 2)
    flat = {"positive_score": torch.tensor([2.0, 9.0]), "negative_score": torch.tensor([3.0, 8.0])}
    assert area(**flat) == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("positive", "negative", "error", "argument"),
    [
        (scores(5, 1), scores(5), ShapeError, "negative_score"),  # torch would pair all users with all
        (scores(5), scores(5, 5), ShapeError, "negative_score"),
        (scores(5), scores(1), ShapeError, "negative_score"),
        (scores(5, 1), scores(1, 3), ShapeError, "negative_score"),
        (scores(5, 2), scores(5, 3), ShapeError, "negative_score"),
        (scores(), scores(), ShapeError, "positive_score"),
        (scores(2, 2, 2), scores(2, 2, 2), ShapeError, "positive_score"),
        (scores(5).long(), scores(5), DtypeError, "positive_score"),
        (scores(5), scores(5).long(), DtypeError, "negative_score"),
        (scores(5) * math.nan, scores(5), InvalidInputError, "positive_score"),
        (scores(5), scores(5) * math.inf, InvalidInputError, "negative_score"),
    ],
)
def test_bad_input_is_named(positive, negative, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        bayesian_personalized_ranking(positive, negative)
