"""What the exact metrics of this family take: each item ranks the others, or pairs are told apart."""

import numpy as np


def rank_others(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each item as a query of all others, (batch, batch - 1): whether the labels agree, and the cosine."""
    same, cosine = _pairs(embeddings, labels)
    others = ~np.eye(len(labels), dtype=bool)
    return same[others].reshape(len(labels), -1), cosine[others].reshape(len(labels), -1)


def verify_pairs(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of two items once: whether the labels agree, and the cosine."""
    pairs = np.triu_indices(len(labels), k=1)
    same, cosine = _pairs(embeddings, labels)
    return same[pairs], cosine[pairs]


def _pairs(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return labels[:, None] == labels, directions @ directions.T
