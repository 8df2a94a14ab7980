"""Spherical Z: classification by the standard score of the right logit among all logits of its row.

Neither shifting nor scaling the logits changes it, so the scale of the output layer cannot inflate
confidence. It needs only the sum and the sum of squares of the logits beside the right one, and its two
options move it between top-1 and top-k.
"""

from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

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
from lossary.authoring.validation import check_non_negative, check_positive, check_real
from lossary.losses.classification._class_rows import (
    best_class,
    class_columns,
    class_ranking,
    class_scores,
    six_rows,
)


@full_precision
def spherical_z(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    sharpness: float = 1.0,
    shift: float = 0.0,
    eps: float = 1e-12,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Soft hinge on the standard score of the target's logit among the logits of its row.

    .. math::
        L = \frac{1}{a} \ln \big( 1 + e^{a (b - z)} \big), \qquad
        z = \frac{o_y - \mu}{\sigma + \varepsilon}

    Here mu and sigma are the mean and the population standard deviation of the row. z lies within
    ±sqrt(classes - 1), so a shift near that bound never saturates.

    Args:
        logits: scores o, one column per class.
        target: the right class y of each row.
        sharpness: a; larger values tune for top-1, smaller ones for top-k.
        shift: b, the standard score that is good enough.
        eps: added to the standard deviation.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". A row of equal logits has z = 0 and no gradient.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating or ``target`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``sharpness`` is not above 0;
            ``eps`` is negative.

    Differs from the paper: the defaults are the setting of the authors' timing example, a = 1 and b = 0; the
        paper tunes both.

    Source: de Brebisson and Vincent, The Z-loss: a shift and scale invariant classification loss belonging to
        the Spherical Family, arXiv 2016.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[3.0, 1.0, 1.0, -1.0]])  # mean 1, standard deviation sqrt(2)
        >>> spherical_z(logits, torch.tensor([1]))  # z = 0: ln 2
        tensor(0.6931)
    """
    columns, _ = class_columns(logits, target)
    check_positive("sharpness", sharpness)
    check_real("shift", shift)
    check_non_negative("eps", eps)

    # Subtracting and dividing by constants first changes neither value nor gradient of the score. It makes a
    # constant row exactly zero, and keeps differences, sums and squares of large logits in range.
    half = logits / 2
    below = half - half.detach().amax(1, keepdim=True)
    scale = below.detach().abs().amax(1, keepdim=True)
    constant = scale == 0
    scale = scale.where(~constant, 1.0)
    scaled = below / scale
    scaled = scaled - scaled.mean(1, keepdim=True)
    variance = scaled.square().mean(1, keepdim=True)
    # A constant row: the root has no slope at 0, so both sides of the ratio are replaced.
    deviation = variance.where(~constant, 1.0).sqrt() + eps / 2 / scale
    score = (scaled.where(~constant, 0.0) / deviation).gather(1, columns).squeeze(1)
    return reduce(-functional.logsigmoid(sharpness * (score - shift)) / sharpness, reduction)


SphericalZ = loss_module(spherical_z)

LOSS = LossSpec(
    function=spherical_z,
    module=SphericalZ,
    paper=Paper(
        title="The Z-loss: a shift and scale invariant classification loss belonging to the Spherical Family",
        authors="de Brebisson and Vincent",
        venue="arXiv",
        year=2016,
        url="https://arxiv.org/abs/1604.08859",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="top_k_accuracy_score", adapt=class_scores, options={"k": 2}),
        ExactMetric(name="mean_reciprocal_rank", adapt=class_ranking),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("z_loss_spherical",),
)
