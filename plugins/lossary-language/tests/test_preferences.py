"""Losses of whole answers: their identities, what they push and what no longer, extremes and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.direct_preference_optimization import LOSS as DPO
from lossary_language.direct_preference_optimization import direct_preference_optimization
from lossary_language.negative_preference_optimization import negative_preference_optimization
from lossary_language.simple_negative_preference_optimization import simple_negative_preference_optimization

LOG_PROB = torch.tensor([-3.0, -1.0, -7.5], dtype=torch.float64)
REFERENCE = torch.tensor([-2.0, -1.0, -9.0], dtype=torch.float64)
LENGTH = torch.tensor([3, 1, 5])

each_beta = pytest.mark.parametrize("beta", [1e-3, 0.1, 1.0, 20.0])


def slope(function, *inputs, **options):
    leaf = inputs[0].clone().requires_grad_()
    return torch.autograd.grad(function(leaf, *inputs[1:], reduction="sum", **options), leaf)[0]


@each_beta
def test_forgetting_is_a_preference_without_the_preferred_answer(beta):
    same = torch.full_like(LOG_PROB, -4.0)
    preference = direct_preference_optimization(
        same, LOG_PROB, same, REFERENCE, beta=beta, normalize=True, reduction="none"
    )
    forgetting = negative_preference_optimization(LOG_PROB, REFERENCE, beta=beta, reduction="none")
    torch.testing.assert_close(forgetting, preference)


@each_beta
def test_the_push_of_forgetting_is_a_sigmoid_of_the_log_ratio(beta):
    found = slope(negative_preference_optimization, LOG_PROB, REFERENCE, beta=beta)
    torch.testing.assert_close(found, 2 * torch.sigmoid(beta * (LOG_PROB - REFERENCE)))


def test_a_small_beta_is_gradient_ascent():
    beta = 1e-7
    value = negative_preference_optimization(LOG_PROB, REFERENCE, beta=beta, reduction="none")
    rest = value - 2 / beta * math.log(2)
    torch.testing.assert_close(rest, LOG_PROB - REFERENCE, rtol=1e-5, atol=1e-5)


def test_what_is_forgotten_is_left_alone():
    found = slope(negative_preference_optimization, LOG_PROB - 500, REFERENCE, beta=0.1)
    assert (found < 1e-15).all()
    found = slope(simple_negative_preference_optimization, 100.0 * LOG_PROB, LENGTH)
    assert (found < 1e-15).all()


@each_beta
@pytest.mark.parametrize("gamma", [-1.0, 0.0, 0.5])
def test_the_simple_form_compares_the_mean_token_with_gamma(beta, gamma):
    simple = simple_negative_preference_optimization(LOG_PROB, LENGTH, beta=beta, gamma=gamma)
    mean = LOG_PROB / LENGTH
    torch.testing.assert_close(
        simple, negative_preference_optimization(mean, torch.full_like(mean, -gamma), beta=beta)
    )


def test_smoothing_weighs_both_preferences():
    inputs = (LOG_PROB, REFERENCE, REFERENCE - 1, LOG_PROB + 2)
    swapped = (inputs[1], inputs[0], inputs[3], inputs[2])
    one, other = (
        direct_preference_optimization(*each, beta=0.7, reduction="none") for each in (inputs, swapped)
    )
    smoothed = direct_preference_optimization(*inputs, beta=0.7, label_smoothing=0.2, reduction="none")
    torch.testing.assert_close(smoothed, 0.8 * one + 0.2 * other)


def test_an_unchanged_model_has_log_two():
    value = direct_preference_optimization(LOG_PROB, REFERENCE, LOG_PROB, REFERENCE)
    assert value.item() == pytest.approx(math.log(2))


def test_the_metric_is_the_share_of_pairs_that_are_preferred():
    (accuracy,) = DPO.pairs_with
    zeros = torch.zeros(4)
    found = accuracy(
        chosen_log_prob=torch.tensor([1.0, -1.0, 2.0, 0.5]),
        rejected_log_prob=zeros,
        ref_chosen_log_prob=torch.tensor([0.0, 0.0, 3.0, 0.0]),
        ref_rejected_log_prob=zeros,
    )
    assert found == 0.5


@pytest.mark.parametrize("ratio", [-1e4, -50.0, 0.0, 50.0, 1e4])
def test_extreme_ratios_are_finite(ratio):
    log_prob, reference = torch.tensor([ratio]), torch.zeros(1)
    value = negative_preference_optimization(log_prob, reference, beta=1.0)
    push = slope(negative_preference_optimization, log_prob, reference, beta=1.0)
    assert value.item() == pytest.approx(2 * max(ratio, 0.0) if ratio else 2 * math.log(2))
    assert push.item() == pytest.approx(2.0 if ratio > 0 else float(ratio == 0), abs=1e-6)


def test_a_small_loss_keeps_its_digits():
    value = negative_preference_optimization(torch.tensor([-30.0]), torch.zeros(1), beta=1.0)
    assert value.item() == pytest.approx(2 * math.exp(-30), rel=1e-5)


def test_integer_lengths_of_any_width():
    wide = simple_negative_preference_optimization(LOG_PROB, LENGTH)
    for dtype in (torch.uint8, torch.int32):
        torch.testing.assert_close(simple_negative_preference_optimization(LOG_PROB, LENGTH.to(dtype)), wide)


FOUR = (LOG_PROB, REFERENCE, LOG_PROB, REFERENCE)


@pytest.mark.parametrize(
    ("function", "inputs", "options", "error", "argument"),
    [
        (negative_preference_optimization, (LOG_PROB, REFERENCE[:2]), {}, ShapeError, "ref_log_prob"),
        (negative_preference_optimization, (LOG_PROB[None], REFERENCE), {}, ShapeError, "log_prob"),
        (negative_preference_optimization, (LOG_PROB, REFERENCE), {"beta": 0}, InvalidInputError, "beta"),
        (simple_negative_preference_optimization, (LOG_PROB, LENGTH - 1), {}, InvalidInputError, "length"),
        (simple_negative_preference_optimization, (LOG_PROB, LOG_PROB), {}, DtypeError, "length"),
        (simple_negative_preference_optimization, (LOG_PROB, LENGTH[:1]), {}, ShapeError, "length"),
        (
            simple_negative_preference_optimization,
            (LOG_PROB, LENGTH),
            {"gamma": math.nan},
            InvalidInputError,
            "gamma",
        ),
        (direct_preference_optimization, FOUR, {"beta": -1.0}, InvalidInputError, "beta"),
        (
            direct_preference_optimization,
            (*FOUR[:3], REFERENCE * math.nan),
            {},
            InvalidInputError,
            "ref_rejected_log_prob",
        ),
    ],
)
def test_bad_input_is_named(function, inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        function(*inputs, **options)


@pytest.mark.parametrize("smoothing", [-0.1, 0.6, math.nan])
def test_more_wrong_preferences_than_right_ones_are_refused(smoothing):
    with pytest.raises(InvalidInputError, match=r"^label_smoothing: got"):
        direct_preference_optimization(*FOUR, label_smoothing=smoothing)
