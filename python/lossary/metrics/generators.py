"""Generated samples beside real ones: scores of features and of class probabilities."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, to_numpy
from lossary.metrics.options import check_whole
from lossary.metrics.probabilities import distributions_of

_ASYMMETRY = 1e-6


class InceptionScore(NamedTuple):
    """`inception_score` over splits."""

    mean: float
    std: float


def gaussian_frechet_distance(mean1: Any, covariance1: Any, mean2: Any, covariance2: Any) -> float:
    r"""Squared Frechet distance of two normal distributions; lower is better.

    .. math:: \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr}(C_1 + C_2 - 2 (C_1 C_2)^{1/2})

    Of means and covariances of Inception features it is the Frechet inception distance, FID.

    Args:
        mean1: of one distribution, (dim,).
        covariance1: (dim, dim), symmetric; that of fewer samples than dimensions will do.
        mean2: of the other distribution, (dim,).
        covariance2: (dim, dim).

    Returns:
        A float, at least 0.

    Raises:
        InvalidInputError: NaN or infinity, no real numbers, or a covariance that is not symmetric.
        ShapeError: shapes that do not fit.
        DtypeError: an argument that is not an array-like.

    Differs from common code: the trace of the root comes from eigenvalues of a symmetric matrix, so nothing
        is added to a diagonal, and no imaginary part is dropped.

    Source: Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter, GANs Trained by a Two Time-Scale Update
        Rule Converge to a Local Nash Equilibrium, NeurIPS 2017; Dowson and Landau, The Frechet distance
        between multivariate normal distributions, Journal of Multivariate Analysis 12, 1982.

    Example:
        >>> gaussian_frechet_distance([0.0], [[1.0]], [3.0], [[4.0]])  # 3^2 + 1 + 4 - 2 * 2
        10.0
    """
    centre = _doubles("mean1", mean1)
    if centre.ndim != 1 or not len(centre):
        raise ShapeError(f"mean1: got shape {centre.shape}; wanted (dim,)")
    dim = len(centre)
    other = _doubles("mean2", mean2)
    first, second = _covariance("covariance1", covariance1, dim), _covariance("covariance2", covariance2, dim)
    if other.shape != (dim,):
        raise ShapeError(f"mean2: got shape {other.shape}; wanted ({dim},), as mean1")
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    between = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    distance = ((centre - other) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * between
    return max(float(distance), 0.0)


def inception_score(probability: Any, *, splits: int = 1) -> InceptionScore:
    r"""How sure the classes of generated samples are, and how many there are of them; higher is better.

    .. math:: \exp \frac{1}{n} \sum_i D_{KL}(p_i \,\|\, \bar{p})

    Args:
        probability: of each class for each sample, (n_samples, n_classes); rows sum to 1.
        splits: how many parts of near equal size, in the order of the samples, are scored each on its own.

    Returns:
        The mean over splits, from 1 to the number of classes, and their standard deviation, which divides by
        their number.

    Raises:
        InvalidInputError: a probability is NaN or outside [0, 1], a row does not sum to 1, there are no
            samples, or fewer than splits.
        ShapeError: another number of axes than two.
        DtypeError: an argument that is not an array-like, or ``splits`` no integer.

    Source: Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen, Improved Techniques for Training GANs,
        NeurIPS 2016, section 4.

    Example:
        >>> inception_score([[1.0, 0.0], [0.0, 1.0]])  # two classes, each certain
        InceptionScore(mean=2.0, std=0.0)
    """
    rows = distributions_of("probability", probability)
    if rows.ndim != 2:
        raise ShapeError(f"probability: got shape {rows.shape}; wanted (n_samples, n_classes)")
    check_whole("splits", splits, 1, len(rows))
    scores = np.array([_split_score(part) for part in np.array_split(rows, splits)])
    return InceptionScore(float(scores.mean()), float(scores.std()))


def _split_score(rows: NDArray[np.float64]) -> float:
    mean = rows.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = rows * (np.log(rows) - np.log(mean))
    return float(np.exp(np.where(rows > 0, terms, 0.0).sum(axis=1).mean()))


def _doubles(name: str, given: Any) -> NDArray[np.float64]:
    array = numeric(name, to_numpy(name, given)).astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return array


def _covariance(name: str, given: Any, dim: int) -> NDArray[np.float64]:
    array = _doubles(name, given)
    if array.shape != (dim, dim):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted ({dim}, {dim}), as mean1")
    apart = float(np.abs(array - array.T).max())
    if apart > _ASYMMETRY * float(np.abs(array).max()):
        raise InvalidInputError(
            f"{name}: got entries that differ by {apart:g} across the diagonal; wanted a symmetric matrix"
        )
    return (array + array.T) / 2
