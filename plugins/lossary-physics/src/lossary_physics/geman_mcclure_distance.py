"""Geman-McClure distance: between samples, at most 2, so that outliers do not count at all.

Among the robust distances of consistency training the one that gives up on outliers altogether: beyond a few
scales nothing pulls them back.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_physics._distances import NOT_PAIRED, four_latents, squared_distances, weighted


@full_precision
def geman_mcclure_distance(
    prediction: Float[Tensor, "batch *rest"],
    target: Float[Tensor, "batch *rest"],
    weight: Float[Tensor, "batch"] | None = None,
    *,
    scale: float = 0.03,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared distance of each sample from its target, saturating at 2.

    .. math:: L = w \frac{2 s}{s + 4 c^2}, \qquad s = \lVert x - t \rVert^2

    s is the squared distance of a whole SAMPLE, not of a number in it: c has to grow with their number D.
    Improved consistency training takes 0.00054 sqrt(D), `adaptive_scale` of ``lossary.training`` shrinks it
    with the number of steps.

    Args:
        prediction: x, any shape per sample.
        target: t, in the shape of ``prediction``. It receives a gradient too: detach what a network without
            one gave.
        weight: w, 0 or above; None is 1. It receives no gradient. Consistency training takes 1 over the step
            between the noise levels.
        scale: c, above 0.
        reduction: "mean" over the samples, also with weights, "sum", or "none".

    Returns:
        A scalar, or one value per sample under "none".

    Raises:
        ShapeError: ``prediction`` has no axis or no sample; another shape does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; a weight is negative; ``scale`` is not above 0, or its
            square has no room in float32.

    Differs from the paper: in the form of Barron, whose limit is 2; the paper plots half of it.

    Source: Dao, Doan, Liu, Le and Metaxas, Improved Training Technique for Latent Consistency Models, ICLR
        2025; the form: Barron, A General and Adaptive Robust Loss Function, CVPR 2019, equation 1.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> geman_mcclure_distance(prediction, target, scale=2.5)  # 2 * 25 / (25 + 25)
        tensor(1.)
    """
    squared = squared_distances(prediction, target, scale)
    return weighted(2 * squared / (squared + 4 * scale**2), weight, reduction)


GemanMcclureDistance = loss_module(geman_mcclure_distance)

LOSS = LossSpec(
    function=geman_mcclure_distance,
    module=GemanMcclureDistance,
    paper=Paper(
        title="Improved Training Technique for Latent Consistency Models",
        authors="Dao, Doan, Liu, Le and Metaxas",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2502.01441",
    ),
    differentiable=("prediction", "target"),
    example_inputs=four_latents,
    unpaired_reason=NOT_PAIRED,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
