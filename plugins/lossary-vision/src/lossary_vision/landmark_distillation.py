"""Landmark distillation: a small network learns landmarks from the truth and from two teachers.

The tough teacher is the better one and pulls hard; the tolerant one says from which error on the loss is
squared, so that hard landmarks weigh more than those that are nearly right.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_real
from torch import Tensor

from lossary_vision._landmarks import assistive_values, check_inner, check_landmarks, mean_of


@full_precision
def landmark_distillation(
    prediction: Float[Tensor, "batch *coordinates"],
    target: Float[Tensor, "batch *coordinates"],
    tough_prediction: Float[Tensor, "batch *coordinates"],
    tolerant_prediction: Float[Tensor, "batch *coordinates"],
    *,
    tough_positive: float = 1.9,
    tough_negative: float = -0.45,
    tolerant_positive: float = 1.8,
    tolerant_negative: float = -0.4,
    main_weight: float = 2.0,
    tough_weight: float = 1.0,
    tolerant_weight: float = 1.0,
    inner: float = 0.15,
) -> Float[Tensor, ""]:
    r"""Error of landmarks, squared beyond a tolerant teacher's, and `assistive_landmark` of two teachers.

    .. math:: L = \lambda M + \lambda_1 A(q_1) + \lambda_2 A(q_2), \quad
              M = \frac{1}{N} \sum_i \begin{cases} 3 d_i & d_i \le r_i \\
              d_i^2 + 3 r_i - r_i^2 & d_i > r_i \end{cases}

    with d = |g - x|, the error r = |g - q_2| of the tolerant teacher, and the assistive loss A.

    Args:
        prediction: x, coordinates of landmarks, in any shape; the defaults suit images of width 1.
        target: g, the true ones.
        tough_prediction: q_1, those of the better teacher.
        tolerant_prediction: q_2, those of the weaker one. Only ``prediction`` has a gradient.
        tough_positive: the positive weight of `assistive_landmark` for the tough teacher.
        tough_negative: the negative one.
        tolerant_positive: the positive weight for the tolerant teacher.
        tolerant_negative: the negative one.
        main_weight: lambda.
        tough_weight: lambda_1.
        tolerant_weight: lambda_2.
        inner: as for `assistive_landmark`.

    Returns:
        A scalar, which may be below 0. No coordinates give 0.

    Raises:
        ShapeError: the tensors differ in shape.
        DtypeError: a tensor is not floating, or an option no number.
        InvalidInputError: a value is NaN or infinite, or ``inner`` is not from 0 to 1.

    Source: Fard and Mahoor, Facial Landmark Points Detection Using Knowledge Distillation-Based Neural
        Networks, Computer Vision and Image Understanding 2022; weights as in its official code.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.5]]), torch.zeros(1, 1)
        >>> landmark_distillation(prediction, target, target, target)  # exact teachers: 2 * 0.5^2
        tensor(0.5000)
    """
    check_landmarks(
        prediction, target=target, tough_prediction=tough_prediction, tolerant_prediction=tolerant_prediction
    )
    numbers = {
        "tough_positive": tough_positive,
        "tough_negative": tough_negative,
        "tolerant_positive": tolerant_positive,
        "tolerant_negative": tolerant_negative,
        "main_weight": main_weight,
        "tough_weight": tough_weight,
        "tolerant_weight": tolerant_weight,
    }
    for name, number in numbers.items():
        check_real(name, number)
    check_inner(inner)
    target, tough, tolerant = (each.detach() for each in (target, tough_prediction, tolerant_prediction))
    error, allowed = (target - prediction).abs(), (target - tolerant).abs()
    main = torch.where(error <= allowed, 3 * error, error.square() + 3 * allowed - allowed.square())
    by_tough = assistive_values(
        prediction,
        target,
        tough,
        positive_weight=tough_positive,
        negative_weight=tough_negative,
        inner=inner,
    )
    by_tolerant = assistive_values(
        prediction,
        target,
        tolerant,
        positive_weight=tolerant_positive,
        negative_weight=tolerant_negative,
        inner=inner,
    )
    return mean_of(main_weight * main + tough_weight * by_tough + tolerant_weight * by_tolerant)


LandmarkDistillation = loss_module(landmark_distillation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six coordinates of three faces, and those of two teachers."""
    target = torch.rand(3, 6, generator=generator)
    return {
        "prediction": target + 0.3 * torch.randn(3, 6, generator=generator),
        "target": target,
        "tough_prediction": target + 0.05 * torch.randn(3, 6, generator=generator),
        "tolerant_prediction": target + 0.2 * torch.randn(3, 6, generator=generator),
    }


LOSS = LossSpec(
    function=landmark_distillation,
    module=LandmarkDistillation,
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
    aliases=("kd_loss",),
)
