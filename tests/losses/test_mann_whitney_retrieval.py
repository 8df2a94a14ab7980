"""Mann-Whitney for retrieval beyond conformance: its matrix, its default positives and its errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.mann_whitney_retrieval import LOSS, mann_whitney_retrieval
from lossary.losses.auc.mann_whitney_scores import mann_whitney_scores
from lossary.metrics import recall_at_k
from torch.nn.functional import cosine_similarity


def sample(queries: int = 4, keys: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(queries, 5, generator=generator, dtype=torch.float64)
    return query, torch.randn(keys, 5, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("scope", ["batch", "query"])
@pytest.mark.parametrize("normalize", [True, False])
def test_is_the_loss_of_its_matrix_of_scores(scope, normalize):
    query, key = sample()
    scores = cosine_similarity(query[:, None], key[None], dim=2) if normalize else query @ key.T
    positive = torch.arange(24).reshape(4, 6) % 5 == 0
    options = {"scope": scope, "temperature": 0.2}
    torch.testing.assert_close(
        mann_whitney_retrieval(query, key, positive, normalize=normalize, **options),
        mann_whitney_scores(scores, positive, **options),
    )


@pytest.mark.parametrize("keys", [4, 6])
def test_default_positives_are_the_diagonal(keys):
    query, key = sample(keys=keys)
    diagonal = torch.arange(4).unsqueeze(1) == torch.arange(keys)
    assert torch.equal(mann_whitney_retrieval(query, key), mann_whitney_retrieval(query, key, diagonal))


def test_paired_metrics_see_the_default_positives():
    query, key = sample()
    found = {metric.name: metric(query=query, key=key) for metric in LOSS.pairs_with}
    cosine = cosine_similarity(query[:, None], key[None], dim=2)
    positive = torch.eye(4, 6, dtype=torch.bool)
    wins = cosine[positive].unsqueeze(1) > cosine[~positive]
    assert found["roc_auc_score"] == pytest.approx(wins.double().mean().item())
    assert found["recall_at_k"] == recall_at_k(positive.numpy(), cosine.numpy(), 1)
    assert 0 < found["ndcg_at_k"] < 1


def test_length_of_the_rows_does_not_matter_to_cosines():
    query, key = sample()
    expected = mann_whitney_retrieval(query, key, temperature=0.1)
    torch.testing.assert_close(
        mann_whitney_retrieval(query * 1e200, key * 1e-200, temperature=0.1), expected, rtol=1e-9, atol=0
    )


@pytest.mark.parametrize(("queries", "keys"), [(0, 0), (0, 3), (1, 1)])
def test_without_a_pair_it_is_zero_with_a_graph(queries, keys):
    query, key = (rows.requires_grad_() for rows in sample(queries, keys))
    loss = mann_whitney_retrieval(query, key)
    loss.backward()
    assert loss.item() == 0
    assert not query.grad.any()
    assert not key.grad.any()


def test_descending_the_gradient_finds_the_keys():
    query, key = sample(6, 6)
    query.requires_grad_()
    optimizer = torch.optim.Adam([query], lr=0.1)
    before = recall_at_k(torch.eye(6).numpy(), (query.detach() @ key.T).numpy(), 1)
    for _ in range(60):
        optimizer.zero_grad()
        mann_whitney_retrieval(query, key, temperature=0.1).backward()
        optimizer.step()
    assert before < 0.5
    (metric,) = [metric for metric in LOSS.pairs_with if metric.name == "recall_at_k"]
    assert metric(query=query, key=key) == 1.0


QUERY, KEY, POSITIVE = torch.ones(2, 3), torch.eye(3), torch.eye(2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("query", "key", "positive", "options", "error", "argument"),
    [
        (QUERY[0], KEY, None, {}, ShapeError, "query"),
        (QUERY[:, :0], KEY[:, :0], None, {}, ShapeError, "query"),
        (QUERY.long(), KEY, None, {}, DtypeError, "query"),
        (QUERY * math.nan, KEY, None, {}, InvalidInputError, "query"),
        (QUERY * 0, KEY, None, {}, InvalidInputError, "query"),
        (QUERY * 1e30, KEY * 1e30, None, {"normalize": False}, InvalidInputError, "query"),
        (QUERY, KEY[:, :2], None, {}, ShapeError, "key"),
        (QUERY, KEY[:1], None, {}, ShapeError, "key"),
        (QUERY, KEY * math.inf, None, {}, InvalidInputError, "key"),
        (QUERY, KEY * 0, None, {}, InvalidInputError, "key"),
        (QUERY, KEY, POSITIVE.T, {}, ShapeError, "positive"),
        (QUERY, KEY, POSITIVE.float(), {}, DtypeError, "positive"),
        (QUERY, KEY, None, {"temperature": -1.0}, InvalidInputError, "temperature"),
        (QUERY, KEY, None, {"scope": "rows"}, InvalidInputError, "scope"),
    ],
)
def test_bad_input_is_named(query, key, positive, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        mann_whitney_retrieval(query, key, positive, **options)
