"""Binary Tversky: the soft Tversky index of yes-or-no predictions, with false alarms and misses priced apart.

A Dice loss in which the two kinds of mistake have weights of their own, so that training can prefer recall or
precision. Its exact metrics are the F-beta scores.
"""

from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
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
    check_choice,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.losses.imbalance._inputs import class_probabilities, complement
from lossary.ops.overlap import tversky_distance

Level = Literal["example", "set"]


@full_precision
def binary_tversky(
    logits: Float[Tensor, "batch"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    smooth: float = 1.0,
    level: Level = "example",
    with_logits: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the soft Tversky index, of each sample or of the whole batch.

    .. math:: L = 1 - \frac{TP + s}{TP + \alpha FP + \beta FN + s}, \quad
              TP = p y, \; FP = p (1 - y), \; FN = (1 - p) y

    Args:
        logits: one logit per sample; p is its sigmoid.
        target: y, 0 or 1 (or bool).
        alpha: weight of false positives, at least 0.
        beta: weight of false negatives, at least 0. alpha = beta = 0.5 is Dice with twice the smoothing, and
            alpha = beta = 1 Jaccard; where they add up to 1, it is F-beta at sqrt(beta / alpha).
        smooth: s, added above and below, above 0.
        level: "example" takes one index per sample, "set" one of the counts of the batch.
        with_logits: False when ``logits`` holds probabilities already.
        reduction: "mean" or "sum" over the samples, or "none"; "set" is a scalar whatever it says.

    Returns:
        A scalar, or one value per sample under "none".

    Raises:
        ShapeError: ``logits`` is not (batch,), or ``target`` has another shape.
        DtypeError: ``logits`` is not floating.
        InvalidInputError: a logit is NaN or infinite, a probability outside [0, 1], a target neither 0 nor 1;
            ``alpha`` or ``beta`` is negative; ``smooth`` is not above 0; ``level`` is unknown.

    Differs from the paper: the default smoothing of 1 is ours, as in `self_adjusting_dice`.

    Source: Li, Sun, Meng, Liang, Wu and Li, Dice Loss for Data-imbalanced NLP Tasks, ACL 2020, its loss TL;
        the set level is that of Salehi, Erdogmus and Gholipour, Tversky Loss Function for Image Segmentation
        Using 3D Fully Convolutional Deep Networks, MLMI 2017.

    Example:
        >>> import torch
        >>> probability, target = torch.tensor([0.5, 0.0]), torch.tensor([1, 0])
        >>> binary_tversky(probability, target, with_logits=False, reduction="none")  # 0.25 / (0.75 + 1), 0
        tensor([0.1429, 0.0000])
    """
    check_ndim("logits", logits, "batch")
    check_shape("target", target, tuple(logits.shape), like="logits")
    check_non_negative("alpha", alpha)
    check_non_negative("beta", beta)
    check_positive("smooth", smooth)
    check_choice("level", level, get_args(Level))
    probability, positive = class_probabilities(logits, target, with_logits=with_logits)
    tp, fp = probability.where(positive, 0.0), probability.where(~positive, 0.0)
    fn = complement(logits, probability, with_logits=with_logits).where(positive, 0.0)
    if level == "set":
        tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
    return reduce(tversky_distance(tp, fp, fn, alpha=alpha, beta=beta, smooth=smooth), reduction)


BinaryTversky = loss_module(binary_tversky)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Ten logits, three of them of positives."""
    return {
        "logits": torch.randn(10, generator=generator),
        "target": torch.tensor([1, 0, 0, 1, 0, 0, 0, 1, 0, 0]),
    }


def _decisions(logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, ...]:
    """Hard predictions at a probability of one half, for the metrics of labels."""
    return target, (logits > 0).astype(target.dtype)


LOSS = LossSpec(
    function=binary_tversky,
    module=BinaryTversky,
    paper=Paper(
        title="Dice Loss for Data-imbalanced NLP Tasks",
        authors="Li, Sun, Meng, Liang, Wu and Li",
        venue="ACL",
        year=2020,
        url="https://arxiv.org/abs/1911.02855",
        equation="section 3",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="f1_score", adapt=_decisions),
        ExactMetric(name="jaccard_score", adapt=_decisions),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
