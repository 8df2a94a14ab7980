"""The martingale loss, the mean squared temporal difference and the moments of its differences."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.martingale import martingale
from lossary_physics.martingale_orthogonality import martingale_orthogonality
from lossary_physics.mean_square_temporal_difference import mean_square_temporal_difference

GOLDENS = load_goldens(Path(__file__).parent / "goldens" / "058-martingale_orthogonality.json")


def trajectories(seed: int, times: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(2, 3, times, generator=generator, dtype=torch.float64)
    return drawn[0], drawn[1], torch.randn(3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_moments_equal_the_recorded_values(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    inputs["value"].requires_grad_()
    found = martingale_orthogonality(**inputs, **case.params)
    wanted = torch.tensor(case.expected["moment"], dtype=torch.float64)
    torch.testing.assert_close(found.detach(), wanted, rtol=case.rtol, atol=case.atol)
    (gradient,) = torch.autograd.grad(found.sum(), inputs["value"])
    torch.testing.assert_close(gradient, torch.from_numpy(case.grad["value"]), rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16), times=st.integers(1, 5), dt=st.floats(0.1, 2), discount=st.floats(0, 2))
@settings(max_examples=20)
def test_equal_loops_over_times(seed, times, dt, discount):
    value, reward, terminal = trajectories(seed, times)
    losses, differences = [], []
    for values, rewards, payoff in zip(value.tolist(), reward.tolist(), terminal.tolist(), strict=True):
        factor = [math.exp(-discount * dt * i) for i in range(times + 1)]
        earned = [factor[i] * rewards[i] * dt for i in range(times)]
        worth = [factor[i] * values[i] for i in range(times)] + [factor[times] * payoff]
        total = [worth[times] + sum(earned[i:]) for i in range(times)]
        losses.append(sum((total[i] - worth[i]) ** 2 for i in range(times)) * dt / 2)
        differences.append(sum((worth[i + 1] - worth[i] + earned[i]) ** 2 for i in range(times)) / (2 * dt))
    inputs, options = (value, reward, terminal), {"dt": dt, "discount": discount, "reduction": "none"}
    torch.testing.assert_close(martingale(*inputs, **options), torch.tensor(losses, dtype=torch.float64))
    found = mean_square_temporal_difference(*inputs, **options)
    torch.testing.assert_close(found, torch.tensor(differences, dtype=torch.float64))


def test_one_step_of_unit_length_leaves_no_difference_between_the_two():
    inputs = trajectories(0, times=1)
    torch.testing.assert_close(martingale(*inputs), mean_square_temporal_difference(*inputs))


def walks(paths: int, times: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Brownian motion up to time 1, and its values at the end."""
    generator = torch.Generator().manual_seed(0)
    moves = torch.randn(paths, times, generator=generator, dtype=torch.float64) / math.sqrt(times)
    path = torch.cat([torch.zeros(paths, 1, dtype=torch.float64), moves.cumsum(1)], 1)
    return path[:, :-1], path[:, -1]


def test_only_the_martingale_loss_finds_the_value_of_a_noisy_payoff():
    start, end = walks(4000, 10)
    dt = 0.1
    left = 1 - dt * torch.arange(10, dtype=torch.float64)
    # E[X_1^2 | X_t = x] = x^2 + (1 - t): the slope of the second part is what is learnt
    slope = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)

    def learnt(loss) -> float:
        def of(s: torch.Tensor) -> torch.Tensor:
            return loss(start**2 + s * left, torch.zeros_like(start), end**2, dt=dt)

        (gradient,) = torch.autograd.grad(of(slope), slope, create_graph=True)
        (curvature,) = torch.autograd.grad(gradient, slope)  # the losses are parabolas
        return (-gradient / curvature).item()

    assert learnt(martingale) == pytest.approx(1.0, abs=0.1)
    moment = martingale_orthogonality(
        start**2 + left, torch.zeros_like(start), end**2, torch.ones(4000, 10, 1).double(), dt=dt
    )
    assert moment.abs().item() < 0.1


def test_squared_differences_prefer_values_that_vary_little():
    start, end = walks(4000, 10)
    height = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    # the true values are x; lower ones trade an error at the end for less variation before

    def slope(loss) -> float:
        value = loss(height * start, torch.zeros_like(start), end, dt=0.1)
        return torch.autograd.grad(value, height)[0].item()

    assert slope(martingale) == pytest.approx(0, abs=0.02)
    assert slope(mean_square_temporal_difference) > 1


def test_rewards_and_payoffs_receive_no_gradient():
    inputs = [tensor.requires_grad_() for tensor in trajectories(0)]
    test = torch.ones(3, 4, 1, dtype=torch.float64, requires_grad=True)
    (martingale(*inputs) + martingale_orthogonality(*inputs, test).sum()).backward()
    assert inputs[0].grad.any()
    assert [tensor.grad for tensor in (*inputs[1:], test)] == [None] * 3


def test_a_discount_beyond_numbers_leaves_the_first_step():
    value, reward, terminal = (tensor.float() for tensor in trajectories(0))
    loss = martingale(value, reward, terminal, discount=1e30, dt=1.0, reduction="none")
    torch.testing.assert_close(loss, (reward[:, 0] - value[:, 0]).square() / 2)


VALUE, REWARD, TERMINAL = trajectories(0)


@pytest.mark.parametrize("loss", [martingale, mean_square_temporal_difference])
@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((VALUE[0], REWARD[0], TERMINAL), {}, ShapeError, "value"),
        ((VALUE[:, :0], REWARD[:, :0], TERMINAL), {}, ShapeError, "value"),
        ((VALUE, REWARD[:, :2], TERMINAL), {}, ShapeError, "reward"),
        ((VALUE, REWARD, TERMINAL[:2]), {}, ShapeError, "terminal"),
        ((VALUE, REWARD.long(), TERMINAL), {}, DtypeError, "reward"),
        ((VALUE, REWARD, TERMINAL * math.nan), {}, InvalidInputError, "terminal"),
        ((VALUE, REWARD, TERMINAL), {"dt": 0.0}, InvalidInputError, "dt"),
        ((VALUE, REWARD, TERMINAL), {"discount": -1.0}, InvalidInputError, "discount"),
    ],
)
def test_bad_input_is_named(loss, inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        loss(*inputs, **options)


@pytest.mark.parametrize(
    ("test", "error"),
    [
        (torch.ones(3, 4), ShapeError),
        (torch.ones(3, 3, 1), ShapeError),
        (torch.ones(3, 4, 1).long(), DtypeError),
        (torch.full((3, 4, 1), math.nan), InvalidInputError),
    ],
)
def test_bad_tests_are_named(test, error):
    with pytest.raises(error, match=r"^test: "):
        martingale_orthogonality(VALUE, REWARD, TERMINAL, test)
