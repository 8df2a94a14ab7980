"""Variety loss: of several sampled futures of an agent, the best one is trained.

The others are free to show what else may happen. Each agent chooses by itself, so that the chosen futures may
collide; `joint_min_over_samples` chooses for a whole scene.
"""

from jaxtyping import Bool, Float
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
from torch import Tensor

from lossary_vision._trajectories import Distance, example_trajectories, sample_errors


@full_precision
def min_over_samples(
    prediction: Float[Tensor, "agents samples steps dim"],
    target: Float[Tensor, "agents steps dim"],
    *,
    mask: Bool[Tensor, "agents steps"] | None = None,
    distance: Distance = "squared",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""The error of the best sample of each agent.

    .. math:: L = \frac{1}{A} \sum_a \min_k e_{ak}, \quad e_{ak} = \sum_t \lVert x_{akt} - y_{at} \rVert^2

    Args:
        prediction: x, sampled futures, (agents, samples, steps, dim).
        target: y, what happened, (agents, steps, dim); no gradient flows into it.
        mask: True where a step counts, (agents, steps); None counts all.
        distance: "squared" as above, or "euclidean", the mean over steps of the distance: the minimal average
            displacement error itself.
        reduction: "mean" over agents, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per agent. No agents give 0; so does an agent without a step, where
        errors are squared. Of equal samples the first has the gradient.

    Raises:
        ShapeError: a tensor does not fit ``prediction``, or that has no samples, steps or dimensions.
        DtypeError: ``prediction`` or ``target`` is not floating, or ``mask`` not bool.
        InvalidInputError: a value that counts is NaN or infinite, ``distance`` is unknown, or "euclidean"
            meets an agent without a step that counts.

    Source: Weng, Hoshino, Ramanan and Kitani, Joint Metrics Matter: A Better Standard for Trajectory
        Forecasting, ICCV 2023, where it is the marginal loss.

    Example:
        >>> import torch
        >>> samples = torch.tensor([[[[3.0, 0.0]], [[0.0, 1.0]]]])  # squared errors 9 and 1
        >>> min_over_samples(samples, torch.zeros(1, 1, 2))
        tensor(1.)
    """
    errors = sample_errors(prediction, target, mask, distance)
    return reduce(errors.min(-1).values, reduction)


MinOverSamples = loss_module(min_over_samples)


LOSS = LossSpec(
    function=min_over_samples,
    module=MinOverSamples,
    paper=Paper(
        title="Joint Metrics Matter: A Better Standard for Trajectory Forecasting",
        authors="Weng, Hoshino, Ramanan and Kitani",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2305.06292",
    ),
    differentiable=("prediction",),
    example_inputs=example_trajectories,
    pairs_with=tuple(
        ExactMetric(
            name="trajectory_report",
            adapt=lambda prediction, target: (prediction, target),
            output=output,
        )
        for output in ("ade", "fde")
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE}),
    aliases=("variety", "winner_takes_all"),
)
