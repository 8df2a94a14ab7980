"""The largest entries of rows of scores, equal ones by their place."""

import torch
from lossary.authoring.validation import check_floating, check_int, check_ndim, checks_values
from lossary.errors import InvalidInputError
from torch import Tensor


def check_choice_of(score: Tensor, name: str, count: int) -> None:
    """Check scores of tokens and features, and how many of them to keep.

    Raises:
        ShapeError: ``score`` is not a matrix.
        DtypeError: ``score`` is not floating, or the count no int.
        InvalidInputError: a score is NaN, or the count negative.
    """
    check_floating("score", score)
    check_ndim("score", score, "tokens features")
    if checks_values(score) and bool(score.isnan().any()):
        raise InvalidInputError(f"score: got {int(score.isnan().sum())} values that are NaN; wanted numbers")
    check_int(name, count)
    if count < 0:
        raise InvalidInputError(f"{name}: got {count}; wanted 0 or above")


def largest(score: Tensor, count: int) -> Tensor:
    """Where the ``count`` largest entries of each row are; of equal ones the first.

    Args:
        score: (rows, items), without NaN.
        count: how many to keep, from 0 to the number of items.

    Returns:
        A bool for each entry.
    """
    if count == 0:
        return torch.zeros_like(score, dtype=torch.bool)
    # Found by their least value and not by sorting, which takes far longer for few of many.
    least = score.topk(count, sorted=True).values[:, -1:]
    above, equal = score > least, score == least
    return above | (equal & (equal.cumsum(1) <= count - above.sum(1, keepdim=True)))
