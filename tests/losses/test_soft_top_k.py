"""Soft top-k beyond conformance: what it asks for, rows that are settled, its metrics and its errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.soft_top_k import LOSS, soft_top_k
from lossary.ops.soft_top_k_operator import soft_top_k_operator


def sample(rows: int = 4, labels: int = 8, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, labels, generator=generator, dtype=torch.float64)
    target = torch.rand(rows, labels, generator=generator) > 0.6
    return logits, target.index_fill(1, torch.tensor([0]), True).index_fill(1, torch.tensor([1]), False)


@pytest.mark.parametrize("k", [1, 3, 2.5, 7])
def test_is_minus_the_mean_log_of_the_positives_places(k):
    logits, target = sample()
    places = soft_top_k_operator(logits, k=k, alpha=1.5).log()
    expected = -torch.stack([row[kept].mean() for row, kept in zip(places, target, strict=True)])
    torch.testing.assert_close(soft_top_k(logits, target, k=k, alpha=1.5, reduction="none"), expected)


def test_the_number_of_positives_is_the_k_of_each_row():
    logits, target = sample()
    values = soft_top_k(logits, target, k="num_positives", reduction="none")
    for row in range(4):
        alone = soft_top_k(logits[row : row + 1], target[row : row + 1], k=int(target[row].sum()))
        torch.testing.assert_close(values[row], alone)


def test_positives_in_the_first_places_cost_nearly_nothing_whatever_their_order():
    logits = torch.tensor([[9.0, 8.0, 7.0, -9.0, -8.0, -7.0]])
    target = torch.tensor([[0, 1, 1, 0, 0, 0]])
    assert soft_top_k(logits, target, k=3).item() < 1e-5
    assert soft_top_k(logits, target, k=1).item() > 1


def test_a_positive_out_of_sight_keeps_its_gradient():
    logits = torch.tensor([[0.0, -1e4, -2.0, -2.0]], requires_grad=True)
    soft_top_k(logits, torch.tensor([[0, 1, 0, 0]]), k=1, alpha=2.0).backward()
    assert logits.grad[0, 1].item() == pytest.approx(-2.0)


def test_settled_rows_are_zero_without_gradient_and_count_in_the_mean():
    logits, target = sample(3)
    logits.requires_grad_()
    target[0], target[1] = False, True
    values = soft_top_k(logits, target, k="num_positives", reduction="none")
    loss = soft_top_k(logits, target, k="num_positives")
    loss.backward()
    assert values[:2].tolist() == [0, 0]
    torch.testing.assert_close(loss, values[2] / 3)
    assert not logits.grad[:2].any()
    assert logits.grad[2].any()


@pytest.mark.parametrize("k", [2, "num_positives"])
@pytest.mark.parametrize("rows", [0, 3])
def test_nothing_wanted_gives_zero_with_a_graph(rows, k):
    logits = torch.zeros(rows, 4, requires_grad=True)
    loss = soft_top_k(logits, torch.zeros(rows, 4), k=k)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("k", [2, "num_positives"])
def test_no_labels_give_zero_with_a_graph(k):
    logits = torch.zeros(3, 0, requires_grad=True)
    loss = soft_top_k(logits, torch.zeros(3, 0), k=k)
    loss.backward()
    assert loss.item() == 0


def test_exact_metrics_are_those_of_the_default_k():
    precision, recall = LOSS.pairs_with
    logits = torch.arange(8.0, 0.0, -1.0).unsqueeze(0)
    target = torch.tensor([[1, 0, 0, 0, 1, 1, 0, 0]])
    assert LOSS.options["k"] == precision.options["k"] == recall.options["k"] == 5
    assert precision(logits=logits, target=target) == pytest.approx(2 / 5)
    assert recall(logits=logits, target=target) == pytest.approx(2 / 3)


LOGITS, TARGET = sample()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET[0], {}, ShapeError, "logits"),
        (LOGITS, TARGET[:, :2], {}, ShapeError, "target"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET * 2, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"k": 8}, InvalidInputError, "k"),
        (LOGITS, TARGET, {"k": 0}, InvalidInputError, "k"),
        (LOGITS, TARGET, {"k": "all"}, InvalidInputError, "k"),
        (LOGITS, TARGET, {"k": None}, DtypeError, "k"),
        (LOGITS, TARGET, {"alpha": 0.0}, InvalidInputError, "alpha"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        soft_top_k(logits, target, **options)
