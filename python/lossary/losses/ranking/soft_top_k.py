"""Soft top-k: a retrieval loss that is content with the first k places and does not care which.

A softmax asks every positive to beat all others, also other positives; this asks it to be among the k
largest, which is what precision and recall at k count.
"""

from typing import Any, Literal

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
from lossary.authoring.validation import check_binary, check_choice, check_floating, check_ndim, check_shape
from lossary.ops.soft_top_k_operator import soft_top_k_logits


@full_precision
def soft_top_k(
    logits: Float[Tensor, "batch labels"],
    target: Bool[Tensor, "batch labels"] | Integer[Tensor, "batch labels"] | Float[Tensor, "batch labels"],
    *,
    k: int | float | Literal["num_positives"] = 5,
    alpha: float = 2.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the positives are from being among the k largest logits.

    .. math:: L = -\frac{1}{|P|} \sum_{p \in P} \log \sigma(\alpha (s_p + t)), \quad
              \sum_j \sigma(\alpha (s_j + t)) = k

    The threshold -t adapts to the logits (`lossary.ops.soft_top_k_operator`).

    Args:
        logits: s, any real number; only differences within a row count.
        target: 0 or 1, or bool; P is where it is 1.
        k: above 0 and below the number of labels; the k that is reported. "num_positives" takes each row's
            own number of positives.
        alpha: steepness, above 0; larger is closer to the hard first k.
        reduction: "mean" over rows, also those without a positive, "sum", or "none".

    Returns:
        A scalar, or (batch,) values under "none". A row without a positive gives 0, and with "num_positives"
        so does one of positives only.

    Raises:
        ShapeError: ``logits`` is no matrix, or ``target`` has another shape.
        DtypeError: ``logits`` is not floating, or ``k`` or ``alpha`` no real number.
        InvalidInputError: a logit is NaN or infinite, ``target`` has values other than 0 and 1, ``k`` is not
            between 0 and the number of labels, or ``alpha`` not above 0.

    Source: Gupta et al., Dual-Encoders for Extreme Multi-Label Classification, ICLR 2024.

    Example:
        >>> import torch
        >>> logits, target = torch.zeros(1, 4), torch.tensor([[1, 0, 0, 1]])
        >>> soft_top_k(logits, target, k=2)  # half a place for each: log 2
        tensor(0.6931)
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch labels")
    check_shape("target", target, tuple(logits.shape), like="logits")
    check_binary("target", target)
    num_labels, positive = logits.shape[1], target != 0
    num_positives = positive.sum(1)
    counts: float | Tensor
    if isinstance(k, str):
        check_choice("k", k, ("num_positives",))
        settled = (num_positives == 0) | (num_positives == num_labels)
        counts = num_positives.to(logits.dtype).where(~settled, num_labels / 2)  # these rows give 0 anyway
    else:
        settled, counts = num_positives == 0, k
    hits = functional.logsigmoid(soft_top_k_logits(logits, k=counts, alpha=alpha, name="logits"))
    values = -hits.where(positive, 0.0).sum(1) / num_positives.clamp(min=1)
    return reduce(values.where(~settled, 0.0), reduction)


SoftTopK = loss_module(soft_top_k)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows of eight labels, of which two or three are positive."""
    target = torch.zeros(4, 8)
    target[[0, 0, 1, 1, 1, 2, 2, 3, 3], [1, 4, 0, 2, 7, 3, 5, 6, 7]] = 1
    return {"logits": torch.randn(4, 8, generator=generator), "target": target}


LOSS = LossSpec(
    function=soft_top_k,
    module=SoftTopK,
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
        ExactMetric(name="precision_at_k", options={"k": 5}),
        ExactMetric(name="recall_at_k", options={"k": 5, "mode": "fraction"}),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
