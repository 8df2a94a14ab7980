"""Multi-Similarity beyond conformance: a loop oracle, the paper's gradient, degenerate batches and errors."""

import math

import numpy as np
import pytest
import torch
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.multi_similarity import LOSS, multi_similarity
from lossary.metrics import retrieval_report
from lossary.training.multi_similarity_miner import multi_similarity_miner


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


def by_loops(embeddings, labels, *, alpha=2.0, beta=50.0, base=0.5, epsilon=0.1, mine=True):
    rows = [[float(value) for value in row] for row in embeddings]
    values = []
    for i, anchor in enumerate(rows):
        positives, negatives = [], []
        for j, other in enumerate(rows):
            cosine = float(np.dot(anchor, other)) / (math.hypot(*anchor) * math.hypot(*other))
            if labels[i] != labels[j]:
                negatives.append(cosine)
            elif i != j and cosine < 1 - 1e-5:
                positives.append(cosine)
        if mine:
            lowest = min(positives, default=math.inf)
            highest = max(negatives, default=-math.inf)
            negatives = [s for s in negatives if s > lowest - epsilon]
            positives = [s for s in positives if s < highest + epsilon]
            if not positives or not negatives:
                values.append(0.0)
                continue
        pull = math.log1p(sum(math.exp(-alpha * (s - base)) for s in positives)) / alpha
        push = math.log1p(sum(math.exp(beta * (s - base)) for s in negatives)) / beta
        values.append(pull + push)
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("mine", [True, False])
@pytest.mark.parametrize(
    ("items", "groups", "seed"), [(9, 3, 0), (7, 7, 1), (12, 2, 2), (10, 5, 3), (1, 1, 4)]
)
def test_equals_plain_loops(items, groups, seed, mine):
    embeddings, labels = batch(items, groups, seed)
    torch.testing.assert_close(
        multi_similarity(embeddings, labels, mine=mine, reduction="none"),
        by_loops(embeddings, labels, mine=mine),
    )


def test_mean_counts_anchors_without_pairs():
    embeddings, labels = batch(8, 6)
    values = multi_similarity(embeddings, labels, reduction="none")
    assert (values == 0).any()
    torch.testing.assert_close(multi_similarity(embeddings, labels), values.sum() / 8)


def test_gradient_weighs_pairs_as_the_paper_says():
    # One anchor's weight of a negative: 1 / (e^{beta (base - s)} + sum over negatives of e^{beta (s_k - s)}).
    positive, first, second = 0.3, 0.4, 0.45
    similarity = torch.tensor([positive, first, second], dtype=torch.float64)
    embeddings = torch.eye(4, dtype=torch.float64)
    embeddings[0, 1:] = similarity  # with unit rows, dot products of row 0 with the others are these
    embeddings.requires_grad_()
    labels = torch.tensor([0, 0, 1, 2])
    loss = multi_similarity(embeddings, labels, normalize=False, mine=False, reduction="none")[0]
    (gradient,) = torch.autograd.grad(loss, embeddings)
    alpha, beta, base = 2.0, 50.0, 0.5
    pull = -1 / (math.exp(-alpha * (base - positive)) + 1)
    push = [
        1 / (math.exp(beta * (base - s)) + math.exp(beta * (first - s)) + math.exp(beta * (second - s)))
        for s in (first, second)
    ]
    torch.testing.assert_close(gradient[0, 1:], torch.tensor([pull, *push], dtype=torch.float64))


def test_mined_pairs_are_those_of_the_miner():
    embeddings, labels = batch(12, 3, 5)
    pairs = multi_similarity_miner(embeddings, labels)
    similarity = torch.nn.functional.cosine_similarity(embeddings[:, None], embeddings[None], dim=2)
    pull = (pairs.positive * torch.exp(-2.0 * (similarity - 0.5))).sum(1).log1p() / 2.0
    push = (pairs.negative * torch.exp(50.0 * (similarity - 0.5))).sum(1).log1p() / 50.0
    torch.testing.assert_close(multi_similarity(embeddings, labels, reduction="none"), pull + push)


@pytest.mark.parametrize(
    "labels", [[0], [3, 3, 3, 3], [0, 1, 2, 3]], ids=["one_item", "one_class", "all_different"]
)
def test_batch_without_contradiction_gives_zero_with_a_graph(labels):
    embeddings = batch(len(labels))[0].requires_grad_()
    loss = multi_similarity(embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0
    torch.testing.assert_close(embeddings.grad, torch.zeros_like(embeddings))


def test_without_mining_every_anchor_counts():
    embeddings, _ = batch(4)
    values = multi_similarity(embeddings, torch.arange(4), mine=False, reduction="none")
    assert (values > 0).all()


def test_duplicate_of_the_anchor_is_no_positive_unless_asked_for():
    embeddings = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    labels = torch.tensor([0, 0, 1])
    assert multi_similarity(embeddings, labels, epsilon=5.0).item() == 0
    assert multi_similarity(embeddings, labels, epsilon=5.0, duplicate_threshold=None).item() > 0


def test_dot_products_have_no_duplicate_test_by_default():
    embeddings = torch.tensor([[2.0, 0.0], [2.0, 0.1], [1.0, 1.0]])
    labels = torch.tensor([0, 0, 1])
    kept = multi_similarity(embeddings, labels, normalize=False, mine=False, reduction="none")
    dropped = multi_similarity(
        embeddings, labels, normalize=False, mine=False, reduction="none", duplicate_threshold=1.0
    )
    assert kept[0] > dropped[0]


def test_sharp_side_does_not_overflow():
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2]], dtype=torch.float32)
    loss = multi_similarity(embeddings, torch.tensor([0, 0, 1]), beta=1e4)
    assert loss.isfinite()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_rows_of_any_length_have_a_direction(scale):
    embeddings, labels = batch()
    plain = multi_similarity(embeddings.float(), labels)
    torch.testing.assert_close(multi_similarity(embeddings.float() * scale, labels), plain)


def test_exact_metrics_are_those_of_the_retrieval_report():
    embeddings, labels = batch()
    report = retrieval_report(embeddings.numpy(), labels.numpy(), k=[1])
    recall, precision = LOSS.pairs_with
    assert recall(embeddings=embeddings, labels=labels) == report["recall_at_1"]
    assert precision(embeddings=embeddings, labels=labels) == pytest.approx(report["map_at_r"], rel=1e-12)


def test_zero_row_has_no_direction():
    embeddings, labels = batch()
    embeddings[3] = 0
    with pytest.raises(InvalidInputError, match="embeddings: got zeros only in row 3"):
        multi_similarity(embeddings, labels)


def test_zero_row_is_finite_where_values_are_not_checked():
    embeddings, labels = batch()
    embeddings[3] = 0
    embeddings.requires_grad_()
    with checks(False):
        loss = multi_similarity(embeddings, labels)
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad is not None
    assert embeddings.grad.isfinite().all()


@pytest.mark.parametrize("mine", [True, False])
def test_nan_reaches_the_loss_where_values_are_not_checked(mine):
    embeddings, labels = batch()
    embeddings[2, 1] = math.nan
    with checks(False):
        assert multi_similarity(embeddings, labels, mine=mine).isnan()


def test_overflowing_dot_products_are_refused():
    embeddings, labels = batch()
    with pytest.raises(InvalidInputError, match="embeddings: got dot products that overflow"):
        multi_similarity(embeddings.float() * 1e25, labels, normalize=False)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("alpha", 0.0),
        ("beta", -1.0),
        ("base", math.nan),
        ("epsilon", -0.1),
        ("duplicate_threshold", "never"),
        ("duplicate_threshold", math.nan),
        ("reduction", "average"),
    ],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(InvalidInputError, match=option):
        multi_similarity(*batch(), **{option: value})


def test_empty_batch_is_refused():
    with pytest.raises(ShapeError, match=r"embeddings: got shape \(0, 4\)"):
        multi_similarity(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))


def test_labels_must_be_one_integer_per_row():
    embeddings, labels = batch()
    with pytest.raises(ShapeError, match="labels"):
        multi_similarity(embeddings, labels[:-1])
    with pytest.raises(DtypeError, match="labels"):
        multi_similarity(embeddings, labels.double())
