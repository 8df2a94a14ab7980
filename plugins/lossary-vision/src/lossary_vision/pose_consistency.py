"""Pose consistency: what stands in one image is mostly turned the same way, or the opposite way.

Of the supervision of 3-D boxes without 3-D labels: chairs around a table and cars in a street share their
axes, up to flips.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_integer,
    check_shape,
    check_tensor,
)
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def pose_consistency(rotation: Float[Tensor, "boxes 3 3"], group: Int[Tensor, "boxes"]) -> Float[Tensor, ""]:
    r"""One minus the absolute cosine of the angle between two rotations, averaged over the pairs of a group.

    .. math:: L = \frac{1}{|G|} \sum_{g \in G} \frac{2}{n_g (n_g - 1)} \sum_{i < j \in g}
              \Big( 1 - \Big| \frac{\operatorname{tr}(R_i R_j^T) - 1}{2} \Big| \Big)

    G are the groups of two boxes and more.

    Args:
        rotation: R, the rotation matrix of each box. Whether they are rotations is not checked.
        group: the image that each box is in, any integers.

    Returns:
        A scalar; 0 where no group has two boxes.

    Raises:
        ShapeError: ``rotation`` is not (boxes, 3, 3), or there is not one group for each box.
        DtypeError: ``rotation`` is not floating, or ``group`` not integer.
        InvalidInputError: a rotation is NaN or infinite.

    Differs from the official code: the sum over groups is divided by their number; there by one more than the
        number of images that were left out, which seems a slip.

    Source: Hansen, Wanzeck and Papadopoulos, Weak Cube R-CNN: Weakly Supervised 3D Detection using only 2D
        Bounding Boxes, SCIA 2025.

    Example:
        >>> import torch
        >>> quarter = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        >>> rotation = torch.stack([torch.eye(3), quarter])  # an angle of 90 degrees
        >>> pose_consistency(rotation, torch.tensor([7, 7]))
        tensor(1.)
    """
    check_floating("rotation", rotation)
    check_tensor("group", group)
    if rotation.ndim != 3 or rotation.shape[1:] != (3, 3):
        raise ShapeError(f"rotation: got shape {tuple(rotation.shape)}; wanted (boxes, 3, 3)")
    check_integer("group", group)
    check_shape("group", group, (rotation.shape[0],), like="the boxes of rotation")
    check_finite("rotation", rotation)
    entries = rotation.reshape(-1, 9)
    cosine = (entries @ entries.T - 1) / 2  # the trace of R_i R_j^T sums products of entries
    same = group.unsqueeze(1) == group
    size = same.sum(1)
    later = torch.ones_like(same).triu(1)
    pairs_of_group = (size * (size - 1)).clamp(min=1) / 2
    share = (same & later) / pairs_of_group.to(cosine.dtype).unsqueeze(1)
    first = ~(same & later.T).any(1)  # no earlier box is in the group: each group once
    groups = (first & (size > 1)).sum().clamp(min=1)
    return (share * (1 - cosine.abs())).sum() / groups


PoseConsistency = loss_module(pose_consistency)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Rotations of seven boxes in three images, one of which has a single box."""
    axes, _ = torch.linalg.qr(torch.randn(7, 3, 3, generator=generator))
    return {
        "rotation": axes * torch.linalg.det(axes).sign().view(-1, 1, 1),
        "group": torch.tensor([0, 0, 0, 1, 1, 2, 1]),
    }


LOSS = LossSpec(
    function=pose_consistency,
    module=PoseConsistency,
    paper=Paper(
        title="Weak Cube R-CNN: Weakly Supervised 3D Detection using only 2D Bounding Boxes",
        authors="Hansen, Wanzeck and Papadopoulos",
        venue="SCIA",
        year=2025,
        url="https://arxiv.org/abs/2504.13297",
    ),
    differentiable=("rotation",),
    example_inputs=example_inputs,
    unpaired_reason="it compares predictions with each other; there is no truth for a metric to compare with",
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
