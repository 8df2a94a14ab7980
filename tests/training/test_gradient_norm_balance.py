"""Gradient norm balance: recorded values, equal pulls, the module in a loop and from a checkpoint, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.gradient_norm_balance import GradientNormBalance, gradient_norm_balance

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "083-gradient_norm_balance.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_values(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = gradient_norm_balance(**inputs, **case.params)
    wanted = torch.tensor(case.expected["weights"], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16), count=st.integers(1, 6))
@settings(max_examples=20)
def test_weighted_gradients_have_one_norm_the_sum_of_all(seed, count):
    norms = torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.01
    pulls = norms * gradient_norm_balance(norms)
    torch.testing.assert_close(pulls, norms.sum().expand(count))


def test_without_any_gradient_the_weights_are_one():
    torch.testing.assert_close(gradient_norm_balance(torch.zeros(3)), torch.ones(3))


def line() -> tuple[torch.Tensor, list[torch.Tensor]]:
    place = torch.tensor([1.0, 1.0], requires_grad=True)
    return place, [1000 * place[0], place[1]]


def test_the_module_makes_a_faint_loss_count_as_much():
    place, losses = line()
    GradientNormBalance(2)(losses, [place]).backward()
    torch.testing.assert_close(place.grad, torch.tensor([1001.0, 1001.0]))


def test_weights_move_every_so_many_calls_in_training_alone():
    balance = GradientNormBalance(2, momentum=0.5, every=2)
    place, losses = line()
    balance.eval()(losses, [place])
    torch.testing.assert_close(balance.weights, torch.ones(2))
    balance.train()
    seen = []
    for factor in (1, 10, 10):
        balance([factor * losses[0], losses[1]], [place])
        seen.append(balance.weights.clone())
    first, third = torch.tensor([1.001, 1001.0]), torch.tensor([1.0001, 10001.0])
    torch.testing.assert_close(seen[0], first)
    torch.testing.assert_close(seen[1], first)
    torch.testing.assert_close(seen[2], (first + third) / 2)


def test_a_loss_without_a_gradient_has_the_greatest_weight():
    place, losses = line()
    balance = GradientNormBalance(2, max_weight=50.0)
    balance([losses[0], 0 * losses[1]], [place])
    assert balance.weights[1].item() == 50.0
    other = torch.ones(1, requires_grad=True)
    assert GradientNormBalance(2)([losses[0], other.sum()], [place]).isfinite()


def test_a_checkpoint_goes_on_where_it_was():
    place, losses = line()
    balance, restored = GradientNormBalance(2, every=3), GradientNormBalance(2, every=3)
    for _ in range(2):
        balance(losses, [place])
    restored.load_state_dict(balance.state_dict())
    for _ in range(2):
        changed = [losses[0], 5 * losses[1]]
        assert balance(changed, [place]) == restored(changed, [place])
    assert torch.equal(balance.weights, restored.weights)


def test_balanced_descent_fits_a_boundary_that_the_equation_drowns():
    def boundary_error(balance: GradientNormBalance | None) -> float:
        place = torch.tensor([0.0, 0.0], requires_grad=True)
        for _ in range(60):
            losses = [200 * (place[0] - 1).square(), 0.05 * (place[1] - 1).square()]
            total = sum(losses) if balance is None else balance(losses, [place])
            (slope,) = torch.autograd.grad(total, place)
            # the same length of step for both, which the largest pull decides
            place = (place - 0.05 * slope / slope.abs().max().clamp(min=1e-9)).detach().requires_grad_()
        return (place[1] - 1).abs().item()

    assert boundary_error(None) > 0.5
    assert boundary_error(GradientNormBalance(2, every=1, momentum=0.0)) < 0.1


NORMS = torch.tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("norms", "options", "error", "argument"),
    [
        (NORMS[:0], {}, ShapeError, "gradient_norms"),
        (NORMS.unsqueeze(0), {}, ShapeError, "gradient_norms"),
        (NORMS.long(), {}, DtypeError, "gradient_norms"),
        (-NORMS, {}, InvalidInputError, "gradient_norms: got -2"),
        (NORMS * math.nan, {}, InvalidInputError, "gradient_norms"),
        (NORMS, {"previous": NORMS[:1]}, ShapeError, "previous"),
        (NORMS, {"previous": NORMS * math.inf}, InvalidInputError, "previous"),
        (NORMS, {"momentum": 1.0}, InvalidInputError, "momentum"),
        (NORMS, {"momentum": -0.1}, InvalidInputError, "momentum"),
        (NORMS, {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(norms, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        gradient_norm_balance(norms, **options)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"num_losses": 0}, InvalidInputError, "num_losses"),
        ({"num_losses": 2.0}, DtypeError, "num_losses"),
        ({"num_losses": 2, "every": 0}, InvalidInputError, "every"),
        ({"num_losses": 2, "momentum": 1.0}, InvalidInputError, "momentum"),
        ({"num_losses": 2, "max_weight": 0.0}, InvalidInputError, "max_weight"),
    ],
)
def test_bad_options_of_the_module_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        GradientNormBalance(**options)


def test_bad_input_of_the_module_is_named():
    place, losses = line()
    with pytest.raises(ShapeError, match=r"^losses: got 1; wanted 2"):
        GradientNormBalance(2)(losses[:1], [place])
    with pytest.raises(ShapeError, match=r"^losses: got shape \(2,\)"):
        GradientNormBalance(2)([place, place], [place])
    with pytest.raises(InvalidInputError, match=r"^parameters: got none"):
        GradientNormBalance(2)(losses, [place.detach()])
