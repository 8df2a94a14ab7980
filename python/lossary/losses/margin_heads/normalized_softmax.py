"""Normalized softmax: classification by cosines alone, so that embeddings can be compared by them later.

The head without a margin on which the others build, for face recognition, re-identification and image
retrieval.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, head_module, reduce
from lossary.authoring.validation import check_positive
from lossary.losses.margin_heads._heads import (
    EXAMPLE_SIZES,
    RETRIEVAL_METRICS,
    VERIFICATION_METRICS,
    head_example,
    softmax_loss,
)
from lossary.ops.class_cosines import class_cosines, own_class


@full_precision
def normalized_softmax(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    scale: float = 20.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of scaled cosines between an embedding and the classes.

    .. math:: L_i = -\log \frac{e^{s \cos\theta_{i y_i}}}{\sum_j e^{s \cos\theta_{ij}}}

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        scale: s, above 0; 1 / s is the temperature.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``scale`` is not
            above 0.

    Differs from the paper: a fixed scale of 20, a temperature of 0.05 as in Zhai and Wu, Classification is a
        Strong Baseline for Deep Metric Learning, BMVC 2019; the paper also learns one.

    Source: Wang, Xiang, Cheng and Yuille, NormFace: L2 Hypersphere Embedding for Face Verification, ACM
        Multimedia 2017, equation 6.

    Example:
        >>> import torch
        >>> weight = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
        >>> # cosines 1 and 0: ln(1 + 1 / e)
        >>> normalized_softmax(torch.tensor([[2.0, 0.0]]), torch.tensor([0]), weight, scale=1.0)
        tensor(0.3133)
    """
    check_positive("scale", scale)
    cosine, columns = class_cosines(embeddings, labels, weight)
    return reduce(softmax_loss(cosine, columns, own_class(cosine, columns), scale), reduction)


NormalizedSoftmax = head_module(normalized_softmax)

LOSS = LossSpec(
    function=normalized_softmax,
    module=NormalizedSoftmax,
    paper=Paper(
        title="NormFace: L2 Hypersphere Embedding for Face Verification",
        authors="Wang, Xiang, Cheng and Yuille",
        venue="ACM Multimedia",
        year=2017,
        url="https://arxiv.org/abs/1704.06369",
        equation="equation 6",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=head_example,
    pairs_with=(*VERIFICATION_METRICS, *RETRIEVAL_METRICS),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("normface",),
    module_sizes=EXAMPLE_SIZES,
)
