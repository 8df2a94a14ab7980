"""Attention entropy beyond conformance: its bounds, padding, given probabilities and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.attention_entropy import attention_entropy

ATTENTION = torch.tensor([[0.3, -2.0, 1.0], [0.1, 0.2, 0.0]])
MASK = torch.tensor([[True, True, True], [True, False, False]])


@given(seed=st.integers(0, 2**16), size=st.integers(1, 8))
@settings(max_examples=25)
def test_equals_the_formula_read_literally_within_its_bounds(seed, size):
    attention = 3 * torch.randn(4, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    share = attention.softmax(1)
    values = attention_entropy(attention, reduction="none")
    torch.testing.assert_close(values, (share * share.log()).sum(1))
    assert bool((values >= -math.log(size) - 1e-12).all())
    assert bool((values <= 0).all())


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_padding_is_as_if_it_were_not_there(seed):
    generator = torch.Generator().manual_seed(seed)
    attention = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    mask = torch.rand(3, 6, generator=generator) > 0.4
    mask[:, 0] = True
    for from_logits, rows in ((True, attention), (False, attention.sigmoid())):
        leaf = rows.clone().requires_grad_()
        values = attention_entropy(leaf, mask, from_logits=from_logits, reduction="none")
        wanted = [
            attention_entropy(row[kept][None], from_logits=from_logits)
            for row, kept in zip(rows, mask, strict=True)
        ]
        torch.testing.assert_close(values.detach(), torch.stack(wanted))
        values.sum().backward()
        assert not leaf.grad[~mask].any()


def test_the_softmax_of_scores_may_be_given():
    torch.testing.assert_close(
        attention_entropy(ATTENTION.softmax(1), from_logits=False), attention_entropy(ATTENTION)
    )


def test_a_probability_of_zero_adds_nothing():
    share = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    values = attention_entropy(share, from_logits=False, reduction="none")
    torch.testing.assert_close(values, torch.tensor([-math.log(2), 0.0]))


def test_a_padded_probability_of_zero_has_no_gradient():
    share = torch.tensor([[0.5, 0.5, 0.0]], requires_grad=True)
    attention_entropy(share, torch.tensor([[True, True, False]]), from_logits=False).backward()
    torch.testing.assert_close(share.grad, torch.tensor([[1 - math.log(2)] * 2 + [0.0]]))


def test_settled_attention_has_finite_gradients():
    attention = torch.tensor([[0.0, -1e4, -1e30]], requires_grad=True)
    attention_entropy(attention).backward()
    assert not attention.grad.any()


def test_one_instance_and_an_empty_batch_give_zero_with_a_graph():
    for rows in (torch.ones(2, 1), torch.ones(0, 3)):
        rows.requires_grad_()
        loss = attention_entropy(rows)
        loss.backward()
        assert loss.item() == 0


@pytest.mark.parametrize(
    ("attention", "options", "error", "argument"),
    [
        (ATTENTION[0], {}, ShapeError, "attention"),
        (ATTENTION[:, :0], {}, ShapeError, "attention"),
        (ATTENTION.long(), {}, DtypeError, "attention"),
        (ATTENTION * math.nan, {}, InvalidInputError, "attention"),
        (ATTENTION, {"from_logits": False}, InvalidInputError, "attention"),
        (ATTENTION, {"mask": MASK[:1]}, ShapeError, "mask"),
        (ATTENTION, {"mask": MASK.float()}, DtypeError, "mask"),
        (
            ATTENTION,
            {"mask": MASK & torch.tensor([[True], [False]])},
            InvalidInputError,
            "mask: got no instance in row 1",
        ),
    ],
)
def test_bad_input_is_named(attention, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        attention_entropy(attention, **options)
