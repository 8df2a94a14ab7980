"""The per-positive operators against brute force, and what they promise to torch."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.ops import pair_rows
from lossary.ops.pair_rows import pair_row_log_means, pair_row_means, pair_row_tails, pair_row_top_means
from lossary.ops.sorted_pairs import SORTED_SURROGATES
from lossary.ops.surrogates import SURROGATES, pair_loss
from torch.func import grad, vmap

VALUE = torch.ops.lossary.pair_rows.default
GRADIENT = torch.ops.lossary.pair_rows_gradient.default
OPTIONS = {"surrogate": "logistic", "margin": 1.0, "scale": 1.0}


def losses(score: torch.Tensor, target: torch.Tensor, of: str = "negatives", **options) -> torch.Tensor:
    """All pairs at once, (positives, columns)."""
    columns = {"all": score, "positives": score[target], "negatives": score[~target]}[of]
    return pair_loss(score[target].unsqueeze(1) - columns, **options)


def at_positives(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(target), dtype=values.dtype).masked_scatter(target, values)


def brute_means(score, target, *, of, **options):
    return at_positives(losses(score, target, of, **options).mean(1), target)


def brute_log_means(score, target, *, temperature, **options):
    exponents = losses(score, target, **options) / temperature
    largest = exponents.detach().amax(1, keepdim=True)  # of large exponents logsumexp loses digits
    return at_positives((exponents - largest).exp().mean(1).log() + largest.squeeze(1), target)


def brute_top_means(score, target, *, share, **options):
    ordered = losses(score, target, **options).sort(dim=1, descending=True).values
    count = share * ordered.shape[1]
    weight = (count - torch.arange(ordered.shape[1], dtype=score.dtype)).clamp(0, 1)
    return at_positives((ordered * weight).sum(1) / count, target)


def brute_tail_means(score, target, threshold, **options):
    loss = losses(score, target, **options)
    above = loss > threshold[target].unsqueeze(1)
    return at_positives((loss * above).mean(1), target)


def sample(
    size: int, *, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(size, generator=generator, dtype=torch.float64).to(dtype)
    return score, torch.arange(size) % 3 == 0


def assert_same(actual_of, expected_of, score, *, rtol=1e-11, atol=1e-12):
    """Same values, and the same gradient of a weighted sum of them."""
    score = score.clone().requires_grad_()
    weight = torch.linspace(-1, 2, len(score), dtype=score.dtype)
    actual, expected = actual_of(score), expected_of(score)
    torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol)
    found, wanted = (torch.autograd.grad(weight @ values, score)[0] for values in (actual, expected))
    torch.testing.assert_close(found, wanted, rtol=rtol, atol=atol)


# a margin of no step of the grid: at a kink a gradient may be that of either side
grid = st.integers(-4, 4).map(lambda step: step / 2)
batches = st.lists(st.tuples(grid | st.floats(-50, 50), st.booleans()), min_size=2, max_size=24).filter(
    lambda rows: len({label for _, label in rows}) == 2
)
surrogates = st.fixed_dictionaries(
    {
        "surrogate": st.sampled_from(SURROGATES),
        "margin": st.just(0.8),
        "scale": st.sampled_from([0.3, 0.7, 1.0, 2.1]),
    }
)


def is_sorted(options: dict) -> bool:
    return options["surrogate"] in SORTED_SURROGATES


def tensors(rows: list[tuple[float, bool]]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([row[0] for row in rows], dtype=torch.float64), torch.tensor([row[1] for row in rows])


@settings(max_examples=120)
@given(rows=batches, options=surrogates, of=st.sampled_from(["all", "positives", "negatives"]))
def test_means_equal_brute_force(rows, options, of):
    score, target = tensors(rows)
    actual, expected = (
        partial(rule, target=target, of=of, **options) for rule in (pair_row_means, brute_means)
    )
    assert_same(actual, expected, score)


@settings(max_examples=100)
@given(rows=batches, options=surrogates, temperature=st.sampled_from([0.05, 1.0, 40.0]))
def test_log_means_equal_brute_force(rows, options, temperature):
    score, target = tensors(rows)
    options = options | {"temperature": temperature}
    actual, expected = (
        partial(rule, target=target, **options) for rule in (pair_row_log_means, brute_log_means)
    )
    assert_same(actual, expected, score, rtol=1e-9)


@settings(max_examples=60)
@given(rows=batches, options=surrogates.filter(is_sorted), share=st.sampled_from([0.1, 0.37, 0.5, 1.0]))
def test_top_means_equal_brute_force(rows, options, share):
    score, target = tensors(rows)
    score = score + torch.arange(len(score)) * 1e-3  # of tied losses either may be the last to count
    actual, expected = (
        partial(rule, target=target, share=share, **options) for rule in (pair_row_top_means, brute_top_means)
    )
    assert_same(actual, expected, score)


@settings(max_examples=60)
@given(rows=batches, options=surrogates)
def test_tails_equal_brute_force(rows, options):
    score, target = tensors(rows)
    threshold = torch.linspace(0.1, 3, len(score), dtype=torch.float64)
    assert_same(
        lambda given: pair_row_tails(given, target, threshold, **options)[0],
        lambda given: brute_tail_means(given, target, threshold, **options),
        score,
    )
    share = pair_row_tails(score, target, threshold, **options)[1]
    above = losses(score, target, **options) > threshold[target].unsqueeze(1)
    torch.testing.assert_close(share, at_positives(above.double().mean(1), target))


@pytest.mark.parametrize("surrogate", ["hinge", "squared_hinge", "barrier_hinge", "square"])
@pytest.mark.parametrize("of", ["all", "positives", "negatives"])
def test_ranges_far_above_the_margin_keep_their_digits(surrogate, of):
    score, target = sample(60)
    score, options = score * 1e6, {"surrogate": surrogate, "margin": 1e-3, "scale": 2.0}
    actual, expected = (
        partial(rule, target=target, of=of, **options) for rule in (pair_row_means, brute_means)
    )
    assert_same(actual, expected, score, rtol=1e-6)  # range over margin times the rounding of float64


@pytest.mark.parametrize("surrogate", sorted(SORTED_SURROGATES))
def test_largest_losses_in_ranges_far_above_the_margin_keep_their_digits(surrogate):
    score, target = sample(60)
    options = {"surrogate": surrogate, "margin": 1e-3, "scale": 2.0, "share": 0.3}
    actual, expected = (
        partial(rule, target=target, **options) for rule in (pair_row_top_means, brute_top_means)
    )
    assert_same(actual, expected, score * 1e6, rtol=1e-9, atol=1e-6)  # of gradients up to 1e6


def test_small_hinges_beside_huge_ones_keep_their_digits():
    score = torch.tensor([1e8, 1e8 - 1 + 2**-20, 0.0, 5e7], dtype=torch.float64)
    target = torch.tensor([True, False, True, False])
    values = pair_row_means(score, target, of="negatives", surrogate="squared_hinge", margin=1.0, scale=1.0)
    assert values[0].item() == pytest.approx(2**-41, rel=1e-6)


def test_kinks_have_the_slope_of_the_higher_difference():
    score, target = torch.tensor([1.0, 0.0], requires_grad=True), torch.tensor([True, False])
    for surrogate in ("hinge", "squared_hinge"):
        values = pair_row_means(score, target, of="negatives", surrogate=surrogate, margin=1.0, scale=1.0)
        assert not torch.autograd.grad(values.sum(), score)[0].any()


@pytest.mark.parametrize("temperature", [1e-30, 1e-6])
def test_small_temperatures_give_the_largest_loss(temperature):
    score, target = sample(20)
    options = {"surrogate": "squared_hinge", "margin": 1.0, "scale": 1.0}
    score.requires_grad_()
    values = temperature * pair_row_log_means(score, target, temperature=temperature, **options)
    largest = at_positives(losses(score, target, **options).amax(1), target)
    torch.testing.assert_close(values, largest, rtol=1e-4, atol=1e-5)
    actual, expected = (torch.autograd.grad(rows.sum(), score)[0] for rows in (values, largest))
    torch.testing.assert_close(actual, expected)


def test_large_temperatures_give_the_mean():
    score, target = sample(20)
    values = 1e12 * pair_row_log_means(score, target, temperature=1e12, **OPTIONS)
    torch.testing.assert_close(values, pair_row_means(score, target, of="negatives", **OPTIONS))


@pytest.mark.parametrize("pairs_per_tile", [1, 30, 100])
@pytest.mark.parametrize(
    "rows",
    [
        partial(pair_row_means, of="all", **OPTIONS),
        partial(pair_row_log_means, temperature=0.3, **OPTIONS),
    ],
)
def test_tiles_of_any_size_give_the_same_result(monkeypatch, rows, pairs_per_tile):
    score, target = sample(40)
    score.requires_grad_()
    expected = rows(score, target)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), score)
    monkeypatch.setattr(pair_rows, "_PAIRS_PER_TILE", pairs_per_tile)
    torch.testing.assert_close(rows(score, target), expected, rtol=1e-13, atol=0)
    (gradient,) = torch.autograd.grad(rows(score, target).sum(), score)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-12, atol=1e-15)


def test_float32_sums_as_exactly_as_float64():
    score, target = sample(3000, dtype=torch.float32)
    for options in (OPTIONS, OPTIONS | {"surrogate": "squared_hinge"}):
        value = pair_row_means(score, target, of="negatives", **options)
        exact = pair_row_means(score.double(), target, of="negatives", **options)
        assert value.dtype == torch.float32
        assert torch.equal(value, exact.float())


@pytest.mark.parametrize("target", [[True, True, True], [False, False, False], []])
def test_no_pair_gives_zero_and_a_zero_gradient(target):
    score = torch.ones(len(target), requires_grad=True)
    values = pair_row_log_means(score, torch.tensor(target, dtype=torch.bool), temperature=1.0, **OPTIONS)
    values.sum().backward()
    assert torch.equal(values, torch.zeros_like(score))
    assert torch.equal(score.grad, torch.zeros_like(score))


def test_largest_losses_of_a_smooth_surrogate_are_refused():
    with pytest.raises(InvalidInputError, match=r"^surrogate: got 'logistic'; wanted one of barrier_hinge"):
        pair_row_top_means(*sample(6), share=0.5, **OPTIONS)


@pytest.mark.parametrize("surrogate", sorted(SORTED_SURROGATES))
def test_largest_losses_of_many_pairs_equal_brute_force(surrogate):
    score, target = sample(900)
    options = {"surrogate": surrogate, "margin": 0.8, "scale": 2.1, "share": 0.3001}
    actual, expected = (
        partial(rule, target=target, **options) for rule in (pair_row_top_means, brute_top_means)
    )
    assert_same(actual, expected, 100 * score)


STATISTICS = ["mean_of_all", "mean_of_positives", "mean_of_negatives", "log_mean_exp", "top_mean"]


def arguments(statistic: str, size: int = 9) -> tuple:
    score, target = sample(size)
    threshold = torch.full((size,), 0.7, dtype=score.dtype)
    return score, target, threshold, statistic, 0.5, "squared_hinge", 1.0, 1.0


@pytest.mark.parametrize("statistic", [*STATISTICS, "mean_above", "share_above"])
def test_operators_pass_opcheck(statistic):
    score, target, threshold, *options = arguments(statistic)
    torch.library.opcheck(VALUE, (score, target, threshold, *options))
    torch.library.opcheck(GRADIENT, (score, target, threshold, torch.ones_like(score), *options))


# torch's own check reads .grad of a tensor that is no leaf
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_operator_with_a_gradient_passes_opcheck():
    score, *rest = arguments("log_mean_exp")
    torch.library.opcheck(VALUE, (score.requires_grad_(), *rest))


def second_derivative_by_autograd(function, score):
    score.requires_grad_()
    (first,) = torch.autograd.grad(function(score), score, create_graph=True)
    (first.square().sum() + score.square().sum()).backward()


def second_derivative_by_transforms(function, score):
    grad(lambda inner: grad(function)(inner).square().sum() + inner.square().sum())(score)


@pytest.mark.parametrize("differentiate", [second_derivative_by_autograd, second_derivative_by_transforms])
def test_second_derivative_raises_instead_of_dropping_a_term(differentiate):
    score, target = sample(6)
    with pytest.raises(InvalidInputError, match=r"score: .*second derivatives; wanted first"):
        differentiate(lambda given: pair_row_means(given, target, of="all", **OPTIONS).sum(), score)


def test_vmap_and_grad_commute_over_batches_of_differing_split():
    scores = torch.stack([sample(9, seed=seed)[0] for seed in range(3)])
    targets = torch.arange(27).reshape(3, 9) % torch.tensor([[2], [3], [9]]) == 0

    def loss(score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return pair_row_log_means(score, target, temperature=0.5, **OPTIONS).square().sum()

    inside = vmap(grad(loss))(scores, targets)
    outside = grad(lambda batch: vmap(loss)(batch, targets).sum())(scores)
    torch.testing.assert_close(inside, outside)

    def brute_force(score: torch.Tensor) -> torch.Tensor:
        return brute_log_means(score, targets[1], temperature=0.5, **OPTIONS).square().sum()

    torch.testing.assert_close(inside[1], grad(brute_force)(scores[1]))


def test_exported_graph_can_be_trained():
    class Criterion(torch.nn.Module):
        def forward(self, score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return pair_row_log_means(score, target, temperature=0.5, **OPTIONS).sum()

    score, target = sample(9)
    exported = torch.export.export(Criterion(), (score, target)).module()
    score.requires_grad_()
    actual = torch.autograd.grad(exported(score, target), score)[0]
    expected = brute_log_means(score, target, temperature=0.5, **OPTIONS).sum()
    torch.testing.assert_close(actual, torch.autograd.grad(expected, score)[0])
