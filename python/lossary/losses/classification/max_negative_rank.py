"""Maximal negative rank: positives drawn above the hardest negative, for detectors that may miss nothing.

An addition to a weighted binary cross-entropy. At a threshold just above the hardest negative there is no
false alarm, and every positive below it is missed.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.losses.classification._margins import eight_decisions, positives


@full_precision
def max_negative_rank(
    score: Float[Tensor, "batch"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    *,
    detach_anchor: bool = True,
) -> Float[Tensor, ""]:
    r"""Squared distances of the positives from the hardest negative, where they are below it.

    .. math:: L = \frac{1}{P + 1} \sum_{i : y_i = 1} \max(0, a - s_i)^2, \quad a = \max_{j : y_j = 0} s_j

    Args:
        score: s, any real number; larger means more likely positive.
        target: y, 0 or 1 (or bool); P positives.
        detach_anchor: no gradient flows into a, since one noisy negative is a poor guide; False pulls the
            hardest negative down, the first of several.

    Returns:
        A scalar; 0 for a batch of one class, and where every positive is above every negative.

    Raises:
        ShapeError: ``score`` is not a vector, or ``target`` has another length.
        DtypeError: ``score`` is not floating.
        InvalidInputError: a score is NaN or infinite; ``target`` has values other than 0 and 1.

    Differs from the official code: the scores there are detached, so that the term has no gradient at all;
        the maximum runs over both columns of a one-hot target, and a 0 from each positive takes part in it;
        and the released trainer multiplies the term by 0. This is the intent of the paper.

    Source: Entezari and Saukh, Class-dependent Compression of Deep Neural Networks, arXiv 1909.10364, 2019.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([0.9, 0.2, 0.6, 0.1]), torch.tensor([1, 1, 0, 0])
        >>> max_negative_rank(score, target)  # 0.4^2 / 3
        tensor(0.0533)
    """
    positive = positives(score, target, name="score")
    if not len(score):
        return score.sum()
    anchor = score.where(~positive, -torch.inf).max(0).values  # not amax, which shares the slope among equals
    if detach_anchor:
        anchor = anchor.detach()
    below = (anchor - score).relu().where(positive, 0.0)
    return below.square().sum() / (positive.sum() + 1)


MaxNegativeRank = loss_module(max_negative_rank)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight scores, three of them of positives; with the anchor's gradient, which completes the loss's."""
    example = eight_decisions(generator)
    return {"score": example["logits"], "target": example["target"], "detach_anchor": False}


LOSS = LossSpec(
    function=max_negative_rank,
    module=MaxNegativeRank,
    paper=Paper(
        title="Class-dependent Compression of Deep Neural Networks",
        authors="Entezari and Saukh",
        venue="arXiv",
        year=2019,
        url="https://arxiv.org/abs/1909.10364",
    ),
    differentiable=("score",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="tar_at_far", options={"far": 0.0}),
        ExactMetric(name="roc_auc_score"),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
        }
    ),
)
