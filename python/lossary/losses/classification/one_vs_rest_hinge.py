"""One-vs-rest hinge: a support vector machine per class on top of a network, in place of softmax.

Every class decides by itself whether a row belongs to it, with a margin. torch's ``MultiMarginLoss`` is
another loss: it compares the classes with each other.
"""

from typing import Literal, get_args

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
    check_choice,
    check_finite,
    check_floating,
    check_non_negative,
    check_positive,
)
from lossary.losses.classification._class_rows import best_class, class_columns, six_rows
from lossary.losses.classification._margins import shortfall

ClassReduction = Literal["sum", "mean"]


@full_precision
def one_vs_rest_hinge(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    margin: float = 1.0,
    squared: bool = True,
    class_reduction: ClassReduction = "sum",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the right class is from being above zero by a margin, and all others from being below.

    .. math:: L_i = \sum_k \max(0, m - Y_{ik} z_{ik})^q, \quad
              Y_{ik} = 1 \text{ if } k = y_i \text{ else } -1, \; q \in \{1, 2\}

    Args:
        logits: z, one column per class.
        target: y, the right class of each row.
        margin: m, above 0.
        squared: q = 2 (the L2-SVM); False is q = 1.
        class_reduction: "sum" over the classes, or "mean".
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". At the margin itself the gradient is 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating or ``target`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``margin`` is not above 0;
            ``class_reduction`` is neither of the two.

    Differs from the official code: the sum over classes and the mean over the batch are those of the textbook
        form. The code of this paper takes the mean over both (``class_reduction="mean"``), that of Agarap, A
        Neural Network Architecture Combining GRU and SVM for Intrusion Detection, arXiv 2017, the sum
        (``reduction="sum"``). The penalty of the weights is `l2_svm_objective`.

    Source: Agarap, An Architecture Combining Convolutional Neural Network (CNN) and Support Vector Machine
        (SVM) for Image Classification, arXiv 1712.03541, 2017; after Tang, Deep Learning using Linear Support
        Vector Machines, arXiv 1306.0239, 2013, equation 5.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[0.5, -0.5, -2.0]])
        >>> one_vs_rest_hinge(logits, torch.tensor([0]))  # 0.5^2 + 0.5^2 + 0
        tensor(0.5000)
    """
    check_positive("margin", margin)
    check_choice("class_reduction", class_reduction, get_args(ClassReduction))
    columns, _ = class_columns(logits, target)
    right = torch.arange(logits.shape[1], device=logits.device) == columns
    short = shortfall(logits.where(right, -logits), margin, squared=squared)
    return reduce(short.sum(1) if class_reduction == "sum" else short.mean(1), reduction)


@full_precision
def l2_svm_objective(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    weight: Float[Tensor, "*weight"],
    *,
    penalty: float = 1.0,
    margin: float = 1.0,
    squared: bool = True,
    class_reduction: ClassReduction = "sum",
    reduction: Literal["mean", "sum"] = "mean",
) -> Float[Tensor, ""]:
    r"""The objective of support vector machines: half the squared length of the weights, and the hinge.

    .. math:: \frac{1}{2} \lVert W \rVert_F^2 + C \, L

    Args:
        logits: one column per class.
        target: the right class of each row.
        weight: W, the weights of the layer that gives the logits, in any shape.
        penalty: C, the price of the hinge, 0 or above.
        margin: as of `one_vs_rest_hinge`.
        squared: as of `one_vs_rest_hinge`.
        class_reduction: as of `one_vs_rest_hinge`.
        reduction: "mean" or "sum" over the batch.

    Returns:
        A scalar.

    Raises:
        DtypeError: ``weight`` is not floating.
        InvalidInputError: a weight is NaN or infinite; ``penalty`` is negative; ``reduction`` is neither of
            the two. Other errors are those of `one_vs_rest_hinge`.

    Source: Tang, Deep Learning using Linear Support Vector Machines, arXiv 1306.0239, 2013, equation 5.

    Example:
        >>> import torch
        >>> logits, weight = torch.tensor([[0.5, -0.5, -2.0]]), torch.tensor([1.0, 2.0])
        >>> l2_svm_objective(logits, torch.tensor([0]), weight, penalty=10.0)  # 5 / 2 + 10 * 0.5
        tensor(7.5000)
    """
    check_floating("weight", weight)
    check_finite("weight", weight)
    check_non_negative("penalty", penalty)
    check_choice("reduction", reduction, ("mean", "sum"))
    loss = one_vs_rest_hinge(
        logits, target, margin=margin, squared=squared, class_reduction=class_reduction, reduction=reduction
    )
    return 0.5 * weight.to(loss.dtype).square().sum() + penalty * loss


OneVsRestHinge = loss_module(one_vs_rest_hinge)

LOSS = LossSpec(
    function=one_vs_rest_hinge,
    module=OneVsRestHinge,
    paper=Paper(
        title=(
            "An Architecture Combining Convolutional Neural Network (CNN) and Support Vector Machine (SVM) "
            "for Image Classification"
        ),
        authors="Agarap",
        venue="arXiv",
        year=2017,
        url="https://arxiv.org/abs/1712.03541",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=best_class),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.CONVEX}),
    aliases=("l2_svm", "tang_svm"),
)
