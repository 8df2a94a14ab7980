"""Kernel distance: drawn segmentations that vary as those of experts do, by mean kernels of pairs.

Also for other sets of points. Half the squared maximum mean discrepancy, and with "energy" the energy
distance, which has no scale to choose; the Hausdorff divergence of some packages is this one too.
"""

from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_positive
from lossary.losses.distributions._mask_sets import MASK_SET_METRICS, both_sets, example_inputs
from lossary.losses.distributions._points import squared_distances
from lossary.ops.distances import pair_distances

Kernel = Literal["energy", "gaussian", "laplacian"]


@full_precision
def kernel_distance(
    prediction: Float[Tensor, "batch points *space"],
    target: Float[Tensor, "batch others *space"],
    *,
    kernel: Kernel = "energy",
    blur: float = 0.05,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Half the mean kernel within each of two sets, less that between them.

    .. math:: L = \frac{1}{2 K^2} \sum_{ij} k(x_i, x_j) + \frac{1}{2 M^2} \sum_{ij} k(y_i, y_j)
              - \frac{1}{K M} \sum_{ij} k(x_i, y_j)

    Args:
        prediction: x, a set of K points, such as segmentations, for each image; their axes are flattened.
        target: y, a set of M points for each image.
        kernel: "energy" is -\|a - b\|, "gaussian" exp(-\|a - b\|^2 / (2 blur^2)), "laplacian"
            exp(-\|a - b\| / blur).
        blur: the scale of the Gaussian and the Laplacian kernel, above 0.
        reduction: "mean" or "sum" over images, or "none".

    Returns:
        A scalar, or (batch,) values under "none", at least 0; 0 for equal sets.

    Raises:
        ShapeError: fewer than three axes, nothing to compare, or shapes that do not fit.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Source: Chatterjee et al., PULASki: Learning inter-rater variability using statistical distances to
        improve probabilistic segmentation, arXiv 2312.15686, 2023; the distances are those of Feydy et al.,
        Interpolating between Optimal Transport and MMD using Sinkhorn Divergences, AISTATS 2019.

    Example:
        >>> import torch
        >>> prediction, target = torch.zeros(1, 1, 2), torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])
        >>> kernel_distance(prediction, target)  # 0 - (0 + 5 + 5 + 0) / 8 + (5 + 0) / 2
        tensor(1.2500)
    """
    check_choice("kernel", kernel, get_args(Kernel))
    check_positive("blur", blur)
    x, y = both_sets(prediction, target)
    within = _mean_kernel(x, x, kernel, blur) + _mean_kernel(y, y, kernel, blur)
    return reduce(within / 2 - _mean_kernel(x, y, kernel, blur), reduction)


def _mean_kernel(points: Tensor, others: Tensor, kernel: Kernel, blur: float) -> Tensor:
    if kernel == "gaussian":
        values = (squared_distances("prediction", points, others) / (-2 * blur**2)).exp()
    else:
        distances = pair_distances(points, others)
        values = -distances if kernel == "energy" else (-distances / blur).exp()
    return values.mean((1, 2))


KernelDistance = loss_module(kernel_distance)


LOSS = LossSpec(
    function=kernel_distance,
    module=KernelDistance,
    paper=Paper(
        title=(
            "PULASki: Learning inter-rater variability using statistical distances to improve probabilistic "
            "segmentation"
        ),
        authors="Chatterjee et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2312.15686",
    ),
    differentiable=("prediction", "target"),
    example_inputs=example_inputs,
    pairs_with=MASK_SET_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
