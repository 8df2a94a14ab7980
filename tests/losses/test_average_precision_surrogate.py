"""Average precision surrogate beyond conformance: counts, other forms, running means and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.auc.average_precision_surrogate import (
    LOSS,
    MovingAverageAveragePrecisionSurrogate,
    average_precision_surrogate,
)
from lossary.metrics import average_precision_score
from lossary.ops.surrogates import SURROGATES, pair_loss

scores = st.integers(-6, 6).map(lambda step: step / 4) | st.floats(-30, 30, width=32)
batches = st.lists(st.tuples(scores, st.booleans()), min_size=2, max_size=20).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


def tensors(rows: list[tuple[float, bool]]) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.tensor([row[0] for row in rows], dtype=torch.float64),
        torch.tensor([int(row[1]) for row in rows]),
    )


def sample(size: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    score = torch.randn(size, generator=generator, dtype=torch.float64)
    return score.requires_grad_(), (torch.arange(size) % 4 == 0).long()


def brute_force(score, target, surrogate="squared_hinge", margin=1.0, scale=1.0):
    """All pairs at once, straight from the formula."""
    positive = target == 1
    weight = pair_loss(score[positive].unsqueeze(1) - score, surrogate, margin, scale)
    return 1 - (weight[:, positive].sum(1) / weight.sum(1)).mean()


@settings(max_examples=80)
@given(
    rows=batches,
    surrogate=st.sampled_from(SURROGATES),
    margin=st.sampled_from([0.3, 0.8]),
    scale=st.sampled_from([0.6, 1.9]),
)
def test_equals_brute_force(rows, surrogate, margin, scale):
    score, target = tensors(rows)
    score.requires_grad_()
    options = {"surrogate": surrogate, "margin": margin, "scale": scale}
    actual, expected = (rule(score, target, **options) for rule in (average_precision_surrogate, brute_force))
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(
        torch.autograd.grad(actual, score)[0],
        torch.autograd.grad(expected, score)[0],
        rtol=1e-9,
        atol=1e-11,
    )


def test_counting_instead_of_the_surrogate_gives_the_paired_metric():
    score, target = sample()
    score = score.detach()
    # a steep sigmoid counts what is above, and half of the positive itself, which the metric counts whole
    positive = target == 1
    weight = (
        pair_loss(score[positive].unsqueeze(1) - score, "sigmoid", 1.0, 1e6) + 0.5 * torch.eye(24)[positive]
    )
    counted = (weight[:, positive].sum(1) / weight.sum(1)).mean()
    (metric,) = LOSS.pairs_with
    assert metric(score=score, target=target) == pytest.approx(counted.item())
    assert metric(score=score, target=target) == average_precision_score(target.numpy(), score.numpy())


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_tied_scores_give_the_share_of_negatives(surrogate):
    target = torch.tensor([1, 0, 0, 1, 0])
    loss = average_precision_surrogate(torch.full((5,), 3.0), target, surrogate=surrogate)
    assert loss.item() == pytest.approx(3 / 5)


def test_negatives_below_the_margin_cost_nothing():
    score, target = torch.tensor([2.0, 3.0, 0.5, 1.0], requires_grad=True), torch.tensor([1, 1, 0, 0])
    loss = average_precision_surrogate(score, target)
    loss.backward()
    assert loss.item() == 0
    assert not score.grad.any()


def test_small_losses_keep_their_digits():
    score, target = torch.tensor([30.0, 0.0], dtype=torch.float64), torch.tensor([1, 0])
    loss = average_precision_surrogate(score, target, surrogate="logistic")
    tail = math.log1p(math.exp(-30))
    assert loss.item() == pytest.approx(tail / (tail + math.log(2)), rel=1e-12)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("size", [1e3, 1e6])
def test_huge_scores_stay_finite(surrogate, size):
    score, target = torch.linspace(-size, size, 12), torch.arange(12) % 3 == 0
    score.requires_grad_()
    loss = average_precision_surrogate(score, target, surrogate=surrogate)
    loss.backward()
    assert 0 <= loss.item() <= 1
    assert score.grad.isfinite().all()


@pytest.mark.parametrize("target", [[1, 1], [0, 0], [1], [0], []])
@pytest.mark.parametrize("surrogate", ["squared_hinge", "exponential"])
def test_a_batch_of_one_class_gives_zero_with_a_graph(target, surrogate):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    loss = average_precision_surrogate(score, torch.tensor(target, dtype=torch.long), surrogate=surrogate)
    loss.backward()
    assert loss.item() == 0
    assert not score.grad.any()


def test_descending_the_gradient_raises_the_average_precision():
    score = torch.randn(40, generator=torch.Generator().manual_seed(0), requires_grad=True)
    target = torch.arange(40) % 8 == 0
    before = average_precision_score(target.numpy(), score.detach().numpy())
    optimizer = torch.optim.SGD([score], lr=2.0)
    for _ in range(60):
        optimizer.zero_grad()
        average_precision_surrogate(score, target).backward()
        optimizer.step()
    assert before < 0.5
    assert average_precision_score(target.numpy(), score.detach().numpy()) == 1.0


def gradient(loss: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, score)[0]


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_moving_average_of_rate_one_has_the_gradient_of_the_closed_form(surrogate):
    score, target = sample()
    options = {"surrogate": surrogate, "margin": 0.7, "scale": 1.3}
    criterion = MovingAverageAveragePrecisionSurrogate(50, rate=1.0, **options)
    carrier = criterion(score, target, torch.arange(24) + 20)
    expected = average_precision_surrogate(score, target, **options)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))


def test_moving_average_follows_its_formula_over_two_batches():
    score, target = sample(12)
    positive, index = target == 1, torch.arange(12)
    criterion = MovingAverageAveragePrecisionSurrogate(12, rate=0.4).double()
    batches = score.detach(), score
    mean = positive_mean = torch.zeros(3, dtype=torch.float64)
    for batch in batches:
        weight = pair_loss(batch[positive].unsqueeze(1) - batch, "squared_hinge", 1.0, 1.0)
        mean = 0.6 * mean + 0.4 * weight.detach().mean(1)
        positive_mean = 0.6 * positive_mean + 0.4 * (weight * positive).detach().mean(1)
        carrier = criterion(batch, target, index)
    pull = (positive_mean.unsqueeze(1) - mean.unsqueeze(1) * positive) / mean.square().unsqueeze(1)
    expected = (pull * weight).mean()
    torch.testing.assert_close(carrier, expected)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))
    torch.testing.assert_close(criterion.mean[positive], mean)
    torch.testing.assert_close(criterion.positive_mean[positive], positive_mean)


def test_moving_average_revises_only_the_positives_of_the_batch():
    score, target = sample()
    criterion = MovingAverageAveragePrecisionSurrogate(100)
    index = torch.arange(24) * 3
    criterion(score, target, index)
    for rows in (criterion.mean, criterion.positive_mean):
        assert set(rows.nonzero().flatten().tolist()) == set(index[target == 1].tolist())


def test_moving_average_only_reads_in_evaluation_mode():
    score, target = sample()
    index = torch.arange(24)
    criterion = MovingAverageAveragePrecisionSurrogate(24, rate=0.5)
    criterion(score, target, index)
    before = criterion.mean.clone()
    criterion.eval()
    carrier = criterion(score + torch.arange(24) / 10, target, index)
    assert carrier.isfinite()
    assert torch.equal(criterion.mean, before)


def test_moving_average_of_an_unseen_row_is_that_of_the_batch():
    score, target = sample()
    criterion = MovingAverageAveragePrecisionSurrogate(24).eval()
    carrier = criterion(score, target, torch.arange(24))
    expected = average_precision_surrogate(score, target)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))


def test_moving_average_survives_its_state_dict():
    score, target = sample()
    index = torch.arange(24)
    first = MovingAverageAveragePrecisionSurrogate(24)
    first(score, target, index)
    second = MovingAverageAveragePrecisionSurrogate(24)
    second.load_state_dict(first.state_dict())
    moved = score * 1.5
    assert torch.equal(first(moved, target, index), second(moved, target, index))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_moving_average_keeps_the_dtype_of_half_scores(dtype):
    score, target = sample()
    narrow = score.detach().to(dtype)
    exact = MovingAverageAveragePrecisionSurrogate(24)(narrow.float(), target, torch.arange(24))
    carrier = MovingAverageAveragePrecisionSurrogate(24)(narrow, target, torch.arange(24))
    assert carrier.dtype == dtype
    torch.testing.assert_close(carrier, exact.to(dtype))


@pytest.mark.parametrize("target", [[1, 1], [0, 0], []])
def test_moving_average_of_one_class_has_no_gradient(target):
    score = torch.linspace(0, 1, len(target)).requires_grad_()
    criterion = MovingAverageAveragePrecisionSurrogate(5)
    criterion(score, torch.tensor(target, dtype=torch.long), torch.arange(len(target))).backward()
    torch.testing.assert_close(score.grad, torch.zeros_like(score))


def test_moving_average_compiles_in_one_graph():
    score, target = sample()
    index = torch.arange(24)
    plain, compiled = (MovingAverageAveragePrecisionSurrogate(24) for _ in range(2))
    carrier = torch.compile(compiled, fullgraph=True, backend="aot_eager")(score, target, index)
    expected = plain(score, target, index)
    torch.testing.assert_close(carrier, expected)
    torch.testing.assert_close(gradient(carrier, score), gradient(expected, score))
    torch.testing.assert_close(compiled.positive_mean, plain.positive_mean)


SCORE, TARGET, INDEX = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0]), torch.arange(3)


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (torch.zeros(3, 2), TARGET, {}, ShapeError, "score"),
        (SCORE, TARGET[:2], {}, ShapeError, "target"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE, [1, 0, 0], {}, DtypeError, "target"),
        (SCORE, torch.tensor([1, 0, 2]), {}, InvalidInputError, "target"),
        (SCORE * math.nan, TARGET, {}, InvalidInputError, "score"),
        (SCORE, TARGET, {"surrogate": "linear"}, InvalidInputError, "surrogate"),
        (SCORE, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (SCORE, TARGET, {"scale": -1.0}, InvalidInputError, "scale"),
        (SCORE, TARGET, {"scale": "1"}, DtypeError, "scale"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        average_precision_surrogate(score, target, **options)


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (INDEX.float(), DtypeError),
        (INDEX[:2], ShapeError),
        (INDEX.unsqueeze(1), ShapeError),
        (INDEX + 1, InvalidInputError),
        (INDEX - 1, InvalidInputError),
    ],
)
def test_a_bad_index_is_named(index, error):
    with pytest.raises(error, match=r"^index: "):
        MovingAverageAveragePrecisionSurrogate(3)(SCORE, TARGET, index)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"num_samples": 0}, InvalidInputError, "num_samples"),
        ({"num_samples": 2.0}, DtypeError, "num_samples"),
        ({"rate": 0.0}, InvalidInputError, "rate"),
        ({"rate": 1.1}, InvalidInputError, "rate"),
        ({"surrogate": "linear"}, InvalidInputError, "surrogate"),
    ],
)
def test_bad_options_of_the_moving_average_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        MovingAverageAveragePrecisionSurrogate(**{"num_samples": 3, **options})
