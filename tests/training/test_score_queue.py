"""The queue of scores against brute force over queue and batch: wrapping, drift, classes, dtypes, state."""

import copy
import math
import pickle

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.ops.all_pairs import all_pairs
from lossary.ops.surrogates import pair_loss
from lossary.settings import checks
from lossary.training.score_queue import SMOOTH_SURROGATES, ScoreQueue


class Batches:
    """Batches that drift, and the samples of the last ones, kept the plain way."""

    def __init__(self, size: int, *, batch: int = 100, drift: float = 0.05) -> None:
        self.generator = torch.Generator().manual_seed(0)
        self.size, self.batch, self.drift, self.step = size, batch, drift, 0
        self.scores, self.positive = torch.empty(0, dtype=torch.float64), torch.empty(0, dtype=torch.bool)

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        score = torch.randn(self.batch, generator=self.generator, dtype=torch.float64)
        self.step += 1
        target = torch.rand(self.batch, generator=self.generator) < 0.15
        return (score + self.step * self.drift).requires_grad_(), target

    def expected(self, score: torch.Tensor, target: torch.Tensor, temperature=1.0, surrogate="logistic"):
        """All pairs with a sample of the batch."""
        everything, positive = torch.cat([score, self.scores]), torch.cat([target, self.positive])
        in_batch = torch.arange(everything.numel()) < score.numel()
        difference = (everything[positive].unsqueeze(1) - everything[~positive]) / temperature
        counts = in_batch[positive].unsqueeze(1) | in_batch[~positive]
        return pair_loss(difference, surrogate, 1.0, 1.0)[counts].mean()

    def remember(self, score: torch.Tensor, target: torch.Tensor) -> None:
        self.scores = torch.cat([self.scores, score.detach()])[-self.size :]
        self.positive = torch.cat([self.positive, target])[-self.size :]


def gradient(loss: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, score)[0]


def summarizes(queue: ScoreQueue) -> bool:
    """Whether points stand for the scores."""
    return queue._cells is not None and queue._cells.num_nodes < len(queue)


@pytest.mark.parametrize("surrogate", SMOOTH_SURROGATES)
@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_equals_brute_force_over_three_rounds_of_drifting_scores(surrogate, temperature):
    queue, batches = ScoreQueue(1500, dtype=torch.float64), Batches(1500)
    options = {"temperature": temperature, "surrogate": surrogate}
    for _ in range(50):
        score, target = batches.draw()
        expected = batches.expected(score, target, **options)
        actual = queue(score, target, **options)
        torch.testing.assert_close(actual, expected, rtol=1e-12, atol=0)
        wanted = gradient(expected, score)
        torch.testing.assert_close(
            gradient(actual, score), wanted, rtol=0, atol=1e-12 * wanted.abs().max().item()
        )
        batches.remember(score, target)
    assert len(queue) == 1500
    assert int(queue.pushed) == 5000
    assert summarizes(queue)


def test_tiny_losses_keep_their_digits():
    queue, batches = ScoreQueue(1500, dtype=torch.float64), Batches(1500)
    for _ in range(20):
        score, target = batches.draw()
        score = score + 30.0 * target
        expected = batches.expected(score, target, temperature=0.5)
        actual = queue(score, target, temperature=0.5)
        assert expected < 1e-20
        torch.testing.assert_close(actual, expected, rtol=1e-11, atol=0)
        batches.remember(score, target)
    assert summarizes(queue)


@pytest.mark.parametrize("temperature", [1e-30, 1e-9, 1e-4])
def test_scores_far_apart_in_temperatures_act_themselves(temperature):
    queue, batches = ScoreQueue(300, dtype=torch.float64), Batches(300)
    for _ in range(6):
        score, target = batches.draw()
        expected = batches.expected(score, target, temperature)
        torch.testing.assert_close(queue(score, target, temperature=temperature), expected)
        batches.remember(score, target)
    assert not summarizes(queue)


def test_outliers_leave_the_queue_without_a_trace():
    queue, batches = ScoreQueue(1000, dtype=torch.float64), Batches(1000)
    queue(torch.tensor([1e9, -1e12, 1e6], dtype=torch.float64), torch.tensor([0, 0, 1]))
    for _ in range(12):
        score, target = batches.draw()
        loss = queue(score, target)
        batches.remember(score, target)
    score, target = batches.draw()
    assert loss < 2
    assert summarizes(queue)
    torch.testing.assert_close(queue(score, target), batches.expected(score, target), rtol=1e-12, atol=0)


def test_a_new_temperature_or_surrogate_is_taken_from_the_next_call_on():
    queue, batches = ScoreQueue(1500, dtype=torch.float64), Batches(1500)
    for temperature, surrogate in [
        (1.0, "logistic"),
        (0.5, "sigmoid"),
        (2.0, "square"),
        (1.0, "logistic"),
    ] * 5:
        score, target = batches.draw()
        expected = batches.expected(score, target, temperature, surrogate)
        actual = queue(score, target, temperature=temperature, surrogate=surrogate)
        torch.testing.assert_close(actual, expected, rtol=1e-12, atol=0)
        batches.remember(score, target)


def test_an_empty_queue_gives_the_loss_of_the_batch():
    score, target = Batches(10).draw()
    loss, expected = ScoreQueue(10)(score, target), all_pairs(score, target)
    torch.testing.assert_close(loss, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("first", [0, 1])
def test_batches_of_one_class_meet_in_the_queue(first):
    queue = ScoreQueue(10)
    score = torch.tensor([1.0, 2.0], requires_grad=True)
    alone = queue(score, torch.full((2,), first))
    assert alone.item() == 0
    assert torch.equal(gradient(alone, score), torch.zeros(2))
    loss = queue(torch.tensor([0.0], requires_grad=True), torch.tensor([1 - first]))
    sign = 1 if first else -1
    assert loss.item() == pytest.approx(
        (math.log1p(math.exp(-sign * 1.0)) + math.log1p(math.exp(-sign * 2.0))) / 2
    )


def test_an_empty_batch_gives_zero_and_changes_nothing():
    queue, score = ScoreQueue(10), torch.empty(0, requires_grad=True)
    queue(torch.tensor([1.0, 0.0]), torch.tensor([1, 0]))
    loss = queue(score, torch.empty(0, dtype=torch.long))
    assert loss.item() == 0
    assert gradient(loss, score).shape == (0,)
    assert len(queue) == 2


def test_of_a_batch_beyond_its_size_the_last_samples_stay():
    queue = ScoreQueue(3)
    queue(torch.arange(8.0), torch.arange(8) % 2)
    assert sorted(queue.scores.tolist()) == [5.0, 6.0, 7.0]
    assert sorted(queue.scores[queue.positive].tolist()) == [5.0, 7.0]


def test_the_newest_samples_replace_the_oldest():
    queue = ScoreQueue(4)
    for first in (0.0, 3.0, 6.0):
        queue(torch.arange(3) + first, torch.tensor([0, 1, 0]))
    assert sorted(queue.scores.tolist()) == [5.0, 6.0, 7.0, 8.0]
    assert queue.scores[queue.positive].tolist() == [7.0]


def test_scores_that_are_no_numbers_are_not_remembered():
    queue = ScoreQueue(5)
    with checks(enabled=False):
        queue(torch.tensor([math.nan, 1.0, math.inf]), torch.tensor([0, 1, 0]))
    assert len(queue) == 1
    assert queue(torch.tensor([1.0]), torch.tensor([0])).item() == pytest.approx(math.log(2))


def test_evaluation_mode_reads_only():
    queue, batches = ScoreQueue(500), Batches(500)
    queue(*batches.draw())
    score, target = batches.draw()
    queue.eval()
    first, second = queue(score, target), queue(score, target)
    assert torch.equal(first, second)
    assert len(queue) == 100
    queue.train()
    assert torch.equal(queue(score, target), first)
    assert len(queue) == 200


@pytest.mark.parametrize("copied", ["state_dict", "pickle", "deepcopy"])
def test_a_copy_goes_on_as_the_original(copied):
    queue, batches = ScoreQueue(1500, dtype=torch.float64), Batches(1500)
    for _ in range(20):
        queue(*batches.draw())
    if copied == "state_dict":
        other = ScoreQueue(1500, dtype=torch.float64)
        other(*batches.draw())  # its own past is forgotten
        other.load_state_dict(queue.state_dict())
    else:
        other = copy.deepcopy(queue) if copied == "deepcopy" else pickle.loads(pickle.dumps(queue))
    for _ in range(3):
        score, target = batches.draw()
        torch.testing.assert_close(queue(score, target), other(score, target), rtol=1e-13, atol=0)


def test_another_dtype_of_the_module_renews_the_summary():
    queue, batches = ScoreQueue(1500), Batches(1500)
    for _ in range(16):
        score, target = batches.draw()
        queue(score.float(), target)
        batches.remember(score.float().double(), target)
    score, target = batches.draw()
    torch.testing.assert_close(
        queue.double()(score, target), batches.expected(score, target), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_narrow_scores_are_ranked_as_exactly_as_wide_ones(dtype):
    queue, wide, batches = ScoreQueue(1500), ScoreQueue(1500, dtype=torch.float64), Batches(1500)
    for _ in range(17):
        score, target = batches.draw()
        narrow = score.detach().to(dtype).requires_grad_()
        widened = narrow.detach().double().requires_grad_()
        loss, expected = queue(narrow, target), wide(widened, target)
    assert loss.dtype == dtype
    torch.testing.assert_close(loss, expected.to(dtype), rtol=torch.finfo(dtype).eps, atol=0)
    of_narrow = gradient(loss, narrow)
    assert of_narrow.dtype == dtype
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(of_narrow, gradient(expected, widened).to(dtype), rtol=2 * eps, atol=1e-7)


def test_gradients_reach_the_batch_only_and_are_right():
    queue, batches = ScoreQueue(1500, dtype=torch.float64), Batches(1500, batch=50)
    for _ in range(32):
        queue(*batches.draw())
    score, target = batches.draw()
    queue.eval()
    assert summarizes(queue)
    assert not any(value.requires_grad for value in queue.state_dict().values())
    assert torch.autograd.gradcheck(lambda value: queue(value, target), score)
    assert torch.autograd.gradgradcheck(lambda value: queue(value, target), score)


def test_the_summary_takes_less_than_the_scores():
    queue = ScoreQueue(200_000)
    generator = torch.Generator().manual_seed(0)
    queue(torch.randn(200_000, generator=generator), torch.rand(200_000, generator=generator) < 0.1)
    queue(torch.randn(64, generator=generator), torch.arange(64) % 2)
    assert summarizes(queue)
    assert queue._cells.num_nodes < 500


SCORE, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (SCORE.unsqueeze(1), TARGET, {}, ShapeError, "score"),
        (SCORE, TARGET[:2], {}, ShapeError, "target"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE, [1, 0, 0], {}, DtypeError, "target"),
        (SCORE, TARGET * 2, {}, InvalidInputError, "target"),
        (SCORE * math.nan, TARGET, {}, InvalidInputError, "score"),
        (SCORE, TARGET, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (SCORE, TARGET, {"surrogate": "hinge"}, InvalidInputError, "surrogate"),
        (SCORE, TARGET, {"surrogate": "squared_hinge"}, InvalidInputError, "surrogate"),
    ],
)
def test_bad_input_is_named_and_not_remembered(score, target, options, error, argument):
    queue = ScoreQueue(5)
    with pytest.raises(error, match=f"^{argument}: "):
        queue(score, target, **options)
    assert len(queue) == 0


def test_a_refused_surrogate_is_told_the_others():
    with pytest.raises(InvalidInputError, match="'logistic', 'sigmoid', 'square', 'exponential'"):
        ScoreQueue(5)(SCORE, TARGET, surrogate="hinge")


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((0,), {}, InvalidInputError, "size"),
        ((1.5,), {}, DtypeError, "size"),
        ((5,), {"dtype": torch.int64}, DtypeError, "dtype"),
    ],
)
def test_bad_options_are_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        ScoreQueue(*arguments, **options)
