"""BPR: items that a user took, scored above items that the user did not take.

The usual loss of recommenders on implicit feedback, where nobody says what they dislike: it compares items
of one user and never asks for an absolute score.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_finite, check_floating
from lossary.errors import ShapeError


@full_precision
def bayesian_personalized_ranking(
    positive_score: Float[Tensor, "batch"] | Float[Tensor, "batch #pairs"],
    negative_score: Float[Tensor, "batch"] | Float[Tensor, "batch #pairs"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far a positive item is from being scored above a negative one of the same user.

    .. math:: L = \log\left(1 + e^{s^- - s^+}\right)

    It is minus the log-likelihood where a user prefers the positive item with probability sigmoid(s+ - s-).
    The prior on the embeddings, a penalty on their squares, is left to the optimizer.

    Args:
        positive_score: s+, (batch,), or (batch, 1) beside several negatives.
        negative_score: s-, (batch,) beside a positive each, or (batch, pairs).
        reduction: "mean" or "sum" over all pairs, or "none".

    Returns:
        A scalar, or a value per pair under "none", (batch,) or (batch, pairs). Without a pair it is 0; equal
        scores give log 2.

    Raises:
        ShapeError: ``positive_score`` has not one or two axes, or ``negative_score`` does not pair with it: a
            vector with a vector of its length, a matrix with one of as many rows, and columns of which one
            has as many as the other, or one.
        DtypeError: a score is not floating.
        InvalidInputError: a score is NaN or infinite.

    Source: Rendle, Freudenthaler, Gantner and Schmidt-Thieme, BPR: Bayesian Personalized Ranking from
        Implicit Feedback, UAI 2009, section 4.

    Example:
        >>> import torch
        >>> bayesian_personalized_ranking(torch.tensor([2.0]), torch.tensor([0.0]))  # log(1 + e^-2)
        tensor(0.1269)
    """
    check_floating("positive_score", positive_score)
    check_floating("negative_score", negative_score)
    if positive_score.ndim not in (1, 2):
        raise ShapeError(
            f"positive_score: got shape {tuple(positive_score.shape)}; wanted (batch,) or (batch, pairs)"
        )
    # Not all that torch would broadcast: a vector beside a column would pair every user with every other.
    positive, negative = positive_score.shape, negative_score.shape
    columns = {*positive[1:], *negative[1:]} - {1}
    if len(positive) != len(negative) or positive[0] != negative[0] or len(columns) > 1:
        raise ShapeError(
            f"negative_score: got shape {tuple(negative)} beside positive_score {tuple(positive)}; wanted "
            "the same shape, or (batch, pairs) beside (batch, 1)"
        )
    check_finite("positive_score", positive_score)
    check_finite("negative_score", negative_score)
    return reduce(-functional.logsigmoid(positive_score - negative_score), reduction)


BayesianPersonalizedRanking = loss_module(bayesian_personalized_ranking)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five users, each with one positive item and three negative ones."""
    return {
        "positive_score": torch.randn(5, 1, generator=generator),
        "negative_score": torch.randn(5, 3, generator=generator),
    }


def rank_items(positive_score: np.ndarray, negative_score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each user's items, positives first: whether they are, and their scores."""
    users = len(positive_score)
    positive, negative = positive_score.reshape(users, -1), negative_score.reshape(users, -1)
    is_positive = np.hstack([np.ones_like(positive), np.zeros_like(negative)])
    return is_positive, np.hstack([positive, negative])


def pair_items(**scores: np.ndarray) -> tuple[np.ndarray, ...]:
    """The items of all users as a table: whether positive, score, user."""
    is_positive, score = rank_items(**scores)
    users = np.repeat(np.arange(len(score)), score.shape[1])
    return is_positive.ravel(), score.ravel(), users


LOSS = LossSpec(
    function=bayesian_personalized_ranking,
    module=BayesianPersonalizedRanking,
    paper=Paper(
        title="BPR: Bayesian Personalized Ranking from Implicit Feedback",
        authors="Rendle, Freudenthaler, Gantner and Schmidt-Thieme",
        venue="UAI",
        year=2009,
        url="https://arxiv.org/abs/1205.2618",
        equation="section 4",
    ),
    differentiable=("positive_score", "negative_score"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="grouped_auc", adapt=pair_items),
        ExactMetric(name="recall_at_k", adapt=rank_items, options={"k": 1}),
        ExactMetric(name="ndcg_at_k", adapt=rank_items),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("bpr",),
)
