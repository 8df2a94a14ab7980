"""Comparative regularization beyond conformance: its pairs, where its gradient goes, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.retrieval.comparative_regularization import LOSS, comparative_regularization


def batch(queries: int = 3, revisions: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    losses = torch.rand(queries, revisions, generator=generator, dtype=torch.float64)
    return losses, torch.randint(3, (queries, revisions), generator=generator)


@given(seed=st.integers(0, 2**16), margin=st.floats(0, 1), reduction=st.sampled_from(["mean", "sum"]))
@settings(max_examples=25)
def test_equals_plain_loops(seed, margin, reduction):
    losses, amount = batch(seed=seed)
    terms = [
        max(0.0, float(losses[q, i] - losses[q, j]) + margin)
        for q in range(3)
        for i in range(4)
        for j in range(4)
        if amount[q, i] > amount[q, j]
    ]
    expected = sum(terms) / (max(len(terms), 1) if reduction == "mean" else 1)
    found = comparative_regularization(losses, amount, margin=margin, reduction=reduction)
    assert found.item() == pytest.approx(expected)


def test_one_row_of_amounts_serves_all_queries():
    losses, _ = batch()
    amount = torch.tensor([3, 1, 1, 0])
    torch.testing.assert_close(
        comparative_regularization(losses, amount),
        comparative_regularization(losses, amount.expand(3, 4)),
    )


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.float32, torch.float64])
def test_amounts_may_be_of_any_real_dtype(dtype):
    losses, amount = batch()
    wanted = comparative_regularization(losses, amount)
    assert torch.equal(comparative_regularization(losses, amount.to(dtype)), wanted)


def test_more_may_not_do_worse():
    amount = torch.tensor([2, 0])
    assert comparative_regularization(torch.tensor([[0.25, 0.75]]), amount).item() == 0
    assert comparative_regularization(torch.tensor([[0.75, 0.25]]), amount).item() == 0.5


@pytest.mark.parametrize(("detach_smaller", "raised"), [(False, -1.0), (True, 0.0)])
def test_gradient_lowers_the_larger_amounts_loss_and_raises_the_other_unless_detached(detach_smaller, raised):
    losses = torch.tensor([[0.75, 0.25]], requires_grad=True)
    comparative_regularization(losses, torch.tensor([1, 0]), detach_smaller=detach_smaller).backward()
    assert losses.grad.tolist() == [[1.0, raised]]


def test_equal_losses_have_no_gradient():
    losses = torch.full((1, 2), 0.5, requires_grad=True)
    loss = comparative_regularization(losses, torch.tensor([1, 0]))
    loss.backward()
    assert loss.item() == 0
    assert not losses.grad.any()


@pytest.mark.parametrize(
    ("shape", "amount"), [((3, 1), [2]), ((3, 2), [2, 2]), ((0, 2), [2, 1]), ((3, 0), [])]
)
def test_without_a_comparable_pair_it_is_zero_with_a_graph(shape, amount):
    losses = torch.rand(shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = comparative_regularization(losses, torch.tensor(amount, dtype=torch.int64), margin=1.0)
    loss.backward()
    assert loss.item() == 0
    assert not losses.grad.any()


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_it_is_zero_exactly_where_no_comparison_is_violated(seed):
    losses, amount = batch(2, 3, seed)
    if seed % 2:
        losses = losses.sort(1).values
        amount = amount.sort(1, descending=True).values
    (order,) = LOSS.pairs_with
    if (amount[:, 1:] == amount[:, :-1]).all():
        return  # nothing to compare, and no value of the metric
    violated = order(losses=losses, amount=amount) < 1
    assert (comparative_regularization(losses, amount).item() > 0) == violated


def test_the_exact_metric_is_the_share_of_pairs_in_order():
    (order,) = LOSS.pairs_with
    losses = torch.tensor([[0.5, 0.25, 0.75], [0.5, 0.5, 0.25]])
    # of the pairs with amounts (2, 1), (2, 0), (1, 0): only the first of the first query is in disorder, and
    # the last two of the second; equal losses are no violation
    assert order(losses=losses, amount=torch.tensor([2, 1, 0])) == pytest.approx(3 / 6)


LOSSES, AMOUNT = batch()


@pytest.mark.parametrize(
    ("losses", "amount", "options", "error", "argument"),
    [
        (LOSSES[0], AMOUNT[0], {}, ShapeError, "losses"),
        (LOSSES, AMOUNT[:, :2], {}, ShapeError, "amount"),
        (LOSSES, AMOUNT[0, :2], {}, ShapeError, "amount"),
        (LOSSES, AMOUNT[:2], {}, ShapeError, "amount"),
        (LOSSES, AMOUNT[0, 0], {}, ShapeError, "amount"),
        (LOSSES, AMOUNT > 0, {}, DtypeError, "amount: got dtype torch.bool"),
        (LOSSES, AMOUNT.tolist(), {}, DtypeError, "amount"),
        (LOSSES, AMOUNT * math.nan, {}, InvalidInputError, "amount"),
        (LOSSES * math.nan, AMOUNT, {}, InvalidInputError, "losses"),
        (LOSSES, AMOUNT, {"margin": -0.1}, InvalidInputError, "margin"),
        (LOSSES, AMOUNT, {"reduction": "none"}, InvalidInputError, "reduction: got 'none'"),
    ],
)
def test_bad_input_is_named(losses, amount, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        comparative_regularization(losses, amount, **options)
