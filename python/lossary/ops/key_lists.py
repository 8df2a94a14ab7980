"""What the exact metrics of retrieval and verification take of embeddings: keys as lists, items as pairs."""

from typing import Any

import numpy as np


def rank_keys(
    query: np.ndarray, key: np.ndarray, positive: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Relevance and cosine of every key to every query.

    Args:
        query: (queries, dim).
        key: (keys, dim).
        positive: True where a key is relevant, (queries, keys); None takes the key of the query's own number.

    Returns:
        Both (queries, keys). A row of zeros has cosines of 0.

    Example:
        >>> relevance, cosine = rank_keys(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0], [5.0, 0.0]]))
        >>> relevance, cosine
        (array([[ True, False]]), array([[0.8, 0.6]]))
    """
    if positive is None:
        positive = np.eye(len(query), len(key), dtype=bool)
    return positive, _directions(query) @ _directions(key).T


def rank_others(embeddings: np.ndarray, labels: np.ndarray, **_: Any) -> tuple[np.ndarray, np.ndarray]:
    """Each item as a query of all others, (batch, batch - 1): whether the labels agree, and the cosine."""
    same, cosine = _pairs(embeddings, labels)
    others = ~np.eye(len(labels), dtype=bool)
    return same[others].reshape(len(labels), -1), cosine[others].reshape(len(labels), -1)


def verify_pairs(embeddings: np.ndarray, labels: np.ndarray, **_: Any) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of two items once: whether the labels agree, and the cosine."""
    pairs = np.triu_indices(len(labels), k=1)
    same, cosine = _pairs(embeddings, labels)
    return same[pairs], cosine[pairs]


def _pairs(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return rank_keys(embeddings, embeddings, labels[:, None] == labels)


def _directions(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    directions: np.ndarray = rows / np.where(length == 0, 1.0, length)
    return directions
