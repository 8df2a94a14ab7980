"""Soft InfoNCE beyond conformance: its weights, the cases in which it is InfoNCE, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.soft_info_nce import LOSS, soft_info_nce
from torch.nn.functional import cosine_similarity, cross_entropy


def batch(queries: int = 4, keys: int = 4, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(rows, 3, generator=generator, dtype=torch.float64) for rows in (queries, keys))
    return query, key, torch.randn(queries, keys, generator=generator, dtype=torch.float64)


def by_loops(scores, similarity, *, alpha, beta, sim_temperature, min_weight):
    values, keys = [], scores.shape[1]
    for i, row in enumerate(scores.tolist()):
        others = [j for j in range(keys) if j != i]
        raised = {j: math.exp(float(similarity[i, j]) / sim_temperature) for j in others}
        total = math.exp(row[i])
        for j in others:
            share = raised[j] / sum(raised.values())
            weight = (beta - alpha * share) / (beta - alpha / len(others))
            total += max(weight, min_weight) * math.exp(row[j])
        values.append(math.log(total) - row[i])
    return torch.tensor(values, dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16),
    keys=st.integers(4, 6),
    alpha=st.floats(0, 2),
    beta=st.floats(1, 2),
    sim_temperature=st.floats(0.2, 3),
    min_weight=st.floats(0, 0.5),
    temperature=st.floats(0.5, 2),
)
@settings(max_examples=30)
def test_equals_plain_loops(seed, keys, temperature, **options):
    query, key, similarity = batch(keys=keys, seed=seed)
    found = soft_info_nce(query, key, similarity, temperature=temperature, **options, reduction="none")
    torch.testing.assert_close(found, by_loops(query @ key.T / temperature, similarity, **options))


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("how", ["alpha_zero", "uniform", "ones"])
def test_equal_weights_are_info_nce(how, normalize):
    query, key, similarity = batch(keys=6)
    scores = query @ key.T
    if normalize:
        scores = cosine_similarity(query.unsqueeze(1), key, dim=2)
    given_weights = {
        "alpha_zero": {"similarity": similarity, "alpha": 0.0},
        "uniform": {"similarity": torch.full_like(similarity, 3.0)},
        "ones": {"weight": torch.ones_like(similarity)},
    }[how]
    found = soft_info_nce(query, key, normalize=normalize, temperature=0.3, **given_weights)
    torch.testing.assert_close(found, cross_entropy(scores / 0.3, torch.arange(4)))


def test_weights_without_a_bound_add_up_to_the_number_of_negatives():
    query, key, similarity = batch(keys=6)
    values = soft_info_nce(0 * query, 0 * key, similarity, alpha=0.5, min_weight=None, reduction="none")
    expected = torch.full((4,), math.log(6), dtype=torch.float64)  # of scores of 0: log(1 + 5)
    torch.testing.assert_close(values, expected)


def test_weights_are_taken_as_given():
    query, key, _ = batch()
    weight = torch.full((4, 4), 0.01, dtype=torch.float64)
    scores = (query @ key.T).exp()
    own = scores.diagonal()
    expected = ((own + 0.01 * (scores.sum(1) - own)) / own).log()
    torch.testing.assert_close(soft_info_nce(query, key, weight=weight, reduction="none"), expected)


def test_the_diagonal_of_similarity_and_of_weight_has_no_effect():
    query, key, similarity = batch()
    other = similarity.clone().fill_diagonal_(1e6)
    assert torch.equal(soft_info_nce(query, key, similarity), soft_info_nce(query, key, other))
    weight, other = torch.ones(4, 4), torch.ones(4, 4).fill_diagonal_(0.0)
    assert torch.equal(soft_info_nce(query, key, weight=weight), soft_info_nce(query, key, weight=other))


def test_a_weight_of_zero_leaves_the_negative_out():
    query, key, _ = batch(2, 4)
    weight = torch.ones(2, 4, dtype=torch.float64)
    weight[:, 3] = 0.0
    key.requires_grad_()
    found = soft_info_nce(query, key, weight=weight)
    found.backward()
    torch.testing.assert_close(found, soft_info_nce(query, key[:3], weight=weight[:, :3]))
    assert not key.grad[3].any()


def test_reordering_all_of_them_changes_nothing():
    query, key, similarity = batch()
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(
        soft_info_nce(query[order], key[order], similarity[order][:, order]),
        soft_info_nce(query, key, similarity),
    )


@pytest.mark.parametrize("form", ["similarity", "weight"])
@pytest.mark.parametrize("rows", [0, 1])
def test_without_negatives_it_is_zero_with_a_graph(rows, form):
    query, key, matrix = batch(rows, rows)
    query.requires_grad_()
    loss = soft_info_nce(query, key, **{form: matrix.abs()})
    loss.backward()
    assert loss.item() == 0
    assert query.grad.isfinite().all()
    assert not query.grad.any()


def test_all_weights_zero_give_zero_with_a_graph():
    query, key, _ = batch()
    query.requires_grad_()
    loss = soft_info_nce(query, key, weight=torch.zeros(4, 4))
    loss.backward()
    assert loss.item() == 0
    assert not query.grad.any()


def test_large_dot_products_are_finite_and_a_small_loss_keeps_its_digits():
    key = torch.eye(2) * 20
    loss = soft_info_nce(key, key, weight=torch.full((2, 2), 0.5), temperature=20.0)
    assert loss.item() == pytest.approx(0.5 * math.exp(-20), rel=1e-5)
    query = torch.tensor([[-30.0, 0.0], [0.0, 30.0]], requires_grad=True)
    loss = soft_info_nce(query, key, weight=torch.ones(2, 2))
    loss.backward()
    assert loss.item() == pytest.approx(300)
    assert query.grad.isfinite().all()


def test_weights_compile():
    query, key, matrix = batch()
    compiled = torch.compile(soft_info_nce, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        compiled(query, key, weight=matrix.abs()), soft_info_nce(query, key, weight=matrix.abs())
    )


def test_a_negative_weight_becomes_nan_where_values_are_not_checked():
    query, key, similarity = batch()
    with checks(False):
        assert soft_info_nce(query, key, 9 * similarity, alpha=1.2, min_weight=None).isnan()


def test_exact_metrics_look_for_the_own_key():
    query, key = torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    reciprocal_rank, recall = LOSS.pairs_with
    assert recall(query=query, key=key, similarity=torch.zeros(2, 3)) == 0.5
    assert reciprocal_rank(query=query, key=key, similarity=torch.zeros(2, 3)) == 0.75


QUERY, KEY, SIMILARITY = batch()
WEIGHT = torch.ones(4, 4)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((QUERY, KEY), {}, InvalidInputError, "similarity: got neither"),
        ((QUERY, KEY, SIMILARITY, WEIGHT), {}, InvalidInputError, "similarity: got both"),
        ((QUERY, KEY[:3], SIMILARITY), {}, ShapeError, "key: got 3 rows for 4 queries"),
        ((QUERY, KEY, SIMILARITY[:, :3]), {}, ShapeError, "similarity"),
        ((QUERY, KEY, None, WEIGHT[:3]), {}, ShapeError, "weight"),
        ((QUERY, KEY, None, WEIGHT.int()), {}, DtypeError, "weight"),
        ((QUERY, KEY, None, -WEIGHT), {}, InvalidInputError, "weight: got -1"),
        ((QUERY, KEY, None, WEIGHT * math.inf), {}, InvalidInputError, "weight"),
        ((QUERY, KEY, SIMILARITY), {"alpha": -1.0}, InvalidInputError, "alpha"),
        ((QUERY, KEY, SIMILARITY), {"alpha": 3.0}, InvalidInputError, "alpha: got 3.0 with beta=1.0 and 3 n"),
        ((QUERY, KEY, 9 * SIMILARITY), {"alpha": 1.2, "min_weight": None}, InvalidInputError, "alpha"),
        ((QUERY[:2], KEY[:2], SIMILARITY[:2, :2]), {}, InvalidInputError, "alpha"),
        ((QUERY, KEY, SIMILARITY), {"beta": 0.0}, InvalidInputError, "beta"),
        ((QUERY, KEY, SIMILARITY), {"sim_temperature": 0.0}, InvalidInputError, "sim_temperature"),
        ((QUERY, KEY, SIMILARITY), {"temperature": 0.0}, InvalidInputError, "temperature"),
        ((QUERY, KEY, SIMILARITY), {"min_weight": -0.1}, InvalidInputError, "min_weight"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        soft_info_nce(*arguments, **options)
