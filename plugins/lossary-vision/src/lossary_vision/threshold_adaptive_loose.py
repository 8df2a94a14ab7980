"""Threshold-adaptive loose: joints count in full where they miss by more than a tolerance, little within it.

For targets that are themselves fitted and off by a known amount, such as keypoints of body models: chasing
the last of that error bends the pose. Each joint has a threshold of its own.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_non_negative,
    check_shape,
)
from torch import Tensor


@full_precision
def threshold_adaptive_loose(
    prediction: Float[Tensor, "batch joints axes"],
    target: Float[Tensor, "batch joints axes"],
    threshold: Float[Tensor, "joints"],
    confidence: Float[Tensor, "batch joints"] | None = None,
    *,
    loose_weight: float = 0.05,
    distance: Literal["l1", "l2"] = "l1",
    criterion: Literal["squared", "euclidean"] = "squared",
    reduction: Reduction = "sum",
) -> Float[Tensor, "..."]:
    r"""Distances of joints, weighted in full beyond each joint's threshold and by a small weight within.

    .. math:: L_n = \sum_j c_{nj} \, w_{nj} \, d(p_{nj}, t_{nj}), \qquad
              w_{nj} = 1 \text{ if } e_{nj} > \tau_j \text{ else } w_0

    Args:
        prediction: p, the coordinates of each joint, or the entries of its rotation matrix.
        target: t, likewise; it receives no gradient.
        threshold: tau, the tolerance of each joint, 0 or above, in the units of ``criterion``.
        confidence: c, how sure each target is, 0 or above; None is 1.
        loose_weight: w_0, the weight within the threshold; 1 is the plain distance. 0.05 is the released
            model's.
        distance: d, "l1" for the sum of absolute differences, "l2" for that of their squares.
        criterion: e, "squared" for the confidence times the squared distance, as the official code has for
            keypoints, or "euclidean" for the confidence times the distance. It has no gradient.
        reduction: "sum", as the official code, or "mean" over the batch, or "none".

    Returns:
        A scalar, or (batch,) values under "none".

    Raises:
        ShapeError: the shapes do not fit as annotated.
        DtypeError: a tensor is not floating; ``loose_weight`` is no number.
        InvalidInputError: a value is NaN or infinite; a threshold, a confidence or ``loose_weight`` is
            negative; ``distance`` or ``criterion`` is none of the two.

    Source: Dwivedi, Sun, Patel, Feng and Black, TokenHMR: Advancing Human Mesh Recovery with a Tokenized Pose
        Representation, CVPR 2024.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[[0.5, 0.0], [0.1, 0.1]]]), torch.zeros(1, 2, 2)
        >>> threshold_adaptive_loose(prediction, target, torch.tensor([0.04, 0.04]))  # 0.5 + 0.05 * 0.2
        tensor(0.5100)
    """
    check_non_negative("loose_weight", loose_weight)
    check_choice("distance", distance, ("l1", "l2"))
    check_choice("criterion", criterion, ("squared", "euclidean"))
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch joints axes")
    check_finite("prediction", prediction)
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("target", target)
    _check_not_negative("threshold", threshold, (prediction.shape[1],), like="the joints of prediction")
    if confidence is not None:
        like = "the joints of each sample of prediction"
        _check_not_negative("confidence", confidence, tuple(prediction.shape[:2]), like=like)
    difference = prediction - target.detach().to(prediction.dtype)
    square = difference.square().sum(2)
    error = square.detach()
    if criterion == "euclidean":
        error = error.sqrt()
    values = square if distance == "l2" else difference.abs().sum(2)
    if confidence is not None:
        confidence = confidence.detach().to(values.dtype)
        error, values = confidence * error, confidence * values
    strict = error > threshold.detach().to(error.dtype)
    return reduce(values.where(strict, loose_weight * values).sum(1), reduction)


def _check_not_negative(name: str, values: Tensor, shape: tuple[int, ...], *, like: str) -> None:
    check_floating(name, values)
    check_shape(name, values, shape, like=like)
    check_finite(name, values)
    check_no_negative(name, values)


ThresholdAdaptiveLoose = loss_module(threshold_adaptive_loose)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four joints in the plane of five samples, some within their thresholds."""
    return {
        "prediction": torch.randn(5, 4, 2, generator=generator),
        "target": torch.randn(5, 4, 2, generator=generator),
        "threshold": 0.5 + torch.rand(4, generator=generator),
        "confidence": torch.rand(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=threshold_adaptive_loose,
    module=ThresholdAdaptiveLoose,
    paper=Paper(
        title="TokenHMR: Advancing Human Mesh Recovery with a Tokenized Pose Representation",
        authors="Dwivedi, Sun, Patel, Feng and Black",
        venue="CVPR",
        year=2024,
        url="https://arxiv.org/abs/2404.16752",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="its exact value is the mean distance of joints, the plain mean that it reweighs",
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
    aliases=("tals",),
)
