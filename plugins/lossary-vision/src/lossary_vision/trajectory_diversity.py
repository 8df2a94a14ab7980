"""Diversity loss: the sampled futures of an agent are pushed apart.

Beside a loss of the best sample, such as `min_over_samples`, it keeps the others from all saying the same.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import (
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_finite, check_positive
from torch import Tensor

from lossary_vision._trajectories import check_samples


@full_precision
def trajectory_diversity(
    prediction: Float[Tensor, "agents samples steps dim"],
    *,
    scale: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How alike the samples of each agent are, from 0 to 1.

    .. math:: L = \frac{1}{A} \sum_a \frac{2}{K (K - 1)} \sum_{i < j}
              \exp \left( -\frac{\lVert x_{ai} - x_{aj} \rVert^2}{s} \right)

    Args:
        prediction: x, sampled futures, (agents, samples, steps, dim), of two samples at least.
        scale: s, the squared distance of whole trajectories from which samples count as different, above 0.
        reduction: "mean" over agents, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per agent. No agents give 0.

    Raises:
        ShapeError: ``prediction`` has not four axes, or fewer than two samples, or no steps or dimensions.
        DtypeError: ``prediction`` is not floating.
        InvalidInputError: a value is NaN or infinite, or ``scale`` is not above 0.

    Source: Yuan and Kitani, DLow: Diversifying Latent Flows for Diverse Human Motion Prediction, ECCV 2020,
        as in Weng, Hoshino, Ramanan and Kitani, Joint Metrics Matter, ICCV 2023.

    Example:
        >>> import torch
        >>> samples = torch.tensor([[[[0.0]], [[0.0]], [[1.0]]]])  # squared distances 0, 1 and 1
        >>> trajectory_diversity(samples)  # (1 + 2 / e) / 3
        tensor(0.5786)
    """
    check_samples(prediction, least=2)
    check_finite("prediction", prediction)
    check_positive("scale", scale)
    samples = prediction.flatten(2)
    one, other = torch.triu_indices(samples.shape[1], samples.shape[1], offset=1, device=samples.device)
    squared = (samples[:, one] - samples[:, other]).square().sum(-1)
    return reduce(torch.exp(-squared / scale).mean(-1), reduction)


TrajectoryDiversity = loss_module(trajectory_diversity)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four agents of three samples, of five steps in the plane."""
    return {"prediction": 0.3 * torch.randn(4, 3, 5, 2, generator=generator)}


LOSS = LossSpec(
    function=trajectory_diversity,
    module=TrajectoryDiversity,
    paper=Paper(
        title="DLow: Diversifying Latent Flows for Diverse Human Motion Prediction",
        authors="Yuan and Kitani",
        venue="ECCV",
        year=2020,
        url="https://arxiv.org/abs/2003.08386",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="it looks at samples alone, without what happened; report trajectory_report beside it",
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.AT_MOST_ONE, Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT}
    ),
)
