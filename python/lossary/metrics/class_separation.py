"""How well classes separate around each embedding, by its nearest neighbours."""

from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array
from lossary.metrics.embeddings import distances, labelled
from lossary.metrics.options import check_flag, check_whole

_EPS = 1e-7
_FLOOR = 1e-3  # the root of the 1e-6 that the official code adds to squared distances
_MANY = 2**31


def inter_intra_class_nearest_neighbors_score(
    embeddings: Any,
    labels: Any,
    *,
    k: int = 4,
    pool: int | None = None,
    reference: Any = None,
    reference_labels: Any = None,
    drop_nearest: bool = False,
) -> float:
    r"""Whether nearest neighbours are of the same class, close, and apart from others; higher is better.

    .. math:: \frac{(A + B) / 2 + G}{2}, \quad
              A = 1 - \underset{i}{\mathrm{mean}} \, \underset{t \in S_i}{\mathrm{mean}} \, q_{it}, \quad
              B = \underset{i}{\mathrm{mean}} \, \underset{t \notin S_i}{\mathrm{mean}} \, \frac{d_{it}}{M},
              \quad G = \underset{i}{\mathrm{mean}} \, \frac{|S_i|}{k}

    over the k nearest neighbours t of an embedding, S being those of its class. q is the distance d divided
    by that of the nearest neighbour of another class in the pool, and by the largest q of the embedding above
    1; it is 0 where the pool has one class. M is the largest distance to a neighbour of another class, and B
    is 1 where there is none. `lossary.losses.metric_learning.inter_intra_class_nearest_neighbors` is minus
    the logarithm of it.

    Args:
        embeddings: (n_samples, n_features).
        labels: the class of each, (n_samples,): integers, booleans or strings.
        k: how many neighbours count, at least 1. Where it is not below the number of rows less 2, it becomes
            that, and G is 1.
        pool: among how many neighbours the nearest of another class is sought, at least k; None takes k + 1.
        reference: rows that neighbours are sought among, (n_references, n_features), such as prototypes; None
            seeks them among the other embeddings.
        reference_labels: the class of each, (n_references,).
        drop_nearest: leave out the nearest reference of each embedding. It has no meaning without a
            reference.

    Returns:
        A float in [0, 1]; 1 for embeddings of one class.

    Raises:
        InvalidInputError: NaN or infinity; one of ``reference`` and ``reference_labels`` alone; a ``k`` below
            1; a ``pool`` below it, or above the number of neighbours.
        ShapeError: shapes or lengths that do not fit; fewer than 3 rows to seek neighbours among.
        DtypeError: an argument of another type.

    Differs from the official code: with a reference, it always drops the nearest one, as ``drop_nearest``
        does.

    Source: Mendez-Ruiz et al., SuSana Distancia is all you need: Enforcing class separability in metric
        learning via two novel distance-based loss functions for few-shot image classification, arXiv
        2305.09062, 2023; the official code.

    Example:
        >>> score = inter_intra_class_nearest_neighbors_score([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1])
        >>> round(score, 5)  # k becomes 2: A = 1 - (1/5 + 1/4) / 2, B = (5/5 + 4/5) / 2, G = 1
        0.91875
    """
    check_flag("drop_nearest", drop_nearest)
    check_whole("k", k, 1, _MANY)
    rows, items, codes, item_codes = labelled(embeddings, labels, reference, reference_labels)
    if len(items) < 3:
        name = "embeddings" if reference is None else "reference"
        raise ShapeError(f"{name}: got {len(items)} rows; wanted at least 3 to seek neighbours among")
    available = len(items) - 1 if reference is None or drop_nearest else len(items)
    is_large = k + 2 < len(items)
    k = k if is_large else len(items) - 2
    if pool is None:
        pool = k + 1
    check_whole("pool", pool, k, available)

    apart = np.hypot(distances(rows, items), _FLOOR)
    if not np.isfinite(apart).all():
        raise InvalidInputError("embeddings: got distances that overflow; wanted smaller numbers")
    keys = apart.copy()
    if reference is None:
        np.fill_diagonal(keys, np.inf)
    first = int(reference is not None and drop_nearest)
    nearest = keys.argsort(axis=1, kind="stable")[:, first : first + pool]
    near = np.take_along_axis(apart, nearest, axis=1)
    return _separability(near, codes[:, None] == item_codes[nearest], k, is_large=is_large)


def _separability(near: Array, same: Array, k: int, *, is_large: bool) -> float:
    """The score of distances in ascending order, (n_samples, pool), of which the first k count."""
    is_mixed = ~same.all(axis=1, keepdims=True)
    rival = np.where(is_mixed, np.where(same, np.inf, near).min(axis=1, keepdims=True), 1.0)
    near, same = near[:, :k], same[:, :k]
    num_same = same.sum(axis=1)
    num_other = k - num_same

    q = np.where(is_mixed, near / (rival + _EPS), 0.0)
    q = np.where(same, q / np.maximum(q.max(axis=1, keepdims=True), 1.0), 0.0)
    compact = 1 - (q.sum(axis=1) / (num_same + _EPS)).sum() / ((num_same > 0).sum() + _EPS)

    apart = np.where(same, 0.0, near)
    inter = (apart / (apart.max() + _EPS)).sum(axis=1) / (num_other + _EPS)
    separate = inter.sum() / ((num_other > 0).sum() + _EPS) if num_other.any() else 1.0
    share = num_same.mean() / k if is_large else 1.0
    return float(((compact + separate) / 2 + share) / 2)
