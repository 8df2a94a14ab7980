"""Causal weighting: a loop oracle, the stopped gradient, scattered points, the schedule and errors."""

import inspect
import math

import numpy as np
import pytest
import torch
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.causal_residual import (
    CausalResidual,
    CausalSchedule,
    causal_converged,
    causal_residual,
    causal_residual_terms,
    causal_weights,
)
from lossary_physics.physics_residual import physics_residual


def grid(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(residual, *, epsilon=1.0, initial_loss=0.0, initial_in_weights=True):
    earlier, total, weights = initial_loss if initial_in_weights else 0.0, 0.0, []
    for moment in residual.detach():
        weights.append(math.exp(-epsilon * earlier))
        own = float(moment.square().mean())
        total += weights[-1] * own
        earlier += own
    return total / len(weights) + initial_loss, weights


@pytest.mark.parametrize("shape", [(6,), (5, 4), (3, 4, 2), (1, 3)])
@pytest.mark.parametrize("initial_in_weights", [True, False])
def test_equals_plain_loops(shape, initial_in_weights):
    residual = grid(*shape)
    terms = causal_residual_terms(
        residual,
        initial_loss=torch.tensor(0.3, dtype=torch.float64),
        epsilon=0.7,
        initial_weight=2.0,
        initial_in_weights=initial_in_weights,
    )
    loss, weights = by_loops(residual, epsilon=0.7, initial_loss=0.6, initial_in_weights=initial_in_weights)
    assert terms.loss.item() == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(terms.weights, weights, rtol=1e-12)


def test_weights_carry_no_gradient():
    residual = grid(5, 4).requires_grad_()
    loss, weights = causal_residual_terms(residual)
    assert not weights.requires_grad
    (gradient,) = torch.autograd.grad(loss, residual)
    torch.testing.assert_close(gradient, weights[:, None] * 2 * residual.detach() / 20)

    time_loss = residual.square().mean(1)
    flowing = torch.exp(-(time_loss.cumsum(0) - time_loss))
    (naive,) = torch.autograd.grad((flowing * time_loss).mean(), residual)
    assert (gradient - naive).abs().max() > 1e-2


def test_without_sharpness_it_is_the_plain_mean():
    residual = grid(5, 4)
    torch.testing.assert_close(causal_residual(residual, epsilon=0.0), physics_residual(residual))
    assert torch.autograd.gradcheck(lambda r: causal_residual(r, epsilon=0.0), grid(5, 4).requires_grad_())


def test_scattered_points_are_sorted_and_cut_as_numpy_does():
    residual, time = grid(11, 2), grid(11, seed=1)
    terms = causal_residual_terms(residual, time, num_chunks=4)
    order = np.argsort(time.numpy(), kind="stable")
    chunks = [float(np.mean(part**2)) for part in np.array_split(residual.numpy()[order], 4)]
    expected, weights = by_loops(torch.tensor(chunks, dtype=torch.float64).sqrt())
    assert terms.loss.item() == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(terms.weights, weights, rtol=1e-12)


def test_chunk_per_point_of_sorted_times_is_the_grid():
    residual = grid(6, 3)
    time = torch.arange(6, dtype=torch.float64)
    torch.testing.assert_close(causal_residual(residual, time, num_chunks=6), causal_residual(residual))
    shuffled = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(
        causal_residual(residual[shuffled], time[shuffled], num_chunks=6), causal_residual(residual)
    )


def test_small_early_loss_is_not_lost_beside_a_large_later_one():
    weights = causal_weights(torch.tensor([1e-3, 1e8, 1.0]), epsilon=1.0)
    torch.testing.assert_close(weights[1], torch.tensor(math.exp(-1e-3)))


def test_squares_that_overflow_late_do_not_spoil_the_start():
    residual = torch.tensor([[10.0], [1e30]], requires_grad=True)
    loss = causal_residual(residual, epsilon=10.0)
    loss.backward()
    assert loss.item() == pytest.approx(50.0)
    torch.testing.assert_close(residual.grad, torch.tensor([[10.0], [0.0]]))


def test_overflown_sum_counts_nothing_without_sharpness():
    weights = causal_weights(torch.tensor([3e38, 3e38, 1.0]), epsilon=0.0)
    torch.testing.assert_close(weights, torch.ones(3))


def test_module_keeps_the_weights_of_the_last_call():
    criterion = CausalResidual(epsilon=2.0)
    assert criterion.weights is None
    residual = grid(5, 4).requires_grad_()
    loss = criterion(residual)
    terms = causal_residual_terms(residual, epsilon=2.0)
    torch.testing.assert_close(loss, terms.loss)
    torch.testing.assert_close(criterion.weights, terms.weights)
    assert not criterion.weights.requires_grad


def test_module_follows_a_schedule():
    criterion, residual = CausalResidual(), grid(5, 4)
    criterion.epsilon = 3.0
    torch.testing.assert_close(criterion(residual), causal_residual(residual, epsilon=3.0))


def test_loss_and_terms_take_the_same_arguments():
    loss, terms = (
        [str(parameter) for parameter in inspect.signature(function).parameters.values()]
        for function in (causal_residual, causal_residual_terms)
    )
    assert loss == terms


@pytest.mark.parametrize(
    ("weights", "converged"), [([1.0, 0.995], True), ([1.0, 0.99], False), ([1.0, 0.2, 1.0], False)]
)
def test_converged_when_the_smallest_weight_exceeds_the_threshold(weights, converged):
    assert causal_converged(torch.tensor(weights, dtype=torch.float64)) is converged


def test_schedule_climbs_and_finishes():
    schedule = CausalSchedule((0.1, 1.0), threshold=0.9)
    low, high = torch.tensor([1.0, 0.5]), torch.tensor([1.0, 0.95])
    assert not schedule.step(low)
    assert schedule.epsilon == 0.1
    assert schedule.step(high)
    assert schedule.epsilon == 1.0
    assert not schedule.finished
    assert not schedule.step(high)
    assert schedule.finished
    assert schedule.epsilon == 1.0


def test_schedule_continues_from_a_checkpoint():
    schedule, restored = CausalSchedule(), CausalSchedule()
    schedule.step(torch.ones(3))
    schedule.step(torch.ones(3))
    restored.load_state_dict(schedule.state_dict())
    assert restored.epsilon == schedule.epsilon == 1.0
    with pytest.raises(InvalidInputError, match="state: got stage 2"):
        CausalSchedule((0.1, 1.0)).load_state_dict(schedule.state_dict())
    with pytest.raises(InvalidInputError, match="state: got 'epoch'; wanted what state_dict returned"):
        restored.load_state_dict({"epoch": 3})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(((),), "epsilons"), (((-1.0,),), "epsilons"), (((0.1,), 1.0), "threshold")],
    ids=["no_value", "negative", "threshold_of_one"],
)
def test_schedule_names_bad_options(arguments, name):
    with pytest.raises(InvalidInputError, match=name):
        CausalSchedule(*arguments)


@pytest.mark.parametrize("shape", [(), (0,), (0, 4), (3, 0)])
def test_residual_without_a_point_is_refused(shape):
    with pytest.raises(ShapeError, match="residual"):
        causal_residual(torch.zeros(shape))


@pytest.mark.parametrize("option", ["epsilon", "initial_weight"])
@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(InvalidInputError, match=option):
        causal_residual(grid(3), **{option: value})


@pytest.mark.parametrize(
    ("time", "num_chunks", "error", "name"),
    [
        (torch.zeros(3), None, InvalidInputError, "num_chunks"),
        (None, 2, InvalidInputError, "num_chunks"),
        (torch.zeros(3), 4, InvalidInputError, "num_chunks"),
        (torch.zeros(3), 0, InvalidInputError, "num_chunks"),
        (torch.zeros(3), 2.0, DtypeError, "num_chunks"),
        (torch.zeros(2), 2, ShapeError, "time"),
        (torch.zeros(3, 1), 2, ShapeError, "time"),
        (torch.tensor([0.0, math.nan, 1.0]), 2, InvalidInputError, "time"),
        (torch.arange(3), 2, DtypeError, "time"),
    ],
)
def test_time_and_chunks_must_fit(time, num_chunks, error, name):
    with pytest.raises(error, match=f"{name}: got"):
        causal_residual(torch.ones(3), time, num_chunks=num_chunks)


def test_initial_loss_must_be_a_scalar_of_zero_or_above():
    with pytest.raises(ShapeError, match="initial_loss"):
        causal_residual(torch.ones(3), initial_loss=torch.ones(1))
    with pytest.raises(InvalidInputError, match="initial_loss: got -1"):
        causal_residual(torch.ones(3), initial_loss=torch.tensor(-1.0))


def test_weights_refuse_losses_below_zero():
    with pytest.raises(InvalidInputError, match="time_loss"):
        causal_weights(torch.tensor([1.0, -1.0]), epsilon=1.0)


def test_nan_reaches_the_loss_where_values_are_not_checked():
    with checks(enabled=False):
        assert causal_residual(torch.tensor([1.0, math.nan, 1.0])).isnan()
