"""The prototype triplet beyond conformance: a loop, ties, a single class, coinciding points and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.proto_triplet import LOSS, proto_triplet
from lossary.training.class_prototypes import class_prototypes


def batch(queries: int = 7, classes: int = 3, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(queries, 4, generator=generator, dtype=torch.float64)
    prototypes = torch.randn(classes, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(classes, (queries,), generator=generator), prototypes


def by_loops(embeddings, labels, prototypes, margin):
    values = []
    for row, label in zip(embeddings.tolist(), labels.tolist(), strict=True):
        away = [math.sqrt(math.dist(row, other) ** 2 + 1e-6) for other in prototypes.tolist()]
        wrong = [distance for c, distance in enumerate(away) if c != label]
        values.append(max(0.0, away[label] - min(wrong) + margin) if wrong else 0.0)
    return torch.tensor(values, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), classes=st.integers(1, 5), margin=st.floats(0, 3))
@settings(max_examples=25)
def test_equals_plain_loops(seed, classes, margin):
    inputs = batch(classes=classes, seed=seed)
    found = proto_triplet(*inputs, margin=margin, reduction="none")
    torch.testing.assert_close(found, by_loops(*inputs, margin))


def test_only_the_nearest_wrong_prototype_counts():
    prototypes = torch.tensor([[0.0], [3.0], [9.0]], requires_grad=True)
    proto_triplet(torch.tensor([[2.0]]), torch.tensor([0]), prototypes).backward()
    torch.testing.assert_close(prototypes.grad.flatten(), torch.tensor([-1.0, -1.0, 0.0]))


def test_a_single_class_gives_zero_with_a_graph():
    embeddings, _, prototypes = batch(classes=1)
    embeddings.requires_grad_()
    loss = proto_triplet(embeddings, torch.zeros(7, dtype=torch.int64), prototypes)
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_a_query_on_its_prototype_has_a_finite_gradient_towards_the_others():
    embeddings = torch.tensor([[1.0, 0.0]], requires_grad=True)
    prototypes = torch.tensor([[1.0, 0.0], [1.0, 0.2]])
    loss = proto_triplet(embeddings, torch.tensor([0]), prototypes)
    loss.backward()
    torch.testing.assert_close(loss.item(), 1e-3 - math.hypot(0.2, 1e-3) + 0.5)
    torch.testing.assert_close(embeddings.grad, torch.tensor([[0.0, 1.0]]), rtol=0, atol=1e-4)


def test_of_two_wrong_prototypes_as_near_the_first_takes_the_gradient():
    prototypes = torch.tensor([[0.0], [2.0], [2.0]], requires_grad=True)
    proto_triplet(torch.tensor([[1.0]]), torch.tensor([0]), prototypes).backward()
    assert prototypes.grad[2] == 0


def test_trains_the_embeddings_that_make_the_prototypes():
    support = torch.tensor([[0.0], [2.0], [4.0]], requires_grad=True)
    prototypes = class_prototypes(support, torch.tensor([0, 0, 1]), 2)
    assert prototypes.tolist() == [[1.0], [4.0]]
    proto_triplet(torch.tensor([[2.5]]), torch.tensor([0]), prototypes).backward()
    torch.testing.assert_close(support.grad.flatten(), torch.tensor([-0.5, -0.5, -1.0]))


def test_the_exact_metric_is_the_accuracy_of_the_nearest_prototype():
    (accuracy,) = LOSS.pairs_with
    embeddings, prototypes = torch.tensor([[0.0], [1.8], [1.1]]), torch.tensor([[0.0], [2.0]])
    found = accuracy(embeddings=embeddings, labels=torch.tensor([0, 1, 0]), prototypes=prototypes)
    assert found == pytest.approx(2 / 3)


EMBEDDINGS, LABELS, PROTOTYPES = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((EMBEDDINGS[0], LABELS, PROTOTYPES), {}, ShapeError, "embeddings"),
        ((EMBEDDINGS[:, :0], LABELS, PROTOTYPES[:, :0]), {}, ShapeError, "embeddings: .*one column"),
        ((EMBEDDINGS, LABELS[1:], PROTOTYPES), {}, ShapeError, "labels"),
        ((EMBEDDINGS, LABELS, PROTOTYPES[:0]), {}, ShapeError, "prototypes: .*one row"),
        ((EMBEDDINGS, LABELS, PROTOTYPES[:, 1:]), {}, ShapeError, "prototypes"),
        ((EMBEDDINGS, LABELS.double(), PROTOTYPES), {}, DtypeError, "labels"),
        ((EMBEDDINGS, LABELS, PROTOTYPES.int()), {}, DtypeError, "prototypes"),
        ((EMBEDDINGS, LABELS + 1, PROTOTYPES), {}, InvalidInputError, "labels: got class 3"),
        ((EMBEDDINGS * math.nan, LABELS, PROTOTYPES), {}, InvalidInputError, "embeddings"),
        ((EMBEDDINGS, LABELS, PROTOTYPES * math.inf), {}, InvalidInputError, "prototypes"),
        ((EMBEDDINGS, LABELS, PROTOTYPES), {"margin": -0.1}, InvalidInputError, "margin"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        proto_triplet(*inputs, **options)


@pytest.mark.parametrize(
    ("labels", "num_classes", "error", "argument"),
    [
        (LABELS, 4, InvalidInputError, "labels: got no item of class 3"),
        (LABELS, 2, InvalidInputError, "labels: got class 2"),
        (LABELS[1:], 3, ShapeError, "labels"),
        (LABELS, 0, InvalidInputError, "num_classes"),
        (LABELS, 3.0, DtypeError, "num_classes"),
    ],
)
def test_prototypes_need_an_item_of_each_class(labels, num_classes, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        class_prototypes(EMBEDDINGS, labels, num_classes)
