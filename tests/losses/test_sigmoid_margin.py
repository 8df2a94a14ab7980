"""Sigmoid margin beyond conformance: its limit, its symmetry, its bound and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.sigmoid_margin import LOSS, sigmoid_margin

SCORE, TARGET = torch.tensor([0.3, -2.0, 0.1, 0.7]), torch.tensor([1, 0, 0, 1])


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_a_small_scale_gives_the_error_rate(seed):
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(9, generator=generator, dtype=torch.float64)
    target = torch.randint(2, (9,), generator=generator)
    errors, accuracy = (metric(score=score, target=target) for metric in LOSS.pairs_with)
    loss = sigmoid_margin(score, target, scale=1e-9).item()
    assert loss == pytest.approx(errors, abs=1e-6)
    assert loss == pytest.approx(1 - accuracy, abs=1e-6)


@given(score=st.floats(-20, 20), scale=st.floats(0.05, 5))
@settings(max_examples=25)
def test_the_values_of_both_labels_add_up_to_one(score, scale):
    scores = torch.tensor([score, score], dtype=torch.float64)
    values = sigmoid_margin(scores, torch.tensor([0, 1]), scale=scale, reduction="none")
    assert values.sum().item() == pytest.approx(1.0)
    assert values[0].item() == pytest.approx(1 / (1 + math.exp(-score / scale)))


def test_a_mislabelled_sample_far_from_the_boundary_costs_one_and_pulls_at_nothing():
    score = torch.tensor([40.0], requires_grad=True)
    loss = sigmoid_margin(score, torch.tensor([0]))
    loss.backward()
    assert loss.item() == 1
    assert score.grad.item() == 0


def test_a_sample_on_its_side_keeps_the_digits_of_its_loss():
    loss = sigmoid_margin(torch.tensor([5.0]), torch.tensor([1]))
    assert loss.item() == pytest.approx(math.exp(-50), rel=1e-5)


@pytest.mark.parametrize(
    ("score", "target", "options", "error", "argument"),
    [
        (SCORE, 2 * TARGET - 1, {}, InvalidInputError, "target"),
        (SCORE, TARGET[:1], {}, ShapeError, "target"),
        (SCORE[:, None], TARGET[:, None], {}, ShapeError, "score"),
        (SCORE.long(), TARGET, {}, DtypeError, "score"),
        (SCORE * math.nan, TARGET, {}, InvalidInputError, "score"),
        (SCORE, TARGET, {"scale": 0.0}, InvalidInputError, "scale"),
        (SCORE, TARGET, {"scale": -0.1}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(score, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        sigmoid_margin(score, target, **options)
