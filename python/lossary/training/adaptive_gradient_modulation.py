"""Adaptive gradient modulation: slow the modality that learns too fast beside the other one.

Of a network with two inputs, `shapley_modality_outputs` says what each adds to the logits, and
`gradient_modulation_coefficients` by what to multiply the gradient that enters each.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError

# Exponents that are cut, so that scores which differ wildly give numbers.
_LARGEST_EXPONENT = 50.0


class ModalityOutputs(NamedTuple):
    """What each modality adds to the logits; the two sum to the logits of both.

    Attributes:
        output1: of the first modality.
        output2: of the second.
    """

    output1: Float[Tensor, "batch classes"]
    output2: Float[Tensor, "batch classes"]


class GradientModulation(NamedTuple):
    """Numbers of one step, without a graph.

    Attributes:
        score1: the cross-entropy of the first modality alone.
        score2: that of the second.
        coefficient1: by what to multiply the gradient of the first; below 1 slows it.
        coefficient2: that of the second.
        running1: the mean of the scores of the first so far, for the next step.
        running2: that of the second.
    """

    score1: float
    score2: float
    coefficient1: float
    coefficient2: float
    running1: float
    running2: float


@full_precision
def shapley_modality_outputs(
    full: Float[Tensor, "batch classes"],
    without1: Float[Tensor, "batch classes"],
    without2: Float[Tensor, "batch classes"],
) -> ModalityOutputs:
    r"""Split the logits of a network with two inputs into what each input adds.

    .. math:: o_1 = \frac{z - z_{-1} + z_{-2}}{2}, \qquad o_2 = \frac{z - z_{-2} + z_{-1}}{2}

    the values of Shapley for two players, where logits without both are 0. The gradient reaches all three.

    Args:
        full: z, the logits of both inputs.
        without1: those with the first input set to zeros.
        without2: those with the second input set to zeros.

    Returns:
        `ModalityOutputs`, which sum to ``full``.

    Raises:
        ShapeError: ``full`` is not a matrix, or another argument has another shape.
        DtypeError: an argument is not floating.

    Source: Li, Li, Hu, Lei, Li and Zhou, Boosting Multi-modal Model Performance with Adaptive Gradient
        Modulation, ICCV 2023.

    Example:
        >>> import torch
        >>> full, without1, without2 = torch.tensor([[[5.0]], [[1.0]], [[2.0]]])
        >>> shapley_modality_outputs(full, without1, without2)
        ModalityOutputs(output1=tensor([[3.]]), output2=tensor([[2.]]))
    """
    check_floating("full", full)
    check_ndim("full", full, "batch classes")
    for name, logits in (("without1", without1), ("without2", without2)):
        check_floating(name, logits)
        check_shape(name, logits, tuple(full.shape), like="full")
    apart = (without2 - without1) / 2
    return ModalityOutputs(full / 2 + apart, full / 2 - apart)


@torch.no_grad()
def gradient_modulation_coefficients(
    logits1: Float[Tensor, "batch classes"],
    logits2: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    running1: float,
    running2: float,
    step: int,
    alpha: float = 1.0,
    floor: float = 1e-8,
) -> GradientModulation:
    r"""By what to multiply the gradients of two modalities in this step.

    .. math::
        s_k = -\frac{1}{N} \sum_n \log \max(p_{k, n, y_n}, \epsilon), \qquad
        c_k = \exp \alpha \left( e^{2 (\bar R - R_k)} - e^{2 (\bar s - s_k)} \right)

    with R the running means of the scores, and bars the means over both modalities. A modality that does
    better beside the other than it used to is slowed. Exponents are cut at 50.

    Args:
        logits1: what the first modality says, such as of `shapley_modality_outputs`.
        logits2: what the second says.
        target: y, the right class of each row.
        running1: R of the first, as the step before returned it; 0 at first.
        running2: R of the second.
        step: how many steps came before.
        alpha: how strongly gradients are changed, 0 or above; 0 leaves them.
        floor: the least probability that counts, above 0.

    Returns:
        `GradientModulation`, in numbers of Python, for which the device is waited for.

    Raises:
        ShapeError: ``logits1`` is not a matrix or has no row; another argument has another shape.
        DtypeError: logits are not floating, ``target`` not integer, ``step`` no int, or an option no number.
        InvalidInputError: a logit is NaN or infinite; ``target`` is no class; an option is outside its range.

    Source: Li, Li, Hu, Lei, Li and Zhou, Boosting Multi-modal Model Performance with Adaptive Gradient
        Modulation, ICCV 2023.

    Example:
        >>> import torch
        >>> better, worse = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])
        >>> target = torch.tensor([0])
        >>> step = gradient_modulation_coefficients(better, worse, target, running1=0.7, running2=0.7, step=9)
        >>> step.coefficient1 < 1 < step.coefficient2
        True
    """
    for name, logits in (("logits1", logits1), ("logits2", logits2)):
        check_floating(name, logits)
        check_shape(name, logits, tuple(logits1.shape), like="logits1")
        check_ndim(name, logits, "batch classes")
        check_finite(name, logits)
    if logits1.shape[0] == 0:
        raise ShapeError("logits1: got no row; wanted at least one")
    check_class_index("target", target, logits1.shape[1])
    check_shape("target", target, (logits1.shape[0],), like="the rows of logits1")
    check_int("step", step)
    for name, number in (("running1", running1), ("running2", running2), ("step", step), ("alpha", alpha)):
        check_non_negative(name, number)
    check_positive("floor", floor)
    scores = [_score(logits, target, floor) for logits in (logits1, logits2)]
    running = (running1, running2)
    ratio, optimal = _relative(scores), _relative(running)
    coefficients = [_exp(alpha * (then - now)) for then, now in zip(optimal, ratio, strict=True)]
    means = [(mean * step + score) / (step + 1) for mean, score in zip(running, scores, strict=True)]
    return GradientModulation(*scores, *coefficients, *means)


def _score(logits: Tensor, target: Tensor, floor: float) -> float:
    right = logits.double().log_softmax(1).gather(1, target.long().unsqueeze(1))
    return -right.clamp(min=math.log(floor)).mean().item()


def _relative(scores: list[float] | tuple[float, float]) -> list[float]:
    mean = sum(scores) / 2
    return [_exp(2 * (mean - score)) for score in scores]


def _exp(exponent: float) -> float:
    return math.exp(min(exponent, _LARGEST_EXPONENT))
