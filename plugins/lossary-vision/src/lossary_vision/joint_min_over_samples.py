"""Joint variety loss: of several sampled futures of a scene, the one that is best for all is trained.

Where `min_over_samples` lets every agent choose its own sample, here sample k of all agents belongs together,
and what agents do has to fit.
"""

from jaxtyping import Bool, Float, Integer
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
from lossary.authoring.validation import check_integer, check_shape
from torch import Tensor

from lossary_vision._trajectories import Distance, example_trajectories, sample_errors


@full_precision
def joint_min_over_samples(
    prediction: Float[Tensor, "agents samples steps dim"],
    target: Float[Tensor, "agents steps dim"],
    *,
    scene: Integer[Tensor, "agents"] | None = None,
    mask: Bool[Tensor, "agents steps"] | None = None,
    distance: Distance = "squared",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""The error of the best joint sample of each scene, averaged over its agents.

    .. math:: L = \frac{1}{S} \sum_s \min_k \frac{1}{|A_s|} \sum_{a \in A_s} e_{ak}, \quad
              e_{ak} = \sum_t \lVert x_{akt} - y_{at} \rVert^2

    Args:
        prediction: x, sampled futures, (agents, samples, steps, dim); sample k of all agents of a scene is
            one future of it.
        target: y, what happened, (agents, steps, dim); no gradient flows into it.
        scene: of which scene each agent is, any integers, (agents,); None is one scene.
        mask: True where a step counts, (agents, steps); None counts all.
        distance: "squared" as above, or "euclidean", the mean over steps of the distance: the joint average
            displacement error itself.
        reduction: "mean" over scenes, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per scene, by rising number; their count depends on ``scene``, so
        this does not compile in one graph. No agents give 0. Of equal samples the first has the gradient.

    Raises:
        ShapeError: a tensor does not fit ``prediction``, or that has no samples, steps or dimensions.
        DtypeError: ``prediction`` or ``target`` is not floating, ``mask`` not bool or ``scene`` not integer.
        InvalidInputError: a value that counts is NaN or infinite, ``distance`` is unknown, or "euclidean"
            meets an agent without a step that counts.

    Source: Weng, Hoshino, Ramanan and Kitani, Joint Metrics Matter: A Better Standard for Trajectory
        Forecasting, ICCV 2023, where it is the joint loss.

    Example:
        >>> import torch
        >>> samples = torch.tensor([[[[3.0]], [[0.0]]], [[[0.0]], [[1.0]]]])  # errors 9, 0 and 0, 1
        >>> joint_min_over_samples(samples, torch.zeros(2, 1, 1))  # of 4.5 and 0.5
        tensor(0.5000)
    """
    errors = sample_errors(prediction, target, mask, distance)
    if scene is None:
        if not len(errors):
            return reduce(errors.sum(-1), reduction)
        return reduce(errors.mean(0, keepdim=True).min(-1).values, reduction)
    check_integer("scene", scene)
    check_shape("scene", scene, (prediction.shape[0],), like="the agents of prediction")
    # Every agent has the value of its scene, so that no shape depends on the data but that of the result.
    same = scene[:, None] == scene[None]
    share = same.to(errors.dtype) / same.sum(1, keepdim=True)
    values = (share @ errors).min(-1).values
    first = ~same.tril(-1).any(1)
    if reduction == "none":
        order = scene.argsort(stable=True)
        return values[order][first[order]]
    return reduce(values, reduction, mask=first)


JointMinOverSamples = loss_module(joint_min_over_samples)


LOSS = LossSpec(
    function=joint_min_over_samples,
    module=JointMinOverSamples,
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
        for output in ("jade", "jfde")
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE}),
)
