"""Similarity distribution matching: its formula, its symmetries, its best value, exact metrics and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.similarity_distribution_matching import LOSS, similarity_distribution_matching


def rows(seed: int = 0) -> torch.Tensor:
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LABELS = torch.tensor([0, 2, 1, 1, 0, 1])


def literally(query, key, labels, scale, eps):
    total = 0.0
    for left, right in ((query, key), (key, query)):
        for i, own in enumerate(left):
            cosines = torch.nn.functional.cosine_similarity(own.unsqueeze(0), right)
            share = (scale * cosines).softmax(0)
            same = (labels == labels[i]).double()
            total += (share * (share.log() - (same / same.sum() + eps).log())).sum().item() / len(left)
    return total


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("scale", [0.1, 2.0, 100.0])
@pytest.mark.parametrize("labels", [[0] * 6, [0, 2, 1, 1, 0, 1], [3, 1, 3, 1, 3, 2], [*range(6)]])
def test_equals_the_formula_read_literally(seed, scale, labels):
    query, key, labels = rows(seed), rows(seed + 1), torch.tensor(labels)
    found = similarity_distribution_matching(query, key, labels, scale=scale)
    assert found.item() == pytest.approx(literally(query, key, labels, scale, 1e-8), rel=1e-9, abs=1e-9)


def test_the_two_modalities_trade_places():
    query, key = rows(), rows(1)
    torch.testing.assert_close(
        similarity_distribution_matching(key, query, LABELS),
        similarity_distribution_matching(query, key, LABELS),
    )


def test_embeddings_that_name_their_identity_cost_nothing():
    query = torch.eye(3, dtype=torch.float64)[LABELS]
    assert similarity_distribution_matching(query, query, LABELS).item() == pytest.approx(0, abs=1e-6)


def test_similarity_to_a_wrong_identity_costs_up_to_the_logarithm_of_eps():
    query, key = torch.eye(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64).flip(0)
    loss = similarity_distribution_matching(query, key, torch.tensor([0, 1]), scale=100.0, eps=1e-4)
    assert loss.item() == pytest.approx(-2 * math.log(1e-4))


def test_descent_brings_the_modalities_together():
    query, key = rows().requires_grad_(), rows(1)
    (recall, _) = LOSS.pairs_with
    before = recall(query=query, key=key, labels=LABELS)
    for _ in range(60):
        loss = similarity_distribution_matching(query, key, LABELS, scale=10.0)
        (gradient,) = torch.autograd.grad(loss, query)
        query = (query - 0.1 * gradient).detach().requires_grad_()
    assert recall(query=query, key=key, labels=LABELS) == 1.0 > before


def test_one_pair_and_zero_rows_are_finite():
    single = similarity_distribution_matching(rows()[:1], rows(1)[:1], LABELS[:1])
    assert single.item() == pytest.approx(0, abs=1e-7)
    query = torch.zeros(6, 4, requires_grad=True)
    similarity_distribution_matching(query, rows().float(), LABELS).backward()
    assert not query.grad.any()


@pytest.mark.parametrize(
    ("query", "key", "labels", "options", "error", "message"),
    [
        (rows()[0], rows()[0], LABELS, {}, ShapeError, "query: got shape"),
        (rows()[:, :0], rows()[:, :0], LABELS, {}, ShapeError, "query: got shape"),
        (rows(), rows()[:5], LABELS, {}, ShapeError, "key: got shape"),
        (rows(), rows(), LABELS[:5], {}, ShapeError, "labels: got shape"),
        (rows(), rows(), LABELS.double(), {}, DtypeError, "labels: got dtype"),
        (rows(), rows() * math.inf, LABELS, {}, InvalidInputError, "key: got 24 values"),
        (rows(), rows(), LABELS, {"scale": 0.0}, InvalidInputError, "scale: got 0"),
        (rows(), rows(), LABELS, {"eps": -1e-8}, InvalidInputError, "eps: got -1e-08"),
    ],
)
def test_bad_input_is_named(query, key, labels, options, error, message):
    with pytest.raises(error, match=message):
        similarity_distribution_matching(query, key, labels, **options)
