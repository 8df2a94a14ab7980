"""Label correlation: labels that come together in training get similar probabilities.

A regularizer beside the loss of a multi-label classifier.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_shape,
    check_unit_interval,
)


@full_precision
def label_correlation(
    prediction: Float[Tensor, "batch classes"],
    correlation: Float[Tensor, "classes classes"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared differences of the probabilities of two labels, weighed by how correlated the labels are.

    .. math:: L = \frac{1}{C (C - 1)} \sum_{c \ne d} R_{cd} (p_c - p_d)^2

    Args:
        prediction: p, probabilities of the labels, in [0, 1].
        correlation: R, 0 or above, for example the Jaccard index or the positive part of the correlation of
            the label columns of the training set. Its diagonal does not matter, and of an asymmetric one the
            mean of the two entries counts. It receives no gradient.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". One label gives 0.

    Raises:
        ShapeError: ``prediction`` is not a matrix, or ``correlation`` not (classes, classes).
        DtypeError: an input is not floating.
        InvalidInputError: a probability is outside [0, 1]; ``correlation`` has negative values, NaN or
            infinity.

    Differs from the paper: its abstract names a label correlation matrix and gives no formula; this one is
        our reading, not the paper's equation.

    Source: Aslam et al., Improving Arabic Multi-Label Emotion Classification using Stacked Embeddings and
        Hybrid Loss Function, arXiv 2024.

    Example:
        >>> import torch
        >>> prediction, correlation = torch.tensor([[1.0, 0.5]]), torch.tensor([[1.0, 0.8], [0.8, 1.0]])
        >>> label_correlation(prediction, correlation)  # 2 * 0.8 * 0.25 / 2
        tensor(0.2000)
    """
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch classes")
    classes = prediction.shape[1]
    check_floating("correlation", correlation)
    check_shape("correlation", correlation, (classes, classes), like="the columns of prediction")
    check_unit_interval("prediction", prediction)
    check_finite("correlation", correlation)
    check_no_negative("correlation", correlation, "correlations")

    weight = correlation.detach().to(prediction.dtype)
    weight = weight.masked_fill(torch.eye(classes, dtype=torch.bool, device=weight.device), 0.0)
    weight = weight + weight.T
    # The sum over pairs as a quadratic form, without a tensor of all pairs. The mean does not change it, and
    # would cost digits.
    centred = prediction - prediction.mean(1, keepdim=True)
    values = (centred * (weight.sum(0) * centred - centred @ weight)).sum(1)
    return reduce(values / max(classes * (classes - 1), 1), reduction)


LabelCorrelation = loss_module(label_correlation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of four labels, and a symmetric matrix."""
    correlation = torch.rand(4, 4, generator=generator)
    return {
        "prediction": torch.rand(6, 4, generator=generator),
        "correlation": (correlation + correlation.T) / 2,
    }


LOSS = LossSpec(
    function=label_correlation,
    module=LabelCorrelation,
    paper=Paper(
        title="Improving Arabic Multi-Label Emotion Classification using Stacked Embeddings and Hybrid Loss "
        "Function",
        authors="Aslam et al.",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2410.03979",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it takes no labels; judge the model by jaccard_score, f1_score and hamming_loss on labelled data"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
