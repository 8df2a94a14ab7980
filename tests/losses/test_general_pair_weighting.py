"""General pair weighting beyond conformance: gradients of its parents, closed forms, own weights, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.binomial_deviance import binomial_deviance
from lossary.losses.metric_learning.contrastive import contrastive
from lossary.losses.metric_learning.general_pair_weighting import (
    general_pair_weighting,
    general_pair_weighting_terms,
    pair_weights,
)
from lossary.losses.metric_learning.lifted_structure import lifted_structure
from lossary.losses.metric_learning.multi_similarity import multi_similarity
from lossary.losses.metric_learning.n_pair import n_pair
from lossary.losses.metric_learning.triplet import triplet
from torch.nn.functional import normalize

GOLDENS = Path(__file__).parents[1] / "goldens"
PARENTS = {
    parent.__name__: parent
    for parent in (binomial_deviance, contrastive, lifted_structure, multi_similarity, n_pair, triplet)
}
OPTIONS = {
    "binomial_deviance": {"alpha": 3.0, "beta": 7.0, "base": 0.2},
    "contrastive": {"margin": 0.1},
    "lifted_structure": {"margin": -2.0},
    "multi_similarity": {"alpha": 3.0, "beta": 7.0, "base": 0.2, "epsilon": 0.5},
    "n_pair": {"scale": 4.0},
    "triplet": {"margin": 0.6},
}


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


def gradient_of(loss, embeddings):
    leaf = embeddings.clone().requires_grad_()
    loss(leaf).backward()
    return leaf.grad


@pytest.mark.parametrize("name", PARENTS)
@given(
    seed=st.integers(0, 2**16),
    groups=st.integers(1, 9),
    cosine=st.booleans(),
    changed=st.booleans(),
    reduction=st.sampled_from(["mean", "sum"]),
)
@settings(max_examples=10)
def test_has_the_gradient_of_its_parent(name, seed, groups, cosine, changed, reduction):
    embeddings, labels = batch(groups=groups, seed=seed)
    options = (OPTIONS[name] if changed else {}) | {"normalize": cosine, "reduction": reduction}
    found = gradient_of(
        lambda rows: general_pair_weighting(rows, labels, weighting=name, **options), embeddings
    )
    torch.testing.assert_close(
        found, gradient_of(lambda rows: PARENTS[name](rows, labels, **options), embeddings)
    )


@pytest.mark.parametrize(
    "case", load_goldens(GOLDENS / "004-general_pair_weighting.json").cases, ids=lambda case: case.id
)
def test_the_terms_are_those_of_the_goldens(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    terms = general_pair_weighting_terms(**inputs, **case.params)
    for name, value in case.expected.items():
        wanted = torch.tensor(value, dtype=torch.float64)
        torch.testing.assert_close(getattr(terms, name), wanted, rtol=case.rtol, atol=case.atol)


def test_weights_of_triplets_count_the_active_ones():
    embeddings, labels = batch()
    similarity = normalize(embeddings) @ normalize(embeddings).T
    weights = pair_weights(similarity, labels, weighting="triplet", margin=0.3)
    for i in range(9):
        for a in range(9):
            if a != i and labels[a] == labels[i]:
                active = [
                    labels[b] != labels[i] and similarity[i, b] - similarity[i, a] + 0.3 > 0 for b in range(9)
                ]
                assert weights.positive_weight[i, a] == sum(active)
    assert weights.positive_weight.sum() == weights.negative_weight.sum()


def test_weights_of_lifted_structure_are_two_softmaxes():
    embeddings, labels = batch()[0], torch.arange(9) // 3
    similarity = normalize(embeddings) @ normalize(embeddings).T
    weights = pair_weights(similarity, labels, weighting="lifted_structure", margin=5.0)
    negative = similarity.where(labels.unsqueeze(1) != labels, -math.inf).softmax(1)
    torch.testing.assert_close(weights.negative_weight, negative)
    torch.testing.assert_close(weights.positive_weight.sum(1), torch.ones(9, dtype=torch.float64))


def test_weights_are_fixed_and_not_negative_whatever_the_grad_mode():
    embeddings, labels = batch()
    similarity = (normalize(embeddings) @ normalize(embeddings).T).requires_grad_()
    weights = pair_weights(similarity, labels)
    with torch.no_grad():
        same = pair_weights(similarity, labels)
    for weight, other in zip(weights, same, strict=True):
        assert not weight.requires_grad
        assert (weight >= 0).all()
        assert weight.any()
        assert torch.equal(weight, other)


def test_near_duplicates_count_unless_they_are_left_out():
    similarity = torch.tensor([[1.0, 1.0, 0.9], [1.0, 1.0, 0.9], [0.9, 0.9, 1.0]])
    labels = torch.tensor([0, 0, 1])
    assert not pair_weights(similarity, labels, epsilon=0.5).positive_weight.any()
    assert pair_weights(similarity, labels, epsilon=0.5, duplicate_threshold=None).positive_weight.any()


def test_own_weights_are_a_function_and_held_fixed():
    embeddings, labels = batch()

    def hardest_half(similarity, positive, negative):
        return positive * (1 - similarity), negative * similarity.relu()

    terms = general_pair_weighting_terms(embeddings.requires_grad_(), labels, weighting=hardest_half)
    similarity = normalize(embeddings) @ normalize(embeddings).T
    same = labels.unsqueeze(1) == labels
    positive = (same & ~torch.eye(9, dtype=torch.bool)) * (1 - similarity)
    expected = ((~same * similarity.relu() - positive).detach() * similarity).sum() / 9
    torch.testing.assert_close(terms.loss, expected)
    assert not terms.positive_weight.requires_grad


@pytest.mark.parametrize("name", PARENTS)
def test_every_weighting_compiles(name):
    embeddings, labels = batch()

    def loss(rows: torch.Tensor) -> torch.Tensor:
        return general_pair_weighting(rows, labels, weighting=name)

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(embeddings), loss(embeddings))


@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one_item", "one_class", "all_differ"])
def test_a_batch_without_contradiction_gives_zero_with_a_graph(labels):
    embeddings = batch(len(labels))[0].requires_grad_()
    loss = general_pair_weighting(embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


EMBEDDINGS, LABELS = batch()
SIMILARITY = EMBEDDINGS @ EMBEDDINGS.T


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        (
            {"weighting": "softest"},
            InvalidInputError,
            "weighting: got 'softest'; wanted one of 'contrastive'",
        ),
        ({"reduction": "none"}, InvalidInputError, "reduction"),
        ({"margin": 0.5}, TypeError, "margin: got 0.5 with the weighting multi_similarity; .*epsilon"),
        ({"weighting": "n_pair", "alpha": 1.0}, TypeError, "alpha: .*wanted only its options: scale"),
        ({"weighting": "n_pair", "scale": 0.0}, InvalidInputError, "scale"),
        ({"weighting": "triplet", "margin": math.nan}, InvalidInputError, "margin"),
        ({"weighting": lambda s, p, n: (p, n), "scale": 1.0}, TypeError, "scale: .*it has none"),
        ({"epsilon": -1.0}, InvalidInputError, "epsilon"),
    ],
)
def test_bad_options_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        general_pair_weighting(EMBEDDINGS, LABELS, **options)


@pytest.mark.parametrize(
    ("similarity", "labels", "error", "argument"),
    [
        (SIMILARITY[1:], LABELS, ShapeError, "similarity"),
        (SIMILARITY, LABELS[1:], ShapeError, "similarity"),
        (SIMILARITY.int(), LABELS, DtypeError, "similarity"),
        (SIMILARITY, LABELS.double(), DtypeError, "labels"),
        (SIMILARITY * math.nan, LABELS, InvalidInputError, "similarity"),
    ],
)
def test_bad_similarities_are_named(similarity, labels, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        pair_weights(similarity, labels)
