"""Cauchy distance: between samples, growing so slowly that outliers hardly count.

For consistency models of latents, whose targets have impulsive outliers: its gradient falls with the
distance where that of `pseudo_huber_distance` stays the same.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_physics._distances import NOT_PAIRED, four_latents, squared_distances, weighted


@full_precision
def cauchy_distance(
    prediction: Float[Tensor, "batch *rest"],
    target: Float[Tensor, "batch *rest"],
    weight: Float[Tensor, "batch"] | None = None,
    *,
    scale: float = 0.03,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Logarithm of one plus the squared distance of each sample from its target.

    .. math:: L = w \ln \Big( 1 + \frac{s}{2 c^2} \Big), \qquad s = \lVert x - t \rVert^2

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

    Source: Dao, Doan, Liu, Le and Metaxas, Improved Training Technique for Latent Consistency Models, ICLR
        2025.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> cauchy_distance(prediction, target, scale=5.0)  # ln(1 + 25 / 50)
        tensor(0.4055)
    """
    ratio = squared_distances(prediction, target, scale) / (2 * scale**2)
    return weighted(ratio.log1p(), weight, reduction)


CauchyDistance = loss_module(cauchy_distance)

LOSS = LossSpec(
    function=cauchy_distance,
    module=CauchyDistance,
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
