"""The all-pairs operators against brute force, and what they promise to torch."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.ops import all_pairs
from lossary.ops.all_pairs import all_pairs_logistic, all_pairs_logistic_gradient
from torch.func import grad, vmap

VALUE = torch.ops.lossary.all_pairs_logistic.default
GRADIENT = torch.ops.lossary.all_pairs_logistic_gradient.default


def brute_force(score: torch.Tensor, target: torch.Tensor, temperature: float) -> torch.Tensor:
    """All pairs at once, with torch's own gradient."""
    difference = score[target].unsqueeze(1) - score[~target]
    return torch.logaddexp(-difference / temperature, torch.zeros_like(difference)).mean()


def sample(
    size: int, *, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(size, generator=generator, dtype=torch.float64).to(dtype)
    return score, torch.arange(size) % 3 == 0


grid = st.integers(-4, 4).map(lambda step: step / 2)
batches = st.lists(st.tuples(grid | st.floats(-50, 50), st.booleans()), min_size=2, max_size=24).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(rows=batches, temperature=st.sampled_from([0.05, 1.0, 7.0]))
def test_value_and_gradient_equal_brute_force(rows, temperature):
    score = torch.tensor([row[0] for row in rows], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([row[1] for row in rows])
    expected = brute_force(score, target, temperature)
    actual = all_pairs_logistic(score, target, temperature)
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(
        torch.autograd.grad(actual, score)[0], torch.autograd.grad(expected, score)[0], rtol=1e-11, atol=1e-14
    )


@pytest.mark.parametrize("pairs_per_tile", [1, 7, 16, 1000])
def test_tiles_of_any_size_give_the_same_result(monkeypatch, pairs_per_tile):
    score, target = sample(40)
    expected = all_pairs_logistic(score, target, 0.5), all_pairs_logistic_gradient(score, target, 0.5)
    monkeypatch.setattr(all_pairs, "_PAIRS_PER_TILE", pairs_per_tile)
    actual = all_pairs_logistic(score, target, 0.5), all_pairs_logistic_gradient(score, target, 0.5)
    torch.testing.assert_close(actual, expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize(("positives", "negatives"), [(3, 5), (4000, 3000), (2, 1_500_000), (1_500_000, 1)])
def test_no_tile_exceeds_its_limit_and_all_pairs_are_covered(positives, negatives):
    covered = 0
    for rows, columns, difference in all_pairs._tiles(torch.zeros(positives), torch.zeros(negatives)):
        assert difference.numel() <= all_pairs._PAIRS_PER_TILE
        assert difference.shape == (
            len(range(positives)[rows]),
            len(range(negatives)[columns]),
        )
        covered += difference.numel()
    assert covered == positives * negatives


def test_float32_sums_as_exactly_as_float64():
    score, target = sample(3000, dtype=torch.float32)
    score.requires_grad_()
    wide = score.detach().double().requires_grad_()
    value, exact = all_pairs_logistic(score, target, 1.0), all_pairs_logistic(wide, target, 1.0)
    value.backward()
    exact.backward()
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, exact.float(), rtol=2e-7, atol=0)
    torch.testing.assert_close(score.grad, wide.grad.float(), rtol=1e-6, atol=0)


def test_repeated_calls_give_the_same_bits():
    score, target = sample(2500, dtype=torch.float32)
    first = all_pairs_logistic(score, target, 0.3), all_pairs_logistic_gradient(score, target, 0.3)
    second = all_pairs_logistic(score, target, 0.3), all_pairs_logistic_gradient(score, target, 0.3)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("target", [[True, True, True], [False, False, False], []])
def test_no_pair_gives_zero_and_a_zero_gradient(target):
    score = torch.ones(len(target), requires_grad=True)
    value = all_pairs_logistic(score, torch.tensor(target, dtype=torch.bool), 1.0)
    value.backward()
    assert value.item() == 0
    assert torch.equal(score.grad, torch.zeros_like(score))


def test_takes_strided_scores_and_leaves_them_alone():
    storage = torch.arange(10.0)
    score, target = storage[::2], torch.tensor([True, False, False, True, False])
    value = all_pairs_logistic(score, target, 1.0)
    torch.testing.assert_close(value, brute_force(score, target, 1.0))
    assert torch.equal(storage, torch.arange(10.0))


@pytest.mark.parametrize("operator", [VALUE, GRADIENT])
def test_operators_pass_opcheck(operator):
    torch.library.opcheck(operator, (*sample(12), 0.5))


# torch's own check reads .grad of a tensor that is no leaf
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_operator_with_a_gradient_passes_opcheck():
    score, target = sample(12)
    torch.library.opcheck(VALUE, (score.requires_grad_(), target, 0.5))


def test_bare_operator_has_the_same_gradient():
    score, target = sample(12)
    score.requires_grad_()
    expected = torch.autograd.grad(all_pairs_logistic(score, target, 0.5), score)[0]
    assert torch.equal(torch.autograd.grad(VALUE(score, target, 0.5), score)[0], expected)


def second_derivative_by_autograd(function, score):
    score.requires_grad_()
    (first,) = torch.autograd.grad(function(score), score, create_graph=True)
    (first.square().sum() + score.square().sum()).backward()


def second_derivative_by_transforms(function, score):
    grad(lambda inner: grad(function)(inner).square().sum() + inner.square().sum())(score)


@pytest.mark.parametrize("operator", [all_pairs_logistic, VALUE])
def test_second_derivative_raises_instead_of_dropping_a_term(operator):
    score, target = sample(6)
    with pytest.raises(InvalidInputError, match=r"score: .*second derivatives; wanted first"):
        second_derivative_by_autograd(lambda value: operator(value, target, 1.0), score)


def test_second_derivative_raises_under_transforms():
    score, target = sample(6)
    with pytest.raises(InvalidInputError, match=r"score: .*second derivatives; wanted first"):
        second_derivative_by_transforms(lambda value: all_pairs_logistic(value, target, 1.0), score)


def test_vmap_over_scores_and_targets_of_differing_split():
    scores = torch.stack([sample(9, seed=seed)[0] for seed in range(3)], dim=1)
    targets = torch.arange(27).reshape(3, 9) % torch.tensor([[2], [3], [9]]) == 0
    actual = vmap(lambda score, target: all_pairs_logistic(score, target, 0.5), in_dims=(1, 0))(
        scores, targets
    )
    expected = [brute_force(score, target, 0.5) for score, target in zip(scores.T, targets, strict=True)]
    torch.testing.assert_close(actual, torch.stack(expected))


def test_vmap_and_grad_commute():
    scores, target = torch.stack([sample(9, seed=seed)[0] for seed in range(3)]), sample(9)[1]

    def loss(score: torch.Tensor) -> torch.Tensor:
        return all_pairs_logistic(score, target, 0.5)

    inside = vmap(grad(loss))(scores)
    outside = grad(lambda batch: vmap(loss)(batch).sum())(scores)
    torch.testing.assert_close(inside, outside)
    torch.testing.assert_close(inside[1], grad(lambda score: brute_force(score, target, 0.5))(scores[1]))


def test_exported_graph_can_be_trained():
    class Criterion(torch.nn.Module):
        def forward(self, score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return all_pairs_logistic(score, target, 0.5)

    score, target = sample(9)
    exported = torch.export.export(Criterion(), (score, target)).module()
    score.requires_grad_()
    actual = torch.autograd.grad(exported(score, target), score)[0]
    torch.testing.assert_close(actual, torch.autograd.grad(brute_force(score, target, 0.5), score)[0])


def test_far_apart_scores_stay_finite():
    score, target = torch.tensor([-1e30, 1e30], requires_grad=True), torch.tensor([True, False])
    value = all_pairs_logistic(score, target, 1.0)
    value.backward()
    assert value.item() == pytest.approx(2e30)
    assert score.grad.tolist() == [-1.0, 1.0]


def test_smallest_losses_keep_their_digits():
    score, target = torch.tensor([40.0, 0.0], dtype=torch.float64), torch.tensor([True, False])
    assert all_pairs_logistic(score, target, 1.0).item() == pytest.approx(
        math.log1p(math.exp(-40)), rel=1e-14
    )
