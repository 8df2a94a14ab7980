"""How far samples are from a standard normal distribution."""

from typing import Any

import numpy as np

from lossary.errors import InvalidInputError
from lossary.metrics.arrays import check_axes, numeric, to_numpy
from lossary.metrics.options import check_not_negative

# Pairs of rows that are in memory at a time.
_PAIRS = 2**20


def bhep(embeddings: Any, *, beta: float = 0.1) -> float:
    r"""Distance of embeddings from a standard normal cloud; lower is better.

    .. math:: \frac{1}{N^2} \sum_{ij} e^{-\beta^2 \lVert x_i - x_j \rVert^2 / 2}
              - \frac{2 (1 + \beta^2)^{-D/2}}{N} \sum_i e^{-\beta^2 \lVert x_i \rVert^2 / (2 + 2 \beta^2)}
              + (1 + 2 \beta^2)^{-D/2}

    The statistic of Baringhaus, Henze, Epps and Pulley: a weighted integral of the squared distance of
    characteristic functions, in closed form. The loss `sliced_epps_pulley` looks at it along directions.

    Args:
        embeddings: x, (n_samples, n_dimensions).
        beta: above 0; smaller looks at lower moments.

    Returns:
        A float, at least 0 up to rounding.

    Raises:
        InvalidInputError: NaN or infinity, no real numbers, no samples, or ``beta`` not above 0 or infinite.
        ShapeError: another number of axes than two.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Henze and Zirkler, A class of invariant consistent tests for multivariate normality,
        Communications in Statistics 19, 1990; as used by Balestriero and LeCun, LeJEPA: Provable and Scalable
        Self-Supervised Learning Without the Heuristics, arXiv 2511.08544, 2025.

    Example:
        >>> round(bhep([[0.0]], beta=1.0), 4)  # 1 - 2 / sqrt(2) + 1 / sqrt(3)
        0.1631
    """
    check_not_negative("beta", beta)
    if not 0 < beta < np.inf:
        raise InvalidInputError(f"beta: got {beta!r}; wanted a finite number above 0")
    rows = numeric("embeddings", to_numpy("embeddings", embeddings))
    check_axes("embeddings", rows)
    if not rows.size:
        raise InvalidInputError(f"embeddings: got shape {rows.shape}; wanted samples with dimensions")
    rows = rows.astype(np.float64, copy=False)
    if not np.isfinite(rows).all():
        raise InvalidInputError("embeddings: got NaN or infinity; wanted finite numbers")
    count, dim = rows.shape
    square = float(beta) ** 2
    alone = np.exp(-square / (2 + 2 * square) * (rows**2).sum(axis=1)).sum()
    rows = rows - rows.mean(axis=0)  # lengths that are no longer than need be lose no digits of distances
    norms = (rows**2).sum(axis=1)
    between = 0.0
    step = max(_PAIRS // count, 1)
    for start in range(0, count, step):
        block = slice(start, start + step)
        gaps = norms[block, None] + norms - 2 * rows[block] @ rows.T
        between += float(np.exp(-square / 2 * gaps.clip(min=0)).sum())
    return float(
        between / count**2 - 2 * (1 + square) ** (-dim / 2) * alone / count + (1 + 2 * square) ** (-dim / 2)
    )
