"""Gradients: right, finite at extreme inputs, reaching what is declared and nothing else."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from lossary.authoring.spec import Property
from lossary.conformance.case import Case, Inputs, floating
from lossary.conformance.table import CheckError, Skipped, check, check_of, expect
from lossary.errors import InvalidInputError
from lossary.settings import checks

SMALL = 24  # elements up to which every entry of the Jacobian is compared, and not a random projection of it


@check
def check_gradcheck(case: Case) -> None:
    """The gradient equals finite differences in float64, and is not zero everywhere."""
    inputs = case.inputs(dtype=torch.float64)
    _, gradients = case.gradients(inputs)
    for name, gradient in gradients.items():
        expect(
            bool(gradient.any()), f"{name}: the gradient is zero on the example inputs, which shows nothing"
        )
    function, leaves = _float64(case, inputs)
    fast = sum(leaf.numel() for leaf in leaves) > SMALL
    with checks(enabled=False):  # finite differences step out of domains such as [0, 1]
        try:
            torch.autograd.gradcheck(function, leaves, fast_mode=fast)
        except GradcheckError as error:
            raise CheckError(str(error).strip()) from None


@check_of(Property.TWICE_DIFFERENTIABLE)
def check_double_backward(case: Case) -> None:
    """Second derivatives equal finite differences of the first in float64."""
    function, leaves = _float64(case, case.inputs(dtype=torch.float64))
    with checks(enabled=False):
        try:
            torch.autograd.gradgradcheck(function, leaves, fast_mode=True)
        except (GradcheckError, RuntimeError) as error:
            raise CheckError(str(error).strip()) from None


def _float64(case: Case, inputs: Inputs) -> tuple[Callable[..., Tensor], tuple[Tensor, ...]]:
    function, given = case.of_differentiable(inputs)
    return function, tuple(value.detach().clone().requires_grad_() for value in given)


@check
def check_finite_at_extremes(case: Case) -> None:
    """Value and gradient are finite where the differentiable inputs are tiny, huge, constant or equal.

    A differentiable input whose example lies in [0, 1] is taken for probabilities: it stays in [0, 1], and
    keeps adding up to one along an axis where the example does. A refusal (InvalidInputError) counts as an
    answer, unless the loss refuses them all.
    """
    example = case.inputs(dtype=torch.float32)
    names = case.differentiable(example)
    refused = 0
    for label, extreme in EXTREMES.items():
        try:
            value, gradients = case.gradients(example | {name: extreme(example[name]) for name in names})
        except InvalidInputError:
            refused += 1
            continue
        expect(bool(value.isfinite().all()), f"{label}: got a value of {value.sum().item()}")
        for name, gradient in gradients.items():
            bad = int((~gradient.isfinite()).sum())
            expect(not bad, f"{label}: got {bad} entries of the gradient of {name} that are NaN or infinite")
    expect(refused < len(EXTREMES), "every extreme input was refused with an error")


def _is_probability(value: Tensor) -> bool:
    return bool(((value >= 0) & (value <= 1)).all())


def _simplex_axis(value: Tensor) -> int | None:
    """The axis along which probabilities add up to one; None without one."""
    if not _is_probability(value):
        return None
    axes = [axis for axis in (1, value.ndim - 1) if 0 < axis < value.ndim]
    return next((axis for axis in axes if torch.allclose(value.sum(axis), value.new_ones(()))), None)


def _constant(value: Tensor, constant: float) -> Tensor:
    axis = _simplex_axis(value)
    return torch.full_like(value, constant if axis is None else 1 / value.shape[axis])


def _scaled(value: Tensor, factor: float) -> Tensor:
    axis = _simplex_axis(value)
    if axis is not None:  # the end of scaling logits: one hot
        return torch.zeros_like(value).scatter(axis, value.argmax(axis, keepdim=True), 1.0)
    return value.round() if factor > 1 and _is_probability(value) else value * factor


def _constant_rows(value: Tensor) -> Tensor:
    return value.mean(-1, keepdim=True).expand_as(value) if value.ndim else value


def _equal_rows(value: Tensor) -> Tensor:
    return value[:1].expand_as(value) if value.ndim else value


EXTREMES: dict[str, Callable[[Tensor], Tensor]] = {
    "scaled by 1e-30": lambda value: _scaled(value, 1e-30),
    "scaled by 1e3": lambda value: _scaled(value, 1e3),
    "scaled by -1e4": lambda value: _scaled(value, 1e4 if _is_probability(value) else -1e4),
    "zeros": lambda value: _constant(value, 0.0),
    "ones": lambda value: _constant(value, 1.0),
    "constant rows": _constant_rows,
    "equal rows": _equal_rows,
}


@check
def check_no_grad_to_targets(case: Case) -> None:
    """Floating inputs that are not declared differentiable receive no gradient, or zeros."""
    inputs = case.inputs()
    names = [name for name in floating(inputs) if name not in case.spec.differentiable]
    if not names:
        raise Skipped("has no floating input besides the differentiable ones")
    leaves = {name: inputs[name].detach().clone().requires_grad_() for name in floating(inputs)}
    value = case.spec.function(**{**inputs, **leaves}).sum()
    found = torch.autograd.grad(value, [leaves[name] for name in names], allow_unused=True)
    for name, gradient in zip(names, found, strict=True):
        expect(
            gradient is None or not bool(gradient.any()),
            f"{name}: receives a gradient; declare it differentiable, or detach it",
        )


@check
def check_deterministic(case: Case) -> None:
    """The same inputs give the same bits, and the global random generator is left alone."""
    inputs = case.inputs()
    state = torch.get_rng_state()
    value, gradients = case.gradients(inputs)
    expect(torch.equal(state, torch.get_rng_state()), "draws from the global random generator")
    again, gradients_again = case.gradients(inputs)
    expect(torch.equal(value, again), f"two calls give {value.sum().item()} and {again.sum().item()}")
    for name, gradient in gradients.items():
        expect(torch.equal(gradient, gradients_again[name]), f"two calls give two gradients of {name}")
