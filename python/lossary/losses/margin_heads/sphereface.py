"""SphereFace: a softmax in which the angle to the right class counts a whole number of times.

The first of the angular margins. It is hard to train from the start, so a share of the plain cosine is mixed
in and taken back during training (``annealing``).
"""

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, head_module, reduce
from lossary.authoring.validation import check_int, check_non_negative, check_positive
from lossary.losses.margin_heads._heads import (
    EXAMPLE_SIZES,
    RETRIEVAL_METRICS,
    VERIFICATION_METRICS,
    head_example,
    softmax_loss,
)
from lossary.ops.class_cosines import class_cosines, own_class
from lossary.ops.directions import row_lengths


@full_precision
def sphereface(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    margin: int = 4,
    annealing: float = 0.0,
    scale: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of cosines times the embedding's length, the angle to the right class being multiplied.

    .. math::
        L_i = -\log \frac{e^{a_i t_i}}{e^{a_i t_i} + \sum_{j \ne y_i} e^{a_i \cos\theta_{ij}}}, \quad
        a_i = s \lVert x_i \rVert, \quad
        t_i = \frac{\lambda \cos\theta_{i y_i} + (-1)^k \cos(m \theta_{i y_i}) - 2 k}{1 + \lambda}, \quad
        k = \lfloor m \theta_{i y_i} / \pi \rfloor

    Args:
        embeddings: x, one row per item; its length is part of the logits and cannot be zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        margin: m, a whole number, at least 1; 1 with scale 1 is a softmax of x on weights of length one.
        annealing: lambda, 0 or above, the share of the plain cosine; the usual schedule is
            max(5, 1000 / (1 + 0.12 step)).
        scale: s, above 0.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` or ``margin`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``margin`` is below
            1, ``annealing`` below 0, or ``scale`` not above 0.

    Differs from the paper: ``annealing`` is 0 here unless given; the authors train with 5 at the end.

    Source: Liu, Wen, Yu, Li, Raj and Song, SphereFace: Deep Hypersphere Embedding for Face Recognition, CVPR
        2017, equation 7.

    Example:
        >>> import torch
        >>> weight = torch.eye(2)
        >>> # twice 45 degrees to the right class, a product of 1 with the other: ln(1 + e)
        >>> sphereface(torch.tensor([[1.0, 1.0]]), torch.tensor([0]), weight, margin=2)
        tensor(1.3133)
    """
    check_int("margin", margin)
    check_positive("margin", margin)
    check_non_negative("annealing", annealing)
    check_positive("scale", scale)
    cosine, columns = class_cosines(embeddings, labels, weight)
    own = own_class(cosine, columns)
    angle = margin * own.acos()
    half_turns = (angle.detach() / torch.pi).floor()
    falling = (1 - 2 * half_turns.remainder(2)) * angle.cos() - 2 * half_turns
    target = (annealing * own + falling) / (1 + annealing)
    lengths = row_lengths(embeddings).unsqueeze(1)
    return reduce(softmax_loss(cosine, columns, target, scale * lengths), reduction)


Sphereface = head_module(sphereface)

LOSS = LossSpec(
    function=sphereface,
    module=Sphereface,
    paper=Paper(
        title="SphereFace: Deep Hypersphere Embedding for Face Recognition",
        authors="Liu, Wen, Yu, Li, Raj and Song",
        venue="CVPR",
        year=2017,
        url="https://arxiv.org/abs/1704.08063",
        equation="equation 7",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=head_example,
    pairs_with=(*VERIFICATION_METRICS, *RETRIEVAL_METRICS),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("a_softmax",),
    module_sizes=EXAMPLE_SIZES,
)
