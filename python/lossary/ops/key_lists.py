"""Keys of each query as lists, by which an exact retrieval metric ranks them."""

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


def _directions(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    directions: np.ndarray = rows / np.where(length == 0, 1.0, length)
    return directions
