"""Two-way partial AUC beyond conformance: limits, running means and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.partial_auc_kl import partial_auc_kl
from lossary.losses.auc.two_way_partial_auc_kl import (
    LOSS,
    MovingAverageTwoWayPartialAucKl,
    two_way_partial_auc_kl,
)
from lossary.metrics import partial_auc
from lossary.ops.all_pairs import all_pairs
from lossary.ops.surrogates import SURROGATES, pair_loss

OPTIONS = {"margin": 0.7, "scale": 1.3}


def sample(size: int = 24, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(size, generator=generator, dtype=torch.float64)
    return score.requires_grad_(), (torch.arange(size) % 4 == 0).long()


def pairs(score, target, surrogate="squared_hinge", margin=1.0, scale=1.0):
    """The losses of all pairs, (positives, negatives)."""
    positive = target == 1
    return pair_loss(score[positive].unsqueeze(1) - score[~positive], surrogate, margin, scale)


def gradient(loss: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, score)[0]


temperatures = st.sampled_from([0.05, 1.0, 7.0])


@settings(max_examples=60)
@given(
    seed=st.integers(0, 99),
    size=st.integers(2, 20),
    negative=temperatures,
    positive=temperatures,
    surrogate=st.sampled_from(SURROGATES),
)
def test_value_and_gradient_equal_brute_force(seed, size, negative, positive, surrogate):
    score, target = sample(size, seed)
    loss = pairs(score, target, surrogate, **OPTIONS)
    rows = negative * ((loss / negative).logsumexp(1) - math.log(loss.shape[1]))
    expected = positive * ((rows / positive).logsumexp(0) - math.log(loss.shape[0]))
    options = {"temperature_negative": negative, "temperature_positive": positive, "surrogate": surrogate}
    actual = two_way_partial_auc_kl(score, target, **options, **OPTIONS)
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(gradient(actual, score), gradient(expected, score), rtol=1e-9, atol=1e-12)


def test_equal_temperatures_give_one_soft_maximum_over_all_pairs():
    score, target = sample()
    loss = pairs(score, target)
    expected = 0.3 * ((loss / 0.3).logsumexp((0, 1)) - math.log(loss.numel()))
    actual = two_way_partial_auc_kl(score, target, temperature_negative=0.3, temperature_positive=0.3)
    torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_a_large_positive_temperature_gives_the_one_way_loss(temperature):
    score, target = sample()
    options = {"temperature_negative": temperature, "temperature_positive": 1e12}
    loss, limit = (
        two_way_partial_auc_kl(score, target, **options),
        partial_auc_kl(score, target, temperature=temperature),
    )
    torch.testing.assert_close(loss, limit, rtol=1e-9, atol=0)
    torch.testing.assert_close(gradient(loss, score), gradient(limit, score), rtol=1e-9, atol=1e-12)


def test_large_temperatures_give_the_mean_of_all_pairs():
    score, target = sample()
    options = {"temperature_negative": 1e11, "temperature_positive": 1e12}
    limit = all_pairs(score, target == 1, surrogate="squared_hinge")
    loss = two_way_partial_auc_kl(score, target, **options)
    torch.testing.assert_close(loss, limit, rtol=1e-9, atol=0)
    torch.testing.assert_close(gradient(loss, score), gradient(limit, score), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_small_temperatures_give_the_hardest_pair(dtype):
    score, target = sample()
    score = score.detach().to(dtype).requires_grad_()
    options = {"temperature_negative": 1e-30, "temperature_positive": 1e-20}
    limit, loss = pairs(score, target).max(), two_way_partial_auc_kl(score, target, **options)
    torch.testing.assert_close(loss, limit)
    torch.testing.assert_close(gradient(loss, score), gradient(limit, score))


def test_paired_metric_is_a_corner_of_the_curve():
    score, target = sample()
    (metric,) = LOSS.pairs_with
    wanted = partial_auc(target.numpy(), score.detach().numpy(), max_fpr=0.5, min_tpr=0.5)
    assert metric(score=score, target=target) == wanted


@pytest.mark.parametrize("options", [{}, {"temperature_negative": 1e-30}, {"temperature_positive": 1e-30}])
def test_huge_scores_stay_finite(options):
    score, target = torch.linspace(1e6, -1e6, 12), torch.arange(12) % 3 == 2
    score.requires_grad_()
    loss = two_way_partial_auc_kl(score, target, **options)
    loss.backward()
    assert loss.isfinite()
    assert score.grad.isfinite().all()


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], [0], []])
def test_a_batch_of_one_class_gives_zero_with_a_graph(target):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    loss = two_way_partial_auc_kl(score, torch.tensor(target, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(score.grad, torch.zeros_like(score))


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize(("negative", "positive"), [(0.4, 0.9), (0.9, 0.4)])
def test_moving_average_of_rate_one_has_the_gradient_of_the_closed_form(surrogate, negative, positive):
    score, target = sample()
    options = {
        "surrogate": surrogate,
        "temperature_negative": negative,
        "temperature_positive": positive,
        **OPTIONS,
    }
    criterion = MovingAverageTwoWayPartialAucKl(50, rate_inner=1.0, rate_outer=1.0, **options)
    carrier = criterion(score, target, torch.arange(24) + 20)
    expected = two_way_partial_auc_kl(score, target, **options)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))


def test_moving_average_follows_its_formula_over_two_batches():
    score, target = sample(12)
    options = {"temperature_negative": 0.7, "temperature_positive": 0.5}
    criterion = MovingAverageTwoWayPartialAucKl(12, rate_inner=0.4, rate_outer=0.8, **options).double()
    inner, outer, power = torch.zeros(3, dtype=torch.float64), 0.0, 0.7 / 0.5
    for batch in (score.detach() / 2, score):
        loss = pairs(batch, target)
        inner = 0.6 * inner + 0.4 * (loss.detach() / 0.7).exp().mean(1)
        outer = 0.2 * outer + 0.8 * (inner**power).mean()
        carrier = criterion(batch, target, torch.arange(12))
    weight = (inner ** (power - 1)).unsqueeze(1) * (loss.detach() / 0.7).exp() / outer
    torch.testing.assert_close(gradient(carrier, score), gradient((weight * loss).mean(), score))
    torch.testing.assert_close(criterion.log_mean[target == 1].exp(), inner)
    torch.testing.assert_close(criterion.log_outer_mean.exp(), outer)


def test_moving_average_keeps_small_means_under_a_large_power():
    score, target = torch.tensor([9.0, 0.0], requires_grad=True), torch.tensor([1, 0])
    options = {"rate_inner": 0.1, "temperature_negative": 1.0, "temperature_positive": 1e-3}
    criterion = MovingAverageTwoWayPartialAucKl(2, **options)
    criterion(score, target, torch.arange(2))
    # u = 0.1, and w = 0.9 u^1000
    assert criterion.log_outer_mean.item() == pytest.approx(1000 * math.log(0.1) + math.log(0.9))


def test_moving_average_revises_only_the_positives_of_the_batch():
    score, target = sample()
    criterion = MovingAverageTwoWayPartialAucKl(100)
    index = torch.arange(24) * 3
    criterion(score, target, index)
    assert criterion.log_mean.isfinite().nonzero().flatten().tolist() == index[target == 1].tolist()


@pytest.mark.parametrize("target", [[1, 1], [0, 0], []])
def test_moving_average_of_one_class_has_no_gradient_and_learns_nothing(target):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    criterion = MovingAverageTwoWayPartialAucKl(5)
    criterion(score, torch.tensor(target, dtype=torch.long), torch.arange(len(target))).backward()
    assert torch.equal(score.grad, torch.zeros_like(score))
    assert (criterion.log_mean == -math.inf).all()
    assert criterion.log_outer_mean == -math.inf


def test_moving_average_only_reads_in_evaluation_mode():
    score, target = sample()
    index = torch.arange(24)
    criterion = MovingAverageTwoWayPartialAucKl(24, rate_inner=0.5)
    criterion(score, target, index)
    before = {name: value.clone() for name, value in criterion.state_dict().items()}
    criterion.eval()
    assert criterion(score + torch.arange(24) / 10, target, index).isfinite()
    assert all(torch.equal(value, before[name]) for name, value in criterion.state_dict().items())


def test_moving_average_without_a_past_is_that_of_the_batch():
    score, target = sample()
    carrier = MovingAverageTwoWayPartialAucKl(24).eval()(score, target, torch.arange(24))
    expected = two_way_partial_auc_kl(score, target)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))


def test_moving_average_survives_its_state_dict():
    score, target = sample()
    index = torch.arange(24)
    first, second = MovingAverageTwoWayPartialAucKl(24), MovingAverageTwoWayPartialAucKl(24)
    first(score, target, index)
    second.load_state_dict(first.state_dict())
    moved = score * 1.5
    assert torch.equal(first(moved, target, index), second(moved, target, index))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_moving_average_keeps_the_dtype_of_half_scores(dtype):
    score, target = sample()
    narrow = score.detach().to(dtype)
    exact = MovingAverageTwoWayPartialAucKl(24)(narrow.float(), target, torch.arange(24))
    carrier = MovingAverageTwoWayPartialAucKl(24)(narrow, target, torch.arange(24))
    assert carrier.dtype == dtype
    torch.testing.assert_close(carrier, exact.to(dtype))


SCORE, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2), TARGET, {}, ShapeError, "score"),
        (SCORE, TARGET[:2], {}, ShapeError, "target"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE, torch.tensor([1, 0, 2]), {}, InvalidInputError, "target"),
        (SCORE * math.nan, TARGET, {}, InvalidInputError, "score"),
        (SCORE * 1e4, TARGET, {"surrogate": "exponential"}, InvalidInputError, "score"),
        (SCORE, TARGET, {"surrogate": "linear"}, InvalidInputError, "surrogate"),
        (SCORE, TARGET, {"temperature_negative": 0.0}, InvalidInputError, "temperature_negative"),
        (SCORE, TARGET, {"temperature_positive": "1"}, DtypeError, "temperature_positive"),
        (SCORE, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (SCORE, TARGET, {"scale": -1.0}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        two_way_partial_auc_kl(score, target, **options)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"num_samples": 0}, "num_samples"),
        ({"rate_inner": 0.0}, "rate_inner"),
        ({"rate_outer": 1.1}, "rate_outer"),
        ({"temperature_negative": -1.0}, "temperature_negative"),
        ({"temperature_positive": -1.0}, "temperature_positive"),
        ({"surrogate": "linear"}, "surrogate"),
    ],
)
def test_bad_options_of_the_moving_average_are_named(options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: "):
        MovingAverageTwoWayPartialAucKl(**{"num_samples": 3, **options})
