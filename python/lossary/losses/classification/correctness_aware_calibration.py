"""Correctness-aware calibration: confidence drawn to 1 where the prediction is right, to 0 where it is wrong.

For the temperature, or any calibrator, of a trained classifier. Unlike cross-entropy it lowers the confidence
of a wrong prediction whatever the score of the true class. Its value is the Brier score of the top label.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
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
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from lossary.losses.classification._class_rows import class_columns, class_probabilities


@full_precision
def temperature_scale(
    logits: Float[Tensor, "batch classes"], temperature: float | Float[Tensor, ""] | Float[Tensor, "batch"]
) -> Float[Tensor, "batch classes"]:
    """The logits over a temperature: the plainest calibrator, which keeps every prediction.

    Args:
        logits: one row per sample.
        temperature: above 0; one for all, a number or a tensor to be trained, or one per row, as a network
            gives it. Above 1 it lowers the confidence.

    Returns:
        Calibrated logits, in the shape and dtype of ``logits``.

    Raises:
        ShapeError: ``logits`` is not a matrix, or ``temperature`` neither () nor (batch,).
        DtypeError: ``logits`` is not floating, or ``temperature`` neither a number nor a floating tensor.
        InvalidInputError: a temperature is not above 0.

    Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017, section 4.2.

    Example:
        >>> import torch
        >>> temperature_scale(torch.tensor([[2.0, 0.0]]), 4.0)
        tensor([[0.5000, 0.0000]])
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch classes")
    if not isinstance(temperature, Tensor):
        check_positive("temperature", temperature)
        return logits / temperature
    check_floating("temperature", temperature)
    if temperature.ndim:
        check_shape("temperature", temperature, (logits.shape[0],), like="the rows of logits")
        temperature = temperature.unsqueeze(1)
    temperature = temperature.to(logits.dtype)
    if checks_values(temperature) and not bool((temperature > 0).all()):
        raise InvalidInputError(f"temperature: got {temperature.min().item():g}; wanted values above 0")
    return logits / temperature


@full_precision
def correctness_aware_calibration(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    original_logits: Float[Tensor, "batch classes"] | None = None,
    balanced: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared distance between the confidence in the predicted class and whether it is right.

    .. math:: L = \frac{1}{N} \sum_i \big( \max_k \mathrm{softmax}(z_i)_k - c_i \big)^2, \quad
              c_i = [\arg\max_k z^0_{ik} = y_i]

    Args:
        logits: z, calibrated, for example divided by a temperature.
        target: y, the right class of each row.
        original_logits: z^0, before the calibration, for c alone; they receive no gradient. None takes
            ``logits``, which is the same wherever the calibrator keeps the largest logit in its place.
        balanced: the mean of the means over right and over wrong predictions, as in the authors' code; of one
            of the two where there are no others.
        reduction: "mean" or "sum" over the batch, or "none"; ``balanced`` wants "mean".

    Returns:
        A scalar, or one value per row under "none". Of equal largest logits the first is the prediction, and
        receives the gradient.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; another argument has another shape.
        DtypeError: ``logits`` or ``original_logits`` is not floating, ``target`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``balanced`` with a ``reduction``
            other than "mean".

    Source: Liu, Wang, Zou, Zou and Zheng, Optimizing Calibration by Gaining Aware of Prediction Correctness,
        arXiv 2404.13016, 2024.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]])  # a confidence of 1/2 in class 0, twice
        >>> correctness_aware_calibration(logits, torch.tensor([0, 1]), reduction="none")
        tensor([0.2500, 0.2500])
    """
    columns, _ = class_columns(logits, target)
    if balanced and reduction != "mean":
        raise InvalidInputError(f"reduction: got {reduction!r}; wanted 'mean', as balanced weighs a mean")
    top = logits.argmax(1, keepdim=True)
    predicted = top
    if original_logits is not None:
        check_floating("original_logits", original_logits)
        check_shape("original_logits", original_logits, tuple(logits.shape), like="logits")
        check_finite("original_logits", original_logits)
        predicted = original_logits.argmax(1, keepdim=True)

    right = (predicted == columns).squeeze(1)
    probability = logits.softmax(1)
    confidence = probability.gather(1, top).squeeze(1)
    doubt = probability.scatter(1, top, 0.0).sum(1)  # not 1 - confidence: it would lose the small values
    values = torch.where(right, doubt, confidence).square()
    if not balanced:
        return reduce(values, reduction)
    groups = right.any().to(values.dtype) + (~right).any()
    return (reduce(values, "mean", mask=right) + reduce(values, "mean", mask=~right)) / groups.clamp(min=1)


CorrectnessAwareCalibration = loss_module(correctness_aware_calibration)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight rows of four classes, of which the first two are predicted rightly and the third wrongly."""
    logits = torch.randn(8, 4, generator=generator)
    target = torch.randint(4, (8,), generator=generator)
    target[:3] = (logits[:3].argmax(1) + torch.tensor([0, 0, 1])) % 4
    return {"logits": logits, "target": target}


LOSS = LossSpec(
    function=correctness_aware_calibration,
    module=CorrectnessAwareCalibration,
    paper=Paper(
        title="Optimizing Calibration by Gaining Aware of Prediction Correctness",
        authors="Liu, Wang, Zou, Zou and Zheng",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2404.13016",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="expected_calibration_error", adapt=class_probabilities),
        ExactMetric(name="top_label_brier_score", adapt=class_probabilities),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
