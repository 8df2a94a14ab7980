"""`loss_profile`: the value of a loss along a line through its example inputs, as for a picture of it.

One rule serves nearly every loss: its first differentiable input moves against the gradient, from where the
loss is worse to beyond where it is best. That shows what a formula hides: whether mistakes cost more and more
or saturate, where the loss is flat and the gradient vanishes, whether there is a best place. A loss that this
tells nothing about declares a `Picture`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.spec import LossSpec, Picture
from lossary.authoring.validation import check_int
from lossary.errors import InvalidInputError
from lossary.settings import checks

# Where the end of a line is looked for, in units of the spread of what moves.
_STEPS = tuple(0.02 * 1.25**power for power in range(29))
_NEARLY_ALL = 0.98
_BEYOND = 1.5
_MOST_RISE = 2.0
_EPS = 1e-3


class LossProfile(NamedTuple):
    """A loss along a line.

    Attributes:
        parameter: the places; along the line of steepest descent, how far the element that moves most has
            moved.
        value: of the loss, the mean of what it returns.
        derivative: of the value by the parameter, as autograd finds it: what a loss holds fixed adds nothing.
        words: what the parameter is.
        example: the parameter of the example inputs; None where a `Picture` leaves them.
    """

    parameter: np.ndarray
    value: np.ndarray
    derivative: np.ndarray
    words: str
    example: float | None


class _Line(NamedTuple):
    """A loss as a function of one number, and between which numbers."""

    value: Callable[[Tensor], Tensor]
    low: float
    high: float
    words: str
    example: float | None

    def at(self, parameter: float) -> tuple[float, float]:
        """Value and derivative."""
        place = torch.tensor(parameter, dtype=torch.float64, requires_grad=True)
        value = self.value(place)
        if not value.requires_grad:
            return value.item(), 0.0
        (derivative,) = torch.autograd.grad(value, place, materialize_grads=True)
        return value.item(), derivative.item()


def loss_profile(spec: LossSpec, *, points: int = 121, seed: int = 0) -> LossProfile:
    """Follow a loss along the `Picture` it declares, or along steepest descent from its example inputs.

    Steepest descent is that of the first differentiable input. The line starts on the worse side, at most
    twice as far above the example as the best place is below it, and ends half as far again as the loss needs
    to come down. Probabilities move by their log-odds, or by logits where they add up to one; what must be
    above zero moves by its logarithm. All is computed in float64.

    Args:
        spec: the loss, for example from ``lossary.get``.
        points: how many places, 3 or more.
        seed: of the example inputs.

    Returns:
        The profile, from the worse side to the better.

    Raises:
        InvalidInputError: ``points`` is below 3, or at the example inputs there is no gradient to follow.
        DtypeError: ``points`` or ``seed`` is no int.

    Example:
        >>> import lossary
        >>> profile = loss_profile(lossary.get("binary_hinge"), points=5)
        >>> profile.words
        'logits, moved against the gradient'
        >>> bool(profile.value[0] > profile.value[-1])
        True
    """
    check_int("points", points)
    check_int("seed", seed)
    if points < 3:
        raise InvalidInputError(f"points: got {points}; wanted 3 or more")
    example = spec.example_inputs(torch.Generator().manual_seed(seed))
    inputs = {
        name: value.double() if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in example.items()
    }
    line = _steepest(spec, inputs) if spec.picture is None else _declared(spec, spec.picture, inputs)
    places = _places(line, points)
    value, derivative = np.array([line.at(place) for place in places.tolist()]).T
    return LossProfile(places, value, derivative, line.words, line.example)


def _places(line: _Line, points: int) -> np.ndarray:
    """Evenly spaced, on either side of the example if that is on the line."""
    if line.example is None:
        return np.linspace(line.low, line.high, points)
    share = (line.example - line.low) / (line.high - line.low)
    before = min(max(round(share * (points - 1)), 1), points - 2)
    worse = np.linspace(line.low, line.example, before, endpoint=False)
    return np.concatenate([worse, np.linspace(line.example, line.high, points - before)])


def _declared(spec: LossSpec, picture: Picture, inputs: dict[str, Any]) -> _Line:
    def value(parameter: Tensor) -> Tensor:
        return spec.function(**inputs | picture.inputs(inputs, parameter)).mean()

    return _Line(value, picture.low, picture.high, picture.words, None)


def _steepest(spec: LossSpec, inputs: dict[str, Any]) -> _Line:
    name = spec.differentiable[0]
    start, back, words = _unbounded(spec, inputs, name)

    def moved(place: Tensor) -> Tensor:
        return spec.function(**inputs | {name: back(place)}).mean()

    leaf = start.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(moved(leaf), leaf, materialize_grads=True)
    steepest = gradient.abs().max().item()
    if not 0 < steepest < np.inf:
        raise InvalidInputError(
            f"example_inputs: got a gradient of {steepest:g} for {name} of {spec.name}; wanted one to "
            "follow, or a picture declared in the LossSpec"
        )
    direction = gradient / steepest

    def value(parameter: Tensor) -> Tensor:
        return moved(start - parameter * direction)

    low, high = _ends(value, start.std(correction=0).item() or 1.0)
    return _Line(value, low, high, f"{words}, moved against the gradient", 0.0)


def _unbounded(
    spec: LossSpec, inputs: dict[str, Any], name: str
) -> tuple[Tensor, Callable[[Tensor], Tensor], str]:
    """Numbers that may be anything in place of an input that may not, the way back to it, and words."""
    given = inputs[name].detach()
    span = 2.0 + 2.0 * given.abs().max()

    def refuses(changed: Tensor) -> bool:
        try:
            with checks(None):
                spec.function(**inputs | {name: changed})
        except ValueError:
            return True
        return False

    if not refuses(given - span):
        return given, lambda place: place, name
    if not refuses(given + span):
        return given.clamp(min=_EPS).log(), torch.exp, f"logarithm of {name}"
    for axis in range(given.ndim):
        total = given.sum(axis)
        if given.shape[axis] > 1 and torch.allclose(total, torch.ones_like(total), atol=1e-6):
            return given.clamp(min=_EPS).log(), partial(torch.softmax, dim=axis), f"logits of {name}"
    return given.logit(_EPS), torch.sigmoid, f"log-odds of {name}"


def _ends(line: Callable[[Tensor], Tensor], unit: float) -> tuple[float, float]:
    """Where steepest descent starts and where it stops."""

    def value(parameter: float) -> float:
        return line(torch.tensor(parameter, dtype=torch.float64)).item()

    start = value(0.0)
    steps = [unit * step for step in _STEPS]
    values = [value(step) for step in steps]
    drop = start - min(values)
    if not 0 < drop < np.inf:  # the gradient is not that of the value, or the value is none
        return -unit, unit
    reached = (step for step, there in zip(steps, values, strict=True) if start - there >= _NEARLY_ALL * drop)
    high = _BEYOND * next(reached)
    rising = (step for step in reversed(steps) if step <= high and value(-step) - start <= _MOST_RISE * drop)
    return -next(rising, steps[0]), high
