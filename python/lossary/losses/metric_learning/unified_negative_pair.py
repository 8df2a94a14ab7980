"""Unified negative pairs: a margin head whose softmax also holds the negative pairs of the batch.

Class weights alone are never as near as the hardest other items; pairs of items alone are few. Together they
are one set of negatives, without outliers, that every item has to beat.
"""

import math
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    head_module,
    reduce,
)
from lossary.authoring.validation import check_choice, check_non_negative, check_positive, check_real
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads.magface import length_margins
from lossary.ops.class_cosines import Boundary, add_angle, check_angle, class_cosines, own_class
from lossary.ops.directions import unit_rows
from lossary.ops.key_lists import rank_others, verify_pairs
from lossary.ops.masked_softmax import masked_log_sum_exp
from lossary.training.whisker_filter import within_whiskers

Head = Literal["normalized_softmax", "cosface", "arcface", "magface"]

_MARGINS = {"cosface": 0.35, "arcface": 0.5}
_LARGEST = 1 - 1e-7


@full_precision
def unified_negative_pair(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    head: Head = "cosface",
    margin: float | None = None,
    scale: float = 64.0,
    whisker: float | None = 1.5,
    boundary: Boundary = "none",
    lower_norm: float = 10.0,
    upper_norm: float = 110.0,
    lower_margin: float = 0.45,
    upper_margin: float = 0.8,
    regularizer: float = 35.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of the cosine to the right class against other classes and negative pairs of the batch.

    .. math:: L_i = -\ln \frac{e^{s t_i}}
              {e^{s t_i} + \sum_{j \ne y_i} e^{s \cos\theta_{ij}} + \sum_{(a, b) \in A} e^{s x_a^\top x_b}}

    t is the cosine to the right class after the margin of the head. A holds each pair of the batch with two
    labels once, of those that `lossary.training.whisker_filter` keeps; all items share it.

    Args:
        embeddings: x, one row per item, of any length but zero; the formula has them of length 1.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        head: whose margin: "normalized_softmax" has none; "cosface", "arcface" and "magface" are those of
            `lossary.losses.margin_heads`.
        margin: of "cosface" or "arcface"; None is 0.35 or 0.5. The other heads take none.
        scale: s, above 0.
        whisker: how many boxes beyond the box a pair may be, 0 or above; None keeps all pairs.
        boundary: for "arcface", as for `lossary.losses.margin_heads.arcface`; "magface" has "easy".
        lower_norm: as for `lossary.losses.margin_heads.magface`, and so are the next four, for "magface".
        upper_norm: as there.
        lower_margin: as there.
        upper_margin: as there.
        regularizer: as there.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". In a batch of one class it is the loss of the head.
        Which pairs count has no gradient.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; an option is
            outside its domain, or unknown; ``margin`` is given for a head that takes none.

    Differs from the official code: the margin of "cosface" is 0.5 in its configuration; a batch of one class
        stops it with an error, and its "magface" does not run.

    Source: Jung, Lee, Oh, Park, Park and Son, Unified Negative Pair Generation toward Well-discriminative
        Feature Space for Face Recognition, arXiv 2203.11593, 2022; the official code.

    Example:
        >>> import torch
        >>> embeddings, weight = torch.eye(2), torch.eye(2)
        >>> options = {"head": "normalized_softmax", "scale": 1.0}
        >>> # against another class and a pair, both at right angles: ln(1 + 2 / e)
        >>> unified_negative_pair(embeddings, torch.tensor([0, 1]), weight, **options)
        tensor(0.5514)
    """
    check_choice("head", head, get_args(Head))
    check_positive("scale", scale)
    if whisker is not None:
        check_non_negative("whisker", whisker)
    cosine, columns = class_cosines(embeddings, labels, weight)
    target, price = own_class(cosine, columns), cosine.new_zeros(())
    if head == "magface":
        angle, price = length_margins(
            embeddings,
            lower_norm=lower_norm,
            upper_norm=upper_norm,
            lower_margin=lower_margin,
            upper_margin=upper_margin,
            regularizer=regularizer,
        )
        _check_no_margin(head, margin)
        target = add_angle(target, angle, "easy")
    elif head == "normalized_softmax":
        _check_no_margin(head, margin)
    else:
        margin = _MARGINS[head] if margin is None else margin
        if head == "cosface":
            check_real("margin", margin)
            target = target - margin
        else:
            check_angle("margin", margin)
            target = add_angle(target, target.new_full((), margin), boundary)
    classes = (scale * cosine.scatter(1, columns, target.unsqueeze(1))).logsumexp(1)
    pairs = _negative_pairs(embeddings, labels, scale, whisker)
    # of no pairs the logarithm is -inf, beside which the sum of classes stays as it is
    both = torch.logaddexp(classes, pairs.where(pairs > -math.inf, torch.finfo(pairs.dtype).min))
    return reduce(both - scale * target + price, reduction)


def _check_no_margin(head: str, margin: float | None) -> None:
    if margin is not None:
        raise InvalidInputError(f"margin: got {margin!r} with head={head!r}; wanted None")


def _negative_pairs(embeddings: Tensor, labels: Tensor, scale: float, whisker: float | None) -> Tensor:
    """The log-sum-exp of the pairs that count, (); -inf without one."""
    rows = unit_rows(embeddings)
    similarity = (rows @ rows.T).clamp(-_LARGEST, _LARGEST).flatten()
    index = torch.arange(len(labels), device=labels.device)
    once = index.unsqueeze(1) < index
    counts = ((labels.unsqueeze(1) != labels) & once).flatten()
    if whisker is not None:
        counts = within_whiskers(similarity, counts, whisker)
    return masked_log_sum_exp(scale * similarity.unsqueeze(0), counts.unsqueeze(0)).squeeze(0)


UnifiedNegativePair = head_module(unified_negative_pair)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, with lengths between the bounds, and the weight of each class."""
    return {
        "embeddings": 20 * torch.randn(8, 4, generator=generator),
        "labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, 0]),
        "weight": torch.randn(3, 4, generator=generator),
    }


LOSS = LossSpec(
    function=unified_negative_pair,
    module=UnifiedNegativePair,
    paper=Paper(
        title="Unified Negative Pair Generation toward Well-discriminative Feature Space for Face "
        "Recognition",
        authors="Jung, Lee, Oh, Park, Park and Son",
        venue="arXiv",
        year=2022,
        url="https://arxiv.org/abs/2203.11593",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="tar_at_far", adapt=verify_pairs, options={"far": 0.01}),
        ExactMetric(name="verification_accuracy", adapt=verify_pairs, output="value"),
        ExactMetric(name="recall_at_k", adapt=rank_others, options={"k": 1}),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("unpg",),
    module_sizes={"num_classes": 3, "embedding_dim": 4},
)
