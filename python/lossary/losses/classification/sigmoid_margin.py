"""Sigmoid margin: the zero-one loss of a halfspace with its step made smooth.

It is bounded, so a mislabelled sample far from the boundary costs one and has no gradient, where a hinge or
cross-entropy would follow it. The price is that it is not convex.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
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
from lossary.losses.classification._margins import decisions, eight_decisions, margins


@full_precision
def sigmoid_margin(
    score: Float[Tensor, "batch"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    *,
    scale: float = 0.1,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Share of the samples on the wrong side of a boundary, with a smooth step.

    .. math:: L_i = \frac{1}{1 + e^{y_i s_i / \sigma}}, \quad y_i = 2 t_i - 1

    Args:
        score: s, the signed distance to the boundary: for a halfspace w.x divided by the length of w, which
            is the caller's to do.
        target: t, 0 or 1 (or bool).
        scale: sigma, above 0, in the unit of the score; towards 0 the value becomes the error rate, and the
            gradient is left to samples ever nearer the boundary.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per sample under "none", between 0 and 1; 1/2 on the boundary.

    Raises:
        ShapeError: ``score`` is not a vector, or ``target`` has another length.
        DtypeError: ``score`` is not floating.
        InvalidInputError: a score is NaN or infinite; ``target`` has values other than 0 and 1; ``scale`` is
            not above 0.

    Differs from the paper: a sigmoid in place of its ramp, as in Diakonikolas, Kontonis, Tzamos and Zarifis,
        Learning Halfspaces with Massart Noise Under Structured Distributions, COLT 2020, whose result on
        stationary points it builds on.

    Source: Gollakota, Klivans, Stavropoulos and Vasilyan, An Efficient Tester-Learner for Halfspaces, arXiv
        2302.14853, 2023.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([0.0, 0.5, 0.5]), torch.tensor([1, 1, 0])
        >>> sigmoid_margin(score, target, reduction="none")  # sigmoid of 0, of -5 and of 5
        tensor([0.5000, 0.0067, 0.9933])
    """
    check_positive("scale", scale)
    return reduce((-margins(score, target, name="score") / scale).sigmoid(), reduction)


SigmoidMargin = loss_module(sigmoid_margin)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight scores near the boundary, three of them of positives."""
    example = eight_decisions(generator)
    return {"score": 0.2 * example["logits"], "target": example["target"]}


def _decisions(score: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return decisions(score, target)


LOSS = LossSpec(
    function=sigmoid_margin,
    module=SigmoidMargin,
    paper=Paper(
        title="An Efficient Tester-Learner for Halfspaces",
        authors="Gollakota, Klivans, Stavropoulos and Vasilyan",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2302.14853",
    ),
    differentiable=("score",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="zero_one_loss", adapt=_decisions),
        ExactMetric(name="accuracy_score", adapt=_decisions),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
