"""Spherical softmax: cross-entropy on the shares of squared scores, without an exponential.

Like `spherical_z` it needs only the sum of squares of the scores beside the right one, which an output layer
can keep up to date at a cost that does not grow with the classes.
"""

import numpy as np
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
from lossary.authoring.validation import check_positive
from lossary.losses.classification._class_rows import (
    best_class,
    class_columns,
    class_ranking,
    class_scores,
    share_surprise,
    six_rows,
)


@full_precision
def spherical_softmax(
    logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    eps: float = 1e-6,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the right class is when probabilities are shares of the squared scores.

    .. math:: L = -\ln p_y, \qquad p_k = \frac{o_k^2 + \varepsilon}{\sum_j (o_j^2 + \varepsilon)}

    The sign of a score does not matter: the class with the largest magnitude is the most likely one.

    Args:
        logits: scores o, one column per class.
        target: the right class y of each row.
        eps: above 0, so that a score of 0 has a probability.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none". One class gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating or ``target`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``eps`` is not above 0.

    Source: de Brebisson and Vincent, An Exploration of Softmax Alternatives Belonging to the Spherical Loss
        Family, ICLR 2016.

    Example:
        >>> import torch
        >>> spherical_softmax(torch.tensor([[1.0, -1.0]]), torch.tensor([0]))  # shares of 1/2: ln 2
        tensor(0.6931)
    """
    check_positive("eps", eps)
    columns, _ = class_columns(logits, target)
    return reduce(share_surprise(logits.square() + eps, columns), reduction)


SphericalSoftmax = loss_module(spherical_softmax)

LOSS = LossSpec(
    function=spherical_softmax,
    module=SphericalSoftmax,
    paper=Paper(
        title="An Exploration of Softmax Alternatives Belonging to the Spherical Loss Family",
        authors="de Brebisson and Vincent",
        venue="ICLR",
        year=2016,
        url="https://arxiv.org/abs/1511.05042",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(  # of the magnitudes, which the probabilities rise with
        ExactMetric(name="accuracy_score", adapt=lambda logits, target: best_class(np.abs(logits), target)),
        ExactMetric(
            name="top_k_accuracy_score",
            adapt=lambda logits, target: class_scores(np.abs(logits), target),
            options={"k": 2},
        ),
        ExactMetric(
            name="mean_reciprocal_rank", adapt=lambda logits, target: class_ranking(np.abs(logits), target)
        ),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
