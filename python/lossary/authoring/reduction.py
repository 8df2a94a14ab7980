"""The one place that turns per-element values into the value a loss returns."""

from typing import Literal, get_args

from torch import Tensor

from lossary.authoring.validation import check_choice

Reduction = Literal["mean", "sum", "none"]


def reduce(values: Tensor, reduction: Reduction, *, mask: Tensor | None = None) -> Tensor:
    """Reduce per-element losses.

    Args:
        values: one value per element of the batch, any shape.
        reduction: "mean" over the elements that count, "sum", or "none" for the values themselves.
        mask: True where an element counts; elements that do not count are 0 under "none" and are left
            out of the mean. None counts all.

    Returns:
        A scalar, or the values with their shape under "none". Without any element that counts the result
        is 0 and carries a graph.

    Raises:
        InvalidInputError: ``reduction`` is none of the three.
    """
    check_choice("reduction", reduction, get_args(Reduction))
    if mask is not None:
        values = values.where(mask, values.new_zeros(()))
    if reduction == "none":
        return values
    total = values.sum()
    if reduction == "sum":
        return total
    if mask is None:
        return total / max(values.numel(), 1)
    return total / mask.sum().clamp(min=1)
