"""The protocol of miners: masks and lists of pairs, losses over what any miner keeps, a loop, errors."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses import contrastive, multi_similarity
from lossary.losses.metric_learning.binomial_deviance import binomial_deviance_values
from lossary.losses.metric_learning.contrastive import contrastive_values
from lossary.losses.metric_learning.multi_similarity import multi_similarity_values
from lossary.training.mined_pairs import Miner, PairIndices, pair_indices, pairs_from_indices
from lossary.training.multi_similarity_miner import Pairs, multi_similarity_miner, pair_similarity

NONE = torch.zeros(0, dtype=torch.int64)


def batch(items=24, groups=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(items, 5, generator=generator), torch.randint(groups, (items,), generator=generator)


def every_pair(embeddings, labels):
    """A miner of a user: all pairs by label."""
    same = labels[:, None] == labels
    return Pairs(same & ~torch.eye(len(labels), dtype=torch.bool), ~same)


def hard_negatives(embeddings, labels, *, count):
    """Another one: of each anchor the negatives that are most similar."""
    positive, negative = every_pair(embeddings, labels)
    similarity = pair_similarity(embeddings.detach(), labels, normalize=True).where(negative, -2.0)
    nearest = similarity.topk(count, 1).indices
    return Pairs(positive, negative & torch.zeros_like(negative).scatter(1, nearest, True))


MINERS: dict[str, Miner] = {
    "multi_similarity": multi_similarity_miner,
    "every_pair": every_pair,
    "hard_negatives": partial(hard_negatives, count=3),
}


@given(seed=st.integers(0, 2**16), size=st.integers(0, 9))
@settings(max_examples=25)
def test_lists_and_masks_say_the_same(seed, size):
    generator = torch.Generator().manual_seed(seed)
    pairs = Pairs(*(torch.rand(2, size, size, generator=generator) < 0.3))
    indices = pair_indices(pairs)
    assert len(indices.positive) == pairs.positive.sum()
    assert all(pairs.negative[anchor, other] for anchor, other in zip(*indices[2:], strict=True))
    back = pairs_from_indices(indices, size)
    assert back.positive.equal(pairs.positive)
    assert back.negative.equal(pairs.negative)


@pytest.mark.parametrize("miner", MINERS.values(), ids=MINERS)
@pytest.mark.parametrize(
    "values",
    [
        partial(contrastive_values, margin=0.5),
        partial(multi_similarity_values, alpha=2.0, beta=50.0, base=0.5),
        partial(binomial_deviance_values, alpha=2.0, beta=40.0, base=0.5),
    ],
    ids=lambda values: values.func.__name__,
)
def test_losses_of_pairs_take_what_any_miner_returns(miner, values):
    embeddings, labels = batch()
    similarity = pair_similarity(embeddings.requires_grad_(), labels, normalize=True)
    pairs = miner(embeddings, labels)
    loss = values(similarity, pairs)
    assert loss.shape == (24,)
    (gradient,) = torch.autograd.grad(loss.sum(), similarity)
    counted = pairs.positive | pairs.negative
    assert (gradient[~counted] == 0).all()
    assert (gradient[counted] != 0).any()


def test_mined_values_are_the_losses_that_mine_themselves():
    embeddings, labels = batch()
    similarity = pair_similarity(embeddings, labels, normalize=True)
    mined = multi_similarity_values(
        similarity, multi_similarity_miner(embeddings, labels), alpha=2.0, beta=50.0, base=0.5
    )
    torch.testing.assert_close(mined.mean(), multi_similarity(embeddings, labels))
    every = contrastive_values(similarity, every_pair(embeddings, labels), margin=0.5)
    torch.testing.assert_close(every.mean(), contrastive(embeddings, labels))


@pytest.mark.parametrize("name", MINERS)
def test_a_loop_with_a_miner_separates_groups(name):
    miner = MINERS[name]
    inputs, labels = batch(seed=2)
    inputs = inputs + 0.8 * torch.nn.functional.one_hot(labels, 5)
    layer = torch.nn.Linear(5, 5, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(5))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)

    def gap():
        """By how much cosines of positives exceed those of negatives."""
        embeddings = layer(inputs)
        similarity = pair_similarity(embeddings, labels, normalize=True)
        positive, negative = every_pair(embeddings, labels)
        return (similarity[positive].mean() - similarity[negative].mean()).item()

    before = gap()
    for _ in range(60):
        embeddings = layer(inputs)
        similarity = pair_similarity(embeddings, labels, normalize=True)
        loss = contrastive_values(similarity, miner(embeddings, labels), margin=0.2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert gap() > before + 0.4


def test_indices_are_those_that_pytorch_metric_learning_takes():
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    embeddings, labels = batch()
    pairs = multi_similarity_miner(embeddings, labels)
    theirs = losses.MultiSimilarityLoss(alpha=2.0, beta=50.0, base=0.5)(
        embeddings, labels, tuple(pair_indices(pairs))
    )
    torch.testing.assert_close(theirs, multi_similarity(embeddings, labels))


SQUARE = torch.zeros(2, 2, dtype=torch.bool)
ONE = torch.tensor([1])


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: pair_indices(Pairs(SQUARE[:1], SQUARE)), ShapeError, "positive"),
        (lambda: pair_indices(Pairs(SQUARE, SQUARE[:1])), ShapeError, "negative"),
        (lambda: pair_indices(Pairs(SQUARE.int(), SQUARE)), DtypeError, "positive"),
        (lambda: pairs_from_indices(PairIndices(ONE, NONE, NONE, NONE), 2), ShapeError, "positive: got 0"),
        (
            lambda: pairs_from_indices(PairIndices(ONE, ONE, NONE, NONE), 1),
            InvalidInputError,
            "positive_anchor",
        ),
        (lambda: pairs_from_indices(PairIndices(NONE, NONE, NONE, NONE.bool()), 1), DtypeError, "negative"),
        (lambda: pairs_from_indices(PairIndices(NONE, NONE, NONE, NONE), 1.0), DtypeError, "size"),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
