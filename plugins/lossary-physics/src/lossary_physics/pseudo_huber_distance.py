"""Pseudo-Huber distance: between samples, square when small and linear when large.

The distance of improved consistency training; smooth everywhere, and one outlier pulls no harder than
another.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_physics._distances import NOT_PAIRED, four_latents, squared_distances, weighted


@full_precision
def pseudo_huber_distance(
    prediction: Float[Tensor, "batch *rest"],
    target: Float[Tensor, "batch *rest"],
    weight: Float[Tensor, "batch"] | None = None,
    *,
    scale: float = 0.03,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Distance of each sample from its target, smoothed at 0.

    .. math:: L = w \big( \sqrt{s + c^2} - c \big), \qquad s = \lVert x - t \rVert^2

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

    Source: Song and Dhariwal, Improved Techniques for Training Consistency Models, ICLR 2024.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> pseudo_huber_distance(prediction, target, scale=12.0)  # sqrt(25 + 144) - 12
        tensor(1.)
    """
    squared = squared_distances(prediction, target, scale)
    # the difference of the formula would lose the digits of small distances
    values = squared / ((squared + scale**2).sqrt() + scale)
    return weighted(values, weight, reduction)


PseudoHuberDistance = loss_module(pseudo_huber_distance)

LOSS = LossSpec(
    function=pseudo_huber_distance,
    module=PseudoHuberDistance,
    paper=Paper(
        title="Improved Techniques for Training Consistency Models",
        authors="Song and Dhariwal",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2310.14189",
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
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
