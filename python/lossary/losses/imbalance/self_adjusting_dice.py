"""Self-adjusting Dice: a Dice loss per sample that turns away from the samples it already gets right.

Made for tagging and reading comprehension, where easy negatives outnumber everything. Its exact metric is the
F1 score.
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
    check_binary,
    check_choice,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.losses.imbalance._inputs import class_probabilities, complement

Level = Literal["example", "set"]


@full_precision
def self_adjusting_dice(
    logits: Float[Tensor, "batch"] | Float[Tensor, "batch classes"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    *,
    alpha: float = 1.0,
    smooth: float = 1.0,
    square_denominator: bool = False,
    level: Level = "example",
    with_logits: bool = True,
    mask: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus a soft Dice in which (1 - p)^alpha takes weight from confident predictions.

    .. math:: L = 1 - \frac{2 q y + s}{q + y + s}, \quad q = (1 - p)^\alpha p

    q is largest at p = 1 / (1 + alpha): beyond it the loss of a positive rises again, so that alpha = 1 draws
    its probability to one half. Take 0.01 to 0.5 to train a classifier, and 0 for the plain soft Dice.

    Args:
        logits: one logit per sample (p by sigmoid), or per sample and class (by softmax, each class against
            the rest).
        target: y: 0 or 1 (or bool) beside one logit per sample, else one class index.
        alpha: how fast confident predictions fade, at least 0. The gradient flows through the factor.
        smooth: s, added above and below, above 0.
        square_denominator: q^2 + y^2 in place of q + y.
        level: "example" takes one Dice per sample, "set" one of the sums over the batch, per class.
        with_logits: False when ``logits`` holds probabilities already.
        mask: True (or 1) where a sample counts; None counts all.
        reduction: "mean" over the samples that count or "sum", or "none", where the others are 0; "set" is a
            scalar whatever it says.

    Returns:
        A scalar, or one value per sample under "none"; with several classes the mean over them. Without a
        sample that counts it is 0.

    Raises:
        ShapeError: ``logits`` is neither (batch,) nor (batch, classes) with two classes or more; ``target``
            or ``mask`` is not (batch,).
        DtypeError: ``logits`` is not floating, a class index not an integer.
        InvalidInputError: a logit is NaN or infinite, a probability outside [0, 1], a target no class, a mask
            neither 0 nor 1; ``alpha`` is negative; ``smooth`` is not above 0; ``level`` is unknown.

    Differs from the paper: "set" and several classes are those of the authors' code, with the mean over the
        classes where that sums; its denominators of the unsquared form, summed over the batch for
        intersections of single samples, and its mining of hard negatives are not followed. The base of the
        power is at least 1e-12, where its slope has no bound.

    Source: Li, Sun, Meng, Liang, Wu and Li, Dice Loss for Data-imbalanced NLP Tasks, ACL 2020, its loss DSC;
        its DL is alpha = 0 with ``square_denominator``.

    Example:
        >>> import torch
        >>> probability, target = torch.tensor([0.5, 0.5]), torch.tensor([1, 0])  # q = 0.25
        >>> self_adjusting_dice(probability, target, with_logits=False, reduction="none")  # 3/9 and 1/5
        tensor([0.3333, 0.2000])
    """
    check_ndim("target", target, "batch")
    check_non_negative("alpha", alpha)
    check_positive("smooth", smooth)
    check_choice("level", level, get_args(Level))
    check_choice("reduction", reduction, get_args(Reduction))
    probability, positive = class_probabilities(logits, target, with_logits=with_logits)
    rest = complement(logits, probability, with_logits=with_logits)
    if alpha == 0:
        q, miss = probability, rest
    else:
        q = rest.clamp(min=1e-12) ** alpha * probability
        miss = 1 - q
    gap, wanted = torch.where(positive, miss, q), positive.to(q.dtype)
    keep = None
    if mask is not None:
        check_shape("mask", mask, (logits.shape[0],), like="the rows of logits")
        check_binary("mask", mask)
        keep = mask != 0
        rows = keep if logits.ndim == 1 else keep.unsqueeze(1)
        q, gap, wanted = (each.where(rows, 0.0) for each in (q, gap, wanted))

    # For y of 0 and 1 the numerator q + y - 2 q y of the loss is |q - y|, and q^2 + y^2 - 2 q y its square.
    if square_denominator:
        q, gap = q.square(), gap.square()
    mass = q + wanted
    if level == "set":
        return reduce(gap.sum(0) / (mass.sum(0) + smooth), "mean")
    values = gap / (mass + smooth)
    return reduce(values if logits.ndim == 1 else values.mean(1), reduction, mask=keep)


SelfAdjustingDice = loss_module(self_adjusting_dice)


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
    function=self_adjusting_dice,
    module=SelfAdjustingDice,
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
    pairs_with=(ExactMetric(name="f1_score", adapt=_decisions),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("dsc",),
)
