"""Target surrogate beyond conformance: its anchor, its minimum, the bound on the loss, axes and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.target_surrogate import target_surrogate
from torch.nn import functional


def three(*shape: int, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(3)]


@pytest.mark.parametrize("shape", [(6,), (4, 3), (2, 3, 4)])
def test_equals_the_formula_sample_by_sample(shape):
    output, anchor, gradient = three(*shape)
    expected = sum(
        (g * (z - a)).sum() + (z - a).square().sum() / 5.0
        for z, a, g in zip(output, anchor, gradient, strict=True)
    )
    torch.testing.assert_close(target_surrogate(output, anchor, gradient, step_size=2.5), expected / shape[0])


@pytest.mark.parametrize("divergence", ["euclidean", "kl"])
def test_at_the_anchor_it_is_zero_with_the_given_gradient(divergence):
    _, anchor, gradient = three(5, 3)
    gradient = gradient - gradient.mean(1, keepdim=True)
    output = anchor.clone().requires_grad_()
    loss = target_surrogate(output, anchor, gradient, divergence=divergence)
    loss.backward()
    assert loss.item() == 0
    torch.testing.assert_close(output.grad, gradient / 5)


@given(seed=st.integers(0, 2**16), step_size=st.floats(0.01, 10.0))
@settings(max_examples=25)
def test_is_least_a_gradient_step_from_the_anchor(seed, step_size):
    output, anchor, gradient = three(5, 3, seed=seed)
    best = (anchor - step_size * gradient).requires_grad_()
    least = target_surrogate(best, anchor, gradient, step_size=step_size)
    (slope,) = torch.autograd.grad(least, best)
    torch.testing.assert_close(slope, torch.zeros_like(slope))
    assert target_surrogate(output, anchor, gradient, step_size=step_size) >= least


@pytest.mark.parametrize("divergence", ["euclidean", "kl"])
def test_with_a_small_step_it_bounds_the_loss_from_above(divergence):
    output, anchor, _ = three(7, 3, seed=1)
    target = torch.arange(7) % 3
    leaf = anchor.clone().requires_grad_()
    before = functional.cross_entropy(leaf, target)
    (gradient,) = torch.autograd.grad(before, leaf)
    surrogate = target_surrogate(output, anchor, 7 * gradient, divergence=divergence)
    assert functional.cross_entropy(output, target) <= before + surrogate + 1e-12


def test_kl_is_over_the_last_axis_and_summed_over_the_others():
    output, anchor, gradient = three(2, 4, 3, seed=2)
    old, new = (functional.log_softmax(value, -1) for value in (anchor, output))
    divergence = (old.exp() * (old - new)).sum() / 0.5
    expected = ((gradient * (output - anchor)).sum() + divergence) / 2
    torch.testing.assert_close(
        target_surrogate(output, anchor, gradient, step_size=0.5, divergence="kl"), expected
    )


def test_kl_differentiates_compiles_and_vectorises():
    output, anchor, gradient = three(4, 3, seed=3)

    def loss(z, a, g):
        return target_surrogate(z, a, g, divergence="kl")

    leaf = output.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, anchor, gradient), leaf)
    assert torch.autograd.gradgradcheck(lambda z: loss(z, anchor, gradient), leaf)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(output, anchor, gradient), loss(output, anchor, gradient))
    stacked = [torch.stack([value, -value]) for value in (output, anchor, gradient)]
    torch.testing.assert_close(torch.func.vmap(loss)(*stacked)[1], loss(-output, -anchor, -gradient))


def test_one_step_on_the_surrogate_is_a_step_of_gradient_descent():
    features = torch.randn(6, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    weight = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    target = torch.arange(6) % 3
    output = features @ weight
    (plain,) = torch.autograd.grad(functional.cross_entropy(output, target), weight, retain_graph=True)
    (expensive,) = torch.autograd.grad(functional.cross_entropy(output, target), output)
    surrogate = target_surrogate(features @ weight, output, 6 * expensive, step_size=0.3)
    (cheap,) = torch.autograd.grad(surrogate, weight)
    torch.testing.assert_close(cheap, plain)


@pytest.mark.parametrize("divergence", ["euclidean", "kl"])
def test_empty_batch_gives_zero_with_a_graph(divergence):
    output = torch.zeros(0, 3, requires_grad=True)
    loss = target_surrogate(output, output.detach(), output.detach(), divergence=divergence)
    loss.backward()
    assert loss.item() == 0


OUTPUT, ANCHOR, GRADIENT = three(5, 3)


@pytest.mark.parametrize(
    ("output", "anchor", "gradient", "options", "error", "argument"),
    [
        (OUTPUT.sum(), ANCHOR.sum(), GRADIENT.sum(), {}, ShapeError, "output"),
        (OUTPUT[0], ANCHOR[0], GRADIENT[0], {"divergence": "kl"}, ShapeError, "output"),
        (OUTPUT, ANCHOR[:3], GRADIENT, {}, ShapeError, "anchor"),
        (OUTPUT, ANCHOR, GRADIENT[:, :2], {}, ShapeError, "gradient"),
        (OUTPUT, ANCHOR, GRADIENT.long(), {}, DtypeError, "gradient"),
        (OUTPUT, ANCHOR * math.nan, GRADIENT, {}, InvalidInputError, "anchor"),
        (OUTPUT, ANCHOR, GRADIENT, {"step_size": 0.0}, InvalidInputError, "step_size"),
        (OUTPUT, ANCHOR, GRADIENT, {"divergence": "l2"}, InvalidInputError, "divergence"),
    ],
)
def test_bad_input_is_named(output, anchor, gradient, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        target_surrogate(output, anchor, gradient, **options)
