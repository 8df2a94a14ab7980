"""Tversky: a soft overlap of maps in which false alarms and misses have prices of their own.

For structures so small that a network trained with Dice leaves them out: a higher price of misses buys
recall. Its focal form bends the loss of each map. Its exact metrics on hard maps are the F-beta scores.
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
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.losses.segmentation._maps import class_maps, hard_maps, summed_axes, two_images
from lossary.ops.overlap import tversky_distance


@full_precision
def tversky(
    prediction: Float[Tensor, "batch classes *space"],
    target: Float[Tensor, "batch classes *space"],
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    gamma: float = 1.0,
    smooth: float = 1e-5,
    batch: bool = False,
    include_background: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the soft Tversky index of two maps, to a power.

    .. math:: L = \Big(1 - \frac{TP + s}{TP + \alpha FP + \beta FN + s}\Big)^\gamma, \quad
              TP = \sum p t, \; FP = \sum p (1 - t), \; FN = \sum (1 - p) t

    Args:
        prediction: probabilities p, in [0, 1].
        target: wanted map t, in [0, 1]; integer label maps must be one-hot encoded first. It receives no
            gradient.
        alpha: weight of false positives, at least 0. alpha = beta = 0.5 is `dice` with twice the smoothing,
            and alpha = beta = 1 `jaccard`; where they add up to 1, it is F-beta at sqrt(beta / alpha).
        beta: weight of false negatives, at least 0; 0.7 beside an alpha of 0.3 favours recall.
        gamma: the focal exponent, above 0; 1 leaves the distance as it is. Below 1 (0.75 in the paper of the
            focal form, which writes it 1 / gamma) the slope grows without bound towards a perfect overlap;
            there, at 0, it is 0.
        smooth: s, added above and below, above 0; a larger value (1.0) softens the loss of maps with an empty
            target.
        batch: sum over the batch as well, giving one value per class.
        include_background: False leaves out class 0 when there are more.
        reduction: "mean" or "sum" over (batch, classes), or "none".

    Returns:
        A scalar, or (batch, classes) values under "none" ((classes,) with ``batch=True``). Two empty maps
        give 0. With a soft target the value at p = t is not 0; `dice` and `jaccard` with ``squared`` reach
        it.

    Raises:
        ShapeError: the shapes differ or have fewer than two axes.
        DtypeError: an argument is not floating.
        InvalidInputError: a value of a map is outside [0, 1] or NaN; ``alpha`` or ``beta`` is negative;
            ``gamma`` or ``smooth`` is not above 0.

    Source: Salehi, Erdogmus and Gholipour, Tversky Loss Function for Image Segmentation Using 3D Fully
        Convolutional Deep Networks, MLMI 2017, section 2; the focal form is that of Abraham and Khan, A Novel
        Focal Tversky Loss Function with Improved Attention U-Net for Lesion Segmentation, ISBI 2019.

    Example:
        >>> import torch
        >>> prediction = torch.tensor([[[0.5, 0.5]]])
        >>> target = torch.tensor([[[1.0, 0.0]]])
        >>> tversky(prediction, target, alpha=0.3, beta=0.7, smooth=1.0)  # 1 - 1.5 / (1.5 + 0.5)
        tensor(0.2500)
        >>> tversky(prediction, target, alpha=0.3, beta=0.7, smooth=1.0, gamma=0.5)
        tensor(0.5000)
    """
    check_non_negative("alpha", alpha)
    check_non_negative("beta", beta)
    check_positive("gamma", gamma)
    check_positive("smooth", smooth)
    prediction, target = class_maps(prediction, target, include_background=include_background)
    axes = summed_axes(batch=batch)
    tp = (prediction * target).sum(axes)
    fp = (prediction * (1 - target)).sum(axes)
    fn = ((1 - prediction) * target).sum(axes)
    distance = tversky_distance(tp, fp, fn, alpha=alpha, beta=beta, smooth=smooth)
    if gamma < 1:  # the slope at 0 is infinite, and times the zero gradient of the distance it would be NaN
        perfect = distance == 0
        powers = (distance.masked_fill(perfect, 1.0) ** gamma).masked_fill(perfect, 0.0)
    else:
        powers = distance**gamma
    return reduce(powers, reduction)


Tversky = loss_module(tversky)

LOSS = LossSpec(
    function=tversky,
    module=Tversky,
    paper=Paper(
        title="Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep Networks",
        authors="Salehi, Erdogmus and Gholipour",
        venue="MLMI",
        year=2017,
        url="https://arxiv.org/abs/1706.05721",
        equation="section 2",
    ),
    differentiable=("prediction",),
    example_inputs=two_images,
    # of the default weights; other ones that add up to 1 stand for beta = sqrt(beta / alpha)
    pairs_with=(
        ExactMetric(name="fbeta_score", adapt=hard_maps, options={"beta": 1.0, "zero_division": 1.0}),
    ),
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
