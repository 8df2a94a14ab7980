"""The similarity-distance-magnitude softmax, in NumPy: probabilities that know how near the training data is.

`lossary.losses.similarity_distance_magnitude_cross_entropy` is its loss.
"""

from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, ShapeError
from lossary.numerics.vectors import Doubles, check_bounds, finite_array, finite_vector


def similarity_distance_magnitude_softmax(
    logits: Any, similarity: Any, distance_quantile: Any, *, rescale_offset: float = 2.0
) -> Doubles:
    r"""A softmax whose base grows with similarity to training data; its exponent shrinks with distance.

    .. math:: p_k = \frac{B^{d z_k}}{\sum_j B^{d z_j}}, \quad B = r + q

    The likeliest class stays what it is. A similarity of e - 2 and a quantile of 1 give the softmax.

    Args:
        logits: z, (n_samples, n_classes), finite.
        similarity: q, (n_samples,), 0 or above: how many of the nearest training points, from the first one
            on, share the prediction and are right with it.
        distance_quantile: d, (n_samples,), in [0, 1]: the share of training distances that are not below
            the sample's; 0 gives equal classes.
        rescale_offset: r, the base of a sample without similarity; the base must be above 1.

    Returns:
        (n_samples, n_classes) probabilities.

    Raises:
        InvalidInputError: a value is NaN or infinite; a similarity is negative; a quantile is outside [0, 1];
            a base is 1 or below.
        ShapeError: ``logits`` is not a matrix or has no class; lengths differ.
        DtypeError: an argument is not an array-like, or ``rescale_offset`` not a number.

    Differs from the official code: it adds a small constant inside its logarithms.

    Source: Schmaltz, Similarity-Distance-Magnitude Universal Verification, arXiv 2502.20167, 2025.

    Example:
        >>> similarity_distance_magnitude_softmax([[1.0, 0.0]], [2.0], [0.5]).round(4).tolist()  # 4^0.5 = 2
        [[0.6667, 0.3333]]
    """
    matrix = finite_array("logits", logits)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise ShapeError(f"logits: got shape {matrix.shape}; wanted (n_samples, n_classes) with a class")
    near = finite_vector("similarity", similarity, length=len(matrix), like="rows of logits")
    share = finite_vector("distance_quantile", distance_quantile, length=len(matrix), like="rows of logits")
    check_bounds("rescale_offset", rescale_offset)
    if len(matrix) == 0:
        return matrix
    if near.min() < 0:
        raise InvalidInputError(f"similarity: got {near.min():g}; wanted values of 0 or above")
    if not ((share >= 0) & (share <= 1)).all():
        raise InvalidInputError("distance_quantile: got values outside [0, 1]; wanted shares")
    if rescale_offset + near.min() <= 1:
        raise InvalidInputError(
            f"rescale_offset: got {rescale_offset!r}, a similarity of {near.min():g}; wanted a sum above 1"
        )
    # Halves first: the difference of two finite logits need not be finite.
    below_best = matrix / 2 - matrix.max(1, keepdims=True) / 2
    with np.errstate(over="ignore"):
        exponents = below_best * (2 * share * np.log(rescale_offset + near))[:, None]
    powers: Doubles = np.exp(exponents)
    total: Doubles = powers.sum(1, keepdims=True)
    return powers / total
