"""One-way partial AUC beyond conformance: limits, running means and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.partial_auc_kl import LOSS, MovingAveragePartialAucKl, partial_auc_kl
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


@settings(max_examples=60)
@given(
    seed=st.integers(0, 99),
    size=st.integers(2, 20),
    temperature=st.sampled_from([0.05, 1.0, 7.0]),
    surrogate=st.sampled_from(SURROGATES),
)
def test_value_and_gradient_equal_brute_force(seed, size, temperature, surrogate):
    score, target = sample(size, seed)
    loss = pairs(score, target, surrogate, **OPTIONS)
    expected = temperature * ((loss / temperature).logsumexp(1) - math.log(loss.shape[1])).mean()
    actual = partial_auc_kl(score, target, temperature=temperature, surrogate=surrogate, **OPTIONS)
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(gradient(actual, score), gradient(expected, score), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_a_large_temperature_gives_the_mean_of_all_pairs(surrogate):
    score, target = sample()
    limit = all_pairs(score, target == 1, surrogate=surrogate, **OPTIONS)
    loss = partial_auc_kl(score, target, temperature=1e12, surrogate=surrogate, **OPTIONS)
    torch.testing.assert_close(loss, limit, rtol=1e-9, atol=0)
    torch.testing.assert_close(gradient(loss, score), gradient(limit, score), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_small_temperature_gives_the_hardest_negative(surrogate, dtype):
    score, target = sample()
    score = score.detach().to(dtype).requires_grad_()
    limit = pairs(score, target, surrogate, **OPTIONS).amax(1).mean()
    loss = partial_auc_kl(score, target, temperature=1e-30, surrogate=surrogate, **OPTIONS)
    torch.testing.assert_close(loss, limit)
    torch.testing.assert_close(gradient(loss, score), gradient(limit, score))


def test_grows_as_the_temperature_falls():
    score, target = sample()
    losses = [partial_auc_kl(score, target, temperature=4.0**-power).item() for power in range(-4, 5)]
    assert losses == sorted(losses)


def test_paired_metric_is_the_start_of_the_curve():
    score, target = sample()
    (metric,) = LOSS.pairs_with
    wanted = partial_auc(target.numpy(), score.detach().numpy(), max_fpr=0.3)
    assert metric(score=score, target=target) == wanted


@pytest.mark.parametrize("temperature", [1e-30, 0.1, 1e30])
def test_huge_scores_stay_finite(temperature):
    score, target = torch.linspace(1e6, -1e6, 12), torch.arange(12) % 3 == 2
    score.requires_grad_()
    loss = partial_auc_kl(score, target, temperature=temperature)
    loss.backward()
    assert loss.isfinite()
    assert score.grad.isfinite().all()


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], [0], []])
def test_a_batch_of_one_class_gives_zero_with_a_graph(target):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    loss = partial_auc_kl(score, torch.tensor(target, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(score.grad, torch.zeros_like(score))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_moving_average_of_rate_one_has_the_gradient_of_the_closed_form(surrogate):
    score, target = sample()
    options = {"surrogate": surrogate, "temperature": 0.4, **OPTIONS}
    carrier = MovingAveragePartialAucKl(50, rate=1.0, **options)(score, target, torch.arange(24) + 20)
    expected = partial_auc_kl(score, target, **options)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))


def test_moving_average_follows_its_formula_over_two_batches():
    score, target = sample(12)
    criterion = MovingAveragePartialAucKl(12, rate=0.4, temperature=0.7).double()
    mean = torch.zeros(3, dtype=torch.float64)
    for batch in (score.detach() / 2, score):
        loss = pairs(batch, target)
        mean = 0.6 * mean + 0.4 * (loss.detach() / 0.7).exp().mean(1)
        carrier = criterion(batch, target, torch.arange(12))
    expected = ((loss.detach() / 0.7).exp() / mean.unsqueeze(1) * loss).mean()
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))
    torch.testing.assert_close(criterion.log_mean[target == 1].exp(), mean)


def test_moving_average_keeps_means_that_no_float32_can_hold():
    score, target = torch.tensor([0.0, 20.0, 19.0], requires_grad=True), torch.tensor([1, 0, 0])
    criterion = MovingAveragePartialAucKl(3, rate=0.5)
    for _ in range(60):
        carrier = criterion(score, target, torch.arange(3))
    assert criterion.log_mean[0].item() == pytest.approx(21**2 - math.log(2))
    # the buffer's float32 holds the logarithm to 3e-5
    torch.testing.assert_close(
        gradient(carrier, score), torch.tensor([-42.0, 42.0, 0.0]), rtol=1e-4, atol=1e-9
    )


def test_moving_average_revises_only_the_positives_of_the_batch():
    score, target = sample()
    criterion = MovingAveragePartialAucKl(100)
    index = torch.arange(24) * 3
    criterion(score, target, index)
    assert criterion.log_mean.isfinite().nonzero().flatten().tolist() == index[target == 1].tolist()


@pytest.mark.parametrize("target", [[1, 1], [0, 0], []])
def test_moving_average_of_one_class_has_no_gradient_and_learns_nothing(target):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    criterion = MovingAveragePartialAucKl(5)
    criterion(score, torch.tensor(target, dtype=torch.long), torch.arange(len(target))).backward()
    assert torch.equal(score.grad, torch.zeros_like(score))
    assert (criterion.log_mean == -math.inf).all()


def test_moving_average_only_reads_in_evaluation_mode():
    score, target = sample()
    index = torch.arange(24)
    criterion = MovingAveragePartialAucKl(24, rate=0.5)
    criterion(score, target, index)
    before = criterion.log_mean.clone()
    criterion.eval()
    assert criterion(score + torch.arange(24) / 10, target, index).isfinite()
    assert torch.equal(criterion.log_mean, before)


def test_moving_average_of_an_unseen_row_is_that_of_the_batch():
    score, target = sample()
    carrier = MovingAveragePartialAucKl(24).eval()(score, target, torch.arange(24))
    torch.testing.assert_close(gradient(carrier, score), gradient(partial_auc_kl(score, target), score))


def test_moving_average_survives_its_state_dict():
    score, target = sample()
    index = torch.arange(24)
    first, second = MovingAveragePartialAucKl(24), MovingAveragePartialAucKl(24)
    first(score, target, index)
    second.load_state_dict(first.state_dict())
    moved = score * 1.5
    assert torch.equal(first(moved, target, index), second(moved, target, index))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_moving_average_keeps_the_dtype_of_half_scores(dtype):
    score, target = sample()
    narrow = score.detach().to(dtype)
    exact = MovingAveragePartialAucKl(24)(narrow.float(), target, torch.arange(24))
    carrier = MovingAveragePartialAucKl(24)(narrow, target, torch.arange(24))
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
        (SCORE, TARGET, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (SCORE, TARGET, {"temperature": "1"}, DtypeError, "temperature"),
        (SCORE, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (SCORE, TARGET, {"scale": -1.0}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        partial_auc_kl(score, target, **options)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"num_samples": 0}, InvalidInputError, "num_samples"),
        ({"rate": 0.0}, InvalidInputError, "rate"),
        ({"rate": 1.1}, InvalidInputError, "rate"),
        ({"temperature": -1.0}, InvalidInputError, "temperature"),
        ({"surrogate": "linear"}, InvalidInputError, "surrogate"),
    ],
)
def test_bad_options_of_the_moving_average_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        MovingAveragePartialAucKl(**{"num_samples": 3, **options})


def test_a_bad_index_is_named():
    with pytest.raises(InvalidInputError, match=r"^index: got 3; wanted dataset rows from 0 to 2"):
        MovingAveragePartialAucKl(3)(SCORE, TARGET, torch.arange(3) + 1)
