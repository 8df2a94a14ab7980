"""Contractive reconstruction beyond conformance: real derivatives, denoising, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.contractive_reconstruction import contractive_reconstruction
from torch.func import jacrev, vmap


def batch(outputs: int = 3, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    inputs, reconstruction = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64)
    return inputs, reconstruction, torch.randn(5, outputs, 3, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), outputs=st.integers(0, 4), strength=st.floats(0, 10))
@settings(max_examples=25)
def test_adds_the_squared_norms(seed, outputs, strength):
    inputs, reconstruction, jacobian = batch(outputs, seed)
    error = (reconstruction - inputs).norm(dim=1).square()
    expected = error + strength * jacobian.flatten(1).norm(dim=1).square()
    found = contractive_reconstruction(inputs, reconstruction, jacobian, strength=strength, reduction="none")
    torch.testing.assert_close(found, expected)


def test_without_strength_derivatives_are_not_needed():
    inputs, reconstruction, jacobian = batch()
    assert torch.equal(
        contractive_reconstruction(inputs, reconstruction, strength=0.0),
        contractive_reconstruction(inputs, reconstruction, jacobian, strength=0.0),
    )


def test_trains_through_the_derivatives_of_an_encoder():
    inputs, reconstruction, _ = batch()
    weights = torch.randn(2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights.requires_grad_()
    jacobian = vmap(jacrev(lambda x: (weights @ x).sigmoid()))(inputs)
    found = contractive_reconstruction(inputs, reconstruction, jacobian, strength=1.0, reduction="none")
    code = (inputs @ weights.T).sigmoid()
    known = ((code * (1 - code)).square() * weights.square().sum(1)).sum(1)
    torch.testing.assert_close(found, (reconstruction - inputs).square().sum(1) + known)
    (gradient,) = torch.autograd.grad(found.sum(), weights, retain_graph=True)
    (expected,) = torch.autograd.grad(known.sum(), weights)
    torch.testing.assert_close(gradient, expected)


def test_is_denoising_of_a_linear_map_in_the_mean():
    inputs, _, _ = batch()
    matrix = torch.tensor([[0.5, 0.1, 0.0], [0.0, 0.8, 0.2], [0.3, 0.0, 0.4]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(2)
    noise = 0.1 * torch.randn(40_000, 5, 3, generator=generator, dtype=torch.float64)
    denoising = ((inputs + noise) @ matrix.T - inputs).square().sum(2).mean()
    found = contractive_reconstruction(inputs, inputs @ matrix.T, matrix.expand(5, 3, 3), strength=0.01)
    torch.testing.assert_close(found, denoising, rtol=2e-3, atol=0)


def test_inputs_receive_no_gradient():
    inputs, reconstruction, jacobian = (value.requires_grad_() for value in batch())
    contractive_reconstruction(inputs, reconstruction, jacobian).backward()
    assert inputs.grad is None
    assert reconstruction.grad.any()
    assert jacobian.grad.any()


INPUTS, RECONSTRUCTION, JACOBIAN = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((INPUTS[0], RECONSTRUCTION[0], JACOBIAN[0]), {}, ShapeError, "inputs"),
        ((INPUTS[:0], RECONSTRUCTION[:0], JACOBIAN[:0]), {}, ShapeError, "inputs: .*at least one row"),
        ((INPUTS, RECONSTRUCTION[:3], JACOBIAN), {}, ShapeError, "reconstruction"),
        ((INPUTS, RECONSTRUCTION[:, :2], JACOBIAN), {}, ShapeError, "reconstruction"),
        ((INPUTS, RECONSTRUCTION, JACOBIAN[:3]), {}, ShapeError, "jacobian"),
        ((INPUTS, RECONSTRUCTION, JACOBIAN[..., :2]), {}, ShapeError, "jacobian"),
        ((INPUTS, RECONSTRUCTION, JACOBIAN[:, 0]), {}, ShapeError, "jacobian"),
        ((INPUTS, RECONSTRUCTION, JACOBIAN.int()), {}, DtypeError, "jacobian"),
        ((INPUTS, RECONSTRUCTION, JACOBIAN * math.nan), {}, InvalidInputError, "jacobian"),
        ((INPUTS, RECONSTRUCTION), {}, InvalidInputError, "jacobian: got None with strength=0.1"),
        ((INPUTS, RECONSTRUCTION, JACOBIAN), {"strength": -0.1}, InvalidInputError, "strength"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        contractive_reconstruction(*arguments, **options)
