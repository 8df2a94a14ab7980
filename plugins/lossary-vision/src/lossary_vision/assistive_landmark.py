"""Assistive loss: landmarks are drawn past a teacher's, and away from it once they are nearer to the truth.

It is one part of `landmark_distillation`, which has two teachers.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_real
from torch import Tensor

from lossary_vision._landmarks import assistive_values, check_inner, check_landmarks, mean_of


@full_precision
def assistive_landmark(
    prediction: Float[Tensor, "batch *coordinates"],
    target: Float[Tensor, "batch *coordinates"],
    teacher_prediction: Float[Tensor, "batch *coordinates"],
    *,
    positive_weight: float = 1.9,
    negative_weight: float = -0.45,
    inner: float = 0.15,
) -> Float[Tensor, ""]:
    r"""Distance from a teacher that is reflected to the student's side, positive beyond it, negative within.

    .. math:: L = \frac{1}{N} \sum_i w_i |T_i - x_i|, \quad
              T = g + \mathrm{sign}(x - g) |q - g|

    with w the positive weight where x lies beyond T as seen from g, the negative one where it lies between T
    and g + inner (T - g), and 0 nearer to g. All is by coordinate.

    Args:
        prediction: x, coordinates of landmarks, in any shape; the defaults suit images of width 1.
        target: g, the true ones.
        teacher_prediction: q, those of a teacher that is trained. Neither has a gradient.
        positive_weight: of a coordinate beyond its teacher.
        negative_weight: of one that is nearer to the truth than its teacher; below 0 it is pushed on.
        inner: the share of the teacher's error, from 0 to 1, within which a coordinate is good enough.

    Returns:
        A scalar, which may be below 0. No coordinates give 0.

    Raises:
        ShapeError: the tensors differ in shape.
        DtypeError: a tensor is not floating, or an option no number.
        InvalidInputError: a value is NaN or infinite, or ``inner`` is not from 0 to 1.

    Source: Fard and Mahoor, Facial Landmark Points Detection Using Knowledge Distillation-Based Neural
        Networks, Computer Vision and Image Understanding 2022.

    Example:
        >>> import torch
        >>> prediction, teacher = torch.tensor([[0.5, 0.1]]), torch.tensor([[-0.2, 0.2]])
        >>> assistive_landmark(prediction, torch.zeros(1, 2), teacher)  # (1.9 * 0.3 - 0.45 * 0.1) / 2
        tensor(0.2625)
    """
    check_landmarks(prediction, target=target, teacher_prediction=teacher_prediction)
    check_real("positive_weight", positive_weight)
    check_real("negative_weight", negative_weight)
    check_inner(inner)
    return mean_of(
        assistive_values(
            prediction,
            target.detach(),
            teacher_prediction.detach(),
            positive_weight=positive_weight,
            negative_weight=negative_weight,
            inner=inner,
        )
    )


AssistiveLandmark = loss_module(assistive_landmark)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six coordinates of three faces, and those of a teacher."""
    target = torch.rand(3, 6, generator=generator)
    return {
        "prediction": target + 0.3 * torch.randn(3, 6, generator=generator),
        "target": target,
        "teacher_prediction": target + 0.1 * torch.randn(3, 6, generator=generator),
    }


LOSS = LossSpec(
    function=assistive_landmark,
    module=AssistiveLandmark,
    paper=Paper(
        title="Facial Landmark Points Detection Using Knowledge Distillation-Based Neural Networks",
        authors="Fard and Mahoor",
        venue="Computer Vision and Image Understanding",
        year=2022,
        url="https://arxiv.org/abs/2111.07047",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="errors of landmarks are means of distances, for which there is no exact metric here",
    properties=frozenset({Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
    aliases=("aloss",),
)
