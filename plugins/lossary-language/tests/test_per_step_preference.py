"""Advantages of steps, and the two losses that use them: recorded values, weights, gradients, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.advantage_weighted_likelihood import advantage_weighted_likelihood
from lossary_language.direct_preference_optimization import direct_preference_optimization
from lossary_language.per_step_preference_optimization import LOSS, per_step_preference_optimization
from lossary_language.step_advantage import step_advantage

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "116-step_advantage.json")
PAIRS = [value.double() for value in LOSS.example_inputs(torch.Generator().manual_seed(0)).values()]
LOG_PROB = torch.tensor([[-1.0, -2.0, -0.5], [-0.25, -3.0, -1.0]], dtype=torch.float64)
ADVANTAGE = torch.tensor([[0.0, 0.5, -1.0], [1.0, -0.25, 0.0]], dtype=torch.float64)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_advantages_equal_the_recorded_ones(case):
    found = step_advantage(torch.from_numpy(case.inputs["q_values"]))
    wanted = torch.tensor(case.expected["advantage"], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


def test_advantages_add_up_to_what_the_solution_gained():
    q_values = torch.rand(4, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(step_advantage(q_values).sum(1), q_values[:, -1] - q_values[:, 0])


def test_a_bare_problem_has_no_step():
    assert step_advantage(torch.ones(2, 1)).shape == (2, 0)


@pytest.mark.parametrize(
    ("q_values", "error"),
    [
        (torch.ones(3), ShapeError),
        (torch.ones(3, 0), ShapeError),
        (torch.ones(3, 2, dtype=torch.int64), DtypeError),
        (torch.tensor([[0.5, 1.1]]), InvalidInputError),
        (torch.tensor([[0.5, math.nan]]), InvalidInputError),
    ],
)
def test_values_that_are_no_probabilities_are_refused(q_values, error):
    with pytest.raises(error, match="q_values: got"):
        step_advantage(q_values)


def test_pairs_that_weigh_alike_are_direct_preference_optimization():
    *log_probs, weight = PAIRS
    plain = direct_preference_optimization(*log_probs)
    torch.testing.assert_close(per_step_preference_optimization(*log_probs), plain)
    torch.testing.assert_close(
        per_step_preference_optimization(*log_probs, torch.full_like(weight, 3.0)), plain
    )


@pytest.mark.parametrize("scale", [1e-37, 1.0, 3e38])
def test_only_ratios_of_weights_count_in_the_mean(scale):
    *log_probs, weight = (value.float() for value in PAIRS)
    weight = weight / weight.max()
    torch.testing.assert_close(
        per_step_preference_optimization(*log_probs, weight * scale),
        per_step_preference_optimization(*log_probs, weight),
    )


def test_reductions_of_weighted_pairs():
    *log_probs, weight = PAIRS
    plain = per_step_preference_optimization(*log_probs, reduction="none")
    values = per_step_preference_optimization(*log_probs, weight, reduction="none")
    torch.testing.assert_close(values, weight * plain)
    torch.testing.assert_close(
        per_step_preference_optimization(*log_probs, weight, reduction="sum"), values.sum()
    )
    mean = per_step_preference_optimization(*log_probs, weight)
    torch.testing.assert_close(mean, values.sum() / weight.sum())


def test_the_slope_is_that_of_a_logistic_loss():
    chosen, rejected, ref_chosen, ref_rejected, _ = PAIRS
    leaf = chosen.clone().requires_grad_()
    per_step_preference_optimization(
        leaf, rejected, ref_chosen, ref_rejected, beta=0.3, reduction="sum"
    ).backward()
    preference = 0.3 * (chosen - ref_chosen - (rejected - ref_rejected))
    torch.testing.assert_close(leaf.grad, -0.3 * torch.sigmoid(-preference))


def test_pairs_without_weight_give_zero_with_a_graph():
    *log_probs, weight = PAIRS
    leaf = log_probs[0].clone().requires_grad_()
    loss = per_step_preference_optimization(leaf, *log_probs[1:], torch.zeros_like(weight))
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()


def test_bad_pairs_are_named():
    *log_probs, weight = PAIRS
    with pytest.raises(InvalidInputError, match="weight: got -"):
        per_step_preference_optimization(*log_probs, -weight)
    with pytest.raises(ShapeError, match="weight: got"):
        per_step_preference_optimization(*log_probs, weight[:2])
    with pytest.raises(ShapeError, match="ref_rejected_log_prob: got"):
        per_step_preference_optimization(*log_probs[:3], log_probs[3][:2])
    with pytest.raises(InvalidInputError, match="beta: got"):
        per_step_preference_optimization(*log_probs, beta=0.0)


def test_exponential_weights_multiply_the_likelihood():
    values = advantage_weighted_likelihood(LOG_PROB, ADVANTAGE, beta=0.5, reduction="none")
    torch.testing.assert_close(values, -(2 * ADVANTAGE).exp() * LOG_PROB)


def test_without_advantage_it_is_the_likelihood():
    loss = advantage_weighted_likelihood(LOG_PROB, torch.zeros_like(LOG_PROB))
    torch.testing.assert_close(loss, -LOG_PROB.mean())


def test_linear_weights_are_a_policy_gradient():
    leaf = LOG_PROB.clone().requires_grad_()
    advantage_weighted_likelihood(leaf, ADVANTAGE, weighting="linear", reduction="sum").backward()
    torch.testing.assert_close(leaf.grad, -ADVANTAGE)


@pytest.mark.parametrize(
    ("weighting", "weights"),
    [("exponential", [[1.0, 1.25, math.exp(-1.0)]]), ("linear", [[0.0, 0.5, -1.0]])],
)
def test_weights_are_cut(weighting, weights):
    options = {"weighting": weighting, "reduction": "none"}
    values = advantage_weighted_likelihood(LOG_PROB[:1], ADVANTAGE[:1], maximum_weight=1.25, **options)
    torch.testing.assert_close(values, -torch.tensor(weights, dtype=torch.float64) * LOG_PROB[:1])
    low = advantage_weighted_likelihood(LOG_PROB[:1], -ADVANTAGE[:1], maximum_weight=0.25, **options)
    assert (low / LOG_PROB[:1]).abs().max() <= 0.25


def test_a_cut_lets_a_tiny_beta_stand_and_without_it_the_weight_is_refused():
    loss = advantage_weighted_likelihood(LOG_PROB, ADVANTAGE, beta=1e-6, maximum_weight=2.0, reduction="none")
    assert loss.isfinite().all()
    with pytest.raises(InvalidInputError, match="advantage: got up to 1, whose weight at beta=1e-06"):
        advantage_weighted_likelihood(LOG_PROB, ADVANTAGE, beta=1e-6)


def test_what_the_mask_leaves_out_counts_nothing():
    mask = torch.tensor([[True, True, False], [False, True, True]])
    other = ADVANTAGE.where(mask, 1e9)
    loss = advantage_weighted_likelihood(LOG_PROB, other, mask)
    values = advantage_weighted_likelihood(LOG_PROB, ADVANTAGE, reduction="none")
    torch.testing.assert_close(loss, values[mask].mean())


def test_nothing_that_counts_gives_zero_with_a_graph():
    leaf = LOG_PROB.clone().requires_grad_()
    loss = advantage_weighted_likelihood(leaf, ADVANTAGE, torch.zeros_like(LOG_PROB, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"beta": 0.0}, "beta"),
        ({"maximum_weight": 0.0}, "maximum_weight"),
        ({"weighting": "square"}, "weighting"),
        ({"advantage": ADVANTAGE * math.nan}, "advantage"),
        ({"advantage": ADVANTAGE[:, :2]}, "advantage"),
        ({"mask": torch.ones(2, 2, dtype=torch.bool)}, "mask"),
    ],
)
def test_bad_input_is_named(options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: got"):
        advantage_weighted_likelihood(LOG_PROB, **{"advantage": ADVANTAGE} | options)
