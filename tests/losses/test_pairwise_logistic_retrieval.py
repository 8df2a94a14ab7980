"""Pairwise logistic retrieval beyond conformance: its pairs, its masks, its exact metrics and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.pairwise_logistic_retrieval import LOSS, pairwise_logistic_retrieval


def batch(queries: int = 3, negatives: int = 2, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    query, key = torch.randn(2, queries, 4, generator=generator, dtype=torch.float64)
    return query, key, torch.randn(queries, negatives, 4, generator=generator, dtype=torch.float64)


def by_loops(query, key, negative, pair_mask, negative_mask):
    documents = [*key, *(document for block in negative for document in block)]
    counts = torch.cat([pair_mask, negative_mask], 1)
    terms = [
        math.log1p(math.exp(float(query[i] @ document) - float(query[i] @ key[i])))
        for i in range(len(query))
        for document, counted in zip(documents, counts[i], strict=True)
        if counted
    ]
    return sum(terms) / max(len(terms), 1)


@given(seed=st.integers(0, 2**16), negatives=st.integers(0, 3))
@settings(max_examples=25)
def test_equals_plain_loops(seed, negatives):
    query, key, negative = batch(negatives=negatives, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    pair_mask = torch.rand(3, 3, generator=generator) < 0.5
    negative_mask = torch.rand(3, 3 * negatives, generator=generator) < 0.5
    found = pairwise_logistic_retrieval(query, key, negative, pair_mask, negative_mask)
    assert found.item() == pytest.approx(by_loops(query, key, negative, pair_mask, negative_mask))


def test_by_default_all_pairs_count_but_a_query_with_its_own_key():
    query, key, negative = batch()
    others = ~torch.eye(3, dtype=torch.bool)
    everything = torch.ones(3, 6, dtype=torch.bool)
    torch.testing.assert_close(
        pairwise_logistic_retrieval(query, key, negative),
        pairwise_logistic_retrieval(query, key, negative, others, everything),
    )


def test_without_hard_negatives_it_is_that_of_none_of_them():
    query, key, negative = batch(negatives=0)
    torch.testing.assert_close(
        pairwise_logistic_retrieval(query, key), pairwise_logistic_retrieval(query, key, negative)
    )


def test_a_masked_pair_has_no_influence():
    query, key, negative = batch()
    negative_mask = torch.ones(3, 6, dtype=torch.bool)
    negative_mask[:, 3] = False
    wanted = pairwise_logistic_retrieval(query, key, negative, None, negative_mask)
    negative[1, 1] = 50.0  # column 3 of the flattened negatives
    found = pairwise_logistic_retrieval(query, key, negative.requires_grad_(), None, negative_mask)
    found.backward()
    torch.testing.assert_close(found, wanted)
    assert not negative.grad[1, 1].any()


@pytest.mark.parametrize("queries", [0, 1])
def test_without_a_pair_it_is_zero_with_a_graph(queries):
    query, key, _ = batch(queries)
    query.requires_grad_()
    loss = pairwise_logistic_retrieval(query, key)
    loss.backward()
    assert loss.item() == 0
    assert not query.grad.any()


def test_masks_that_leave_nothing_give_zero_with_a_graph():
    query, key, negative = batch()
    query.requires_grad_()
    nothing = torch.zeros(3, 9, dtype=torch.bool)
    loss = pairwise_logistic_retrieval(query, key, negative, nothing[:, :3], nothing[:, 3:])
    loss.backward()
    assert loss.item() == 0
    assert not query.grad.any()


def test_a_small_loss_keeps_its_digits():
    query, key = torch.eye(2, dtype=torch.float64) * 6, torch.eye(2, dtype=torch.float64) * 6
    assert pairwise_logistic_retrieval(query, key).item() == pytest.approx(math.exp(-36), rel=1e-12)


def test_masks_compile():
    query, key, negative = batch()
    masks = torch.rand(3, 9, generator=torch.Generator().manual_seed(1)) < 0.5
    arguments = (query, key, negative, masks[:, :3], masks[:, 3:])
    compiled = torch.compile(pairwise_logistic_retrieval, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*arguments), pairwise_logistic_retrieval(*arguments))


def test_the_grouped_auc_counts_the_pairs_of_the_loss():
    query, key, negative = batch(4)
    auc, _ = LOSS.pairs_with
    scores, hard = query @ key.T, query @ negative.reshape(-1, 4).T
    others = torch.cat([scores[~torch.eye(4, dtype=torch.bool)].reshape(4, 3), hard], 1)
    wins = scores.diagonal().unsqueeze(1) > others
    found = auc(query=query, key=key, negative=negative)
    assert found == pytest.approx(wins.double().mean().item())


def test_the_metrics_leave_out_what_the_masks_do():
    query = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    key, negative = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([[[3.0, 0.0]], [[0.0, 0.0]]])
    auc, recall = LOSS.pairs_with
    inputs = {"query": query, "key": key, "negative": negative}
    # query 0: 1 against 0, 3, 0; query 1: 1 against 2, 0, 0
    assert auc(**inputs) == pytest.approx(2 / 3)
    assert recall(**inputs) == 0.0
    inputs["pair_mask"] = torch.zeros(2, 2, dtype=torch.bool)
    assert auc(**inputs) == pytest.approx(3 / 4)
    inputs["negative_mask"] = torch.tensor([[False, True], [True, True]])
    assert auc(**inputs) == 1.0
    assert recall(**inputs) == 1.0


QUERY, KEY, NEGATIVE = batch()
PAIRS, HARD = torch.ones(3, 3, dtype=torch.bool), torch.ones(3, 6, dtype=torch.bool)


@pytest.mark.parametrize(
    ("arguments", "error", "argument"),
    [
        ((QUERY, KEY[:2]), ShapeError, "key"),
        ((QUERY, KEY, NEGATIVE[:2]), ShapeError, "negative"),
        ((QUERY, KEY, NEGATIVE[..., :3]), ShapeError, "negative"),
        ((QUERY, KEY, NEGATIVE[:, 0]), ShapeError, "negative"),
        ((QUERY, KEY, NEGATIVE * math.nan), InvalidInputError, "negative"),
        ((QUERY, KEY, NEGATIVE.int()), DtypeError, "negative"),
        ((QUERY, KEY, NEGATIVE, PAIRS[:2]), ShapeError, "pair_mask"),
        ((QUERY, KEY, NEGATIVE, PAIRS.int()), DtypeError, "pair_mask"),
        ((QUERY, KEY, NEGATIVE, PAIRS, HARD[:, :2]), ShapeError, "negative_mask"),
        ((QUERY, KEY, NEGATIVE, PAIRS, HARD.float()), DtypeError, "negative_mask"),
        ((QUERY, KEY, None, PAIRS, HARD), InvalidInputError, "negative_mask: got a mask without negative"),
    ],
)
def test_bad_input_is_named(arguments, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        pairwise_logistic_retrieval(*arguments)
