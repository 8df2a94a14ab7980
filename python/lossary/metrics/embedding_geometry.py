"""What embeddings are like as a set of points: how many dimensions they use, how they spread and cover."""

import math
from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, UndefinedMetricError
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.embeddings import check_features, distances, labelled, unit_vectors, vectors
from lossary.metrics.options import check_choice, check_flag, check_not_negative

# Distances that are in memory at a time, unless one query has more.
_BLOCK = 1 << 22


def effective_rank(embeddings: Any, *, eps: float = 1e-7, center: bool = False) -> float:
    r"""How many dimensions the embeddings use; higher is more. Also known as RankMe.

    .. math:: \exp \Big( - \sum_k p_k \ln p_k \Big), \qquad p_k = \frac{\sigma_k}{\sum_j \sigma_j} + \epsilon

    with the singular values of the matrix: the number of dimensions where these are equal, 1 where all rows
    are multiples of one. It predicts the accuracy of a linear classifier on self-supervised embeddings. There
    should be many more embeddings than features: it cannot be above the number of either.

    Args:
        embeddings: (n_samples, n_features).
        eps: what is added to each share of the singular values, from 0 to 1; 0 gives the entropy itself.
        center: take the mean of the embeddings off first.

    Returns:
        A float from 1 to the smaller of n_samples and n_features; with ``eps`` it can be beyond by a little.

    Raises:
        UndefinedMetricError: embeddings that are all zero, or with ``center`` all the same.
        InvalidInputError: NaN or infinity; ``eps`` outside [0, 1].
        ShapeError: not two axes, or none of something.
        DtypeError: an argument of another type.

    Source: Garrido, Balestriero, Najman and LeCun, RankMe: Assessing the Downstream Performance of Pretrained
        Self-Supervised Representations by Their Rank, ICML 2023, section 3; Roy and Vetterli, The
        effective rank, EUSIPCO 2007.

    Example:
        >>> round(effective_rank([[3, 0, 0], [0, 1, 0]], eps=0), 4)  # shares of 3/4 and 1/4: 4 / 27^(1/4)
        1.7548
    """
    check_not_negative("eps", eps)
    check_flag("center", center)
    if eps > 1:
        raise InvalidInputError(f"eps: got {eps!r}; wanted a number from 0 to 1")
    rows = vectors("embeddings", embeddings).astype(np.float64)
    rows = rows / (np.abs(rows).max() or 1.0)  # only ratios count, and so the squares stay in range
    length = np.linalg.norm(rows)
    if center:
        rows = rows - rows.mean(axis=0)
    # What centring leaves of equal rows is rounding.
    if np.linalg.norm(rows) <= np.finfo(np.float64).eps * length:
        came = "rows that are all the same" if center and length else "only zeros"
        raise UndefinedMetricError(f"embeddings: got {came}; wanted rows that span a dimension")
    values = np.linalg.svd(rows, compute_uv=False)
    share = values / values.sum() + eps
    share = share[share > 0]
    return math.exp(-float((share * np.log(share)).sum()))


def embedding_utilization(
    query: Any, reference: Any, *, squared: bool = True, confidence: float | Confidence | None = None
) -> Value:
    r"""How far embeddings are from the nearest reference on average; lower is better.

    .. math:: \frac{1}{Q} \sum_q \min_k \lVert x_q - r_k \rVert^2

    With test embeddings as queries and those of training as reference it says how well training covers the
    space that tests ask for; mixing embeddings (`lossary.losses.metric_learning.mixup_pair`) adds to the
    reference. Distances are exact: 0 where a query is in the reference.

    Args:
        query: (n_queries, n_features).
        reference: (n_references, n_features).
        squared: the square of the distance; False takes the distance.
        confidence: the level of a bootstrap interval over queries, such as 0.95, or `Confidence` settings;
            the reference stays.

    Returns:
        A float of 0 or above, or an `Interval` with confidence.

    Raises:
        InvalidInputError: NaN or infinity; squares that overflow.
        ShapeError: not two axes, none of something, or features that differ.
        DtypeError: an argument of another type.

    Source: Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos and Avrithis, It Takes Two to Tango: Mixup for
        Deep Metric Learning, ICLR 2022.

    Example:
        >>> embedding_utilization([[0.0, 0.0], [3.0, 0.0]], [[1.0, 0.0], [9.0, 0.0]])  # (1 + 4) / 2
        2.5
    """
    check_flag("squared", squared)
    queries, items = vectors("query", query), vectors("reference", reference)
    check_features("reference", items, queries, like="query")
    rows = max(_BLOCK // len(items), 1)
    blocks = [queries[start : start + rows] for start in range(0, len(queries), rows)]
    nearest = np.concatenate([distances(block, items).min(axis=1) for block in blocks])
    if squared:
        with np.errstate(over="ignore"):
            nearest = nearest * nearest
    if not np.isfinite(nearest).all():
        raise InvalidInputError("query: got distances to the reference that overflow; wanted smaller numbers")
    return mean_of_rows(nearest, None, confidence)


def intra_class_tolerance(
    embeddings: Any, labels: Any, *, pairs: str = "same", normalize: bool = True
) -> float:
    r"""How similar embeddings of one class are: the mean cosine of two of them; higher is more tolerant.

    .. math:: \operatorname*{mean}_{i \ne j : y_i = y_j} \langle x_i, x_j \rangle

    Beside `lossary.losses.contrastive_learning.uniformity` it is the other side of the dilemma of contrastive
    losses: those that spread embeddings evenly also tear those of a class apart.

    Args:
        embeddings: (n_samples, n_features).
        labels: the class of each, (n_samples,): integers, booleans or strings.
        pairs: "same" is the mean over pairs of one class; "all" divides their sum by the number of all pairs,
            as the paper's equation does when it is read literally.
        normalize: divide each row by its length first; a row of zeros stays. False takes dot products.

    Returns:
        A float, from -1 to 1 for cosines.

    Raises:
        UndefinedMetricError: no two embeddings have the same label.
        InvalidInputError: NaN or infinity; products that overflow; an unknown option.
        ShapeError: shapes or lengths that do not fit.
        DtypeError: an argument of another type.

    Source: Wang and Liu, Understanding the Behaviour of Contrastive Loss, CVPR 2021, equation 11.

    Example:
        >>> round(intra_class_tolerance([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], ["a", "a", "b"]), 12)
        0.6
    """
    check_choice("pairs", pairs, ("same", "all"))
    check_flag("normalize", normalize)
    rows, _, codes, _ = labelled(embeddings, labels)
    sizes = np.bincount(codes).astype(np.float64)
    count = float((sizes * (sizes - 1)).sum())
    if not count:
        raise UndefinedMetricError("labels: got no label twice; wanted two embeddings of one class")
    rows = rows.astype(np.float64)
    if normalize:
        rows = unit_vectors(rows)
    sums = np.zeros((len(sizes), rows.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        np.add.at(sums, codes, rows)
        # All pairs of a class, with each of itself, less the latter.
        total = np.square(sums).sum() - np.square(rows).sum()
    value = float(total / (count if pairs == "same" else len(rows) * (len(rows) - 1)))
    if not math.isfinite(value):
        raise InvalidInputError("embeddings: got products that overflow; wanted smaller numbers")
    return value
