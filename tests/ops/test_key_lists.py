"""Keys as lists: cosines, and which key is relevant."""

import numpy as np
from lossary.ops.key_lists import rank_keys

QUERY = np.array([[3.0, 4.0], [0.0, 2.0]])
KEY = np.array([[5.0, 0.0], [0.0, 1.0], [0.0, 0.0]])


def test_the_own_key_is_relevant_and_scores_are_cosines():
    relevance, cosine = rank_keys(QUERY, KEY)
    assert relevance.tolist() == [[True, False, False], [False, True, False]]
    np.testing.assert_allclose(cosine, [[0.6, 0.8, 0.0], [0.0, 1.0, 0.0]])


def test_relevance_may_be_given():
    positive = np.array([[False, True, True], [True, False, False]])
    assert rank_keys(QUERY, KEY, positive)[0] is positive
