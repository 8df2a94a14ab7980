"""Jaccard: the soft intersection over union of a predicted map with its target, per class.

It ranks single maps as Dice does and is harsher on a mean of them, as one poor map costs more. Its exact
metric on hard maps is the Jaccard score, the IoU of segmentation benchmarks.
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
from lossary.losses.segmentation._maps import hard_maps, hits_and_mistakes, two_images
from lossary.ops.overlap import mistake_share


@full_precision
def jaccard(
    prediction: Float[Tensor, "batch classes *space"],
    target: Float[Tensor, "batch classes *space"],
    *,
    smooth: float = 1e-5,
    squared: bool = False,
    batch: bool = False,
    include_background: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the soft intersection over union of two maps.

    .. math:: L = 1 - \frac{\sum p t + s}{\sum p + \sum t - \sum p t + s}

    Args:
        prediction: probabilities p, in [0, 1].
        target: wanted map t, in [0, 1]; integer label maps must be one-hot encoded first. It receives no
            gradient.
        smooth: s, added above and below, above 0; a larger value (1.0) softens the loss of maps with an empty
            target.
        squared: sum p^2 and t^2 in the denominator; needed for a zero loss at p = t with soft targets.
        batch: sum over the batch as well, giving one value per class.
        include_background: False leaves out class 0 when there are more.
        reduction: "mean" or "sum" over (batch, classes), or "none".

    Returns:
        A scalar, or (batch, classes) values under "none" ((classes,) with ``batch=True``). Two empty maps
        give 0. With a Dice loss d of twice the smoothing, the value is 2 d / (1 + d).

    Raises:
        ShapeError: the shapes differ or have fewer than two axes.
        DtypeError: an argument is not floating.
        InvalidInputError: a value of a map is outside [0, 1] or NaN; ``smooth`` is not above 0.

    Source: Rahman and Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image
        Segmentation, ISVC 2016, section 3.

    Example:
        >>> import torch
        >>> prediction = torch.tensor([[[0.5, 0.5]]])
        >>> target = torch.tensor([[[1.0, 0.0]]])
        >>> jaccard(prediction, target, smooth=0.5)  # 1 - (0.5 + 0.5) / (1 + 1 - 0.5 + 0.5)
        tensor(0.5000)
    """
    check_positive("smooth", smooth)
    hits, mistakes = hits_and_mistakes(
        prediction, target, squared=squared, batch=batch, include_background=include_background
    )
    return reduce(mistake_share(hits, mistakes, smooth=smooth), reduction)


Jaccard = loss_module(jaccard)

LOSS = LossSpec(
    function=jaccard,
    module=Jaccard,
    paper=Paper(
        title="Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation",
        authors="Rahman and Wang",
        venue="ISVC",
        year=2016,
        url="https://doi.org/10.1007/978-3-319-50835-1_22",
        equation="section 3",
    ),
    differentiable=("prediction",),
    example_inputs=two_images,
    pairs_with=(ExactMetric(name="jaccard_score", adapt=hard_maps, options={"zero_division": 1.0}),),
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
