"""Decoupled softmax: each of a query's relevant labels against the irrelevant ones, never against each other.

For queries with several relevant labels, where the softmax of cross-entropy would make these compete: once
all stand above the irrelevant ones nothing is left to gain. The exact metrics are those of the top of the
ranking.
"""

from typing import Any, Literal, get_args

import torch
from jaxtyping import Bool, Float, Integer
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
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_no_negative,
    check_shape,
    check_tensor,
)
from lossary.errors import DtypeError
from lossary.losses.retrieval._lists import check_lists
from lossary.ops.masked_softmax import masked_log_sum_exp

PositiveReduction = Literal["mean", "sum"]


@full_precision
def decoupled_softmax(
    logits: Float[Tensor, "queries labels"],
    target: Bool[Tensor, "queries labels"]
    | Integer[Tensor, "queries labels"]
    | Float[Tensor, "queries labels"],
    *,
    positive_reduction: PositiveReduction = "mean",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far each relevant label is from outweighing all irrelevant labels together.

    .. math:: L = -\frac{1}{|P|} \sum_{p \in P} y_p \log \frac{e^{s_p}}{e^{s_p} + \sum_{n \notin P} e^{s_n}}

    With one relevant label it is cross-entropy.

    Args:
        logits: s, the scores of the labels, already divided by a temperature; the paper's is 0.05, for
            cosines.
        target: y, above 0 where a label is relevant: 1, True, or a weight. P holds these labels. It receives
            no gradient.
        positive_reduction: "mean" over P as in the formula, or "sum" without the 1 / |P|.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none". A query without relevant, or without irrelevant,
        labels has 0, and counts in the mean.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no column, or ``target`` has another shape.
        DtypeError: ``logits`` is not floating, or ``target`` complex.
        InvalidInputError: a value is NaN or infinite, or ``target`` negative.

    Source: Gupta et al., Dual-Encoders for Extreme Multi-Label Classification, ICLR 2024.

    Example:
        >>> import torch
        >>> logits, target = torch.zeros(1, 4), torch.tensor([[1, 1, 0, 0]])
        >>> decoupled_softmax(logits, target)  # each against two irrelevant labels: log 3
        tensor(1.0986)
    """
    check_lists("logits", logits)
    check_tensor("target", target)
    if target.is_complex():
        raise DtypeError(f"target: got dtype {target.dtype}; wanted a real dtype, or bool")
    check_shape("target", target, tuple(logits.shape), like="logits")
    if target.is_floating_point():
        check_finite("target", target)
    check_no_negative("target", target)
    check_choice("positive_reduction", positive_reduction, get_args(PositiveReduction))
    target = target.detach()
    rivals = masked_log_sum_exp(logits, target == 0)
    # where a label is irrelevant its weight is 0, and its logarithm is finite
    values = -(target * functional.logsigmoid(logits - rivals.unsqueeze(1))).sum(1)
    if positive_reduction == "mean":
        values = values / (target != 0).sum(1).clamp(min=1)
    return reduce(values, reduction)


DecoupledSoftmax = loss_module(decoupled_softmax)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries and six labels, of which one to three are relevant."""
    target = torch.tensor([[1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0], [1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1]])
    return {"logits": 2 * torch.randn(4, 6, generator=generator), "target": target}


LOSS = LossSpec(
    function=decoupled_softmax,
    module=DecoupledSoftmax,
    paper=Paper(
        title="Dual-Encoders for Extreme Multi-Label Classification",
        authors="Gupta et al.",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2310.10636",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="precision_at_k", options={"k": 1}),
        ExactMetric(name="recall_at_k", options={"k": 3, "mode": "fraction"}),
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
