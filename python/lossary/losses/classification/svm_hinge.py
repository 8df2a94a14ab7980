"""SVM hinge: the objective of a soft-margin support vector machine, hinge and penalty of the weights.

With the weights of the last layer it trains a wide network as the kernel machine that it is equivalent to.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_non_negative
from lossary.losses.classification._margins import decisions, eight_decisions
from lossary.losses.classification.binary_hinge import binary_hinge


@full_precision
def svm_hinge(
    logits: Float[Tensor, "batch"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    weight: Float[Tensor, "*weight"],
    *,
    regularization: float = 0.001,
    margin: float = 1.0,
    squared: bool = False,
) -> Float[Tensor, ""]:
    r"""Mean hinge of the scores plus half the squared length of the weights, times a factor.

    .. math:: L = \frac{1}{N} \sum_i \max(0, m - y_i z_i)^q + \frac{\lambda}{2} \lVert W \rVert_F^2

    Args:
        logits: z, any real number; above 0 means class 1.
        target: y, as 0 or 1 (or bool).
        weight: W, the weights of the layer that gives the logits, in any shape. In the parametrisation of the
            neural tangent kernel these are the ones divided by the root of the width.
        regularization: lambda, 0 or above; 0 gives `binary_hinge`.
        margin: m, above 0.
        squared: q = 2 in place of 1.

    Returns:
        A scalar; 0 for an empty batch, without the penalty.

    Raises:
        ShapeError: ``logits`` is not a vector, or ``target`` has another length.
        DtypeError: ``logits`` or ``weight`` is not floating.
        InvalidInputError: a logit or a weight is NaN or infinite; ``target`` has values other than 0 and 1;
            ``regularization`` is negative; ``margin`` is not above 0.

    Differs from the paper: the factor stands at the penalty and not at the hinge; ``margin`` is ours.

    Source: Chen, Huang, Nguyen and Weng, On the Equivalence between Neural Network and Support Vector
        Machine, NeurIPS 2021.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([0.5, 0.5]), torch.tensor([1, 0])
        >>> svm_hinge(logits, target, torch.tensor([3.0, 4.0]), regularization=0.1)  # 1 + 0.05 * 25
        tensor(2.2500)
    """
    check_non_negative("regularization", regularization)
    check_floating("weight", weight)
    check_finite("weight", weight)
    loss = binary_hinge(logits, target, margin=margin, squared=squared)
    if not len(logits):
        return loss
    return loss + 0.5 * regularization * weight.to(loss.dtype).square().sum()


SvmHinge = loss_module(svm_hinge)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight logits, three of them of positives, and the weights of a layer of six units."""
    return {**eight_decisions(generator), "weight": torch.randn(1, 6, generator=generator)}


LOSS = LossSpec(
    function=svm_hinge,
    module=SvmHinge,
    paper=Paper(
        title="On the Equivalence between Neural Network and Support Vector Machine",
        authors="Chen, Huang, Nguyen and Weng",
        venue="NeurIPS",
        year=2021,
        url="https://arxiv.org/abs/2111.06063",
    ),
    differentiable=("logits", "weight"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="hinge_loss", adapt=lambda logits, target, **_: (target, logits)),
        ExactMetric(name="zero_one_loss", adapt=decisions),
        ExactMetric(name="accuracy_score", adapt=decisions),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.CONVEX}),
)
