"""Declared properties: each member of `Property` has one check, skipped for losses that do not declare it.

They run in float64 on several draws of the example inputs, so that rounding does not decide.
"""

from itertools import combinations

import torch

from lossary.authoring.spec import Property
from lossary.conformance.case import Case, Inputs, expect_close, floating
from lossary.conformance.table import CheckError, check_of, expect

SEEDS = range(5)
ROUNDING = 1e-9


def _draws(case: Case) -> list[Inputs]:
    return [case.inputs(seed=seed, dtype=torch.float64) for seed in SEEDS]


@check_of(Property.NON_NEGATIVE)
def check_property_non_negative(case: Case) -> None:
    """No value is below zero."""
    for inputs in _draws(case):
        least = case.values(inputs).min().item()
        expect(least >= -ROUNDING, f"got {least:g}; wanted at least 0")


@check_of(Property.AT_MOST_ONE)
def check_property_at_most_one(case: Case) -> None:
    """No value is above one."""
    for inputs in _draws(case):
        most = case.values(inputs).max().item()
        expect(most <= 1 + ROUNDING, f"got {most:g}; wanted at most 1")


@check_of(Property.ZERO_AT_TARGET)
def check_property_zero_at_target(case: Case) -> None:
    """The value is zero where the first differentiable input equals its target.

    The target is the input of that name; without one, the first other floating input of the same shape.
    """
    for inputs in _draws(case):
        prediction = case.spec.differentiable[0]
        others = [name for name in floating(inputs) if name != prediction]
        fitting = [name for name in others if inputs[name].shape == inputs[prediction].shape]
        constant = (name for name in fitting if name not in case.spec.differentiable)
        target = "target" if "target" in fitting else next(constant, None)
        if target is None:
            raise CheckError(f"no floating input has the shape of {prediction}, so none can be its target")
        value = case.values(inputs | {prediction: inputs[target].clone()})
        most = value.abs().max().item()
        expect(most <= 1e-6, f"{prediction} = {target}: got {most:g}; wanted 0")


@check_of(Property.BATCH_ORDER_FREE)
def check_property_batch_order_free(case: Case) -> None:
    """Reordering the rows of all batched inputs together does not change the value."""
    for seed, inputs in zip(SEEDS, _draws(case), strict=True):
        names = case.batched(inputs)
        size = inputs[names[0]].shape[0]
        expect(size > 1, "example_inputs: got a batch of one row, which shows nothing")
        order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
        for rows in (order, torch.arange(size - 1, -1, -1)):
            _expect_unchanged(case, inputs, {name: inputs[name][rows] for name in names}, "reordered batch")


@check_of(Property.SHIFT_INVARIANT)
def check_property_shift_invariant(case: Case) -> None:
    """Adding one constant to the differentiable inputs does not change the value."""
    for inputs in _draws(case):
        for constant in (0.75, -2.5):
            shifted = {name: inputs[name] + constant for name in case.differentiable(inputs)}
            _expect_unchanged(case, inputs, shifted, f"shifted by {constant:g}")


@check_of(Property.SCALE_INVARIANT)
def check_property_scale_invariant(case: Case) -> None:
    """Scaling the differentiable inputs by one positive number does not change the value."""
    for inputs in _draws(case):
        for factor in (0.4, 3.0):
            scaled = {name: inputs[name] * factor for name in case.differentiable(inputs)}
            _expect_unchanged(case, inputs, scaled, f"scaled by {factor:g}")


@check_of(Property.CONVEX)
def check_property_convex(case: Case) -> None:
    """Between two draws of the differentiable inputs the value stays below the chord."""
    draws = _draws(case)
    names = case.differentiable(draws[0])
    for left, right in combinations(draws, 2):
        start = case.spec.function(**left)
        end = case.spec.function(**left | {name: right[name] for name in names})
        for share in (0.25, 0.5):
            between = {name: torch.lerp(left[name], right[name], share) for name in names}
            chord = torch.lerp(start, end, share)
            excess = (case.spec.function(**left | between) - chord).max().item()
            allowed = ROUNDING * (1 + chord.abs().max().item())
            expect(excess <= allowed, f"got {excess:g} above the chord")


def _expect_unchanged(case: Case, inputs: Inputs, changed: Inputs, what: str) -> None:
    wanted = case.spec.function(**inputs)
    expect_close(case.spec.function(**inputs | changed), wanted, what, rtol=1e-6, atol=ROUNDING)
