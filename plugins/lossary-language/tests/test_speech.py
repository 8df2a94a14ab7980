"""Continuous integrate-and-fire, the count of its tokens, and word errors: against loops, ends, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.continuous_integrate_and_fire import continuous_integrate_and_fire
from lossary_language.minimum_word_error_rate import minimum_word_error_rate
from lossary_language.token_count_mae import token_count_mae

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "124-continuous_integrate_and_fire.json")


def utterances(seed: int, *shape: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(shape, generator=generator, dtype=torch.float64)
    return [hidden, torch.rand(shape[:2], generator=generator, dtype=torch.float64)]


def by_scan(hidden: torch.Tensor, weights: torch.Tensor, threshold: float) -> list[torch.Tensor]:
    """The tokens of one utterance, frame by frame."""
    tokens, held, frame = [], 0.0, torch.zeros_like(hidden[0])
    for vector, weight in zip(hidden, weights, strict=True):
        if held + weight >= threshold:
            tokens.append(frame + (threshold - held) * vector)
            held = held + weight - threshold
            frame = held * vector
        else:
            held, frame = held + weight, frame + weight * vector
    return tokens


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_tokens_and_gradients(case):
    inputs = {name: torch.from_numpy(array).requires_grad_() for name, array in case.inputs.items()}
    found = continuous_integrate_and_fire(**inputs, **case.params)
    loss = found.embedding.square().sum()
    loss.backward()
    tolerance = {"rtol": case.rtol, "atol": case.atol}
    for name, value in {**found._asdict(), "loss": loss}.items():
        wanted = torch.tensor(case.expected[name], dtype=torch.float64)
        torch.testing.assert_close(value.double(), wanted.reshape(value.shape), **tolerance)
    for name, gradient in case.grad.items():
        torch.testing.assert_close(inputs[name].grad, torch.from_numpy(gradient), **tolerance)


@given(seed=st.integers(0, 2**16), threshold=st.sampled_from([1.0, 1.3]))
@settings(max_examples=10)
def test_equals_a_scan_of_the_frames(seed, threshold):
    hidden, weights = utterances(seed, 2, 9, 3)
    found = continuous_integrate_and_fire(hidden, weights, threshold=threshold)
    for row, count in enumerate(found.count.tolist()):
        tokens = by_scan(hidden[row], weights[row], threshold)
        assert count == len(tokens)
        for token, wanted in zip(found.embedding[row], tokens, strict=False):
            torch.testing.assert_close(token, wanted)
        assert not found.embedding[row, count:].any()


def test_gradients_are_those_of_finite_differences():
    hidden, weights = (value.requires_grad_() for value in utterances(1, 2, 6, 2))
    assert torch.autograd.gradcheck(
        lambda *given_: continuous_integrate_and_fire(*given_)[0], (hidden, weights)
    )


def test_weights_of_a_token_add_up_to_the_threshold():
    _, weights = utterances(0, 3, 12, 1)
    found = continuous_integrate_and_fire(torch.ones(3, 12, 1, dtype=torch.float64), weights, threshold=1.5)
    for row, count in zip(found.embedding.squeeze(2), found.count, strict=True):
        torch.testing.assert_close(row[:count], torch.full_like(row[:count], 1.5))


def test_slack_catches_the_token_that_rounding_would_miss():
    weights = torch.full((1, 10), 0.1, dtype=torch.float64) - 1e-9
    hidden = torch.ones(1, 10, 1, dtype=torch.float64)
    assert continuous_integrate_and_fire(hidden, weights).count.item() == 0
    assert continuous_integrate_and_fire(hidden, weights, slack=1e-6).count.item() == 1


def test_rounding_of_the_sums_skips_no_token():
    weights = torch.tensor([[1 - 2**-53, 1.0, 0.5]], dtype=torch.float64)  # the first two add up to 2
    found = continuous_integrate_and_fire(torch.ones(1, 3, 1, dtype=torch.float64), weights)
    torch.testing.assert_close(found.embedding, torch.ones(1, 2, 1, dtype=torch.float64))


def test_scaled_weights_give_as_many_tokens_as_wanted():
    hidden, weights = utterances(2, 4, 30, 2)
    length = torch.tensor([3, 7, 1, 12])
    scaled = weights * (length / weights.sum(1)).unsqueeze(1)
    assert torch.equal(continuous_integrate_and_fire(hidden, scaled, slack=1e-6).count, length)
    torch.testing.assert_close(token_count_mae(scaled, length).item(), 0.0)


def test_long_utterances_in_single_precision_fire_where_they_should():
    weights = torch.full((1, 100_000), 0.25)
    found = continuous_integrate_and_fire(torch.ones(1, 100_000, 1), weights)
    assert found.count.item() == 25_000
    torch.testing.assert_close(found.embedding, torch.ones(1, 25_000, 1))


@pytest.mark.parametrize("shape", [(0, 4, 2), (3, 0, 2), (3, 4, 0)])
def test_nothing_gives_no_token(shape):
    found = continuous_integrate_and_fire(torch.ones(shape), torch.full(shape[:2], 0.1))
    assert found.embedding.shape == (shape[0], 0, shape[2])
    assert not found.count.any()


@pytest.mark.parametrize(
    ("weights", "options", "error", "argument"),
    [
        (torch.ones(2, 3), {}, ShapeError, "weights"),
        (torch.full((2, 4), -0.1), {}, InvalidInputError, "weights"),
        (torch.full((2, 4), 1.1), {}, InvalidInputError, "weights"),
        (torch.full((2, 4), math.nan), {}, InvalidInputError, "weights"),
        (torch.ones(2, 4, dtype=torch.int64), {}, DtypeError, "weights"),
        (torch.ones(2, 4), {"threshold": 0.0}, InvalidInputError, "threshold"),
        (torch.ones(2, 4), {"slack": 0.5}, InvalidInputError, "slack"),
    ],
)
def test_bad_weights_are_named(weights, options, error, argument):
    with pytest.raises(error, match=f"{argument}: got"):
        continuous_integrate_and_fire(torch.ones(2, 4, 3), weights, **options)


def test_counts_are_compared_by_utterance():
    weights, length = torch.tensor([[1.0, 1.0], [0.5, 0.0]]), torch.tensor([1, 1])
    assert token_count_mae(weights, length).item() == 0.75
    assert token_count_mae(weights, length, normalize_length=False).item() == 0.75
    assert token_count_mae(weights, 2 * length, normalize_length=False).item() == 0.75
    assert token_count_mae(weights, 2 * length).item() == 0.375


def test_an_exact_count_has_no_slope():
    weights = torch.full((1, 4), 0.5, requires_grad=True)
    token_count_mae(weights, torch.tensor([2])).backward()
    assert not weights.grad.any()


def test_no_token_to_divide_by_gives_zero_with_a_graph():
    weights = torch.full((2, 3), 0.5, requires_grad=True)
    loss = token_count_mae(weights, torch.zeros(2, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert not weights.grad.any()


def test_negative_weights_and_lengths_are_refused():
    with pytest.raises(InvalidInputError, match="weights: got -1"):
        token_count_mae(-torch.ones(1, 2), torch.tensor([2]))
    with pytest.raises(InvalidInputError, match="length: got -2"):
        token_count_mae(torch.ones(1, 2), torch.tensor([-2]))


def test_word_errors_above_the_expected_ones_push_down():
    log_prob = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    error = torch.tensor([[0.0, 1.0, 4.0, 2.0]], dtype=torch.float64).expand(3, 4)
    leaf = log_prob.requires_grad_()
    minimum_word_error_rate(leaf, error, reduction="sum").backward()
    share = log_prob.detach().softmax(1)
    torch.testing.assert_close(leaf.grad, share * (error - (share * error).sum(1, keepdim=True)))


def test_equal_errors_or_one_hypothesis_cost_nothing():
    assert minimum_word_error_rate(torch.randn(3, 4), torch.full((3, 4), 5.0)).item() == 0
    assert minimum_word_error_rate(torch.randn(3, 1), torch.rand(3, 1)).item() == 0


def test_a_sure_hypothesis_counts_alone():
    log_prob, error = torch.tensor([[0.0, -1e4]]), torch.tensor([[1.0, 4.0]])
    assert minimum_word_error_rate(log_prob, error).item() == pytest.approx(1 - 2.5)


def test_bad_hypotheses_are_named():
    with pytest.raises(ShapeError, match="log_prob: got shape"):
        minimum_word_error_rate(torch.ones(2, 0), torch.ones(2, 0))
    with pytest.raises(ShapeError, match="error: got shape"):
        minimum_word_error_rate(torch.ones(2, 3), torch.ones(2, 2))
    with pytest.raises(InvalidInputError, match="error: got -1"):
        minimum_word_error_rate(torch.ones(2, 3), -torch.ones(2, 3))
