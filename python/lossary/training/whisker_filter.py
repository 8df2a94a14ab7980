"""Whisker filter: values within the whiskers of a box plot, without the outliers.

By it `lossary.losses.metric_learning.unified_negative_pair` leaves pairs out that are too similar to be told
apart (often wrong labels) or too different to matter.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_non_negative


def whisker_filter(similarity: Float[Tensor, "values"], *, whisker: float = 1.5) -> Bool[Tensor, "values"]:
    r"""Which values are within so many boxes of the box.

    .. math:: Q_1 - r (Q_3 - Q_1) \le v \le Q_3 + r (Q_3 - Q_1)

    Args:
        similarity: the values v.
        whisker: r, 0 or above; 0 keeps the box.

    Returns:
        True for the values to keep, ends included. The quartiles are values: of M in ascending order, counted
        from 0, those at floor(M / 4) and floor(3 M / 4).

    Raises:
        ShapeError: ``similarity`` is no vector.
        DtypeError: ``similarity`` is not floating.
        InvalidInputError: a value is NaN or infinite; ``whisker`` is negative.

    Source: Jung, Lee, Oh, Park, Park and Son, Unified Negative Pair Generation toward Well-discriminative
        Feature Space for Face Recognition, arXiv 2203.11593, 2022; the official code.

    Example:
        >>> import torch
        >>> whisker_filter(torch.tensor([0.1, 0.2, 0.3, 0.9]), whisker=0.5)  # from 0.2 - 0.35 to 0.9 + 0.35
        tensor([True, True, True, True])
        >>> whisker_filter(torch.tensor([0.1, 0.2, 0.3, 0.3, 0.9]), whisker=0.5)  # from 0.15 to 0.35
        tensor([False,  True,  True,  True, False])
    """
    check_floating("similarity", similarity)
    check_ndim("similarity", similarity, "values")
    check_finite("similarity", similarity)
    check_non_negative("whisker", whisker)
    return within_whiskers(similarity, torch.ones_like(similarity, dtype=torch.bool), whisker)


def within_whiskers(values: Tensor, mask: Tensor, whisker: float) -> Tensor:
    """`whisker_filter` of the values that the mask has, (values,), without checks; the others are dropped."""
    if values.numel() == 0:
        return mask
    values = values.detach()
    rising = values.where(mask, math.inf).sort().values
    count = mask.sum()
    low, high = (rising.gather(0, (part * count // 4).unsqueeze(0)) for part in (1, 3))
    reach = whisker * (high - low)
    return mask & (values >= low - reach) & (values <= high + reach)
