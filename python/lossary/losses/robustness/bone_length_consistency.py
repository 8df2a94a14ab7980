"""Bone length consistency: however a skeleton moves, its bones stay as long as they were."""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError


@full_precision
def bone_length_consistency(
    prediction: Float[Tensor, "batch time joints 3"],
    reference_length: Float[Tensor, "batch time joints"],
    parents: Integer[Tensor, "joints"],
    *,
    epsilon: float = 1e-10,
) -> Float[Tensor, ""]:
    r"""Mean squared difference between the lengths of bones and those that they should have.

    .. math:: L = \mathrm{mean} \Big( \Big( \sqrt{\lVert x_j - x_{\pi(j)} \rVert^2 + \epsilon}
              - l_j \Big)^2 \Big)

    Args:
        prediction: x, the position of each joint in each frame.
        reference_length: l, the wanted length of the bone from each joint to its parent. It receives no
            gradient.
        parents: pi, the index of the parent of each joint; the root is its own, and its bone has the length
            sqrt(epsilon).
        epsilon: above 0, which gives bones of no length a slope of 0.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``prediction`` is not (batch, time, joints, 3), or another shape does not fit it.
        DtypeError: positions or lengths are not floating, or ``parents`` is not integer.
        InvalidInputError: a value is NaN or infinite; a parent is no joint; ``epsilon`` is not above 0.

    Source: Diao, Wu, Zhang, Liu, Hao, Wei, Wang and Wang, TASAR: Transfer-based Attack on Skeletal Action
        Recognition, ICLR 2025, and its official code.

    Example:
        >>> import torch
        >>> skeleton = torch.tensor([[[[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]]])  # a bone of length 5
        >>> bone_length_consistency(skeleton, torch.tensor([[[0.0, 3.0]]]), torch.tensor([0, 0]))  # 2^2 / 2
        tensor(2.)
    """
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch time joints 3")
    if prediction.shape[3] != 3:
        raise ShapeError(f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, time, joints, 3)")
    check_floating("reference_length", reference_length)
    check_shape("reference_length", reference_length, tuple(prediction.shape[:3]), like="prediction")
    check_shape("parents", parents, (prediction.shape[2],), like="the joints of prediction")
    _check_parents(parents)
    check_positive("epsilon", epsilon)
    check_finite("prediction", prediction)
    check_finite("reference_length", reference_length)
    bone = prediction - prediction.index_select(2, parents.long())
    length = (bone.square().sum(-1) + epsilon).sqrt()
    return reduce((length - reference_length.detach()).square(), "mean")


def _check_parents(parents: Tensor) -> None:
    """Raise unless each is the index of a joint."""
    try:
        check_class_index("parents", parents, parents.shape[0])
    except InvalidInputError as error:
        raise InvalidInputError(str(error).replace("class", "joint")) from None


BoneLengthConsistency = loss_module(bone_length_consistency)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two motions of three frames of a body with a head and two arms."""
    return {
        "prediction": torch.randn(2, 3, 4, 3, generator=generator),
        "reference_length": torch.rand(2, 3, 4, generator=generator) + 0.5,
        "parents": torch.tensor([0, 0, 0, 0]),
    }


LOSS = LossSpec(
    function=bone_length_consistency,
    module=BoneLengthConsistency,
    paper=Paper(
        title="TASAR: Transfer-based Attack on Skeletal Action Recognition",
        authors="Diao, Wu, Zhang, Liu, Hao, Wei, Wang and Wang",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2409.02483",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="it is itself the exact squared error of the lengths",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
