"""Stablemax cross-entropy: cross-entropy with shares that grow linearly, not exponentially, in the logits.

In float32 the cross-entropy of a softmax is exactly zero, gradient and all, once the right logit leads by
more than about 17, and training stops there. With these shares it goes on.
"""

import torch
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
from lossary.authoring.validation import check_floating
from lossary.errors import DtypeError
from lossary.losses.classification._class_rows import best_class, class_columns, six_rows


@full_precision
def stablemax(logits: Float[Tensor, "*batch classes"]) -> Float[Tensor, "*batch classes"]:
    r"""Shares that grow linearly in their logits, along the last axis.

    .. math:: p_k = \frac{s(z_k)}{\sum_j s(z_j)}, \quad
              s(z) = z + 1 \text{ if } z \ge 0 \text{ else } \frac{1}{1 - z}

    Args:
        logits: z, any real numbers. Adding a constant to a row changes its shares, unlike those of a softmax.

    Returns:
        The shape of ``logits``; it adds up to one along the last axis.

    Raises:
        DtypeError: ``logits`` is not floating.

    Source: Prieto, Barsbey, Mediano and Birdal, Grokking at the Edge of Numerical Stability, ICLR 2025.

    Example:
        >>> import torch
        >>> stablemax(torch.tensor([2.0, -1.0]))  # 3 and 1/2 over their sum
        tensor([0.8571, 0.1429])
    """
    check_floating("logits", logits)
    return _log_weights(logits).softmax(-1)


@full_precision
def log_stablemax(logits: Float[Tensor, "*batch classes"]) -> Float[Tensor, "*batch classes"]:
    """The logarithm of `stablemax`, also of shares too small for a float.

    Args:
        logits: z, any real numbers.

    Returns:
        The shape of ``logits``.

    Raises:
        DtypeError: ``logits`` is not floating.

    Source: Prieto, Barsbey, Mediano and Birdal, Grokking at the Edge of Numerical Stability, ICLR 2025.

    Example:
        >>> import torch
        >>> log_stablemax(torch.tensor([2.0, -1.0])).exp()
        tensor([0.8571, 0.1429])
    """
    check_floating("logits", logits)
    return _log_weights(logits).log_softmax(-1)


def _log_weights(logits: Tensor) -> Tensor:
    # By the distances above and below zero: 1 / (1 - z) itself has a pole at 1, where the gradient of a
    # branch not taken would be NaN. A rectified number has no slope at zero; the last term has 1 there alone.
    return logits.relu().log1p() - (-logits).relu().log1p() + logits * (logits == 0)


@full_precision
def stablemax_cross_entropy(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    ignore_index: int = -100,
    compute_dtype: torch.dtype | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""-log of the share of the right class, with shares that grow linearly in the logits.

    .. math:: L = \log \sum_k s(z_k) - \log s(z_y), \quad
              s(z) = z + 1 \text{ if } z \ge 0 \text{ else } \frac{1}{1 - z}

    Args:
        logits: z, one column per class. A constant added to a row changes the value.
        target: y, the right class of each row.
        ignore_index: rows with this target do not count.
        compute_dtype: compute in this floating dtype, such as torch.float64; None takes that of ``logits``,
            float32 at least.
        reduction: "mean" over the rows that count, "sum", or "none".

    Returns:
        A scalar, or one value per row under "none", 0 where ignored; in the dtype of ``logits``. One class
        gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` or ``compute_dtype`` is not floating; ``target`` or ``ignore_index`` is not
            integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class.

    Differs from the official code: it computes in float64 and returns float64 whatever comes
        (``compute_dtype=torch.float64`` does the former), adds 1e-30 to a denominator of 1 or above, and
        returns (batch, 1) values without a mean.

    Source: Prieto, Barsbey, Mediano and Birdal, Grokking at the Edge of Numerical Stability, ICLR 2025.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[2.0, -1.0]])  # weights 3 and 1/2
        >>> stablemax_cross_entropy(logits, torch.tensor([0]))  # log(3.5 / 3)
        tensor(0.1542)
    """
    if compute_dtype is not None and not (
        isinstance(compute_dtype, torch.dtype) and compute_dtype.is_floating_point
    ):
        raise DtypeError(f"compute_dtype: got {compute_dtype!r}; wanted a floating torch.dtype, or None")
    columns, counts = class_columns(logits, target, ignore_index=ignore_index)
    weights = _log_weights(logits if compute_dtype is None else logits.to(compute_dtype))
    surprise = functional.cross_entropy(weights, columns.squeeze(1), reduction="none")
    return reduce(surprise, reduction, mask=counts).to(logits.dtype)


StablemaxCrossEntropy = loss_module(stablemax_cross_entropy)

LOSS = LossSpec(
    function=stablemax_cross_entropy,
    module=StablemaxCrossEntropy,
    paper=Paper(
        title="Grokking at the Edge of Numerical Stability",
        authors="Prieto, Barsbey, Mediano and Birdal",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2501.04697",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=best_class),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
