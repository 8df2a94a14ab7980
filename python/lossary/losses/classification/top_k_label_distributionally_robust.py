"""Top-k label-distributionally robust loss: the worst distribution over labels, none taking more than 1/k.

For a model that may name k classes: it sees to the k largest violated margins, not to the largest alone.
"""

import math

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
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_int, check_non_negative
from lossary.errors import InvalidInputError
from lossary.losses.classification._class_rows import best_class, class_columns, class_scores, six_rows
from lossary.losses.classification._label_gaps import label_gaps
from lossary.ops.row_order import falling_order
from lossary.ops.soft_maximum import soft_maximum


@full_precision
def top_k_label_distributionally_robust(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    k: int = 2,
    temperature: float = 0.0,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Largest expected gap to the right class over distributions of labels with no more than 1/k on each.

    .. math::
        L = \max_{p \in \Delta, \, p_j \le 1/k} \sum_j p_j d_j - \lambda \sum_j p_j \ln (C p_j), \qquad
        d_j = o_j - o_y + c \, [j \ne y]

    At temperature 0 it is the mean of the k largest gaps, the right class's own gap of 0 among them.

    Args:
        logits: scores o, one column per class.
        target: the right class y of each row.
        k: 1 to the number of classes. 1 gives `label_distributionally_robust`, or at temperature 0 the SVM
            of Crammer and Singer; the number of classes gives the mean gap.
        temperature: lambda, 0 or above.
        margin: c, 0 or above.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". Of equal gaps at temperature 0 the first take the
        gradient.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating, ``target`` not integer, or ``k`` no int.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``k`` is below 1 or above the
            number of classes; ``temperature`` or ``margin`` is negative.

    Source: Zhu, Ying and Yang, Label Distributionally Robust Losses for Multi-class Classification:
        Consistency, Robustness and Adaptivity, ICML 2023.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[0.0, 1.0, 3.0]]), torch.tensor([0])  # gaps 0, 2 and 4
        >>> top_k_label_distributionally_robust(logits, target)
        tensor(3.)
    """
    check_int("k", k)
    check_non_negative("temperature", temperature)
    columns, _ = class_columns(logits, target)
    classes = logits.shape[1]
    if not 1 <= k <= classes:
        raise InvalidInputError(f"k: got {k}; wanted 1 to {classes}, the number of classes")
    gaps = label_gaps(logits, columns, margin)
    order = falling_order(gaps)
    if temperature == 0:
        return reduce(gaps.gather(1, order[:, :k]).mean(1), reduction)

    falling = gaps.detach().gather(1, order)
    num_capped = _num_capped((falling - falling[:, :1]) / temperature, k)
    places = torch.arange(classes, device=logits.device)
    capped = torch.zeros_like(gaps, dtype=torch.bool).scatter(1, order, places < num_capped)
    # Where all is capped nothing is left for the others, which still need a finite soft maximum.
    left = 1 - num_capped.squeeze(1).to(gaps.dtype) / k
    others = soft_maximum(gaps, temperature, keep=~capped | (num_capped == k))
    share = left * classes / (classes - num_capped.squeeze(1)).clamp(min=1)
    divergence = torch.xlogy(left, share) + (1 - left) * math.log(classes / k)
    return reduce(gaps.where(capped, 0.0).sum(1) / k + left * others - temperature * divergence, reduction)


def _num_capped(exponents: Tensor, k: int) -> Tensor:
    """How many of the largest weights stand at 1/k, (batch, 1): the fewest that leave no other above it.

    Args:
        exponents: d / lambda, falling along each row.
        k: at most the number of columns.
    """
    tails = exponents.flip(1).logcumsumexp(1).flip(1)[:, :k]
    places = torch.arange(k, device=exponents.device)
    largest = (k - places) * (exponents[:, :k] - tails).exp()  # of what is not capped, times k
    fits = torch.cat([largest <= 1, torch.ones_like(largest[:, :1], dtype=torch.bool)], 1)
    return fits.to(torch.uint8).argmax(1, keepdim=True)


TopKLabelDistributionallyRobust = loss_module(top_k_label_distributionally_robust)

LOSS = LossSpec(
    function=top_k_label_distributionally_robust,
    module=TopKLabelDistributionallyRobust,
    paper=Paper(
        title="Label Distributionally Robust Losses for Multi-class Classification: Consistency, Robustness "
        "and Adaptivity",
        authors="Zhu, Ying and Yang",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2112.14869",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="top_k_accuracy_score", adapt=class_scores, options={"k": 2}),
    ),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.CONVEX}),
    aliases=("ldr_k",),
)
