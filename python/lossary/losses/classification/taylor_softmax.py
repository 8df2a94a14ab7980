"""Taylor softmax: cross-entropy with the exponential cut off after a few terms of its series.

Probabilities grow like a power of the logits, so hopeless rows pull less than under softmax. At order 2 it
needs only the sum and the sum of squares of the logits beside the right one.
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
from lossary.authoring.validation import check_int
from lossary.errors import InvalidInputError
from lossary.losses.classification._class_rows import (
    best_class,
    class_columns,
    class_ranking,
    class_scores,
    share_surprise,
    six_rows,
)

# Beyond it the alternating terms of negative logits cancel: at order 16 four of the digits of float32 are
# lost, at order 30 the sign.
_MAX_ORDER = 12


@full_precision
def taylor_softmax(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    order: int = 2,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the right class is when probabilities are shares of a polynomial of the logits.

    .. math:: L = -\ln p_y, \qquad p_k = \frac{f(o_k)}{\sum_j f(o_j)}, \quad
              f(x) = \sum_{m=0}^{M} \frac{x^m}{m!}

    An even order keeps f above 0. It does not rise everywhere: at order 2 a logit of -3 weighs as one of 1.

    Args:
        logits: o, one column per class.
        target: the right class y of each row.
        order: M, an even number from 2 to 12; softmax is the limit.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". One class gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating, ``target`` not integer, or ``order`` no int.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``order`` is odd, below 2 or
            above 12.

    Source: de Brebisson and Vincent, An Exploration of Softmax Alternatives Belonging to the Spherical Loss
        Family, ICLR 2016.

    Example:
        >>> import torch
        >>> taylor_softmax(torch.tensor([[0.0, 2.0]]), torch.tensor([0]))  # f is 1 and 5: ln 6
        tensor(1.7918)
    """
    check_int("order", order)
    if order % 2 or not 2 <= order <= _MAX_ORDER:
        raise InvalidInputError(f"order: got {order}; wanted an even number from 2 to {_MAX_ORDER}")
    columns, _ = class_columns(logits, target)
    series = 1 + logits / order
    for power in range(order - 1, 0, -1):
        series = 1 + series * logits / power
    return reduce(share_surprise(series, columns), reduction)


TaylorSoftmax = loss_module(taylor_softmax)

LOSS = LossSpec(
    function=taylor_softmax,
    module=TaylorSoftmax,
    paper=Paper(
        title="An Exploration of Softmax Alternatives Belonging to the Spherical Loss Family",
        authors="de Brebisson and Vincent",
        venue="ICLR",
        year=2016,
        url="https://arxiv.org/abs/1511.05042",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="top_k_accuracy_score", adapt=class_scores, options={"k": 2}),
        ExactMetric(name="mean_reciprocal_rank", adapt=class_ranking),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
