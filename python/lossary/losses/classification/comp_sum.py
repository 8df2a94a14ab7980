"""Comp-sum losses: cross-entropy, generalised cross-entropy, mean absolute error, one family with one knob.

Below 1 the knob makes errors dearer, above 1 it lets hopeless rows go, which is what label noise needs.
"""

from jaxtyping import Float, Integer
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
from lossary.authoring.validation import check_non_negative
from lossary.losses.classification._class_rows import best_class, class_columns, six_rows

_CROSS_ENTROPY = 1e-8  # how near to 1 tau is taken for 1


@full_precision
def comp_sum(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    tau: float = 1.0,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""A power or the logarithm of one plus the odds against the right class.

    .. math::
        L = \Phi_\tau \Big( \sum_{k \ne y} e^{z_k - z_y} \Big), \qquad
        \Phi_\tau(u) = \frac{(1 + u)^{1 - \tau} - 1}{1 - \tau}, \quad \Phi_1(u) = \ln (1 + u)

    In terms of the probability p of the right class it is (1 - p^(tau - 1)) / (tau - 1), and its gradient is
    that of cross-entropy times p^(tau - 1). Below tau = 1 the value grows like a power of the odds: in
    float32 it is infinite where the log-probability is below -88 / (1 - tau).

    Args:
        logits: z, one column per class.
        target: y, the right class of each row.
        tau: 0 or above. 0 gives the sum of exponentials, 1 cross-entropy, 1 to 2 generalised cross-entropy
            with q = tau - 1, 2 the mean absolute error 1 - p.
        ignore_index: rows with this target do not count.
        reduction: "mean" over the rows that count, "sum", or "none".

    Returns:
        A scalar, or one value per row under "none", 0 where ignored. One class gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``tau`` is negative.

    Differs from the paper: ``ignore_index`` is ours.

    Source: Mao, Mohri and Zhong, Cross-Entropy Loss Functions: Theoretical Analysis and Applications, ICML
        2023.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[0.0, 0.0, 0.0, 0.0]]), torch.tensor([2])  # odds of 3 against it
        >>> comp_sum(logits, target, tau=0.0), comp_sum(logits, target, tau=2.0)
        (tensor(3.), tensor(0.7500))
    """
    check_non_negative("tau", tau)
    columns, counts = class_columns(logits, target, ignore_index=ignore_index)
    surprise = functional.cross_entropy(logits, columns.squeeze(1), reduction="none")  # log(1 + u)
    if counts is not None:  # what is ignored may overflow below, and an infinite slope times 0 is NaN
        surprise = surprise.where(counts, 0.0)
    if abs(tau - 1) < _CROSS_ENTROPY:
        return reduce(surprise, reduction, mask=counts)
    return reduce(((1 - tau) * surprise).expm1() / (1 - tau), reduction, mask=counts)


CompSum = loss_module(comp_sum)

LOSS = LossSpec(
    function=comp_sum,
    module=CompSum,
    paper=Paper(
        title="Cross-Entropy Loss Functions: Theoretical Analysis and Applications",
        authors="Mao, Mohri and Zhong",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2304.07288",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="zero_one_loss", adapt=best_class),
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
)
