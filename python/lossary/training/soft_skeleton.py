"""The soft skeleton of a map of probabilities: the centre line of what it shows, with a gradient.

Erosion peels a structure layer by layer; what an opening would remove from a layer belongs to the skeleton.
On a mask of 0 and 1 this is morphological thinning. `lossary.losses.segmentation.soft_cldice` compares maps
along it.
"""

from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lossary.authoring import full_precision
from lossary.authoring.validation import check_floating, check_int, check_non_negative, check_unit_interval
from lossary.errors import ShapeError


@full_precision
def soft_skeleton(
    prediction: Float[Tensor, "batch classes *space"], *, iterations: int = 10
) -> Float[Tensor, "batch classes *space"]:
    r"""The soft skeleton of each map, by erosions and openings.

    .. math:: S = \sum_{k \le K}^{\text{prob}} \mathrm{relu}(E^k - \mathrm{open}(E^k)), \quad
              a \overset{\text{prob}}{+} b = a + \mathrm{relu}(b - a b)

    E^k is the map eroded k times. An erosion takes the minimum over a voxel and its neighbours along the
    axes, an opening the maximum of an erosion over the full block around a voxel; what is outside of the
    image is ignored.

    Args:
        prediction: probabilities in [0, 1], with two or three axes of space. A mask of 0 and 1 gives a
            skeleton of 0 and 1.
        iterations: K, at least 0. For a mask the largest radius in voxels is enough, and more change nothing.

    Returns:
        Values in [0, 1] in the shape of ``prediction``. Where neighbours tie, the gradient goes to the first
        in memory, or half to each of two axes.

    Raises:
        ShapeError: there are not two or three axes of space, or one has no voxel.
        DtypeError: ``prediction`` is not floating, or ``iterations`` no int.
        InvalidInputError: a value is outside [0, 1] or NaN; ``iterations`` is negative.

    Source: Shit, Paetzold, Sekuboyina, Ezhov, Unger, Zhylka, Pluim, Bauer and Menze, clDice - a Novel
        Topology-Preserving Loss Function for Tubular Structure Segmentation, CVPR 2021, algorithm 1; the
        neighbourhoods are those of the authors' code.

    Example:
        >>> import torch
        >>> bar = torch.zeros(5, 7)
        >>> bar[1:4, 1:6] = 0.5
        >>> soft_skeleton(bar[None, None], iterations=1)[0, 0, 2]  # the middle of three rows
        tensor([0.0000, 0.0000, 0.5000, 0.5000, 0.5000, 0.0000, 0.0000])
    """
    check_images(prediction)
    check_iterations(iterations)
    check_unit_interval("prediction", prediction)
    return skeleton_of(prediction, iterations)


def check_images(prediction: Tensor) -> None:
    """Raise unless there are a batch, classes and two or three axes of space, with a class and a voxel."""
    check_floating("prediction", prediction)
    if prediction.ndim not in (4, 5) or 0 in prediction.shape[1:]:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, classes, *space) with a class, "
            "and two or three axes of space with a voxel"
        )


def check_iterations(iterations: int) -> None:
    """Raise unless ``iterations`` is an int of 0 or above."""
    check_int("iterations", iterations)
    check_non_negative("iterations", iterations)


def skeleton_of(maps: Tensor, iterations: int) -> Tensor:
    """`soft_skeleton` without the checks.

    Args:
        maps: (batch, classes, *space).
        iterations: how often to erode.
    """
    skeleton = torch.zeros_like(maps)
    for _ in range(iterations + 1):
        eroded = _erode(maps)
        removed = (maps - _pool(eroded, (3,) * (maps.ndim - 2))).relu()
        skeleton = skeleton + (removed - skeleton * removed).relu()
        maps = eroded
    return skeleton


def _erode(maps: Tensor) -> Tensor:
    axes = range(maps.ndim - 2)
    crosses = [-_pool(-maps, tuple(3 if axis == along else 1 for axis in axes)) for along in axes]
    return reduce(torch.minimum, crosses)


def _pool(maps: Tensor, window: tuple[int, ...]) -> Tensor:
    """The maximum over windows of odd sides around each voxel."""
    pool = functional.max_pool2d if maps.ndim == 4 else functional.max_pool3d
    return pool(maps, window, stride=1, padding=tuple(side // 2 for side in window))
