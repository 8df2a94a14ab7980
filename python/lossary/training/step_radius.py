r"""How far a step may go before the Taylor series of cross-entropy along it no longer converges.

Along a direction in which logits change at given rates, cross-entropy is the logarithm of a sum of
exponentials, and has singularities at complex step sizes. Beyond the nearest one no local model of the loss,
of any order, tells what a step does.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_real,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError, UnsupportedOptionError


class BinaryStepRadius(NamedTuple):
    """Step radii of two logits.

    Attributes:
        per_sample: the exact radius of each sample.
        radius: the smallest of them.
    """

    per_sample: Float[Tensor, "batch"]
    radius: Float[Tensor, ""]


@full_precision
def softmax_step_radius(
    logit_derivative: Float[Tensor, "batch classes"],
    *,
    quantile: float | None = None,
    reduction: Literal["worst", "none"] = "worst",
) -> Float[Tensor, "..."]:
    r"""The largest step, in units of the direction, that is certainly within convergence.

    .. math:: \rho = \frac{\pi}{\max_i \Delta_i}, \qquad \Delta_i = \max_k a_{ik} - \min_k a_{ik}

    It is a lower bound, which needs no logits; `binary_step_radius` is exact for two. Of logits over a
    temperature the radius is that many times larger.

    Args:
        logit_derivative: a, how fast each logit changes along the direction: a Jacobian-vector product, as of
            ``torch.func.jvp``.
        quantile: takes this quantile of Delta in place of its maximum, from 0 to 1, which lets the samples
            above it go further than is safe for them.
        reduction: "worst" over the batch, or "none" for the radius of each sample.

    Returns:
        A scalar, or one value per sample under "none"; infinite where no difference of logits changes, and
        for an empty batch.

    Raises:
        ShapeError: ``logit_derivative`` is not a matrix of at least two columns.
        DtypeError: it is not floating.
        InvalidInputError: a value is NaN or infinite; ``quantile`` is outside [0, 1]; ``reduction`` is none
            of the two.
        UnsupportedOptionError: ``quantile`` is given with "none".

    Source: Ghosts of Softmax: Complex Singularities That Limit Safe Step Sizes in Cross-Entropy, arXiv
        2603.13552, 2026.

    Example:
        >>> import torch
        >>> softmax_step_radius(torch.tensor([[2.0, 0.0, 1.0], [0.5, 0.0, 0.0]]))  # pi / 2
        tensor(1.5708)
    """
    check_choice("reduction", reduction, ("worst", "none"))
    _check_derivative(logit_derivative)
    if quantile is not None:
        check_real("quantile", quantile)
        if not 0 <= quantile <= 1:
            raise InvalidInputError(f"quantile: got {quantile!r}; wanted a number from 0 to 1")
        if reduction == "none":
            raise UnsupportedOptionError(f"quantile: got {quantile!r} with reduction='none'; wanted 'worst'")
    # Halves: the difference of two large rates would leave the range.
    half_gap = logit_derivative.amax(1) / 2 - logit_derivative.amin(1) / 2
    if reduction == "worst":
        if half_gap.numel() == 0:
            return half_gap.new_full((), math.inf)
        half_gap = half_gap.amax() if quantile is None else torch.quantile(half_gap, quantile)
    return math.pi / 2 / half_gap  # division by 0 is infinite


@full_precision
def binary_step_radius(
    logits: Float[Tensor, "batch 2"], logit_derivative: Float[Tensor, "batch 2"]
) -> BinaryStepRadius:
    r"""The exact radius of convergence for two classes.

    .. math:: \rho_i = \frac{\sqrt{(z_{i0} - z_{i1})^2 + \pi^2}}{|a_{i0} - a_{i1}|}

    Args:
        logits: z, at the start of the step.
        logit_derivative: a, how fast each logit changes along the direction.

    Returns:
        The radius of each sample, and the smallest; infinite where the difference of the logits does not
        change, and for an empty batch.

    Raises:
        ShapeError: ``logits`` is not (batch, 2), or ``logit_derivative`` has another shape.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: as `softmax_step_radius`.

    Example:
        >>> import torch
        >>> binary_step_radius(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, -1.0]])).radius  # pi / 2
        tensor(1.5708)
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch classes")
    if logits.shape[1] != 2:
        raise ShapeError(f"logits: got {logits.shape[1]} classes; wanted 2")
    check_finite("logits", logits)
    check_shape("logit_derivative", logit_derivative, tuple(logits.shape), like="logits")
    _check_derivative(logit_derivative)
    half_gap = (logits[:, 0] / 2 - logits[:, 1] / 2).hypot(logits.new_full((), math.pi / 2))
    per_sample = half_gap / (logit_derivative[:, 0] / 2 - logit_derivative[:, 1] / 2).abs()
    return BinaryStepRadius(per_sample, torch.cat([per_sample, per_sample.new_full((1,), math.inf)]).amin())


def safe_step_scale(
    logit_derivative: Float[Tensor, "batch classes"], *, limit: float = 1.0
) -> Float[Tensor, ""]:
    r"""What to multiply a proposed step with so that it stays within ``limit`` radii.

    .. math:: \min(1, \tau \rho)

    Args:
        logit_derivative: the rates of the logits along the proposed change of the parameters itself.
        limit: tau; the paper saw no failure below 1.

    Returns:
        A scalar above 0, and at most 1.

    Raises:
        ShapeError: ``logit_derivative`` is not a matrix of at least two columns.
        DtypeError: it is not floating.
        InvalidInputError: a value is NaN or infinite; ``limit`` is not above 0.

    Source: as `softmax_step_radius`.

    Example:
        >>> import torch
        >>> safe_step_scale(torch.tensor([[4.0, -4.0]]))  # pi / 8
        tensor(0.3927)
    """
    check_positive("limit", limit)
    return (limit * softmax_step_radius(logit_derivative)).clamp(max=1.0)


class SafeStep:
    """Takes the steps of any optimiser, cut to the radius within which cross-entropy converges.

    Each step costs a forward pass with derivatives (``torch.func.jvp``) and two copies of the parameters. The
    state of the optimiser is that of the whole step; running statistics of the model do not see the extra
    pass.

    Args:
        optimizer: of parameters of ``model``.
        model: from inputs to logits, (batch, classes); its operations must know forward-mode derivatives.
        limit: how many radii a step may go.

    Raises:
        InvalidInputError: ``limit`` is not above 0.

    Source: as `softmax_step_radius`; that the step is cut, and along what, is told from the abstract.

    Example:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> model = torch.nn.Linear(2, 3)
        >>> safe = SafeStep(torch.optim.SGD(model.parameters(), lr=100.0), model)
        >>> features, target = torch.eye(2), torch.tensor([0, 1])
        >>> torch.nn.functional.cross_entropy(model(features), target).backward()
        >>> bool(safe.step(features) < 0.1)  # of the step that SGD would take
        True
    """

    def __init__(self, optimizer: torch.optim.Optimizer, model: nn.Module, *, limit: float = 1.0) -> None:
        check_positive("limit", limit)
        self.optimizer, self.model, self.limit = optimizer, model, limit

    def step(self, *inputs: Any, logits_of: Callable[..., Tensor] | None = None) -> Tensor:
        """Let the optimiser step, and go back as far as needed.

        Args:
            inputs: the batch, as the model takes it.
            logits_of: from the output of the model to the logits, where they are not the same.

        Returns:
            The share of the step that was taken, a scalar above 0 and at most 1.

        Raises:
            ShapeError: the logits are not (batch, classes) with at least two classes.
            InvalidInputError: the step changes a logit beyond all numbers; the parameters are as before it.
        """
        named = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        before = {name: value.detach().clone() for name, value in named.items()}
        self.optimizer.step()
        after = {name: value.detach().clone() for name, value in named.items()}
        with torch.no_grad():
            for name, value in named.items():
                value.copy_(before[name])
        change = {name: after[name] - before[name] for name in named}

        def logits_at(parameters: dict[str, Tensor]) -> Tensor:
            buffers = {name: value.clone() for name, value in self.model.named_buffers()}
            output = torch.func.functional_call(self.model, {**parameters, **buffers}, inputs)
            return output if logits_of is None else logits_of(output)

        with torch.no_grad():
            with warnings.catch_warnings():  # torch's rules for it are scripts, against which torch warns
                warnings.simplefilter("ignore", FutureWarning)
                derivative = torch.func.jvp(logits_at, (before,), (change,))[1]
            scale = safe_step_scale(derivative, limit=self.limit)
            for name, value in named.items():
                value.copy_(torch.lerp(before[name], after[name], scale.to(value.dtype)))
        return scale


def _check_derivative(logit_derivative: Tensor) -> None:
    check_floating("logit_derivative", logit_derivative)
    check_ndim("logit_derivative", logit_derivative, "batch classes")
    if logit_derivative.shape[1] < 2:
        raise ShapeError(
            f"logit_derivative: got shape {tuple(logit_derivative.shape)}; wanted at least two classes"
        )
    check_finite("logit_derivative", logit_derivative)
