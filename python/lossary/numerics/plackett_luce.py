"""Likelihood of rankings under the Plackett-Luce model, and its gradient."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, numeric, to_numpy
from lossary.metrics.options import check_choice
from lossary.numerics.rankings import flat_rankings


def plackett_luce_log_likelihood(scores: Any, ranking: Any, *, scope: str = "all") -> NDArray[np.float64]:
    r"""The logarithm of the probability of each ranking, chosen item by item, best first.

    .. math:: \sum_{k=1}^{R} \Big[ s_{\pi_k} - \log \sum_{j \in A_k} \exp(s_j) \Big]

    The pool A_k is what is left of the items before the k-th choice. Linear time in the items of a row, for
    scores of any spread.

    Args:
        scores: log-worths of the items, (n_rankings, n_items).
        ranking: item numbers of each row, best first: (n_rankings, longest), padded with -1 at the end, or a
            list of rows. Rows may be empty.
        scope: ``"all"``: the first pool is all items, those without a rank are in every pool (a top list);
            ``"listed"``: it is the listed items (a ranking of some items).

    Returns:
        float64, (n_rankings,): at most 0; 0 for an empty ranking.

    Raises:
        InvalidInputError: scores that are NaN, infinite or beyond 1e150; an item outside the range, one that
            comes twice in a row, -1 before an item; an unknown scope.
        ShapeError: scores without two axes, or numbers of rows that differ.
        DtypeError: an argument that is not an array-like.

    Source: Luce, Individual choice behavior, Wiley 1959; Plackett, The analysis of permutations, Applied
        Statistics 24, 1975.

    Example:
        >>> plackett_luce_log_likelihood([[0.0, 0.0, 0.0]], [[2, 0, 1]]).round(4).tolist()  # log(1/3 * 1/2)
        [-1.7918]
    """
    return _evaluate(scores, ranking, scope)[0]


def plackett_luce_gradient(scores: Any, ranking: Any, *, scope: str = "all") -> Array:
    """The derivatives of `plackett_luce_log_likelihood` by the scores.

    Args:
        scores: log-worths of the items, (n_rankings, n_items).
        ranking: item numbers of each row, best first, as in `plackett_luce_log_likelihood`.
        scope: ``"all"`` or ``"listed"``, as there.

    Returns:
        (n_rankings, n_items), float32 for float32 scores, else float64. Rows sum to 0; items that are in no
        pool have 0.

    Raises:
        InvalidInputError: as `plackett_luce_log_likelihood`.
        ShapeError: as there.
        DtypeError: as there.

    Example:
        >>> plackett_luce_gradient([[0.0, 0.0]], [[1]]).tolist()
        [[-0.5, 0.5]]
    """
    return _evaluate(scores, ranking, scope)[1]


def _evaluate(scores: Any, ranking: Any, scope: str) -> tuple[NDArray[np.float64], Array]:
    check_choice("scope", scope, ("all", "listed"))
    matrix = score_rows(scores)
    entries, offsets = flat_rankings("ranking", ranking)
    if len(offsets) - 1 != len(matrix):
        raise ShapeError(f"ranking: got {len(offsets) - 1} rows; wanted {len(matrix)}, as scores")
    values, gradient = _kernels.plackett_luce_matrix(
        matrix.reshape(-1), entries, offsets, matrix.shape[1], scope == "all"
    )
    return values, gradient.reshape(matrix.shape)


def score_rows(given: Any) -> Array:
    """Finite scores, (n_rankings, n_items), as float32 or float64."""
    array = numeric("scores", to_numpy("scores", given))
    if array.ndim != 2:
        raise ShapeError(f"scores: got shape {array.shape}; wanted (n_rankings, n_items)")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidInputError("scores: got NaN or infinity; wanted finite numbers")
    return contiguous(array)
