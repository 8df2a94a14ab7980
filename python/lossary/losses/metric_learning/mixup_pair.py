"""Mixup pair: losses over pairs for items that are positive in part, such as mixed embeddings.

A mixed item counts as a positive of an anchor as far as it shares its label, and as a negative for the rest,
so that the loss also shapes the space between the items of training.
"""

from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

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
from lossary.authoring.validation import (
    check_choice,
    check_floating,
    check_mask,
    check_positive,
    check_real,
    check_shape,
    check_unit_interval,
)
from lossary.errors import ShapeError
from lossary.losses.metric_learning._pairs import log_one_plus_exp, log_one_plus_sum
from lossary.ops.dot_products import query_key_scores

PairLoss = Literal["contrastive", "binomial_deviance", "multi_similarity"]


@full_precision
def mixup_pair(
    anchors: Float[Tensor, "anchors dim"],
    mixed: Float[Tensor, "mixed dim"],
    target: Float[Tensor, "anchors mixed"],
    mask: Bool[Tensor, "anchors mixed"] | None = None,
    *,
    base: PairLoss = "contrastive",
    margin: float = 0.5,
    beta: float = 18.0,
    gamma: float = 75.0,
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""A loss over pairs that count as positives by their target, and as negatives for the rest.

    .. math:: L_a = \sum_m \big( - y_{am} s_{am} + (1 - y_{am}) \max(0, s_{am} - \delta) \big)

    for "contrastive"; for "binomial_deviance"

    .. math:: L_a = \sum_m \big( y_{am} \ln (1 + e^{-\beta (s_{am} - \delta)})
              + (1 - y_{am}) \ln (1 + e^{\gamma (s_{am} - \delta)}) \big)

    and for "multi_similarity"

    .. math:: L_a = \frac{1}{\beta} \ln \Big( 1 + \sum_m y_{am} e^{-\beta (s_{am} - \delta)} \Big)
              + \frac{1}{\gamma} \ln \Big( 1 + \sum_m (1 - y_{am}) e^{\gamma (s_{am} - \delta)} \Big)

    s is the similarity of an anchor and a mixed item. `lossary.training.mixed_embeddings` mixes embeddings
    and makes the target; `lossary.metrics.embedding_utilization` says what the mixture covers.

    Args:
        anchors: one row per anchor, such as embeddings, or proxies of classes.
        mixed: one row per item to compare them with.
        target: y in [0, 1], how far each item is a positive of each anchor. It receives no gradient.
        mask: True where a pair counts; None counts all.
        base: which loss of pairs; with a target of 0 and 1 it is that loss, with sums over pairs.
        margin: δ, the similarity that positives should exceed and negatives should not.
        beta: sharpness on positives, above 0; not of "contrastive".
        gamma: sharpness on negatives, likewise.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" or "sum" over anchors, or "none".

    Returns:
        A scalar, or one value per anchor under "none". An anchor without a pair that counts has 0, which the
        mean includes. "contrastive" is below 0 where positives outweigh negatives.

    Raises:
        ShapeError: ``anchors`` or ``mixed`` is not a matrix or is empty, or they differ in columns;
            ``target`` or ``mask`` is not (anchors, mixed).
        DtypeError: a matrix is not floating, or ``mask`` not bool.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``target`` is outside [0, 1]; ``beta`` or ``gamma`` is not above 0; ``base`` is unknown.

    Differs from the official code: it has the contrastive loss alone, on distances, and its own lists of
        pairs; the formulas are the paper's. Training adds 0.4 of this to the loss of the clean embeddings.

    Source: Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos and Avrithis, It Takes Two to Tango: Mixup for
        Deep Metric Learning, ICLR 2022, table 1.

    Example:
        >>> import torch
        >>> anchors, mixed = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.8, 0.6]])
        >>> mixup_pair(anchors, mixed, torch.tensor([[0.25]]))  # -0.25 * 0.8 + 0.75 * (0.8 - 0.5)
        tensor(0.0250)
    """
    check_choice("base", base, get_args(PairLoss))
    check_real("margin", margin)
    check_positive("beta", beta)
    check_positive("gamma", gamma)
    similarity = query_key_scores(anchors, mixed, normalize=normalize, names=("anchors", "mixed"))
    for name, rows in (("anchors", anchors), ("mixed", mixed)):
        if rows.shape[0] == 0:
            raise ShapeError(f"{name}: got shape {tuple(rows.shape)}; wanted at least one row")
    check_floating("target", target)
    check_shape("target", target, tuple(similarity.shape), like="the rows of anchors and of mixed")
    check_unit_interval("target", target)
    positive = target.detach()
    negative = 1 - positive
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, tuple(similarity.shape), like="target")
        positive, negative = positive.where(mask, 0.0), negative.where(mask, 0.0)

    gap = similarity - margin
    if base == "contrastive":
        return reduce((negative * gap.relu() - positive * similarity).sum(1), reduction)
    if base == "binomial_deviance":
        pull, push = log_one_plus_exp(-beta * gap), log_one_plus_exp(gamma * gap)
        return reduce((positive * pull + negative * push).sum(1), reduction)
    pull = _log_one_plus_weighted_sum(-beta * gap, positive) / beta
    return reduce(pull + _log_one_plus_weighted_sum(gamma * gap, negative) / gamma, reduction)


def _log_one_plus_weighted_sum(exponents: Tensor, weight: Tensor) -> Tensor:
    """ln(1 + sum w e^x), of each row."""
    counts = weight != 0
    return log_one_plus_sum(exponents + weight.where(counts, 1.0).log(), counts)


MixupPair = loss_module(mixup_pair)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five anchors and six items, some of them clean positives or negatives."""
    target = torch.tensor(
        [
            [1.0, 0.0, 0.5, 0.25, 0.0, 0.75],
            [0.0, 1.0, 0.5, 0.0, 0.75, 0.0],
            [0.0, 0.0, 0.0, 0.75, 0.25, 0.25],
            [0.5, 0.0, 0.0, 1.0, 0.0, 0.0],
            [0.5, 0.0, 1.0, 0.0, 0.0, 0.0],
        ]
    )
    return {
        "anchors": torch.randn(5, 4, generator=generator),
        "mixed": torch.randn(6, 4, generator=generator),
        "target": target,
    }


def rank_mixed(
    anchors: np.ndarray, mixed: np.ndarray, target: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Each anchor as a query of the items: which are positive for the larger part, and the cosine."""
    rows, items = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (anchors, mixed))
    counts = np.ones(target.shape, dtype=bool) if mask is None else mask
    return (target > 0.5) & counts, np.where(counts, rows @ items.T, -np.inf)


LOSS = LossSpec(
    function=mixup_pair,
    module=MixupPair,
    paper=Paper(
        title="It Takes Two to Tango: Mixup for Deep Metric Learning",
        authors="Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos and Avrithis",
        venue="ICLR",
        year=2022,
        url="https://arxiv.org/abs/2106.04990",
        equation="table 1",
    ),
    differentiable=("anchors", "mixed"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_mixed, options={"k": 1}),
        ExactMetric(name="map_at_r", adapt=rank_mixed),
    ),
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("metrix",),
)
