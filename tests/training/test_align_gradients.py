"""Aligned gradients: recorded values, what alignment promises, a training step, and errors."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.align_gradients import align_gradients, backward_aligned

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "008-align_gradients.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_gradients(case):
    found = align_gradients(**{name: torch.from_numpy(array) for name, array in case.inputs.items()})
    for name, wanted in case.expected.items():
        torch.testing.assert_close(
            getattr(found, name), torch.tensor(wanted, dtype=torch.float64), rtol=case.rtol, atol=case.atol
        )


@given(seed=st.integers(0, 2**16))
@settings(max_examples=30)
def test_what_remains_never_points_against_the_first(seed):
    generator = torch.Generator().manual_seed(seed)
    primary, auxiliary = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    merged, adjusted = align_gradients(primary, auxiliary)
    assert (adjusted @ primary).item() >= -1e-12
    torch.testing.assert_close(merged, primary + adjusted)
    if auxiliary @ primary >= 0:
        assert torch.equal(adjusted, auxiliary)
    else:
        torch.testing.assert_close(
            auxiliary - adjusted, primary * (auxiliary @ primary) / (primary @ primary)
        )


def test_products_are_summed_in_float64():
    primary = torch.full((2,), 1e30)
    merged, adjusted = align_gradients(primary, torch.tensor([-2.0, 1.0]))
    torch.testing.assert_close(adjusted, torch.tensor([-1.5, 1.5]))
    assert merged.dtype == torch.float32


def test_no_parameters_and_narrow_gradients_are_taken():
    assert align_gradients(torch.zeros(0), torch.zeros(0)).merged.shape == (0,)
    merged, adjusted = align_gradients(torch.ones(2).bfloat16(), torch.tensor([-1.0, 1.0]).bfloat16())
    assert merged.dtype == adjusted.dtype == torch.bfloat16


def test_a_step_lowers_the_first_loss_though_the_second_conflicts():
    network, rows = torch.nn.Linear(3, 2), torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    torch.nn.init.constant_(network.weight, 0.3)
    torch.nn.init.constant_(network.bias, 1.0)
    unused = torch.nn.Parameter(torch.ones(1))
    parameters = [*network.parameters(), unused]

    def losses() -> tuple[torch.Tensor, torch.Tensor]:
        output = network(rows)
        return output.square().mean(), 5 * (output[:, 0] - 3).square().mean()

    def primary_after(align: bool) -> float:
        saved = [parameter.detach().clone() for parameter in parameters]
        optimizer = torch.optim.SGD(parameters, lr=0.01)
        optimizer.zero_grad()
        primary, auxiliary = losses()
        if align:
            backward_aligned(primary, auxiliary, parameters)
        else:
            (primary + auxiliary).backward()
        optimizer.step()
        after = losses()[0].item()
        with torch.no_grad():
            for parameter, value in zip(parameters, saved, strict=True):
                parameter.copy_(value)
        return after

    assert primary_after(align=True) < losses()[0].item() < primary_after(align=False)
    assert unused.grad is None or not unused.grad.any()


def test_gradients_add_up_over_calls_and_frozen_parameters_are_left_out():
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    frozen = torch.tensor([3.0])
    for _ in range(2):
        backward_aligned((weight * frozen).sum(), weight[0], [weight, frozen])
    assert weight.grad.tolist() == [8.0, 6.0]
    assert frozen.grad is None


def test_parameters_keep_their_dtypes_and_shapes():
    wide = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    narrow = torch.ones(4, dtype=torch.bfloat16, requires_grad=True)
    backward_aligned(wide.sum() + narrow.float().sum(), wide.sum(), iter([wide, narrow]))
    assert (wide.grad.dtype, wide.grad.shape) == (torch.float64, (2, 3))
    assert (narrow.grad.dtype, narrow.grad.tolist()) == (torch.bfloat16, [1.0] * 4)


VECTOR = torch.tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("primary", "auxiliary", "error", "argument"),
    [
        (VECTOR[None], VECTOR[None], ShapeError, "primary_gradient"),
        (VECTOR, VECTOR[:1], ShapeError, "auxiliary_gradient"),
        (VECTOR.long(), VECTOR, DtypeError, "primary_gradient"),
        (VECTOR, [1.0, 2.0], DtypeError, "auxiliary_gradient"),
        (VECTOR * torch.nan, VECTOR, InvalidInputError, "primary_gradient"),
        (VECTOR, VECTOR * torch.inf, InvalidInputError, "auxiliary_gradient"),
    ],
)
def test_bad_input_is_named(primary, auxiliary, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        align_gradients(primary, auxiliary)


def test_nothing_to_train_is_refused():
    with pytest.raises(InvalidInputError, match=r"^parameters: "):
        backward_aligned(VECTOR.sum(), VECTOR.sum(), [VECTOR])
