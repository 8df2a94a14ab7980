"""Effective rank: how many dimensions embeddings use, with a gradient.

`lossary.metrics.effective_rank` on tensors, to watch a representation collapse while it trains, or with a
minus sign to keep it from doing so.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.pair_rows import accumulator


@full_precision
def effective_rank(
    embeddings: Float[Tensor, "batch dim"], *, eps: float = 1e-7, center: bool = False
) -> Float[Tensor, ""]:
    r"""The exponential of the entropy of the singular values; higher means more dimensions in use.

    .. math:: \exp \Big( - \sum_k p_k \ln p_k \Big), \qquad p_k = \frac{\sigma_k}{\sum_j \sigma_j} + \epsilon

    Args:
        embeddings: one row per item, ideally many more than columns.
        eps: what is added to each share, from 0 to 1.
        center: take the mean of the embeddings off first.

    Returns:
        A scalar from 1 to the smaller number of rows and columns, up to ``eps``. Singular values that are
        rounding count as 0; beside one of 0 its own direction is arbitrary, and receives no gradient.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty.
        DtypeError: ``embeddings`` is not floating.
        InvalidInputError: a value is NaN or infinite; all are zero, or with ``center`` all rows the same (a
            check of values; without it the rank is NaN); ``eps`` is outside [0, 1].

    Source: Garrido, Balestriero, Najman and LeCun, RankMe: Assessing the Downstream Performance of Pretrained
        Self-Supervised Representations by Their Rank, ICML 2023, section 3.

    Example:
        >>> import torch
        >>> effective_rank(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))  # shares of 3/4 and 1/4: 4 / 27^(1/4)
        tensor(1.7548)
    """
    check_floating("embeddings", embeddings)
    check_ndim("embeddings", embeddings, "batch dim")
    if 0 in embeddings.shape:
        raise ShapeError(
            f"embeddings: got shape {tuple(embeddings.shape)}; wanted at least one row and column"
        )
    check_finite("embeddings", embeddings)
    check_non_negative("eps", eps)
    if eps > 1:
        raise InvalidInputError(f"eps: got {eps!r}; wanted a number from 0 to 1")
    rows = embeddings.to(accumulator(embeddings))
    rows = rows / rows.detach().abs().amax()  # only ratios count, and so the squares stay in range
    noise = torch.finfo(rows.dtype).eps * rows.detach().norm()
    if center:
        rows = rows - rows.mean(0)
    # not: at most; so that zeros, which are NaN by now, are refused, too
    if checks_values(embeddings) and not bool(rows.norm() > noise):
        raise InvalidInputError(
            "embeddings: got only zeros, or rows that are all the same; wanted rows that span a dimension"
        )
    values = torch.linalg.svdvals(rows.nan_to_num())
    values = values.where(values > noise * max(rows.shape), 0.0)
    share = values / values.sum() + eps
    counts = share > 0
    share = share.where(counts, 1.0)
    entropy: Tensor = -(share * share.log()).sum()
    return entropy.exp().to(embeddings.dtype)
