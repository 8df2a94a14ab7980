"""Binary hinge: how far the margin of a real score stays behind the wanted one, as in a linear SVM.

Not torch's ``soft_margin_loss``, which is the logistic loss.
"""

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
from lossary.authoring.validation import check_positive
from lossary.losses.classification._margins import decisions, eight_decisions, margins, shortfall


@full_precision
def binary_hinge(
    logits: Float[Tensor, "batch"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    *,
    margin: float = 1.0,
    squared: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far each score is from being right by a margin, or the square of that.

    .. math:: L = \max(0, m - y z), \qquad y = 2 t - 1

    Args:
        logits: z, any real number; positive means class 1.
        target: t, the labels 0 and 1 (or bool), not -1 and 1.
        margin: m, above 0. At 1 the loss is nowhere below the zero-one loss.
        squared: the square of it, which is smooth.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per score under "none". On the margin the gradient is 0.

    Raises:
        ShapeError: ``logits`` is not (batch,), or ``target`` has another shape.
        DtypeError: ``logits`` is not floating, or ``target`` no tensor.
        InvalidInputError: a logit is NaN or infinite; ``target`` has values other than 0 and 1; ``margin`` is
            not above 0.

    Source: Chen, Huang, Nguyen and Weng, On the Equivalence between Neural Network and Support Vector
        Machine, NeurIPS 2021.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([2.0, 0.5, 0.5]), torch.tensor([1, 1, 0])
        >>> binary_hinge(logits, target, reduction="none")
        tensor([0.0000, 0.5000, 1.5000])
    """
    check_positive("margin", margin)
    return reduce(shortfall(margins(logits, target), margin, squared=squared), reduction)


BinaryHinge = loss_module(binary_hinge)

LOSS = LossSpec(
    function=binary_hinge,
    module=BinaryHinge,
    paper=Paper(
        title="On the Equivalence between Neural Network and Support Vector Machine",
        authors="Chen, Huang, Nguyen and Weng",
        venue="NeurIPS",
        year=2021,
        url="https://arxiv.org/abs/2111.06063",
    ),
    differentiable=("logits",),
    example_inputs=eight_decisions,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=decisions),
        ExactMetric(name="zero_one_loss", adapt=decisions),
        ExactMetric(name="hinge_loss"),
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
