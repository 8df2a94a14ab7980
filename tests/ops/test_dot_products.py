"""Scores of queries and keys: dot products or cosines, and what is refused."""

import math

import pytest
import torch
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.ops.dot_products import query_key_scores

QUERY = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
KEY = torch.tensor([[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]])


def test_are_dot_products_or_cosines():
    assert query_key_scores(QUERY, KEY, normalize=False).tolist() == [[6.0, 20.0, -3.0], [2.0, 0.0, -1.0]]
    cosines = query_key_scores(QUERY, KEY, normalize=True)
    torch.testing.assert_close(cosines, torch.tensor([[0.6, 0.8, -0.6], [1.0, 0.0, -1.0]]))


@pytest.mark.parametrize(
    ("query", "key", "normalize", "error", "message"),
    [
        (QUERY[0], KEY, False, ShapeError, "query"),
        (QUERY[:, :0], KEY[:, :0], False, ShapeError, "query: .*at least one column"),
        (QUERY, KEY[:, :1], False, ShapeError, "key: .*as the columns of query"),
        (QUERY.int(), KEY, False, DtypeError, "query"),
        (QUERY, KEY.tolist(), False, DtypeError, "key"),
        (QUERY, KEY * math.nan, False, InvalidInputError, "key"),
        (QUERY * 8e37, KEY, False, InvalidInputError, "query: .*overflow"),
        (QUERY, KEY * 0, True, InvalidInputError, "key: got zeros only in row 0"),
    ],
)
def test_bad_input_is_named(query, key, normalize, error, message):
    with pytest.raises(error, match=f"^{message}"):
        query_key_scores(query, key, normalize=normalize)


def test_values_are_not_looked_at_where_checks_are_off():
    with checks(False):
        assert query_key_scores(QUERY * 8e37, KEY, normalize=False).isinf().any()


def test_a_row_of_zeros_has_cosines_of_zero_where_it_is_allowed():
    found = query_key_scores(QUERY, 0 * KEY, normalize=True, allow_zero=True)
    assert torch.equal(found, torch.zeros(2, 3))
