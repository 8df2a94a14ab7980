"""The all-pairs operators against brute force, and what they promise to torch."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.ops import all_pairs_torch
from lossary.ops.all_pairs import all_pairs
from lossary.ops.surrogates import SURROGATES, pair_loss
from torch.autograd.functional import hessian
from torch.func import grad, jacrev, vmap

OPERATOR = torch.ops.lossary.all_pairs.default
CURVATURE = torch.ops.lossary.all_pairs_curvature_product.default
NO_THIRD = r"score: .*third derivatives; wanted first or second"


def brute_force(
    score: torch.Tensor,
    target: torch.Tensor,
    temperature: float = 1.0,
    surrogate: str = "logistic",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """All pairs at once, with torch's own gradient."""
    difference = score[target].unsqueeze(1) - score[~target]
    share = torch.ones_like(difference)
    if weight is not None:
        share = weight[target].unsqueeze(1) * weight[~target]
    return (share * pair_loss(difference / temperature, surrogate, 1.0, 1.0)).sum() / share.sum()


def sample(
    size: int, *, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(size, generator=generator, dtype=torch.float64).to(dtype)
    return score, torch.arange(size) % 3 == 0


grid = st.integers(-4, 4).map(lambda step: step / 2 + 0.25)
batches = st.lists(
    st.tuples(grid | st.floats(-50, 50), st.booleans(), st.sampled_from([0.5, 1.0, 3.0])),
    min_size=2,
    max_size=24,
).filter(lambda rows: len({label for _, label, _ in rows}) == 2)


@settings(max_examples=150)
@given(
    rows=batches,
    temperature=st.sampled_from([0.05, 1.0, 7.0]),
    surrogate=st.sampled_from(sorted(set(SURROGATES) - {"exponential"})),
    weighted=st.booleans(),
)
def test_value_and_gradient_equal_brute_force(rows, temperature, surrogate, weighted):
    score = torch.tensor([row[0] for row in rows], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([row[1] for row in rows])
    weight = torch.tensor([row[2] for row in rows], dtype=torch.float64) if weighted else None
    expected = brute_force(score, target, temperature, surrogate, weight)
    actual = all_pairs(score, target, weight=weight, surrogate=surrogate, temperature=temperature)
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-14)
    slope, wanted = torch.autograd.grad(actual, score)[0], torch.autograd.grad(expected, score)[0]
    if surrogate in ("hinge", "barrier_hinge"):  # autograd takes another slope at a kink than ours
        difference = (score[target].unsqueeze(1) - score[~target]) / temperature
        if (difference - 1).abs().min() < 1e-9:
            return
    # The slope of torch's own sigmoid loses digits where the sigmoid is near 1.
    atol = 1e-14 * max(float(wanted.abs().max()), 1 / temperature)
    torch.testing.assert_close(slope, wanted, rtol=1e-11, atol=atol)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("weighted", [False, True])
def test_both_engines_agree(surrogate, weighted):
    score, target = sample(120)
    rows, targets = score.reshape(3, 40), target.reshape(3, 40)
    weight = torch.linspace(0, 2, 120, dtype=torch.float64).reshape(3, 40) if weighted else None
    direction = torch.sin(torch.arange(120.0, dtype=torch.float64)).reshape(3, 40)
    options = (surrogate, 0.7, 0.8, 0.5)
    torch.testing.assert_close(
        OPERATOR(rows, targets, weight, *options),
        all_pairs_torch.sums(rows, targets, weight, *options),
        rtol=1e-10,
        atol=1e-13,
    )
    torch.testing.assert_close(
        CURVATURE(rows, targets, weight, *options, direction),
        all_pairs_torch.curvature_product(rows, targets, weight, direction, *options),
        rtol=1e-10,
        atol=1e-13,
    )


@pytest.mark.parametrize("operator", [all_pairs, all_pairs_torch.sums])
def test_rows_are_averaged_after_their_pairs(operator):
    score = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 5.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    target = torch.tensor([[True, False, False], [True, True, True], [True, False, False]])
    rows = [brute_force(score[row], target[row]) for row in (0, 2)]  # the second has no pair
    if operator is all_pairs:
        value = all_pairs(score, target)
    else:
        value, _ = all_pairs_torch.sums(score, target, None, "logistic", 1.0, 1.0, 1.0)
    torch.testing.assert_close(value, (rows[0] + rows[1]) / 2)


def test_float32_sums_as_exactly_as_float64():
    score, target = sample(3000, dtype=torch.float32)
    score.requires_grad_()
    wide = score.detach().double().requires_grad_()
    value, exact = all_pairs(score, target), all_pairs(wide, target)
    value.backward()
    exact.backward()
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, exact.float(), rtol=2e-7, atol=0)
    torch.testing.assert_close(score.grad, wide.grad.float(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("target", [[True, True, True], [False, False, False], []])
@pytest.mark.parametrize("surrogate", ["logistic", "hinge"])
def test_no_pair_gives_zero_and_a_zero_gradient(target, surrogate):
    score = torch.ones(len(target), requires_grad=True)
    value = all_pairs(score, torch.tensor(target, dtype=torch.bool), surrogate=surrogate)
    value.backward()
    assert value.item() == 0
    assert torch.equal(score.grad, torch.zeros_like(score))


def test_a_class_without_weight_has_no_pair():
    score, target = torch.randn(3), torch.tensor([True, False, False])
    assert all_pairs(score, target, weight=torch.tensor([1.0, 0.0, 0.0])).item() == 0


def test_takes_strided_scores_and_leaves_them_alone():
    storage = torch.arange(10.0)
    score, target = storage[::2], torch.tensor([True, False, False, True, False])
    value = all_pairs(score, target)
    torch.testing.assert_close(value, brute_force(score, target))
    assert torch.equal(storage, torch.arange(10.0))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"score": torch.tensor([0.0, 1e200], dtype=torch.float64)}, InvalidInputError, "score: .* 1e150"),
        ({"score": torch.tensor([0, 1])}, DtypeError, "score: got integers"),
        ({"target": torch.tensor([True])}, ShapeError, "score: got 2 samples"),
        ({"weight": torch.tensor([1.0, -1.0])}, InvalidInputError, "weight: got a negative"),
        ({"margin": -1.0}, InvalidInputError, "margin: got -1"),
        ({"scale": 0.0}, InvalidInputError, "scale: got 0"),
        ({"temperature": math.nan}, InvalidInputError, "temperature: got NaN"),
        ({"surrogate": "linear"}, ValueError, "linear"),
        ({"score": torch.tensor([-800.0, 0.0]), "surrogate": "exponential"}, InvalidInputError, "overflows"),
    ],
)
def test_bad_input_is_refused(change, error, message):
    inputs = {"score": torch.tensor([1.0, 0.0]), "target": torch.tensor([True, False])} | change
    with pytest.raises(error, match=message):
        all_pairs(inputs.pop("score"), inputs.pop("target"), **inputs)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_number_in_gives_none_out(bad):
    score = torch.tensor([1.0, bad, 0.0], requires_grad=True)
    value = all_pairs(score, torch.tensor([True, False, False]))
    value.backward()
    assert value.isnan()
    assert score.grad.isnan().all()


@pytest.mark.parametrize("surrogate", ["logistic", "squared_hinge"])
def test_operators_pass_opcheck(surrogate):
    score, target = sample(12)
    weight = torch.linspace(0.5, 1, 12, dtype=torch.float64)
    options = (surrogate, 1.0, 1.0, 0.5)
    torch.library.opcheck(OPERATOR, (score, target, None, *options))
    torch.library.opcheck(CURVATURE, (score, target, weight, *options, score + 1))


# torch's own check reads .grad of a tensor that is no leaf
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_operator_with_a_gradient_passes_opcheck():
    score, target = sample(12)
    torch.library.opcheck(OPERATOR, (score.requires_grad_(), target, None, "logistic", 1.0, 1.0, 0.5))


def test_bare_operator_has_the_same_gradient():
    score, target = sample(12)
    score.requires_grad_()
    expected = torch.autograd.grad(all_pairs(score, target), score)[0]
    value, gradient = OPERATOR(score, target, None, "logistic", 1.0, 1.0, 1.0)
    assert torch.equal(torch.autograd.grad(value, score)[0], expected)
    assert torch.equal(gradient, expected)


@pytest.mark.parametrize("surrogate", ["logistic", "sigmoid", "exponential", "square", "squared_hinge"])
def test_second_derivatives_equal_brute_force(surrogate):
    score, target = sample(15)

    def expected(inner: torch.Tensor) -> torch.Tensor:
        return brute_force(inner, target, 1.0, surrogate)

    def actual(inner: torch.Tensor) -> torch.Tensor:
        return all_pairs(inner, target, surrogate=surrogate)

    torch.testing.assert_close(hessian(actual, score), hessian(expected, score), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(
        jacrev(jacrev(actual))(score), hessian(expected, score), rtol=1e-12, atol=1e-14
    )


def test_a_penalty_on_the_gradient_can_be_trained():
    score, target = sample(9)

    def penalised(loss):
        score.requires_grad_()
        (first,) = torch.autograd.grad(loss(score), score, create_graph=True)
        return torch.autograd.grad(first.square().sum() + loss(score), score)[0]

    actual = penalised(lambda inner: all_pairs(inner, target))
    torch.testing.assert_close(actual, penalised(lambda inner: brute_force(inner, target)))


def test_third_derivatives_are_refused():
    score, target = sample(6)
    with pytest.raises(InvalidInputError, match=NO_THIRD):
        jacrev(jacrev(jacrev(lambda inner: all_pairs(inner, target))))(score)
    score.requires_grad_()
    (first,) = torch.autograd.grad(all_pairs(score, target), score, create_graph=True)
    (second,) = torch.autograd.grad(first[0], score, create_graph=True)
    with pytest.raises(InvalidInputError, match=NO_THIRD):
        torch.autograd.grad(second[0], score)


def test_vmap_over_scores_and_targets_of_differing_split():
    scores = torch.stack([sample(9, seed=seed)[0] for seed in range(3)], dim=1)
    targets = torch.arange(27).reshape(3, 9) % torch.tensor([[2], [3], [9]]) == 0
    actual = vmap(lambda score, target: all_pairs(score, target, temperature=0.5), in_dims=(1, 0))(
        scores, targets
    )
    expected = [brute_force(score, target, 0.5) for score, target in zip(scores.T, targets, strict=True)]
    torch.testing.assert_close(actual, torch.stack(expected))


def test_vmap_and_grad_commute():
    scores, target = torch.stack([sample(9, seed=seed)[0] for seed in range(3)]), sample(9)[1]

    def loss(score: torch.Tensor) -> torch.Tensor:
        return all_pairs(score, target, temperature=0.5)

    inside = vmap(grad(loss))(scores)
    outside = grad(lambda batch: vmap(loss)(batch).sum())(scores)
    torch.testing.assert_close(inside, outside)
    torch.testing.assert_close(inside[1], grad(lambda score: brute_force(score, target, 0.5))(scores[1]))


def test_exported_graph_can_be_trained():
    class Criterion(torch.nn.Module):
        def forward(self, score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return all_pairs(score, target, temperature=0.5)

    score, target = sample(9)
    exported = torch.export.export(Criterion(), (score, target)).module()
    score.requires_grad_()
    actual = torch.autograd.grad(exported(score, target), score)[0]
    torch.testing.assert_close(actual, torch.autograd.grad(brute_force(score, target, 0.5), score)[0])


def test_far_apart_scores_stay_finite():
    score, target = torch.tensor([-1e30, 1e30], requires_grad=True), torch.tensor([True, False])
    value = all_pairs(score, target)
    value.backward()
    assert value.item() == pytest.approx(2e30)
    assert score.grad.tolist() == [-1.0, 1.0]


def test_smallest_losses_keep_their_digits():
    score, target = torch.tensor([40.0, 0.0], dtype=torch.float64), torch.tensor([True, False])
    assert all_pairs(score, target).item() == pytest.approx(math.log1p(math.exp(-40)), rel=1e-14)
