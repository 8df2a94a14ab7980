"""The Plackett-Luce log-likelihood: against its definition, with padding, weights and large scores."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops.plackett_luce import _by_torch, _curvature_product, plackett_luce_log_likelihood

OPERATOR = torch.ops.lossary.plackett_luce.default


def lists(*shape: int, seed: int = 0, spread: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(shape, generator=generator, dtype=torch.float64)


def by_definition(scores: list[float], weights: list[float]) -> float:
    total = 0.0
    for place, (score, weight) in enumerate(zip(scores, weights, strict=True)):
        total += weight * (score - math.log(sum(map(math.exp, scores[place:]))))
    return total


@given(seed=st.integers(0, 2**16), items=st.integers(1, 6), spread=st.floats(0, 8))
@settings(max_examples=40)
def test_equals_the_definition_step_by_step(seed, items, spread):
    scores, weights = lists(items, seed=seed, spread=spread), lists(items, seed=seed + 1).abs()
    value = plackett_luce_log_likelihood(scores, weights=weights)
    expected = by_definition(scores.tolist(), weights.tolist())
    assert value.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_orders_of_the_same_items_have_probabilities_that_add_up_to_one():
    scores = lists(4)
    orders = torch.tensor(list(itertools.permutations(range(4))))
    torch.testing.assert_close(
        plackett_luce_log_likelihood(scores[orders]).exp().sum(), torch.tensor(1.0, dtype=torch.float64)
    )


@given(seed=st.integers(0, 2**16), kept=st.lists(st.booleans(), min_size=1, max_size=7))
@settings(max_examples=40)
def test_padding_anywhere_is_as_if_it_were_not_there(seed, kept):
    scores, mask = lists(len(kept), seed=seed), torch.tensor(kept)
    weights = lists(len(kept), seed=seed + 1).abs()
    spoilt = scores.where(mask, math.nan).requires_grad_()
    value = plackett_luce_log_likelihood(spoilt, mask, weights=weights)
    short = scores[mask].requires_grad_()
    expected = plackett_luce_log_likelihood(short, weights=weights[mask])
    (gradient,) = torch.autograd.grad(value, spoilt)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient[mask], torch.autograd.grad(expected, short)[0])
    assert not gradient[~mask].any()


def test_an_item_without_weight_competes_but_is_not_chosen():
    scores = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64)
    value = plackett_luce_log_likelihood(scores, weights=torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(value, scores.log_softmax(0)[0])


@pytest.mark.parametrize("items", [1, 6])
def test_derivatives_are_those_of_finite_differences_where_weights_and_items_are_missing(items):
    scores = lists(3, items).requires_grad_()
    mask = torch.ones(3, items, dtype=torch.bool)
    mask[0, -1], mask[1] = False, False
    weights = lists(3, items, seed=1).abs()
    weights[2, items // 2] = 0.0

    def value(leaf: torch.Tensor) -> torch.Tensor:
        return plackett_luce_log_likelihood(leaf, mask, weights=weights)

    assert torch.autograd.gradcheck(value, scores)
    assert torch.autograd.gradgradcheck(value, scores)


def test_weights_receive_no_gradient():
    scores, weights = lists(4).requires_grad_(), torch.ones(4, requires_grad=True)
    plackett_luce_log_likelihood(scores, weights=weights).backward()
    assert weights.grad is None


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("spread", [1.0, 1e4])
def test_float32_keeps_its_digits_at_large_scores(offset, spread):
    narrow = (offset + lists(2, 300, spread=spread)).float().requires_grad_()
    wide = narrow.detach().double().requires_grad_()
    value, expected = plackett_luce_log_likelihood(narrow), plackett_luce_log_likelihood(wide)
    torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=0)
    gradients = torch.autograd.grad(value.sum(), narrow) + torch.autograd.grad(expected.sum(), wide)
    torch.testing.assert_close(gradients[0].double(), gradients[1], rtol=1e-6, atol=1e-6)


def test_an_expected_order_keeps_the_digits_of_its_small_loss_and_gradient():
    scores = torch.tensor([60.0, 30.0], requires_grad=True)
    value = plackett_luce_log_likelihood(scores)
    value.backward()
    assert value.item() == pytest.approx(-math.exp(-30), rel=1e-5)
    assert scores.grad.tolist() == pytest.approx([math.exp(-30), -math.exp(-30)], rel=1e-5)


def test_no_items_are_a_certain_order():
    for scores in (torch.zeros(2, 0, requires_grad=True), torch.zeros(0, 3, requires_grad=True)):
        value = plackett_luce_log_likelihood(scores)
        value.sum().backward()
        assert value.shape == scores.shape[:1]
        assert not value.any()


def test_transforms_give_what_autograd_gives():
    scores, mask = lists(3, 4), torch.tensor([True, True, False, True])
    leaf = scores.clone().requires_grad_()
    value = plackett_luce_log_likelihood(leaf, mask.expand(3, 4))
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    each = torch.func.vmap(torch.func.grad(plackett_luce_log_likelihood), in_dims=(0, None))(scores, mask)
    torch.testing.assert_close(each, gradient)
    compiled = torch.compile(plackett_luce_log_likelihood, fullgraph=True, backend="aot_eager")
    again = compiled(leaf, mask.expand(3, 4))
    torch.testing.assert_close(again, value)
    torch.testing.assert_close(torch.autograd.grad(again.sum(), leaf)[0], gradient)


@given(
    seed=st.integers(0, 2**16),
    items=st.integers(0, 20),
    spread=st.sampled_from([1.0, 30.0, 1e4]),
    masked=st.booleans(),
    weighted=st.booleans(),
)
@settings(max_examples=60)
def test_the_kernel_and_torch_agree(seed, items, spread, masked, weighted):
    scores = lists(2, 3, items, seed=seed, spread=spread)
    weights = (lists(2, 3, items, seed=seed + 1) - 0.5).clamp(min=0) if weighted else None
    mask = lists(2, 3, items, seed=seed + 2) > -1 if masked else None
    tolerances = {torch.float64: 1e-14 * spread + 1e-12, torch.float32: 1e-5}
    for dtype, tolerance in tolerances.items():
        given = (scores.to(dtype), mask, weights)
        torch.testing.assert_close(OPERATOR(*given), _by_torch(*given), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("odd", [math.nan, math.inf, 1e200])
def test_scores_that_the_kernel_refuses_are_left_to_torch(odd):
    scores = torch.tensor([[0.0, odd, 1.0], [0.0, 2.0, 1.0]], dtype=torch.float64, requires_grad=True)
    value = plackett_luce_log_likelihood(scores)
    assert bool(value[0].isfinite()) == math.isfinite(odd)
    torch.testing.assert_close(value[1], plackett_luce_log_likelihood(scores[1]))


def test_second_derivatives_are_the_differences_of_first_ones():
    scores, weights = lists(5), lists(5, seed=1).abs()
    weights[2] = 0.0
    mask = torch.tensor([True, True, True, False, True])
    step = 1e-6 * lists(5, seed=2)
    slopes = [_by_torch(scores + sign * step, mask, weights)[1] for sign in (1, -1)]
    expected = (slopes[0] - slopes[1]) / 2e-6
    product = _curvature_product(scores, mask, weights, step * 1e6)
    torch.testing.assert_close(product, expected, rtol=1e-6, atol=1e-9)


def test_a_certain_choice_keeps_the_digits_of_its_small_curvature():
    scores = torch.tensor([60.0, 30.0], dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(plackett_luce_log_likelihood, scores)
    assert hessian[0].tolist() == pytest.approx([-math.exp(-30), math.exp(-30)], rel=1e-12)


def test_the_operator_passes_opcheck():
    scores, mask = lists(2, 4), torch.tensor([True, True, False, True]).expand(2, 4)
    for options in ((None, None), (mask, None), (mask, lists(2, 4, seed=1).abs())):
        torch.library.opcheck(OPERATOR, (scores, *options))


# torch's own check reads .grad of a tensor that is no leaf
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_the_operator_with_a_gradient_passes_opcheck():
    torch.library.opcheck(OPERATOR, (lists(2, 4).requires_grad_(), None, None))


def test_an_exported_graph_can_be_trained():
    class Criterion(torch.nn.Module):
        def forward(self, scores: torch.Tensor) -> torch.Tensor:
            return plackett_luce_log_likelihood(scores).sum()

    scores = lists(3, 4).requires_grad_()
    exported = torch.export.export(Criterion(), (scores,)).module()
    expected = torch.autograd.grad(plackett_luce_log_likelihood(scores).sum(), scores)
    torch.testing.assert_close(torch.autograd.grad(exported(scores), scores), expected)


def test_vmap_takes_any_of_the_arguments_along():
    scores, weights = lists(3, 4), lists(4, 3, seed=1).abs()
    each = torch.func.vmap(lambda own: plackett_luce_log_likelihood(scores[0], weights=own), in_dims=1)(
        weights
    )
    expected = plackett_luce_log_likelihood(scores[:1].expand(3, 4), weights=weights.T)
    torch.testing.assert_close(each, expected)
    twice = torch.func.vmap(torch.func.vmap(plackett_luce_log_likelihood))(scores.reshape(3, 2, 2))
    torch.testing.assert_close(twice, plackett_luce_log_likelihood(scores.reshape(3, 2, 2)))


def test_a_penalty_on_the_gradient_can_be_trained():
    scores = lists(2, 5).requires_grad_()

    def penalised(value: torch.Tensor) -> torch.Tensor:
        (first,) = torch.autograd.grad(value, scores, create_graph=True)
        return torch.autograd.grad(first.square().sum() + value, scores)[0]

    plain = (scores - scores.flip(-1).logcumsumexp(-1).flip(-1)).sum()
    torch.testing.assert_close(penalised(plackett_luce_log_likelihood(scores).sum()), penalised(plain))


def test_a_single_list_may_be_a_view_with_gaps():
    scores = lists(6)
    found = plackett_luce_log_likelihood(scores[::2], weights=torch.ones(6)[::2])
    torch.testing.assert_close(found, plackett_luce_log_likelihood(scores[::2].clone()))
