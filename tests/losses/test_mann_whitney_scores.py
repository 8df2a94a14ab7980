"""Mann-Whitney of matrices beyond conformance: scopes, identities, degenerate rows and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.mann_whitney import mann_whitney
from lossary.losses.auc.mann_whitney_scores import LOSS, mann_whitney_scores
from lossary.metrics import roc_auc_score


def sample(queries: int = 6, keys: int = 9, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(queries, keys, generator=generator, dtype=torch.float64)
    return scores.requires_grad_(), torch.rand(queries, keys, generator=generator) < 0.3


def brute_force(scores, positive, temperature=1.0, scope="batch"):
    """All pairs at once, straight from the formula."""
    if scope == "batch":
        difference = scores[positive].unsqueeze(1) - scores[~positive]
        return torch.nn.functional.softplus(-difference / temperature, threshold=700).mean()
    rows = zip(scores, positive, strict=True)
    return torch.stack(
        [brute_force(*row, temperature) for row in rows if 0 < row[1].sum() < len(row[1])]
    ).mean()


@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(2, 6)),
    seed=st.integers(0, 99),
    temperature=st.sampled_from([0.05, 1.0, 4.0]),
    scope=st.sampled_from(["batch", "query"]),
)
def test_value_and_gradient_equal_brute_force(shape, seed, temperature, scope):
    scores, positive = sample(*shape, seed=seed)
    positive[0, 0], positive[0, 1] = True, False
    options = {"temperature": temperature, "scope": scope}
    actual, expected = (
        mann_whitney_scores(scores, positive, **options),
        brute_force(scores, positive, **options),
    )
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(
        torch.autograd.grad(actual, scores)[0],
        torch.autograd.grad(expected, scores)[0],
        rtol=1e-10,
        atol=1e-12,
    )


def test_the_batch_is_the_flat_matrix():
    scores, positive = sample()
    flat = mann_whitney(scores.flatten(), positive.flatten(), temperature=0.3)
    assert torch.equal(mann_whitney_scores(scores, positive, temperature=0.3), flat)
    (metric,) = LOSS.pairs_with
    assert metric(scores=scores, positive=positive) == roc_auc_score(
        positive.flatten().numpy(), scores.detach().flatten().numpy()
    )


def test_one_query_has_the_same_loss_in_both_scopes():
    scores, positive = sample(queries=1)
    within = mann_whitney_scores(scores, positive, scope="query")
    torch.testing.assert_close(within, mann_whitney_scores(scores, positive))


def test_a_constant_per_query_matters_to_the_batch_only():
    scores, positive = sample()
    moved = scores + torch.arange(6.0).unsqueeze(1)
    within = [mann_whitney_scores(value, positive, scope="query") for value in (scores, moved)]
    torch.testing.assert_close(*within)
    assert mann_whitney_scores(moved, positive) > mann_whitney_scores(scores, positive) + 0.1


@pytest.mark.parametrize("scope", ["batch", "query"])
def test_equal_scores_give_log_two(scope):
    _, positive = sample()
    loss = mann_whitney_scores(torch.full((6, 9), 0.4), positive, scope=scope)
    assert loss.item() == pytest.approx(math.log(2))


def test_rows_without_a_pair_are_left_out_of_the_mean_over_queries():
    scores, positive = sample()
    positive[1], positive[4] = True, False
    kept = [0, 2, 3, 5]
    loss = mann_whitney_scores(scores, positive, scope="query")
    torch.testing.assert_close(loss, mann_whitney_scores(scores[kept], positive[kept], scope="query"))
    loss.backward()
    assert not scores.grad[[1, 4]].any()


@pytest.mark.parametrize("scope", ["batch", "query"])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 1), (2, 3)])
@pytest.mark.parametrize("value", [True, False])
def test_without_a_pair_it_is_zero_with_a_graph(scope, shape, value):
    scores = torch.ones(shape, requires_grad=True)
    loss = mann_whitney_scores(scores, torch.full(shape, value), scope=scope)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(scores.grad, torch.zeros(shape))


def test_pairs_of_different_rows_only_are_none_within_queries():
    scores = torch.tensor([[3.0], [1.0]], requires_grad=True)
    positive = torch.tensor([[True], [False]])
    assert mann_whitney_scores(scores, positive, scope="query").item() == 0
    assert mann_whitney_scores(scores, positive).item() == pytest.approx(math.log1p(math.exp(-2)))


def test_a_billion_pairs_take_the_memory_of_the_matrix():
    scores, positive = torch.zeros(1024, 1024), torch.eye(1024, dtype=torch.bool)
    scores = (scores + 0.5 * positive).requires_grad_()
    loss = mann_whitney_scores(scores, positive, temperature=0.5)
    loss.backward()
    assert loss.item() == pytest.approx(math.log1p(math.exp(-1)))
    share = 1 / (1 + math.e) / 0.5
    torch.testing.assert_close(scores.grad.diagonal(), torch.full((1024,), -share / 1024))


SCORES, POSITIVE = torch.tensor([[0.3, 2.0], [-1.0, 0.0]]), torch.eye(2, dtype=torch.bool)


@pytest.mark.parametrize(
    ("scores", "positive", "options", "error", "argument"),
    [
        (SCORES[0], POSITIVE, {}, ShapeError, "scores"),
        (SCORES.long(), POSITIVE, {}, DtypeError, "scores"),
        (SCORES.tolist(), POSITIVE, {}, DtypeError, "scores"),
        (SCORES * math.nan, POSITIVE, {}, InvalidInputError, "scores"),
        (SCORES * math.inf, POSITIVE, {}, InvalidInputError, "scores"),
        (SCORES, POSITIVE.long(), {}, DtypeError, "positive"),
        (SCORES, POSITIVE.tolist(), {}, DtypeError, "positive"),
        (SCORES, POSITIVE[:1], {}, ShapeError, "positive"),
        (SCORES, POSITIVE, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (SCORES, POSITIVE, {"temperature": "1"}, DtypeError, "temperature"),
        (SCORES, POSITIVE, {"scope": "row"}, InvalidInputError, "scope"),
    ],
)
def test_bad_input_is_named(scores, positive, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        mann_whitney_scores(scores, positive, **options)
