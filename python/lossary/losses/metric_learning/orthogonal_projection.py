"""Orthogonal projection: features of one class together, those of different classes at right angles.

A term beside cross-entropy, without pairs to mine and without a margin: cosines of 1 within a class and of 0
between classes.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_choice, check_non_negative
from lossary.losses.metric_learning._pairs import similar_pairs
from lossary.losses.metric_learning._queries import RANKING_METRICS, labelled_example

Negative = Literal["abs_of_mean", "mean_of_abs", "signed"]


@full_precision
def orthogonal_projection(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    gamma: float = 1.0,
    negative: Negative = "abs_of_mean",
) -> Float[Tensor, ""]:
    r"""How far cosines are from 1 within classes, and from 0 between them.

    .. math:: L = 1 - \underset{i \ne j : y_i = y_j}{\mathrm{mean}} \, x_i^\top x_j
                  + \gamma \, \Big| \underset{i, j : y_i \ne y_j}{\mathrm{mean}} \, x_i^\top x_j \Big|

    with rows x of length 1.

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        gamma: the weight of pairs of different classes, 0 or above.
        negative: "abs_of_mean" as in the formula; "mean_of_abs" takes the absolute value of each cosine, so
            that none may make up for another; "signed" takes none at all, and rewards opposite classes.

    Returns:
        A scalar, below 0 only for "signed". Without two items of one class, or of different classes, that
        part is 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; ``gamma`` is negative; ``negative`` is
            unknown.

    Differs from the official code: it has three forms. That of the paper is the default; the scripts that
        trained its networks have "mean_of_abs" with gamma 2 (1 for few-shot learning), and the stand-alone
        file "signed" with 0.5. Without two items of one class the first part is the constant 1 there.

    Source: Ranasinghe, Naseer, Hayat, Khan and Khan, Orthogonal Projection Loss, ICCV 2021.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, -5.0]])
        >>> orthogonal_projection(embeddings, torch.tensor([0, 0, 1]))  # 1 - 0.6 + (0 + 0.8) / 2
        tensor(0.8000)
    """
    check_choice("negative", negative, get_args(Negative))
    check_non_negative("gamma", gamma)
    similarity, pairs = similar_pairs(embeddings, labels, normalize=True)
    pull = _mean(1 - similarity, pairs.positive)
    if negative == "mean_of_abs":
        similarity = similarity.abs()
    push = _mean(similarity, pairs.negative)
    loss: Tensor = pull + gamma * (push.abs() if negative == "abs_of_mean" else push)
    return loss


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)


OrthogonalProjection = loss_module(orthogonal_projection)

LOSS = LossSpec(
    function=orthogonal_projection,
    module=OrthogonalProjection,
    paper=Paper(
        title="Orthogonal Projection Loss",
        authors="Ranasinghe, Naseer, Hayat, Khan and Khan",
        venue="ICCV",
        year=2021,
        url="https://arxiv.org/abs/2103.14021",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=RANKING_METRICS,
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("opl",),
)
