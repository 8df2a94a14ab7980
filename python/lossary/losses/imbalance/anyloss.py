"""AnyLoss: train for the confusion-matrix score that the model is judged by.

Scores such as F-beta or balanced accuracy count hard decisions and have no gradient. A steep sigmoid around
the threshold makes the counts soft, and any score of the four counts becomes a loss.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_between,
    check_choice,
    check_floating,
    check_positive,
    check_shape,
)
from lossary.losses.imbalance._inputs import class_probabilities
from lossary.metrics.binary_criteria import BINARY_CRITERIA, BinaryCriterion, BinaryCriterionName, f_beta

Average = Literal["macro", "micro"]
Score = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class SoftConfusion(NamedTuple):
    """Soft counts of a confusion matrix, each of shape () or (classes,)."""

    tp: Tensor
    fp: Tensor
    fn: Tensor
    tn: Tensor


def soft_confusion(
    logits: Float[Tensor, "batch"] | Float[Tensor, "batch classes"],
    target: Bool[Tensor, "batch *classes"]
    | Integer[Tensor, "batch *classes"]
    | Float[Tensor, "batch *classes"],
    *,
    amplification: float = 73.0,
    threshold: float = 0.5,
    with_logits: bool = True,
) -> SoftConfusion:
    r"""Counts of true and false positives and negatives that have a gradient.

    .. math:: TP = \sum_i y_i A(p_i), \quad FP = \sum_i (1 - y_i) A(p_i), \quad
              A(p) = \frac{1}{1 + e^{-L (p - \theta)}}

    with FN and TN the same sums of 1 - A(p).

    Args:
        logits: one logit per sample, or per sample and class.
        target: 0 or 1 (or bool) in the shape of ``logits``; or, beside (batch, classes) logits, one class
            index per sample, which means softmax and one column per class against the rest.
        amplification: L, above 0; larger is closer to hard counts and has its gradient nearer the threshold.
        threshold: the probability from which a prediction is positive, inside (0, 1).
        with_logits: False when ``logits`` holds probabilities already.

    Returns:
        (tp, fp, fn, tn), each a scalar, or (classes,) for (batch, classes) logits; in float32 where the input
        is narrower, because a count does not fit in half precision.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: ``logits`` is not floating, or a class index is not an integer.
        InvalidInputError: a value is outside its domain.

    Source: Han, Moniz and Chawla, AnyLoss: Transforming Classification Metrics into Loss Functions, KDD 2024.

    Example:
        >>> import torch
        >>> counts = soft_confusion(torch.tensor([4.0, 4.0, -4.0]), torch.tensor([1, 0, 0]))
        >>> [round(count.item(), 3) for count in counts]
        [1.0, 1.0, 0.0, 1.0]
    """
    check_positive("amplification", amplification)
    check_between("threshold", threshold, 0.0, 1.0)
    probability, positive = class_probabilities(logits, target, with_logits=with_logits)
    steepened = amplification * (probability - threshold)
    hit, miss = steepened.sigmoid(), (-steepened).sigmoid()  # not 1 - hit: it would lose the small values
    y, rest = positive.to(hit.dtype), (~positive).to(hit.dtype)
    return SoftConfusion(
        tp=(y * hit).sum(0), fp=(rest * hit).sum(0), fn=(y * miss).sum(0), tn=(rest * miss).sum(0)
    )


@full_precision
def anyloss(
    logits: Float[Tensor, "batch"] | Float[Tensor, "batch classes"],
    target: Bool[Tensor, "batch *classes"]
    | Integer[Tensor, "batch *classes"]
    | Float[Tensor, "batch *classes"],
    *,
    metric: Literal["f_beta"] | BinaryCriterionName | Score = "f_beta",
    beta: float = 1.0,
    amplification: float = 73.0,
    threshold: float = 0.5,
    with_logits: bool = True,
    average: Average = "macro",
) -> Float[Tensor, ""]:
    r"""One minus a confusion-matrix score of soft counts, such as F-beta, accuracy or G-mean.

    .. math:: L = 1 - S(TP, FP, FN, TN), \quad
              S_{F_\beta} = \frac{(1 + \beta^2) TP}{\beta^2 (TP + FN) + TP + FP}

    where the counts sum A(p) = 1 / (1 + exp(-L (p - threshold))) in place of hard decisions. The score is
    that of the whole batch, so there is no value per sample and no ``reduction``.

    Args:
        logits: one logit per sample, or per sample and class.
        target: 0 or 1 (or bool) in the shape of ``logits``; or, beside (batch, classes) logits, one class
            index per sample: softmax, and each class against the rest (a threshold of 0.5 then is not the
            rule of the largest logit).
        metric: "f_beta", or a name of `lossary.metrics.binary_criteria`: "accuracy", "balanced_accuracy",
            "f1", "geometric_mean" (of recall and specificity), "jaccard", "matthews", "precision", "recall",
            "specificity", "youden"; or a function ``f(tp, fp, fn, tn)`` of tensors of shape () or (classes,)
            that returns a score of that shape, higher being better and at most 1. The scores from -1 to 1,
            Matthews and Youden, are mapped to [0, 1] when given by name. `lossary.metrics.best_threshold`
            takes the same names and functions, to choose a threshold by what was trained for.
        beta: weight of recall in "f_beta", above 0; 1 is the F1 score.
        amplification: L, above 0; larger is closer to the exact score and has its gradient nearer the
            threshold.
        threshold: the probability from which a prediction is positive, inside (0, 1).
        with_logits: False when ``logits`` holds probabilities already.
        average: over the columns of (batch, classes) logits: "macro" is the mean of their losses, "micro" the
            loss of their pooled counts.

    Returns:
        A scalar in [0, 1] for the named metrics. A column on which the metric is undefined (recall without
        positives, specificity without negatives, both for the metrics made of the two) is left out; an empty
        batch, or no column left, gives 0. Without any predicted or wanted positive, F-beta, precision and
        Jaccard are 0 and the loss is 1.

    Raises:
        ShapeError: the shapes do not fit together, or a metric function changes the shape.
        DtypeError: ``logits`` is not floating, a class index is not an integer, or a metric function returns
            no floating tensor.
        InvalidInputError: a value is outside its domain, or ``metric`` or ``average`` is unknown.

    Differs from the paper: the metrics beyond accuracy, F-beta, G-mean and balanced accuracy, and several
        columns, are ours. The authors' hand-written gradient of the G-mean is 4 times too large and is not
        followed; the root in the G-mean is linear below 1e-12, where its gradient has no bound.

    Source: Han, Moniz and Chawla, AnyLoss: Transforming Classification Metrics into Loss Functions, KDD 2024.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([4.0, 4.0, -4.0, -4.0]), torch.tensor([1, 0, 1, 0])
        >>> anyloss(logits, target)  # one true positive, one false, one missed: F1 is 0.5
        tensor(0.5000)
        >>> anyloss(logits, target, metric=lambda tp, fp, fn, tn: tn / (tn + fn))
        tensor(0.5000)
    """
    if not callable(metric):
        check_choice("metric", metric, ("f_beta", *BINARY_CRITERIA))
    check_choice("average", average, get_args(Average))
    check_positive("beta", beta)
    counts = soft_confusion(
        logits, target, amplification=amplification, threshold=threshold, with_logits=with_logits
    )
    if logits.numel() == 0:
        return logits.sum()
    if average == "micro":
        counts = SoftConfusion(*(count.sum() for count in counts))

    if callable(metric):
        score = metric(*counts)
        check_floating("metric", score)
        check_shape("metric", score, tuple(counts.tp.shape), like="the counts it was given")
        return (1 - score).mean()
    criterion = BinaryCriterion(f_beta(beta)) if metric == "f_beta" else BINARY_CRITERIA[metric]
    defined = torch.ones_like(counts.tp, dtype=torch.bool)
    if criterion.needs_positives:
        defined = defined & (counts.tp + counts.fn > 0)
    if criterion.needs_negatives:
        defined = defined & (counts.fp + counts.tn > 0)
    loss = (1 - criterion.score(*counts)) / (1 - criterion.lowest)
    return reduce(loss, "mean", mask=defined)


Anyloss = loss_module(anyloss)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Twelve logits near the threshold, where the gradient is, four of them of positives."""
    target = torch.tensor([1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0])
    return {"logits": 0.3 * torch.randn(12, generator=generator), "target": target}


def _decisions(logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, ...]:
    """Hard predictions at the threshold of 0.5, for the metrics of labels."""
    return target, (logits > 0).astype(target.dtype)


LOSS = LossSpec(
    function=anyloss,
    module=Anyloss,
    paper=Paper(
        title="AnyLoss: Transforming Classification Metrics into Loss Functions",
        authors="Han, Moniz and Chawla",
        venue="KDD",
        year=2024,
        url="https://arxiv.org/abs/2405.14745",
        equation="section 3",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="fbeta_score", adapt=_decisions, options={"beta": 1.0}),
        ExactMetric(name="accuracy_score", adapt=_decisions),
        ExactMetric(name="geometric_mean_score", adapt=_decisions),
        ExactMetric(name="balanced_accuracy_score", adapt=_decisions),
        ExactMetric(name="precision_score", adapt=_decisions),
        ExactMetric(name="recall_score", adapt=_decisions),
        ExactMetric(name="jaccard_score", adapt=_decisions),
        ExactMetric(name="matthews_corrcoef", adapt=_decisions),
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
