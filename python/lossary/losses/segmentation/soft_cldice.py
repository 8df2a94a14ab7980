"""Soft clDice: how much of the centre lines of a map and of its target lies in the other one.

For vessels, roads and other thin structures whose connections matter more than their volume: a gap costs the
same in a thick and in a thin branch. Use it beside `dice`, as in (1 - a) dice + a soft_cldice. Its exact
metric is `lossary.metrics.cldice`, on skeletons that are thin where the soft ones may be two voxels wide.
"""

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
from lossary.losses.segmentation._maps import checked_target, two_images
from lossary.training.soft_skeleton import check_images, check_iterations, skeleton_of


@full_precision
def soft_cldice(
    prediction: Float[Tensor, "batch classes *space"],
    target: Float[Tensor, "batch classes *space"],
    *,
    iterations: int = 10,
    smooth: float = 1.0,
    batch: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the harmonic mean of topology precision and sensitivity, on soft skeletons.

    .. math:: L = 1 - \frac{2 P R}{P + R}, \quad
              P = \frac{\sum S(p) t + s}{\sum S(p) + s}, \; R = \frac{\sum S(t) p + s}{\sum S(t) + s}

    S is `lossary.training.soft_skeleton.soft_skeleton`.

    Args:
        prediction: probabilities p, in [0, 1], with two or three axes of space.
        target: wanted map t, in [0, 1]; integer label maps must be one-hot encoded first. It receives no
            gradient.
        iterations: erosions of the skeletons, at least 0; take at least the largest radius in voxels.
        smooth: s, added above and below, above 0.
        batch: sum over images and classes too, for one value, as the authors' code does.
        reduction: "mean" or "sum" over (batch, classes), or "none"; ``batch=True`` gives a scalar whatever it
            says.

    Returns:
        A scalar, or (batch, classes) values under "none". Two empty maps give 0. With a soft target the value
        at p = t is not 0.

    Raises:
        ShapeError: the shapes differ, there are not two or three axes of space, or one has no voxel.
        DtypeError: a map is not floating, or ``iterations`` no int.
        InvalidInputError: a value of a map is outside [0, 1] or NaN; ``iterations`` is negative; ``smooth``
            is not above 0.

    Differs from the paper: the sums are per image and class by default. The authors' code sums over
        everything (``batch=True``), and takes 10 iterations whatever its argument says.

    Source: Shit, Paetzold, Sekuboyina, Ezhov, Unger, Zhylka, Pluim, Bauer and Menze, clDice - a Novel
        Topology-Preserving Loss Function for Tubular Structure Segmentation, CVPR 2021, algorithm 2.

    Example:
        >>> import torch
        >>> line = torch.zeros(1, 1, 3, 8)
        >>> line[:, :, 1] = 1.0
        >>> broken = line.clone()
        >>> broken[:, :, 1, 3:5] = 0.0  # P = (6 + 1) / (6 + 1) and R = (6 + 1) / (8 + 1)
        >>> soft_cldice(broken, line)  # 1 - 2 * 7/9 / (1 + 7/9)
        tensor(0.1250)
    """
    check_positive("smooth", smooth)
    check_iterations(iterations)
    check_images(prediction)
    target = checked_target(prediction, target)
    axes = tuple(range(0 if batch else 2, prediction.ndim))
    precision, stray = _shares(skeleton_of(prediction, iterations), target, smooth, axes)
    sensitivity, missed = _shares(skeleton_of(target, iterations), prediction, smooth, axes)
    # 1 - 2 P R / (P + R) without the difference, which would lose the digits of a small loss
    values = (precision * missed + sensitivity * stray) / (precision + sensitivity)
    return reduce(values, reduction)


def _shares(skeleton: Tensor, maps: Tensor, smooth: float, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The shares of a skeleton inside and outside of maps; they add up to one."""
    inside, outside = (skeleton * maps).sum(axes) + smooth, (skeleton * (1 - maps)).sum(axes)
    return inside / (inside + outside), outside / (inside + outside)


SoftCldice = loss_module(soft_cldice)


LOSS = LossSpec(
    function=soft_cldice,
    module=SoftCldice,
    paper=Paper(
        title="clDice - a Novel Topology-Preserving Loss Function for Tubular Structure Segmentation",
        authors="Shit, Paetzold, Sekuboyina, Ezhov, Unger, Zhylka, Pluim, Bauer and Menze",
        venue="CVPR",
        year=2021,
        url="https://arxiv.org/abs/2003.07311",
        equation="algorithm 2",
    ),
    differentiable=("prediction",),
    example_inputs=two_images,
    pairs_with=(ExactMetric(name="cldice"),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
