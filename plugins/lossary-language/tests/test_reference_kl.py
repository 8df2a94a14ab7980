"""Divergence from a reference model: torch's own, masks, one vocabulary axis, extremes and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.reference_kl import reference_kl
from torch.nn.functional import kl_div

GENERATOR = torch.Generator().manual_seed(0)
LOGITS, REFERENCE = (torch.randn(3, 4, 5, generator=GENERATOR, dtype=torch.float64) for _ in range(2))
MASK = torch.tensor([[True, True, False, True]]).expand(3, 4)


def test_is_the_divergence_of_torch_with_its_arguments_in_order():
    wanted = kl_div(LOGITS.log_softmax(-1), REFERENCE.log_softmax(-1), reduction="none", log_target=True)
    torch.testing.assert_close(reference_kl(LOGITS, REFERENCE, reduction="none"), wanted.sum(-1))


def test_masked_positions_do_not_count():
    kept = reference_kl(LOGITS[:, [0, 1, 3]], REFERENCE[:, [0, 1, 3]])
    torch.testing.assert_close(reference_kl(LOGITS, REFERENCE, MASK), kept)
    values = reference_kl(LOGITS, REFERENCE, MASK, reduction="none")
    assert not values[:, 2].any()


def test_one_row_per_position_is_the_same():
    flat = reference_kl(LOGITS.flatten(0, 1), REFERENCE.flatten(0, 1), MASK.flatten())
    torch.testing.assert_close(flat, reference_kl(LOGITS, REFERENCE, MASK))


def test_gradient_is_the_difference_of_the_probabilities():
    leaf = LOGITS.clone().requires_grad_()
    reference_kl(leaf, REFERENCE, reduction="sum").backward()
    torch.testing.assert_close(leaf.grad, LOGITS.softmax(-1) - REFERENCE.softmax(-1))


def test_opposite_certainties_are_finite():
    leaf = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = reference_kl(leaf, -leaf.detach())
    loss.backward()
    assert loss.item() == pytest.approx(2e4)
    torch.testing.assert_close(leaf.grad, torch.tensor([[1.0, -1.0]]))


def test_nothing_that_counts_gives_zero_with_a_graph():
    leaf = LOGITS.clone().requires_grad_()
    loss = reference_kl(leaf, REFERENCE, torch.zeros(3, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()


@pytest.mark.parametrize(
    ("inputs", "error", "argument"),
    [
        ((LOGITS, REFERENCE[:2]), ShapeError, "ref_logits"),
        ((LOGITS, REFERENCE[..., :1]), ShapeError, "ref_logits"),
        ((LOGITS[..., :0], REFERENCE[..., :0]), ShapeError, "logits"),
        ((LOGITS, REFERENCE, MASK[0]), ShapeError, "mask"),
        ((LOGITS, REFERENCE, MASK.long()), DtypeError, "mask"),
        ((LOGITS, REFERENCE * math.nan), InvalidInputError, "ref_logits"),
    ],
)
def test_bad_input_is_named(inputs, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        reference_kl(*inputs)
