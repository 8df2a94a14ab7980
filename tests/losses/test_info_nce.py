"""InfoNCE beyond conformance: what it equals, its limits and gradient, given positives, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.info_nce import LOSS, info_nce
from torch.nn.functional import cosine_similarity, cross_entropy


def batch(queries: int = 4, keys: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(rows, 3, generator=generator, dtype=torch.float64) for rows in (queries, keys))
    return query, key


def cosines(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    return cosine_similarity(query.unsqueeze(1), key, dim=2)


@given(seed=st.integers(0, 2**16), keys=st.integers(4, 7), temperature=st.floats(0.05, 5))
@settings(max_examples=25)
def test_own_keys_are_cross_entropy(seed, keys, temperature):
    query, key = batch(4, keys, seed)
    expected = cross_entropy(cosines(query, key) / temperature, torch.arange(4), reduction="none")
    torch.testing.assert_close(info_nce(query, key, temperature=temperature, reduction="none"), expected)


@given(seed=st.integers(0, 2**16), queries=st.integers(1, 5), keys=st.integers(1, 5))
@settings(max_examples=25)
def test_given_positives_share_the_target_evenly(seed, queries, keys):
    query, key = batch(queries, keys, seed)
    positive = torch.rand(queries, keys, generator=torch.Generator().manual_seed(seed)) < 0.4
    some = positive.any(1)
    share = positive.double() / positive.sum(1, keepdim=True).clamp(min=1)
    expected = cross_entropy(query @ key.T, share, reduction="none") * some
    options = {"temperature": 1.0, "normalize": False}
    torch.testing.assert_close(info_nce(query, key, positive, **options, reduction="none"), expected)
    mean = expected.sum() / some.sum().clamp(min=1)
    torch.testing.assert_close(info_nce(query, key, positive, **options), mean)


def test_symmetric_is_the_mean_of_both_directions():
    query, key = batch()
    for reduction in ("mean", "sum", "none"):
        both = [info_nce(*pair, reduction=reduction) for pair in ((query, key), (key, query))]
        found = info_nce(query, key, symmetric=True, reduction=reduction)
        torch.testing.assert_close(found, sum(both) / 2)


def test_symmetric_with_positives_leaves_out_keys_without_one():
    query, key = batch(2, 3)
    positive = torch.tensor([[True, False, False], [True, True, False]])
    found = info_nce(query, key, positive, symmetric=True)
    both = info_nce(query, key, positive) + info_nce(key, query, positive.T)
    torch.testing.assert_close(found, both / 2)


def test_the_gradient_weighs_negatives_by_their_share():
    scores = torch.tensor([[0.3, 0.5, -0.2]], dtype=torch.float64)
    query = torch.ones(1, 1, dtype=torch.float64)
    key = scores.T.clone().requires_grad_()
    info_nce(query, key, temperature=0.5, normalize=False).backward()
    expected = (scores / 0.5).softmax(1) / 0.5 - torch.tensor([[2.0, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(key.grad, expected.T)


def test_a_small_temperature_leaves_the_hardest_negative():
    query, key = batch()
    scores = cosines(query, key)
    hardest = scores.masked_fill(torch.eye(4, dtype=torch.bool), -math.inf).amax(1)
    for temperature in (1e-4, 1e-6):
        found = temperature * info_nce(query, key, temperature=temperature, reduction="none")
        expected = (hardest - scores.diagonal()).clamp(min=0)
        torch.testing.assert_close(found, expected, rtol=0, atol=4 * temperature)


def test_a_large_temperature_treats_all_negatives_alike():
    query, key = batch()
    scores = cosines(query, key)
    own = scores.diagonal()
    expected = math.log(4) + (scores.sum(1) - own - 3 * own) / (4 * 1e4)
    found = info_nce(query, key, temperature=1e4, reduction="none")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_further_keys_are_negatives():
    query, key = batch(3, 5)
    assert (info_nce(query, key, reduction="none") > info_nce(query, key[:3], reduction="none")).all()


@pytest.mark.parametrize("positive", [None, torch.ones(1, 1, dtype=torch.bool)])
def test_one_key_is_zero(positive):
    assert info_nce(*batch(1, 1), positive).item() == 0


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("case", ["no_queries", "no_rows", "no_positive"])
def test_nothing_to_compare_is_zero_with_a_graph(case, symmetric):
    query, key = batch(4 if case == "no_positive" else 0, 0 if case == "no_rows" else 4)
    query.requires_grad_()
    positive = torch.zeros(len(query), len(key), dtype=torch.bool)
    loss = info_nce(query, key, positive, symmetric=symmetric, temperature=1e-4)
    loss.backward()
    assert loss.item() == 0
    assert not query.grad.any()


def test_rows_of_zeros_have_cosines_of_zero():
    query, key = batch()
    query = (0 * query).requires_grad_()
    loss = info_nce(query, key)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(4))
    assert query.grad.isfinite().all()


def test_dot_products_that_exponentials_cannot_hold_are_finite():
    rows = 1e3 * torch.eye(3, requires_grad=True)
    loss = info_nce(rows, -rows, normalize=False, temperature=1.0)
    loss.backward()
    assert loss.item() == pytest.approx(1e6)


def test_given_positives_compile():
    query, key = batch()
    positive = torch.eye(4, dtype=torch.bool).roll(1, 0)
    compiled = torch.compile(info_nce, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        compiled(query, key, positive, symmetric=True), info_nce(query, key, positive, symmetric=True)
    )


def test_exact_metrics_take_given_positives():
    recall, reciprocal_rank, _ = LOSS.pairs_with
    query, key = torch.eye(2), torch.tensor([[0.0, 2.0], [1.0, 1.0]])
    assert recall(query=query, key=key) == 0.0
    assert reciprocal_rank(query=query, key=key) == 0.5
    assert recall(query=query, key=key, positive=torch.tensor([[False, True], [True, False]])) == 1.0


QUERY, KEY = batch()
EYE = torch.eye(4, dtype=torch.bool)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((QUERY, KEY[:3]), {}, ShapeError, "key: got 3 rows for 4 queries"),
        ((QUERY, KEY[:, :2]), {}, ShapeError, "key"),
        ((QUERY[:3], KEY), {"symmetric": True}, ShapeError, "key: got 4 rows; wanted 3"),
        ((QUERY[:3], KEY, EYE[:3]), {"symmetric": True, "reduction": "none"}, ShapeError, "key: got 4 rows"),
        ((QUERY, KEY, EYE[:3]), {}, ShapeError, "positive"),
        ((QUERY, KEY, EYE.int()), {}, DtypeError, "positive"),
        ((QUERY.int(), KEY), {}, DtypeError, "query"),
        ((QUERY, KEY * math.inf), {}, InvalidInputError, "key"),
        (
            (QUERY.float() * 1e38, KEY.float() * 1e38),
            {"normalize": False},
            InvalidInputError,
            "query: .*over",
        ),
        ((QUERY, KEY), {"temperature": 0.0}, InvalidInputError, "temperature"),
        ((QUERY, KEY), {"reduction": "average"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        info_nce(*arguments, **options)


def test_nan_reaches_the_loss_where_values_are_not_checked():
    with checks(False):
        assert info_nce(QUERY * math.nan, KEY, EYE).isnan()
