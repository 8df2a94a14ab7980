"""Modified entropy: how unsure, or wrong, a model is about each sample; low for what it was trained on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, to_numpy
from lossary.metrics.class_rows import class_indices
from lossary.metrics.probabilities import check_probabilities

_LEAST = 1e-30
_SUM_TOLERANCE = 1e-4


def modified_entropy(y_true: Any, y_proba: Any) -> NDArray[np.float64]:
    r"""Entropy of each prediction that knows the true class; lower is more like a training sample.

    .. math:: - (1 - p_y) \ln p_y - \sum_{c \ne y} p_c \ln (1 - p_c)

    Unlike the entropy it tells who is certain and right, 0, from who is certain and wrong, 138. It is a score
    of membership inference, and of what a model still knows after unlearning.

    Args:
        y_true: the index of the true class, (n_samples,), from 0 on.
        y_proba: probabilities, (n_samples, n_classes), whose rows sum to 1 within 1e-4.

    Returns:
        An array (n_samples,) of values from 0 to 138.2; logarithms are those of 1e-30 at least.

    Raises:
        InvalidInputError: a row that does not sum to 1; NaN or a number outside [0, 1]; a class that is no
            column.
        ShapeError: not two axes, no class, or another number of samples.
        DtypeError: classes that are no integers, or an argument that is not an array-like.

    Source: Song and Mittal, Systematic Evaluation of Privacy Risks of Machine Learning Models, USENIX
        Security 2021, section 4; used by Fan, Liu, Lin, Jia, Zhang, Mei and Liu, Challenging Forgets, ECCV
        2024.

    Example:
        >>> modified_entropy([0, 1], [[1.0, 0.0], [0.5, 0.5]]).round(4).tolist()  # 0 and ln 2
        [0.0, 0.6931]
    """
    proba = numeric("y_proba", to_numpy("y_proba", y_proba)).astype(np.float64)
    if proba.ndim != 2 or not proba.shape[1]:
        raise ShapeError(f"y_proba: got shape {proba.shape}; wanted (n_samples, n_classes) with a class")
    check_probabilities(proba)
    sums = proba.sum(axis=1)
    wrong = np.abs(sums - 1) > _SUM_TOLERANCE
    if wrong.any():
        raise InvalidInputError(f"y_proba: got a row that sums to {sums[wrong][0]:g}; wanted 1")
    codes = class_indices("y_true", y_true, len(proba))
    if codes.size and codes.max() >= proba.shape[1]:
        raise InvalidInputError(f"y_true: got class {codes.max()}; wanted 0 to {proba.shape[1] - 1}")
    rows = np.arange(len(proba))
    own = proba[rows, codes]
    others = proba.copy()
    others[rows, codes] = 0
    with np.errstate(divide="ignore"):  # the logarithm of 0 is raised to the least
        unlikely = np.maximum(np.log1p(-others), np.log(_LEAST))
    of_own = (1 - own) * np.log(np.maximum(own, _LEAST))
    found: NDArray[np.float64] = 0.0 - of_own - (others * unlikely).sum(axis=1)
    return found
