"""Permutation-invariant cross-entropy beyond conformance: all orders by force, missing items, its errors."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.order_search import order_search
from lossary.losses.ranking.permutation_invariant_cross_entropy import (
    LOSS,
    permutation_invariant_cross_entropy,
)
from torch.nn import functional


def sample(rows: int = 3, positions: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(rows, positions, 5, generator=generator, dtype=torch.float64)
    return logits, torch.randint(5, (rows, positions), generator=generator)


def log_prob_of_orders(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Of one set, (1, orders)."""
    log_prob = logits.log_softmax(1)
    positions = range(len(target))
    orders = [log_prob[positions, target[list(order)]].sum() for order in itertools.permutations(positions)]
    return torch.stack(orders).unsqueeze(0)


@given(seed=st.integers(0, 2**16), positions=st.integers(1, 5))
@settings(max_examples=25)
def test_is_order_search_over_all_orders(seed, positions):
    logits, target = sample(1, positions, seed)
    logits.requires_grad_()
    loss = permutation_invariant_cross_entropy(logits, target)
    expected = order_search(log_prob_of_orders(logits[0], target[0]))
    torch.testing.assert_close(loss, expected)
    gradients = [torch.autograd.grad(value, logits)[0] for value in (loss, expected)]
    torch.testing.assert_close(*gradients)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_the_order_of_the_items_does_not_matter(seed):
    logits, target = sample(seed=seed)
    shuffled = target[:, torch.randperm(4, generator=torch.Generator().manual_seed(seed))]
    torch.testing.assert_close(
        permutation_invariant_cross_entropy(logits, shuffled),
        permutation_invariant_cross_entropy(logits, target),
    )


def test_of_one_item_repeated_is_cross_entropy():
    logits, _ = sample()
    target = torch.tensor([2, 0, 4]).unsqueeze(1).expand(3, 4)
    expected = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum")
    torch.testing.assert_close(permutation_invariant_cross_entropy(logits, target, reduction="sum"), expected)


@given(seed=st.integers(0, 2**16), kept=st.lists(st.booleans(), min_size=1, max_size=6))
@settings(max_examples=25)
def test_items_that_are_none_leave_the_first_positions_to_the_others(seed, kept):
    (logits, target), mask = sample(1, len(kept), seed), torch.tensor([kept])
    logits.requires_grad_()
    values = permutation_invariant_cross_entropy(logits, target.where(mask, -100), reduction="none")
    values.sum().backward()
    size = sum(kept)
    assert not logits.grad[:, size:].any()
    if size == 0:
        assert values.tolist() == [0]
    else:
        alone = permutation_invariant_cross_entropy(logits[:, :size], target[:, kept])
        torch.testing.assert_close(values[0], alone)


def test_length_is_that_of_the_items_which_are_there():
    logits, target = sample()
    target[0, 1:3] = target[1, :] = -100
    sums = permutation_invariant_cross_entropy(logits, target, reduction="none")
    means = permutation_invariant_cross_entropy(logits, target, normalize_length=True, reduction="none")
    torch.testing.assert_close(means, sums / torch.tensor([2, 1, 4]))


def test_sets_without_an_item_leave_the_mean():
    logits, target = sample()
    target[1] = -100
    values = permutation_invariant_cross_entropy(logits, target, reduction="none")
    torch.testing.assert_close(
        permutation_invariant_cross_entropy(logits, target), (values[0] + values[2]) / 2
    )


def test_any_class_can_be_the_ignored_one_and_dtypes_may_be_narrow():
    logits, target = sample()
    marked = target.where(target != 3, -100)
    torch.testing.assert_close(
        permutation_invariant_cross_entropy(logits, target.to(torch.uint8), ignore_index=3),
        permutation_invariant_cross_entropy(logits, marked),
    )


def test_the_exact_metric_matches_items_before_it_compares():
    (metric,) = LOSS.pairs_with
    logits = 9 * functional.one_hot(torch.tensor([[2, 0, 1], [1, 1, 0]]), 3).float()
    target = torch.tensor([[1, 2, 0], [1, -100, 2]])
    assert metric(logits=logits, target=target) == pytest.approx(4 / 5)


LOGITS, TARGET = sample()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET[0], {}, ShapeError, "logits"),
        (LOGITS[:, :0], TARGET[:, :0], {}, ShapeError, "logits"),
        (LOGITS[:0], TARGET[:0], {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:, :2], {}, ShapeError, "target"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS, TARGET.float(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 5, {}, InvalidInputError, "target"),
        (LOGITS, TARGET - 5, {}, InvalidInputError, "target"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"ignore_index": None}, DtypeError, "ignore_index"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        permutation_invariant_cross_entropy(logits, target, **options)
