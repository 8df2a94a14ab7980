"""MagFace: a margin that grows with the length of the embedding, which comes to mean the quality of the item.

Easy, clear items are pushed to long embeddings near their class, blurred ones stay short; after training the
length tells how far an embedding can be trusted.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, head_module, reduce
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads._heads import (
    EXAMPLE_SIZES,
    RETRIEVAL_METRICS,
    VERIFICATION_METRICS,
    head_example,
    softmax_loss,
)
from lossary.ops.class_cosines import Boundary, add_angle, check_angle, class_cosines, own_class
from lossary.ops.directions import row_lengths


@full_precision
def magface(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    scale: float = 64.0,
    lower_norm: float = 10.0,
    upper_norm: float = 110.0,
    lower_margin: float = 0.45,
    upper_margin: float = 0.8,
    regularizer: float = 35.0,
    boundary: Boundary = "easy",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""`arcface` with a margin that rises with the embedding's length, and a price on short embeddings.

    .. math::
        L_i = -\log \frac{e^{s \cos(\theta_{i y_i} + m_i)}}
              {e^{s \cos(\theta_{i y_i} + m_i)} + \sum_{j \ne y_i} e^{s \cos\theta_{ij}}}
              + \lambda \Big( \frac{r_i}{u^2} + \frac{1}{r_i} \Big), \quad
        m_i = m_l + (m_u - m_l) \frac{r_i - l}{u - l}

    where r_i is the length of the embedding, cut to [l, u].

    Args:
        embeddings: one row per item, not zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        scale: s, above 0.
        lower_norm: l, above 0.
        upper_norm: u, above ``lower_norm``.
        lower_margin: m_l, the margin in radians at length l, from 0 to below pi.
        upper_margin: m_u, that at length u, likewise.
        regularizer: lambda, 0 or above.
        boundary: as for `arcface`.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none".

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; an option is
            outside its domain.

    Differs from the paper: ``boundary`` "easy", as in the authors' code; the formula is that of "none".

    Source: Meng, Zhao, Huang and Zhou, MagFace: A Universal Representation for Face Recognition and Quality
        Assessment, CVPR 2021, section 3.

    Example:
        >>> import torch
        >>> embeddings, labels = torch.tensor([[60.0, 60.0]]), torch.tensor([0])
        >>> # margins of 45 degrees at any length, as `arcface`, plus 80 (80 / 80^2 + 1 / 80)
        >>> options = {"lower_margin": torch.pi / 4, "upper_margin": torch.pi / 4}
        >>> lengths = {"lower_norm": 1.0, "upper_norm": 80.0}
        >>> magface(embeddings, labels, torch.eye(2), scale=1.0, regularizer=80.0, **options, **lengths)
        tensor(3.1079)
    """
    check_positive("scale", scale)
    cosine, columns = class_cosines(embeddings, labels, weight)
    margin, shortness = length_margins(
        embeddings,
        lower_norm=lower_norm,
        upper_norm=upper_norm,
        lower_margin=lower_margin,
        upper_margin=upper_margin,
        regularizer=regularizer,
    )
    target = add_angle(own_class(cosine, columns), margin, boundary)
    return reduce(softmax_loss(cosine, columns, target, scale) + shortness, reduction)


def length_margins(
    embeddings: Tensor,
    *,
    lower_norm: float,
    upper_norm: float,
    lower_margin: float,
    upper_margin: float,
    regularizer: float,
) -> tuple[Tensor, Tensor]:
    """The margin in radians of each embedding of `magface`, and its price for being short, both (batch,)."""
    check_positive("lower_norm", lower_norm)
    check_positive("upper_norm", upper_norm)
    if upper_norm <= lower_norm:
        raise InvalidInputError(
            f"upper_norm: got {upper_norm!r}; wanted more than lower_norm, {lower_norm!r}"
        )
    check_angle("lower_margin", lower_margin)
    check_angle("upper_margin", upper_margin)
    check_non_negative("regularizer", regularizer)
    length = row_lengths(embeddings).clamp(lower_norm, upper_norm)
    rise = (upper_margin - lower_margin) / (upper_norm - lower_norm)
    margin = lower_margin + rise * (length - lower_norm)
    return margin, regularizer * (length / upper_norm**2 + 1 / length)


Magface = head_module(magface)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, with lengths between the bounds."""
    example = head_example(generator)
    return example | {"embeddings": 20 * example["embeddings"]}


LOSS = LossSpec(
    function=magface,
    module=Magface,
    paper=Paper(
        title="MagFace: A Universal Representation for Face Recognition and Quality Assessment",
        authors="Meng, Zhao, Huang and Zhou",
        venue="CVPR",
        year=2021,
        url="https://arxiv.org/abs/2103.06627",
        equation="section 3",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=example_inputs,
    pairs_with=(*VERIFICATION_METRICS, *RETRIEVAL_METRICS),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    module_sizes=EXAMPLE_SIZES,
)
