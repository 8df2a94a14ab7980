"""Soft top-k: its root, its gradient against that of the root, sharp and spread scores, and its errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.case import golden_arguments
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.ops.soft_top_k_operator import soft_top_k_operator

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "143-soft_top_k_operator.json")


def sample(rows: int = 3, items: int = 6, seed: int = 0, spread: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(rows, items, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("golden", GOLDENS.cases, ids=str)
def test_equals_the_golden_values(golden):
    value = soft_top_k_operator(**golden_arguments(golden))
    expected = torch.tensor(golden.expected["value"], dtype=value.dtype)
    torch.testing.assert_close(value, expected, rtol=golden.rtol, atol=golden.atol)


@given(
    seed=st.integers(0, 2**16),
    items=st.integers(2, 50),
    share=st.floats(0.001, 0.999),
    alpha=st.floats(0.01, 100),
    spread=st.floats(0, 1e4),
)
@settings(max_examples=60)
def test_adds_up_to_k_in_the_order_of_the_scores(seed, items, share, alpha, spread):
    scores = sample(2, items, seed, spread)
    value = soft_top_k_operator(scores, k=share * items, alpha=alpha)
    wanted = torch.full((2,), share * items, dtype=torch.float64)
    torch.testing.assert_close(value.sum(1), wanted, rtol=1e-7, atol=0)
    by_score = value.gather(1, scores.argsort(1))
    assert (by_score.diff() >= 0).all()


@pytest.mark.parametrize("k", [1, 2, 2.5, 5])
def test_many_items_are_inside_the_bracket(k):
    scores = torch.zeros(1, 200_000)
    torch.testing.assert_close(soft_top_k_operator(scores, k=k), torch.full_like(scores, k / 200_000))


def test_a_steep_one_is_the_indicator_of_the_largest_and_has_no_gradient():
    scores = sample().requires_grad_()
    value = soft_top_k_operator(scores, k=2, alpha=1e6)
    (gradient,) = torch.autograd.grad(value.square().sum(), scores)
    largest = torch.zeros_like(scores).scatter(1, scores.topk(2).indices, 1.0)
    torch.testing.assert_close(value.detach(), largest)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("alpha", [0.3, 3.0])
def test_derivatives_are_those_of_the_root(alpha):
    scores = sample().requires_grad_()

    def value(leaf: torch.Tensor) -> torch.Tensor:
        return soft_top_k_operator(leaf, k=2, alpha=alpha)

    assert torch.autograd.gradcheck(value, scores)
    assert torch.autograd.gradgradcheck(value, scores)
    steep = alpha * value(scores.detach()) * (1 - value(scores.detach()))
    jacobian = torch.func.jacrev(value)(scores.detach())[0, :, 0]
    expected = steep[0].diag() - steep[0].outer(steep[0]) / steep[0].sum()
    torch.testing.assert_close(jacobian, expected)


def test_each_row_may_have_its_own_k():
    scores = sample()
    value = soft_top_k_operator(scores, k=torch.tensor([1, 2, 5]))
    torch.testing.assert_close(value.sum(1), torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64))
    torch.testing.assert_close(value[1:2], soft_top_k_operator(scores[1:2], k=2))


def test_close_scores_far_from_zero_keep_their_digits():
    offsets = torch.tensor([[0.0, 0.25, 0.5, 0.75]])
    torch.testing.assert_close(
        soft_top_k_operator(offsets + 2**20, k=2), soft_top_k_operator(offsets, k=2), rtol=1e-6, atol=0
    )


def test_half_precision_is_computed_in_float32():
    scores = sample().bfloat16()
    value = soft_top_k_operator(scores, k=2)
    assert value.dtype == torch.bfloat16
    torch.testing.assert_close(value, soft_top_k_operator(scores.float(), k=2).bfloat16())


def test_transforms_give_what_autograd_gives():
    scores = sample()
    stacked = torch.stack([scores, 2 * scores])
    each = torch.func.vmap(lambda part: soft_top_k_operator(part, k=2))(stacked)
    torch.testing.assert_close(each[1], soft_top_k_operator(2 * scores, k=2))
    compiled = torch.compile(lambda part: soft_top_k_operator(part, k=2), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(scores), each[0])


def test_no_rows_give_no_values():
    scores = torch.zeros(0, 4, requires_grad=True)
    assert soft_top_k_operator(scores, k=2).shape == (0, 4)


SCORES = sample()


@pytest.mark.parametrize(
    ("scores", "options", "error", "argument"),
    [
        (SCORES[0], {}, ShapeError, "scores"),
        (SCORES.long(), {}, DtypeError, "scores"),
        (SCORES * math.nan, {}, InvalidInputError, "scores"),
        (SCORES, {"k": 0}, InvalidInputError, "k"),
        (SCORES, {"k": 6}, InvalidInputError, "k"),
        (SCORES, {"k": math.nan}, InvalidInputError, "k"),
        (SCORES, {"k": "2"}, DtypeError, "k"),
        (SCORES, {"k": True}, DtypeError, "k"),
        (SCORES, {"k": torch.tensor([1, 2])}, ShapeError, "k"),
        (SCORES, {"k": torch.tensor([1, 2, 6])}, InvalidInputError, "k"),
        (SCORES, {"alpha": 0.0}, InvalidInputError, "alpha"),
    ],
)
def test_bad_input_is_named(scores, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        soft_top_k_operator(scores, **options)
