"""Negative learning: what a sample is not, for samples without a label or with a complementary one.

One of the three terms of NEV-NCD, beside `prediction_entropy` and `class_variance`: an unlabelled sample of a
new class is none of the seen ones. With one excluded class each it is learning from complementary labels.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor
from torch.nn import functional

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
from lossary.authoring.validation import check_class_index, check_shape, check_tensor, checks_values
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification._class_subset import check_unlabelled


@full_precision
def negative_learning(
    logits: Float[Tensor, "batch classes"],
    complementary: Bool[Tensor, "batch classes"] | Bool[Tensor, "classes"] | Integer[Tensor, "batch"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""-ln of the probabilities that are left when each excluded class is taken away.

    .. math:: L_i = -\sum_{k \in C_i} \ln(1 - p_{ik}), \quad p_i = \mathrm{softmax}(z_i)

    Args:
        logits: z, one column per class, two at least.
        complementary: C, the classes that a row does not belong to: a bool mask for each row, one bool mask
            of the classes for all rows, such as the seen ones, or one class index per row.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". A row without an excluded class has 0.

    Raises:
        ShapeError: ``logits`` is not a matrix, or has no row or fewer than two classes; ``complementary`` has
            none of the three shapes.
        DtypeError: ``logits`` is not floating, or ``complementary`` neither of bool nor integer.
        InvalidInputError: a logit is NaN or infinite; a class index is no class; every class of a row is
            excluded.

    Differs from the official code: nothing is added inside of the logarithm; the code takes the sum over the
        batch.

    Source: Hasan, Ahmed, Faridee, Purushotham, Kwon, Lee and Roy, NEV-NCD: Negative Learning, Entropy, and
        Variance regularization based novel action categories discovery, ICIP 2023; for one class per row Kim,
        Yim, Yun and Kim, NLNL: Negative Learning for Noisy Labels, ICCV 2019.

    Example:
        >>> import torch
        >>> logits = torch.zeros(1, 4)  # each of the four classes has a probability of 1/4
        >>> negative_learning(logits, torch.tensor([True, True, False, False]))  # -2 ln(3/4)
        tensor(0.5754)
    """
    check_unlabelled(logits)
    if logits.shape[1] < 2:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted at least two classes")
    excluded = _mask(complementary, logits)
    # Only the largest probability can be near 1, where 1 - p would lose its digits; what it leaves is a
    # sigmoid of what the other logits say against it.
    top = torch.zeros_like(excluded).scatter(1, logits.argmax(1, keepdim=True), True)  # noqa: FBT003
    against = logits.where(~top, -torch.inf).logsumexp(1, keepdim=True) - logits
    others = (-logits.softmax(1).where(~top, 0.0)).log1p()
    left = torch.where(top, functional.logsigmoid(against), others)
    return reduce(-left.where(excluded, 0.0).sum(1), reduction)


def _mask(complementary: Tensor, logits: Tensor) -> Tensor:
    """The excluded classes of each row, (batch, classes)."""
    check_tensor("complementary", complementary)
    if complementary.is_floating_point() or complementary.is_complex():
        raise DtypeError(f"complementary: got dtype {complementary.dtype}; wanted bool or an integer dtype")
    batch, classes = logits.shape
    if complementary.dtype != torch.bool:
        check_shape("complementary", complementary, (batch,), like="the rows of logits")
        check_class_index("complementary", complementary, classes)
        return torch.arange(classes, device=logits.device) == complementary.unsqueeze(1)
    if complementary.ndim == 1:
        check_shape("complementary", complementary, (classes,), like="the classes of logits")
        complementary = complementary.expand(batch, classes)
    check_shape("complementary", complementary, (batch, classes), like="logits")
    if checks_values(complementary) and bool(complementary.all(1).any()):
        row = int(complementary.all(1).nonzero()[0])
        raise InvalidInputError(f"complementary: got every class in row {row}; wanted one that is left")
    return complementary


NegativeLearning = loss_module(negative_learning)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, with one excluded class each."""
    return {
        "logits": torch.randn(6, 5, generator=generator),
        "complementary": torch.randint(5, (6,), generator=generator),
    }


def excluded_predictions(logits: np.ndarray, complementary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zeros, and 1 where the class of the largest logit is an excluded one."""
    predicted = logits.argmax(1)
    if complementary.dtype == bool:
        hit = np.broadcast_to(complementary, logits.shape)[np.arange(len(logits)), predicted]
    else:
        hit = complementary == predicted
    return np.zeros(len(logits), dtype=np.int64), hit.astype(np.int64)


LOSS = LossSpec(
    function=negative_learning,
    module=NegativeLearning,
    paper=Paper(
        title=(
            "NEV-NCD: Negative Learning, Entropy, and Variance regularization based novel action categories "
            "discovery"
        ),
        authors="Hasan, Ahmed, Faridee, Purushotham, Kwon, Lee and Roy",
        venue="ICIP",
        year=2023,
        url="https://arxiv.org/abs/2304.07354",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="zero_one_loss", adapt=excluded_predictions),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
