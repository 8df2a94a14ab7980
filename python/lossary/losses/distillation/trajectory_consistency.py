"""Trajectory consistency (SAF, MESA): a network held near what it said some epochs ago, to find flat minima.

In a sharp region the training loss falls fast from one epoch to the next. Pricing the change of the outputs
prices that, at none of the cost of a second gradient.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_positive
from lossary.losses.distillation._logits import agreement, divergence, teacher_of, times_square


@full_precision
def trajectory_consistency(
    logits: Float[Tensor, "batch classes"],
    past_logits: Float[Tensor, "batch classes"],
    *,
    temperature: float = 5.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Divergence of the softened probabilities from those of the same items earlier in training.

    .. math:: L_i = T^2 \sum_c p_c \ln \frac{p_c}{q_c}, \quad
              p = \mathrm{softmax}(z^{past}_i / T), \quad q = \mathrm{softmax}(z_i / T)

    It is added to cross-entropy with a weight of 0.3 (past logits from
    `lossary.training.trajectory_buffer`) or 0.8 (from an average of the weights), from the sixth epoch on.

    Args:
        logits: z, one column per class.
        past_logits: those of the same items some epochs ago, or of an average of the weights, in the shape of
            ``logits``; no gradient flows into it.
        temperature: T, above 0.
        reduction: "mean" or "sum" over rows, or "none".

    Returns:
        A scalar, or one value per row under "none". An empty batch gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class, or ``past_logits`` has another shape.
        DtypeError: one of them is not floating.
        InvalidInputError: a logit is NaN or infinite; ``temperature`` is not above 0.

    Source: Du, Zhou, Feng, Tan and Zhou, Sharpness-Aware Training for Free, NeurIPS 2022.

    Example:
        >>> import torch
        >>> now, past = torch.tensor([[0.0, 0.0]]), torch.tensor([[100.0, 0.0]])
        >>> trajectory_consistency(now, past, temperature=1.0)  # 1 ln(1 / 0.5)
        tensor(0.6931)
    """
    past = teacher_of(logits, past_logits, names=("logits", "past_logits"))
    check_positive("temperature", temperature)
    return reduce(times_square(divergence(logits, past, temperature), temperature), reduction)


TrajectoryConsistency = loss_module(trajectory_consistency)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, now and earlier."""
    past = torch.randn(6, 5, generator=generator)
    return {"logits": past + torch.randn(6, 5, generator=generator), "past_logits": past}


def _agreement(logits: np.ndarray, past_logits: np.ndarray) -> tuple[np.ndarray, ...]:
    return agreement(logits, past_logits)


LOSS = LossSpec(
    function=trajectory_consistency,
    module=TrajectoryConsistency,
    paper=Paper(
        title="Sharpness-Aware Training for Free",
        authors="Du, Zhou, Feng, Tan and Zhou",
        venue="NeurIPS",
        year=2022,
        url="https://arxiv.org/abs/2205.14083",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=_agreement),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("saf", "mesa"),
)
