"""Pairs of items as lists of two, by which an exact ranking metric counts pairs in order."""

import numpy as np


def pair_lists(wanted: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of a row whose wanted values differ as a list of two, the larger one first and relevant.

    Args:
        wanted: the order that is wanted, (rows, items).
        scores: the scores of the same items.

    Returns:
        Relevance and scores, both (pairs, 2). Recall at 1 is the share of the pairs in order.

    Example:
        >>> relevance, score = pair_lists(np.array([[2, 1, 2]]), np.array([[0.5, 0.25, 0.75]]))
        >>> score
        array([[0.5 , 0.25],
               [0.75, 0.25]])
    """
    row, more, less = np.nonzero(wanted[:, :, None] > wanted[:, None, :])
    pairs = np.stack([scores[row, more], scores[row, less]], axis=1)
    return np.broadcast_to([True, False], pairs.shape), pairs
