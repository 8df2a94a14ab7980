"""Label-distributionally robust loss: from the largest violated margin to the mean of all, by a temperature.

A low temperature is the multi-class SVM of Crammer and Singer, a high one resists label noise, and 1 without
a margin is cross-entropy less a constant.
"""

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
from lossary.authoring.validation import check_positive
from lossary.losses.classification._class_rows import best_class, class_columns, six_rows
from lossary.losses.classification._label_gaps import Normalize, label_gaps, normalized_scores
from lossary.ops.soft_maximum import soft_maximum


@full_precision
def label_distributionally_robust(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    temperature: float = 1.0,
    margin: float = 0.1,
    normalize: Normalize = "none",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Largest expected gap to the right class over all distributions of labels, less their divergence.

    .. math::
        L &= \max_{p \in \Delta} \sum_k p_k d_k - \lambda \sum_k p_k \ln (C p_k)
           = \lambda \ln \Big( \frac{1}{C} \sum_k e^{d_k / \lambda} \Big), \\
        d_k &= f_k - f_y + c \, [k \ne y]

    Args:
        logits: scores, one column per class.
        target: the right class y of each row.
        temperature: lambda, above 0. Towards 0 the loss is the largest gap, towards infinity their mean; 1
            with a margin of 0 is cross-entropy less ln(classes). The paper's experiments take 10.
        margin: c, 0 or above.
        normalize: "none" takes the logits as f; "softplus_mean" their softplus over its mean in the row, as
            the authors' code does; "absolute_mean" the logits over the mean of their magnitudes, or over
            1e-12 where that is larger.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none"; below 0 where the right class is well ahead.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating or ``target`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``temperature`` is not above 0;
            ``margin`` is negative; ``normalize`` is unknown.

    Differs from the official code: the logits are not normalised by default, as in the paper's formula.

    Source: Zhu, Ying and Yang, Label Distributionally Robust Losses for Multi-class Classification:
        Consistency, Robustness and Adaptivity, ICML 2023.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[0.0, 0.0]]), torch.tensor([0])  # gaps 0 and 1
        >>> label_distributionally_robust(logits, target, margin=1.0)  # ln((1 + e) / 2)
        tensor(0.6201)
    """
    check_positive("temperature", temperature)
    columns, _ = class_columns(logits, target)
    gaps = label_gaps(normalized_scores(logits, normalize), columns, margin)
    return reduce(soft_maximum(gaps, temperature), reduction)


LabelDistributionallyRobust = loss_module(label_distributionally_robust)

LOSS = LossSpec(
    function=label_distributionally_robust,
    module=LabelDistributionallyRobust,
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
    pairs_with=(ExactMetric(name="accuracy_score", adapt=best_class),),
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("ldr",),
)
