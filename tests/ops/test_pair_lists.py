"""Lists of two: their recall is the share of pairs in order."""

import numpy as np
import pytest
from lossary.metrics import kendall_tau, recall_at_k
from lossary.ops.pair_lists import pair_lists


def test_recall_of_one_row_without_ties_is_kendalls_tau():
    random = np.random.default_rng(0)
    wanted, scores = random.normal(size=(2, 1, 12))
    share = recall_at_k(*pair_lists(wanted, scores), k=1)
    assert 2 * share - 1 == pytest.approx(kendall_tau(wanted[0], scores[0]))


def test_pairs_are_of_one_row_and_differ():
    relevance, scores = pair_lists(np.array([[1, 1, 2], [5, 5, 5]]), np.arange(6.0).reshape(2, 3))
    assert scores.tolist() == [[2.0, 0.0], [2.0, 1.0]]
    assert relevance.tolist() == [[True, False]] * 2
