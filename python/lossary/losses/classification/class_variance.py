"""Class variance: predictions for unlabelled samples that are spread over all new classes.

One of the three terms of NEV-NCD, beside `negative_learning` and `prediction_entropy`, whose confidence alone
could be had with a single class.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.losses.classification._class_subset import of_classes


@full_precision
def class_variance(
    logits: Float[Tensor, "batch classes"],
    *,
    classes: Integer[Tensor, "subset"] | None = None,
    temperature: float = 0.005,
) -> Float[Tensor, ""]:
    r"""What the probability of each class lacks, over the batch, of the variance of a balanced assignment.

    .. math:: L = \frac{1}{K} \sum_{k \in S} \max \Big( 0, \frac{K - 1}{K^2} - v_k \Big), \quad
              v_k = \mathrm{var}_i \, \mathrm{softmax}(z_{iS} / T)_k

    The bound is the variance of a column of K equally frequent one-hot rows; v is the unbiased variance over
    the batch.

    Args:
        logits: z, one column per class.
        classes: S, K distinct class indices, such as the new classes; None takes all.
        temperature: T, above 0. At 0.005 a row is nearly one-hot, without a gradient, unless its logits are
            within some hundredths of each other.

    Returns:
        A scalar; 0 for a batch of one row, and for a single class.

    Raises:
        ShapeError: ``logits`` is not a matrix, or has no row or class; ``classes`` is not a vector or is
            empty.
        DtypeError: ``logits`` is not floating, or ``classes`` not integer.
        InvalidInputError: a logit is NaN or infinite; a class does not exist or comes twice; ``temperature``
            is not above 0.

    Source: Hasan, Ahmed, Faridee, Purushotham, Kwon, Lee and Roy, NEV-NCD: Negative Learning, Entropy, and
        Variance regularization based novel action categories discovery, ICIP 2023.

    Example:
        >>> import torch
        >>> collapsed = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> class_variance(collapsed), class_variance(torch.eye(2))  # (2 - 1) / 2^2, and balanced
        (tensor(0.2500), tensor(0.))
    """
    check_positive("temperature", temperature)
    subset = of_classes(logits, classes)
    below = subset - subset.detach().amax(1, keepdim=True)  # so that a small temperature cannot overflow it
    share = (below / temperature).softmax(1)
    num_rows, num_classes = share.shape
    if num_rows < 2:
        return 0.0 * share.sum()
    wanted = (num_classes - 1) / num_classes**2
    return (wanted - share.var(0)).relu().mean()


ClassVariance = loss_module(class_variance)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, near enough to each other for the default temperature."""
    return {"logits": 0.01 * torch.randn(6, 5, generator=generator)}


LOSS = LossSpec(
    function=class_variance,
    module=ClassVariance,
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
    unpaired_reason="it has no target: it asks for predictions of all classes, whichever rows they are of",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
