"""Relative loss prediction: learn which parts of an input will be hard, in order and not in size.

A head predicts the loss of each patch so that the hardest can be masked; sizes shrink in training and are not
worth learning, the order is. The pairs of a row are those of RankNet.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_mask,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.ops.pair_lists import pair_lists


@full_precision
def relative_loss_prediction(
    prediction: Float[Tensor, "batch items"],
    target: Float[Tensor, "batch items"],
    mask: Bool[Tensor, "batch items"] | None = None,
    *,
    eps: float = 0.0,
) -> Float[Tensor, ""]:
    r"""How far predicted losses are from having the order of the true ones, over all pairs of each row.

    .. math:: L = -\frac{1}{|A|} \sum_{(n, i, j) \in A} \log \sigma(p_{nj} - p_{ni}), \quad
              A = \{(n, i, j) : t_{nj} > t_{ni}\}

    Equal losses make no pair. Memory grows with the square of the number of items.

    Args:
        prediction: p, one number per item; only differences within a row count.
        target: t, the true losses of the items. No gradient flows into them.
        mask: True where an item takes part; None takes all.
        eps: added to the sigmoid inside the logarithm, at least 0; the official code has 1e-6.

    Returns:
        A scalar: a mean over the pairs of all rows, so there is no value per row, and rows with fewer equal
        losses weigh more. Without a pair it is 0.

    Raises:
        ShapeError: ``prediction`` is not a matrix, or another shape does not fit it.
        DtypeError: ``prediction`` or ``target`` is not floating, or ``mask`` not bool.
        InvalidInputError: a value is NaN or infinite, or ``eps`` is negative.

    Differs from the official code: ``eps`` is 0.

    Source: Wang et al., Bootstrap Masked Visual Modeling via Hard Patches Mining, arXiv 2312.13714, 2023.

    Example:
        >>> import torch
        >>> target = torch.tensor([[0.1, 0.5]])
        >>> relative_loss_prediction(torch.tensor([[0.0, 2.0]]), target)  # log(1 + exp(-2))
        tensor(0.1269)
    """
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch items")
    check_finite("prediction", prediction)
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("target", target)
    check_non_negative("eps", eps)
    harder = target.unsqueeze(2) > target.unsqueeze(1)
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, tuple(prediction.shape), like="prediction")
        harder = harder & mask.unsqueeze(2) & mask.unsqueeze(1)
    logs = functional.logsigmoid(prediction.unsqueeze(2) - prediction.unsqueeze(1))
    if eps > 0:
        logs = torch.logaddexp(logs, logs.new_tensor(math.log(eps)))
    return reduce(-logs, "mean", mask=harder)


RelativeLossPrediction = loss_module(relative_loss_prediction)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three rows of five items, one of which takes no part."""
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[1, 2] = False
    return {
        "prediction": torch.randn(3, 5, generator=generator),
        "target": torch.rand(3, 5, generator=generator),
        "mask": mask,
    }


def order_pairs(
    prediction: np.ndarray, target: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of a row whose losses differ as a list of two, the harder one being right.

    The share of lists with the right one first is (1 + tau) / 2 for Kendall's tau of a row without ties.
    """
    if mask is not None:
        target = np.where(mask, target, np.nan)  # which is neither above nor below anything
    return pair_lists(target, prediction)


LOSS = LossSpec(
    function=relative_loss_prediction,
    module=RelativeLossPrediction,
    paper=Paper(
        title="Bootstrap Masked Visual Modeling via Hard Patches Mining",
        authors="Wang et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2312.13714",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=order_pairs, options={"k": 1, "ties": "expected"}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("hpm",),
)
