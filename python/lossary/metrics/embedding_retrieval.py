"""Retrieval by similarity of embeddings, without the whole similarity matrix in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, UndefinedMetricError
from lossary.metrics.arrays import Array, one_axis, to_numpy
from lossary.metrics.confidence import Confidence, Value, resolve
from lossary.metrics.embeddings import labelled, unit_vectors
from lossary.metrics.options import check_choice
from lossary.metrics.queries import Measures, check_cut, mean_over

# Bytes of similarities that are in memory at a time, unless one query has more.
_BLOCK = 1 << 26

_MEASURES: Measures = [
    ("precision", 1),
    ("r_precision", None),
    ("average_precision_at_r", None),
    ("reciprocal_rank", None),
    ("average_precision", None),
]
_NAMES = ("precision_at_1", "r_precision", "map_at_r", "mean_reciprocal_rank", "mean_average_precision")


def retrieval_report(
    embeddings: Any,
    labels: Any,
    *,
    reference: Any = None,
    reference_labels: Any = None,
    similarity: str = "cosine",
    k: Sequence[int] = (1, 2, 4),
    confidence: float | Confidence | None = None,
) -> dict[str, Value]:
    """How well embeddings find others of their label: all measures of metric learning in one pass.

    Each embedding is a query that ranks the reference by similarity, equal similarities in order of the
    reference. Without a reference it ranks all other embeddings: itself is left out by its index, so that
    duplicates of it stay. Queries whose label no other item has are left out of the means.

    Similarities come from NumPy's matrix product, a block of queries at a time (64 MB). Equal vectors of the
    reference tie; others that differ by less than its rounding may change places. "cosine" and "dot" are
    computed in the dtype of the embeddings (float64 for integers); "euclidean" always in float64 and from the
    mean of the reference, because a squared distance cancels: distances below 1e-8 of that from the mean are
    not told apart.

    Args:
        embeddings: the queries, (n_samples, n_features).
        labels: the label of each, (n_samples,): integers, booleans or strings.
        reference: the items to find, (n_references, n_features); None for the embeddings themselves.
        reference_labels: (n_references,); needed with ``reference``.
        similarity: "cosine", "euclidean" (nearer is better) or "dot".
        k: the ranks of ``recall_at_{k}``, which is that of metric learning: whether any of the first k has
            the label (``mode="hit"`` of `recall_at_k`).
        confidence: the level of bootstrap intervals over queries, such as 0.95, or `Confidence` settings;
            "auto" takes "bca". The reference stays; queries that are left out are not drawn. ``groups`` has
            a label for each embedding.

    Returns:
        A dict of floats in [0, 1]: precision_at_1, r_precision, map_at_r, mean_reciprocal_rank,
        mean_average_precision, and recall_at_k for each k. With confidence each is an `Interval`, all on the
        same resamples.

    Raises:
        InvalidInputError: NaN or infinity; a zero embedding with "cosine"; ``reference`` without
            ``reference_labels``, or the other way round; products that overflow; an unknown similarity; a k
            below 1.
        UndefinedMetricError: no query has another item of its label.
        ShapeError: shapes or lengths that do not fit.
        DtypeError: an argument that is not an array-like, or a k that is no integer.

    Source: Musgrave, Belongie and Lim, A metric learning reality check, ECCV 2020.

    Example:
        >>> report = retrieval_report([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], ["a", "a", "b"], k=[1])
        >>> report["map_at_r"], report["recall_at_1"]
        (1.0, 1.0)
    """
    check_choice("similarity", similarity, ("cosine", "euclidean", "dot"))
    settings = None if confidence is None else resolve(confidence)
    cuts = [check_cut("k", each, optional=False) for each in _cuts(k)]
    queries, items, query_codes, item_codes = labelled(embeddings, labels, reference, reference_labels)
    measures = [*_MEASURES, *(("hit", cut) for cut in cuts)]
    values, relevant = _measured(
        *_comparable(queries, items, similarity),
        query_codes,
        item_codes,
        measures,
        leave_one_out=reference is None,
    )
    if not relevant.any():
        raise UndefinedMetricError("labels: got no label that another item has; wanted one to find")
    names = (*_NAMES, *(f"recall_at_{cut}" for cut in cuts))
    columns = zip(names, values.T, strict=True)
    return {name: mean_over(column, relevant, None, settings) for name, column in columns}


def _cuts(k: Any) -> list[Any]:
    return one_axis("k", to_numpy("k", k)).tolist()  # type: ignore[no-any-return]


def _comparable(queries: Array, items: Array, similarity: str) -> tuple[Array, Array, Array | None]:
    """Vectors whose products, less an offset per item, rank the items as the similarity does."""
    dtype = np.result_type(queries, items)
    if similarity == "cosine":
        for name, array in (("embeddings", queries), ("reference", items)):
            zero = np.flatnonzero(~array.any(axis=1))
            if zero.size:
                raise InvalidInputError(
                    f"{name}: got zeros only in row {zero[0]}; wanted a direction, for cosine"
                )
        return unit_vectors(queries).astype(dtype), unit_vectors(items).astype(dtype), None
    if similarity == "dot":
        return queries.astype(dtype, copy=False), items.astype(dtype, copy=False), None
    # |q - x|^2 = |q|^2 - 2 (q x - |x|^2 / 2): the first term is the same for all items of a query.
    scale = 2.0 ** -np.frexp(max(np.abs(queries).max(), np.abs(items).max()))[1]
    items = items.astype(np.float64) * scale
    centre = items.mean(axis=0)
    items -= centre
    return queries.astype(np.float64) * scale - centre, items, np.einsum("ij,ij->i", items, items) / 2


def _measured(
    queries: Array,
    items: Array,
    offsets: Array | None,
    query_codes: NDArray[np.uint32],
    item_codes: NDArray[np.uint32],
    measures: Measures,
    *,
    leave_one_out: bool,
) -> tuple[Array, NDArray[np.bool_]]:
    rows = min(len(queries), max(1, _BLOCK // (len(items) * items.itemsize)))
    scores = np.empty((rows, len(items)), items.dtype)
    copies, originals = _duplicates(items)
    values = np.empty((len(queries), len(measures)))
    relevant = np.empty(len(queries), np.bool_)
    for start in range(0, len(queries), rows):
        block = slice(start, min(start + rows, len(queries)))
        found = scores[: block.stop - start]
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(queries[block], items.T, out=found)
        if offsets is not None:
            found -= offsets
        # A matrix product rounds equal columns differently, by their place.
        found[:, copies] = found[:, originals]
        if not np.isfinite((found.min(), found.max())).all():
            raise InvalidInputError("embeddings: got vectors whose products overflow; wanted smaller numbers")
        block_values, counts = _kernels.label_retrieval(
            query_codes[block], item_codes, start if leave_one_out else None, found.reshape(-1), measures
        )
        values[block], relevant[block] = block_values.reshape(-1, len(measures)), counts > 0
    return values, relevant


def _duplicates(vectors: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that equal an earlier one, and the first row that each equals."""
    rows = np.ascontiguousarray(vectors + 0.0)  # negative zero has other bytes than zero
    whole = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    firsts = first[inverse]
    copies = np.flatnonzero(firsts != np.arange(len(rows)))
    return copies, firsts[copies]
