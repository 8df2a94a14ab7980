"""All pairs in torch operations, against every pair in float64 and against the kernel."""

import math
from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops import all_pairs, all_pairs_torch
from lossary.ops.all_pairs_torch import curvature_product, sums
from lossary.ops.surrogates import SURROGATES, pair_loss, pair_slope

OPERATOR, CURVATURE = all_pairs._all_pairs, all_pairs._curvature_product
Options = tuple[str, float, float, float]


def pair_curvature(difference, surrogate, margin, scale):
    """The second derivative of the surrogate; 0 where it is a line."""
    difference = difference.clone().requires_grad_()
    slope = pair_slope(difference, surrogate, margin, scale)
    return torch.autograd.grad(slope.sum(), difference)[0] if slope.requires_grad else difference.detach() * 0


def brute_force(score, target, weight, direction, options: Options):
    """Value, gradient and curvature product of one row, from the matrix of its pairs."""
    surrogate, margin, scale, temperature = options
    share = weight[target].unsqueeze(1) * weight[~target]
    share = share / share.sum()
    difference = (score[target].unsqueeze(1) - score[~target]) / temperature
    parameters = (surrogate, margin, scale)
    slope = share * pair_slope(difference, *parameters) / temperature
    along = (direction[target].unsqueeze(1) - direction[~target]) / temperature**2
    change = share * pair_curvature(difference, *parameters) * along
    gradient, product = torch.zeros_like(score), torch.zeros_like(score)
    for of_samples, of_pairs in ((gradient, slope), (product, change)):
        of_samples[target], of_samples[~target] = of_pairs.sum(1), -of_pairs.sum(0)
    return (share * pair_loss(difference, *parameters)).sum(), gradient, product


def averaged(score, target, weight, direction, options: Options):
    """`brute_force` of rows: the mean over those with a pair."""
    has_pair = [
        bool((weights * targets).sum() > 0 and (weights * ~targets).sum() > 0)
        for weights, targets in zip(weight, target, strict=True)
    ]
    value, gradient, product = score.new_zeros(()), torch.zeros_like(score), torch.zeros_like(score)
    for row in (row for row, has in enumerate(has_pair) if has):
        part = brute_force(score[row], target[row], weight[row], direction[row], options)
        value = value + part[0] / sum(has_pair)
        gradient[row], product[row] = part[1] / sum(has_pair), part[2] / sum(has_pair)
    return value, gradient, product


def assert_alike(actual, expected, options: Options) -> None:
    value, gradient, product = actual
    slope = options[2] / options[3]
    torch.testing.assert_close(value, expected[0], rtol=1e-12, atol=1e-300)
    for part, wanted, unit in ((gradient, expected[1], slope), (product, expected[2], slope**2)):
        largest = float(wanted.abs().max()) if wanted.numel() else 0.0
        # The change of a gradient may cancel altogether: then to the digits of what cancels.
        atol = 1e-11 * max(largest, 1e-4 * unit if part is product else 0)
        torch.testing.assert_close(part, wanted, rtol=0, atol=max(atol, 1e-300))


def both(score, target, weight, direction, options: Options):
    return (
        *sums(score, target, weight, *options),
        curvature_product(score, target, weight, direction, *options),
    )


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# No two of them differ by a margin times a temperature: there, brute force errs by its rounding.
scores = st.integers(-4, 4).map(lambda step: step / 2) | st.floats(-60, 60, width=32)
samples = st.tuples(scores, st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 3.0]), st.integers(-2, 2))
batches = st.integers(1, 4).flatmap(
    lambda rows: st.lists(samples, min_size=rows, max_size=36).map(
        lambda batch: [batch[: len(batch) // rows * rows], rows]
    )
)


@settings(max_examples=250)
@given(
    batch=batches,
    surrogate=st.sampled_from(SURROGATES),
    parameters=st.sampled_from([(0.83, 1.0, 1.0), (1.31, 0.3, 0.07), (0.77, 2.5, 9.0)]),
    pair_by_pair=st.booleans(),
)
def test_equals_brute_force(batch, surrogate, parameters, pair_by_pair):
    samples, rows = batch
    columns = [torch.tensor(column, dtype=torch.float64) for column in zip(*samples, strict=True)]
    score, target, weight, direction = (column.reshape(rows, -1) for column in columns)
    target, options = target != 0, (surrogate, *parameters)
    with patch.dict(all_pairs_torch._MOST_PAIRS, {"cpu": 1000 if pair_by_pair else 0}):
        actual = both(score, target, weight, direction, options)
    assert_alike(actual, averaged(score, target, weight, direction, options), options)


THIRD = torch.arange(1500) % 3 == 0
SHAPES = {
    "normal": normal(1500),
    "separated": normal(1500) + 60.0 * THIRD,
    "misordered": normal(1500) - 60.0 * THIRD,
    "equal": torch.full((1500,), 0.3, dtype=torch.float64),
    "tiny": normal(1500) * 1e-30,
    "huge": normal(1500) * 1e30,
    "far_from_zero": normal(1500) + 1e8,
    "two_clusters": normal(1500) + 1e6 * (torch.arange(1500) % 2),
    "tight_clusters_far_apart": normal(1500) * 1e-3 + 1e30 * (torch.arange(1500) % 4 == 0),
    "filled": normal(1500) * 20,
    "half_empty": normal(1500) * 300,
    "empty": normal(1500) * 1e4,
    "heavy_tails": normal(1500) / normal(1500, seed=1) ** 3,
    "some_far_out": normal(1500) * torch.where(torch.arange(1500) % 5 == 0, 1e5, 1.0),
    "few_values": (normal(1500) * 3).round() / 4,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("surrogate", "scale", "temperature"),
    [(name, 0.8, 0.7) for name in SURROGATES]
    + [(name, 2.5, temperature) for name in ("logistic", "sigmoid") for temperature in (1e-3, 30.0, 1e3)],
)
def test_any_range_of_scores_keeps_its_digits(shape, surrogate, scale, temperature):
    options = (surrogate, 0.77, scale, temperature)
    weight, direction = normal(1500, seed=2).abs() * (torch.arange(1500) % 7 > 0), normal(1500, seed=3)
    expected = brute_force(SHAPES[shape], THIRD, weight, direction, options)
    if not all(part.isfinite().all() for part in expected):
        assert surrogate == "exponential"
        return
    rows = (tensor.unsqueeze(0) for tensor in (SHAPES[shape], THIRD, weight, direction))
    value, gradient, product = both(*rows, options)
    assert_alike((value, gradient[0], product[0]), expected, options)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_a_row_may_be_long(surrogate):
    score, target = normal(40_000), torch.arange(40_000) % 3 == 0
    weight, direction = normal(40_000, seed=1).abs(), normal(40_000, seed=2)
    options = (surrogate, 0.7, 0.8, 0.5)
    value, gradient = OPERATOR(score, target, weight, *options)
    product = CURVATURE(score, target, weight, *options, direction)
    rows = (tensor.unsqueeze(0) for tensor in (score, target, weight, direction))
    assert_alike(both(*rows, options), (value, gradient.unsqueeze(0), product.unsqueeze(0)), options)


@pytest.mark.parametrize("spread", [1.0, 1e3, 1e5])
def test_long_and_sparse_rows_agree_with_the_kernel(spread):
    score, target = normal(60_000) * spread, torch.arange(60_000) % 3 == 0
    options = ("logistic", 1.0, 1.0, 1.0)
    value, gradient = OPERATOR(score, target, None, *options)
    actual = sums(score.unsqueeze(0), target.unsqueeze(0), None, *options)
    torch.testing.assert_close(actual[0], value, rtol=1e-12, atol=0)
    largest = float(gradient.abs().max())
    torch.testing.assert_close(actual[1][0], gradient, rtol=0, atol=1e-11 * largest)


@pytest.mark.parametrize("most_pairs", [0, 60, 10**6])
def test_rows_of_any_lengths_come_back_in_their_place(monkeypatch, most_pairs):
    monkeypatch.setitem(all_pairs_torch._MOST_PAIRS, "cpu", most_pairs)
    monkeypatch.setattr(all_pairs_torch, "_PAIRS_PER_TILE", 100)
    score, direction, weight = normal(9, 20), normal(9, 20, seed=1), torch.ones(9, 20).double()
    target = torch.arange(20) < torch.arange(9).unsqueeze(1)  # no positive in the first, 8 in the last
    options = ("logistic", 1.0, 1.0, 0.3)
    actual = both(score, target, weight, direction, options)
    assert_alike(actual, averaged(score, target, weight, direction, options), options)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_weights_are_numbers_of_repetitions(surrogate):
    score, target, times = normal(1, 90), torch.arange(90).unsqueeze(0) % 4 == 0, torch.arange(90) % 3 + 1
    options = (surrogate, 0.7, 0.8, 0.5)
    weighted = sums(score, target, times.unsqueeze(0).double(), *options)
    repeated = sums(
        score.repeat_interleave(times, dim=1), target.repeat_interleave(times, dim=1), None, *options
    )
    torch.testing.assert_close(weighted[0], repeated[0], rtol=1e-13, atol=0)
    first = (times.cumsum(0) - times).long()
    torch.testing.assert_close(weighted[1], repeated[1][:, first] * times, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("factor", [1e-320, 1e-200, 1e307])
def test_the_unit_of_the_weights_of_a_class_does_not_count(surrogate, factor):
    score, target = normal(1, 20), torch.arange(20).unsqueeze(0) % 4 == 0
    options = (surrogate, 0.7, 0.8, 0.5)
    weight = torch.where(target, torch.full_like(score, factor), 1.0)
    torch.testing.assert_close(
        sums(score, target, weight, *options), sums(score, target, None, *options), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("size", [50, 2000])
def test_a_sample_without_weight_may_lie_anywhere(surrogate, size):
    score, target = normal(1, size), torch.arange(size).unsqueeze(0) % 3 == 0
    options = (surrogate, 0.7, 0.8, 0.5)
    value, gradient = sums(score, target, None, *options)
    more = torch.cat([score, torch.tensor([[-1e9, 1e9, -1e9, 1e9]], dtype=torch.float64)], dim=1)
    targets = torch.cat([target, torch.tensor([[True, True, False, False]])], dim=1)
    weight = torch.cat([torch.ones_like(score), torch.zeros(1, 4, dtype=torch.float64)], dim=1)
    actual = sums(more, targets, weight, *options)
    torch.testing.assert_close(actual[0], value, rtol=1e-13, atol=0)
    torch.testing.assert_close(actual[1][:, :-4], gradient, rtol=1e-11, atol=1e-17)
    assert not actual[1][:, -4:].any()


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize(
    ("target", "weight"),
    [([True, True], None), ([False, False], None), ([True, False], [0.0, 1.0]), ([], None), ([True], None)],
)
def test_no_pair_gives_zeros(surrogate, target, weight):
    target = torch.tensor([target, target], dtype=torch.bool)
    score, weights = torch.ones(target.shape), None if weight is None else torch.tensor([weight, weight])
    value, gradient = sums(score, target, weights, surrogate, 1.0, 1.0, 1.0)
    product = curvature_product(score, target, weights, score, surrogate, 1.0, 1.0, 1.0)
    assert value.item() == 0
    assert torch.equal(gradient, torch.zeros(target.shape, dtype=torch.float64))
    assert torch.equal(product, gradient)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_gives_nan(surrogate, bad):
    score, target = torch.tensor([[0.5, bad, 1.0]]), torch.tensor([[True, False, False]])
    value, gradient = sums(score, target, None, surrogate, 1.0, 1.0, 1.0)
    product = curvature_product(score, target, None, score, surrogate, 1.0, 1.0, 1.0)
    assert value.isnan()
    assert gradient.isnan().all()
    assert product.isnan().all()


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("size", [60, 3000])
def test_float32_scores_are_summed_in_float64(surrogate, size):
    score, target = normal(1, size).float(), torch.arange(size).unsqueeze(0) % 3 == 0
    options = (surrogate, 0.7, 0.8, 0.5)
    actual, expected = sums(score, target, None, *options), sums(score.double(), target, None, *options)
    assert actual[0].dtype == actual[1].dtype == torch.float64
    assert torch.equal(actual[0], expected[0])
    assert torch.equal(actual[1], expected[1])


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("spread", [1.0, 1e4])
def test_the_same_input_gives_the_same_bits(surrogate, spread):
    score, target = (normal(1, 5000) * spread).round(decimals=2), torch.arange(5000).unsqueeze(0) % 3 == 0
    options = (surrogate, 0.7, 1e-3, 0.5)
    first, second = sums(score, target, None, *options), sums(score, target, None, *options)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("size", [3, 3000])
@pytest.mark.parametrize("apart", [20.0, 200.0, 700.0])
def test_smallest_losses_keep_their_digits(size, apart):
    target = torch.arange(size).unsqueeze(0) % 3 == 0
    value, gradient = sums(apart * target.double(), target, None, "logistic", 1.0, 1.0, 1.0)
    assert value.item() == pytest.approx(math.log1p(math.exp(-apart)), rel=1e-12, abs=0)
    wanted = -math.exp(-apart) / (1 + math.exp(-apart)) / int(target.sum())
    torch.testing.assert_close(
        gradient[target], torch.full_like(gradient[target], wanted), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("surrogate", ["logistic", "sigmoid"])
def test_a_long_row_of_ties_does_not_drift(surrogate):
    target = torch.arange(1_000_000).unsqueeze(0) % 2 == 0
    score = torch.full(target.shape, 0.3, dtype=torch.float64)
    value, gradient = sums(score, target, None, surrogate, 1.0, 1.0, 1.0)
    loss, slope = (math.log(2), 0.5) if surrogate == "logistic" else (0.5, 0.25)
    assert value.item() == pytest.approx(loss, rel=1e-12)
    torch.testing.assert_close(
        gradient[target], gradient.new_full((500_000,), -slope / 5e5), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("surrogate", ["hinge", "squared_hinge", "barrier_hinge"])
@pytest.mark.parametrize("temperature", [0.1, 0.3, 1.0])
def test_kinks_are_those_of_the_kernel(surrogate, temperature):
    # Differences of a margin times a temperature, and their neighbours: rounding decides nothing.
    steps = torch.arange(12, dtype=torch.float64) * temperature
    score = torch.cat([steps, steps.nextafter(torch.tensor(9e9).double()), -steps]).unsqueeze(0)
    target = torch.arange(36).unsqueeze(0) % 2 == 0
    options = (surrogate, 1.0, 0.25, temperature)
    expected = OPERATOR(score, target, None, *options)
    torch.testing.assert_close(sums(score, target, None, *options), expected, rtol=1e-13, atol=1e-16)


def test_inputs_are_left_alone():
    score, weight = normal(2, 300) * 1e3, normal(2, 300, seed=1).abs()
    target = torch.arange(600).reshape(2, 300) % 3 == 0
    copies = score.clone(), target.clone(), weight.clone()
    for surrogate in SURROGATES:
        both(score, target, weight, score, (surrogate, 1.0, 1e-3, 1.0))
    assert all(torch.equal(*pair) for pair in zip((score, target, weight), copies, strict=True))


def test_an_unknown_surrogate_is_refused():
    score, target = torch.zeros(1, 2), torch.tensor([[True, False]])
    for call in (
        lambda: sums(score, target, None, "linear", 1.0, 1.0, 1.0),
        lambda: curvature_product(score, target, None, score, "linear", 1.0, 1.0, 1.0),
    ):
        with pytest.raises(ValueError, match=r"surrogate: got 'linear'; wanted one of"):
            call()
