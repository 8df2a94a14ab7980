"""Softmax, log-sum-exp and cross-entropy of rows of logits, in one read of them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, numeric, to_numpy


class TwoPassSoftmax(NamedTuple):
    """What `two_pass_softmax` returns."""

    probability: Array
    """The shape and dtype of the logits; rows sum to 1."""
    logsumexp: NDArray[np.float64]
    """The logarithm of the sum of the exponentials of each row, by which they were divided."""


class CrossEntropyTerms(NamedTuple):
    """What `cross_entropy_terms` returns."""

    loss: NDArray[np.float64]
    """Minus the logarithm of the probability of each target."""
    logsumexp: NDArray[np.float64]
    """The logarithm of the sum of the exponentials of each row."""
    gradient: Array | None
    """The derivatives of each loss by the logits of its row: probabilities, less 1 for the target."""


def two_pass_softmax(logits: Any, *, out: Array | None = None) -> TwoPassSoftmax:
    r"""Probabilities that grow with the exponentials of logits, over the last axis, in their dtype.

    .. math:: p_i = e^{x_i} / \sum_j e^{x_j}

    An exponential is kept as a mantissa and a power of two, so that no pass for the maximum goes first and
    small probabilities keep their digits: the relative error is about 1e-6 for float32, where other ways lose
    digits of the difference from the maximum.

    Args:
        logits: (..., n_classes), n_classes > 0. Minus infinity, beside others, has probability 0.
        out: where to write the probabilities, without gaps, of the shape and dtype of the logits, other
            memory than theirs. A warm array saves the time the system takes to hand out memory, which is
            more than the computation.

    Returns:
        `TwoPassSoftmax`: the probabilities, float32 for float32 logits, else float64; and their normalisers.
        A row with NaN or infinity, or of minus infinity alone, becomes NaN. Float32 probabilities below 1e-37
        may become 0.

    Raises:
        ShapeError: no axis, no classes, or another shape of ``out``.
        DtypeError: an argument that is not an array-like, or another dtype of ``out``.
        InvalidInputError: ``out`` has gaps, cannot be written, or overlaps the logits.

    Source: Dukhan and Ablavatski, The Two-Pass Softmax Algorithm, 2020, arXiv 2001.04438.

    Example:
        >>> two_pass_softmax([[0.0, 0.0, -np.inf, 0.0, 0.0]]).probability.tolist()
        [[0.25, 0.25, 0.0, 0.25, 0.25]]
    """
    given = _logits(logits)
    out = np.empty_like(given) if out is None else _checked(out, given)
    found = _kernels.two_pass_softmax(given.reshape(-1), given.shape[-1], out.reshape(-1))
    return TwoPassSoftmax(out, found.reshape(given.shape[:-1]))


def logsumexp(logits: Any) -> NDArray[np.float64]:
    """The logarithm of the sum of the exponentials, over the last axis, without overflow.

    Args:
        logits: (..., n_classes), n_classes > 0.

    Returns:
        float64, (...), also for float32 logits, of whose sum the relative error is below 1e-6. NaN for a row
        with NaN; minus infinity for a row of nothing else; infinity for a row that has it.

    Raises:
        ShapeError: no axis, or no classes.
        DtypeError: an argument that is not an array-like.

    Source: as `two_pass_softmax`.

    Example:
        >>> logsumexp([[1000.0, 1000.0]]).round(6).tolist()  # 1000 + log 2
        [1000.693147]
    """
    given = _logits(logits)
    return _kernels.logsumexp(given.reshape(-1), given.shape[-1]).reshape(given.shape[:-1])


def cross_entropy_terms(
    logits: Any, target: Any, *, gradient: bool = False, out: Array | None = None
) -> CrossEntropyTerms:
    r"""The cross-entropy of each row of logits, and on request its derivatives, in one read.

    .. math:: \ell = \log \sum_j e^{x_j} - x_y

    Args:
        logits: (..., n_classes), n_classes > 0.
        target: (...), integer: the class of each row, from 0 on.
        gradient: whether to return derivatives.
        out: where to write the derivatives, as in `two_pass_softmax`; asks for them as well.

    Returns:
        `CrossEntropyTerms`. A row with NaN or infinity, or of minus infinity alone, has loss NaN; a target of
        logit minus infinity beside others has loss infinity.

    Raises:
        ShapeError: no axis, no classes, other targets than rows, or another shape of ``out``.
        DtypeError: an argument that is not an array-like, targets that are no integers, or another dtype of
            ``out``.
        InvalidInputError: a target that is no class; ``out`` as in `two_pass_softmax`.

    Source: as `two_pass_softmax`.

    Example:
        >>> terms = cross_entropy_terms([[3.0, 3.0]], [1], gradient=True)
        >>> terms.loss.round(6).tolist(), terms.gradient.tolist()  # log 2
        ([0.693147], [[0.5, -0.5]])
    """
    given = _logits(logits)
    rows = given.shape[:-1]
    classes = numeric("target", to_numpy("target", target))
    if classes.shape != rows:
        raise ShapeError(f"target: got shape {classes.shape}; wanted {rows}, one for each row of logits")
    if classes.dtype.kind not in "iu" and classes.size:
        raise DtypeError(f"target: got dtype {classes.dtype}; wanted integers")
    if classes.dtype == np.uint64 and classes.size:
        classes = np.minimum(classes, np.uint64(2**63 - 1))  # no class either way
    if out is not None:
        _checked(out, given)
    elif gradient:
        out = np.empty_like(given)
    loss, normalizer = _kernels.cross_entropy_terms(
        given.reshape(-1),
        given.shape[-1],
        contiguous(classes.astype(np.int64, copy=False)).reshape(-1),
        None if out is None else out.reshape(-1),
    )
    return CrossEntropyTerms(loss.reshape(rows), normalizer.reshape(rows), out)


def _logits(given: Any) -> Array:
    """float32 or float64 without gaps, with classes on the last axis."""
    array = numeric("logits", to_numpy("logits", given))
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ShapeError(f"logits: got shape {array.shape}; wanted (..., n_classes) with at least one class")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    return contiguous(array)


def _checked(out: Any, logits: Array) -> Array:
    """An array that the kernels can write to."""
    if not isinstance(out, np.ndarray):
        raise DtypeError(f"out: got {type(out).__name__}; wanted a NumPy array")
    if out.dtype != logits.dtype:
        raise DtypeError(f"out: got dtype {out.dtype}; wanted {logits.dtype}, as logits")
    if out.shape != logits.shape:
        raise ShapeError(f"out: got shape {out.shape}; wanted {logits.shape}, as logits")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise InvalidInputError("out: got an array with gaps or without leave to write; wanted neither")
    if np.may_share_memory(out, logits):
        raise InvalidInputError("out: got memory of logits; wanted an array of its own")
    return out
