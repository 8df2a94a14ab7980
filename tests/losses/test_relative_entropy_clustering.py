"""Relative entropy clustering beyond conformance: loops, where targets come from, both objectives, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.relative_entropy_clustering import LOSS, relative_entropy_clustering
from lossary.metrics import clustering_accuracy
from lossary.training.cluster_target_distribution import cluster_target_distribution


def batch(items: int = 8, clusters: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits, other = torch.randn(2, items, clusters, generator=generator, dtype=torch.float64)
    return logits, (2 * other).softmax(1)


@given(seed=st.integers(0, 2**16), clusters=st.integers(1, 6))
@settings(max_examples=25)
def test_equals_plain_loops(seed, clusters):
    logits, target = batch(clusters=clusters, seed=seed)
    expected = []
    for row, wanted in zip(logits.tolist(), target.tolist(), strict=True):
        total = sum(map(math.exp, row))
        expected.append(-sum(q * math.log(math.exp(z) / total) for q, z in zip(wanted, row, strict=True)))
    found = relative_entropy_clustering(logits, target, reduction="none")
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_the_full_objective_is_two_divergences_with_the_same_gradient(seed):
    logits, target = batch(seed=seed)
    logits.requires_grad_()
    full = relative_entropy_clustering(logits, target, objective="full")
    size = target.mean(0)
    divergence = (target * (target.log() - logits.log_softmax(1))).sum() / len(target)
    torch.testing.assert_close(full, divergence + (size * (3 * size).log()).sum())
    (slope,) = torch.autograd.grad(full, logits)
    (wanted,) = torch.autograd.grad(relative_entropy_clustering(logits, target), logits)
    torch.testing.assert_close(slope, wanted)


def test_the_full_objective_is_zero_at_an_even_target_and_targets_may_have_zeros():
    target = torch.eye(3)
    near = 40 * torch.eye(3)
    assert relative_entropy_clustering(near, target, objective="full").item() == pytest.approx(0, abs=1e-6)
    uneven = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    value = relative_entropy_clustering(40 * uneven, uneven, objective="full")
    assert value.item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("kind", ["depict", "dec"])
def test_without_a_target_it_is_made_of_the_clean_path_or_of_the_logits(kind):
    logits, _ = batch()
    clean, _ = batch(seed=1)
    for path, options in ((logits, {}), (clean, {"clean_logits": clean})):
        target = cluster_target_distribution(path.softmax(1), kind=kind)
        found = relative_entropy_clustering(logits, kind=kind, **options)
        torch.testing.assert_close(found, relative_entropy_clustering(logits, target))


def test_the_targets_receive_no_gradient():
    logits, target = batch()
    clean = logits.clone().requires_grad_()
    logits.requires_grad_()
    loss = relative_entropy_clustering(logits, clean_logits=clean)
    slope, none = torch.autograd.grad(loss, (logits, clean), allow_unused=True)
    assert none is None
    own = relative_entropy_clustering(logits, cluster_target_distribution(clean.softmax(1)))
    torch.testing.assert_close(torch.autograd.grad(own, logits)[0], slope)
    target.requires_grad_()
    assert not torch.autograd.grad(
        relative_entropy_clustering(logits, target), target, allow_unused=True, materialize_grads=True
    )[0].any()


def test_one_cluster_gives_zero_with_a_graph():
    logits = torch.randn(4, 1, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for objective in ("cross_entropy", "full"):
        loss = relative_entropy_clustering(logits, objective=objective)
        loss.backward()
        assert loss.item() == 0
    assert not logits.grad.any()


def test_training_finds_clusters_without_labels():
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(90) % 3
    points = torch.randn(90, 2, generator=generator) + 4 * torch.tensor([[0.0, 1], [1, -1], [-1, -1]])[labels]
    model = torch.nn.Linear(2, 3)
    with torch.no_grad():
        model.weight.copy_(torch.randn(3, 2, generator=generator) / 4)
        model.bias.zero_()
    before = clustering_accuracy(labels, model(points).detach().argmax(1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        relative_entropy_clustering(model(points), kind="dec").backward()
        optimizer.step()
    assert before < 0.9
    assert clustering_accuracy(labels, model(points).detach().argmax(1)) == 1


def test_the_exact_metric_of_one_hot_labels_is_the_clustering_accuracy():
    logits, _ = batch(30)
    labels = torch.arange(30) % 3
    accuracy = LOSS.pairs_with[0](logits=logits, target=torch.eye(3)[labels])
    assert accuracy == clustering_accuracy(labels, logits.argmax(1))


LOGITS, TARGET = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((LOGITS[:0], TARGET[:0]), {}, ShapeError, r"logits: got shape \(0, 3\)"),
        ((LOGITS[0], TARGET), {}, ShapeError, "logits"),
        ((LOGITS, TARGET[1:]), {}, ShapeError, "target"),
        ((LOGITS, 2 * TARGET), {}, InvalidInputError, "target: got a row that adds up to 2; wanted 1"),
        ((LOGITS, TARGET.int()), {}, DtypeError, "target"),
        ((LOGITS, None, LOGITS[1:]), {}, ShapeError, "clean_logits"),
        ((LOGITS, None, LOGITS * math.nan), {}, InvalidInputError, "clean_logits"),
        ((LOGITS, TARGET), {"objective": "kl"}, InvalidInputError, "objective"),
        ((LOGITS, TARGET), {"kind": "kl"}, InvalidInputError, "kind"),
        ((LOGITS, TARGET), {"objective": "full", "reduction": "sum"}, InvalidInputError, "reduction: .*full"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        relative_entropy_clustering(*inputs, **options)
