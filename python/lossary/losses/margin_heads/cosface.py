"""CosFace: a softmax over cosines in which the right class has to win by a margin.

The additive margin on the cosine that made deep face recognition work; the simplest of the margin heads.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, head_module, reduce
from lossary.authoring.validation import check_positive, check_real
from lossary.losses.margin_heads._heads import (
    EXAMPLE_SIZES,
    RETRIEVAL_METRICS,
    VERIFICATION_METRICS,
    head_example,
    softmax_loss,
)
from lossary.ops.class_cosines import class_cosines, own_class


@full_precision
def cosface(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    margin: float = 0.35,
    scale: float = 64.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of scaled cosines, that of the right class less a margin.

    .. math:: L_i = -\log \frac{e^{s (\cos\theta_{i y_i} - m)}}
              {e^{s (\cos\theta_{i y_i} - m)} + \sum_{j \ne y_i} e^{s \cos\theta_{ij}}}

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        margin: m, by how much the cosine with the right class has to be larger; 0 gives
            `normalized_softmax`.
        scale: s, above 0.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``scale`` is not
            above 0.

    Source: Wang, Wang, Zhou, Ji, Gong, Zhou, Li and Liu, CosFace: Large Margin Cosine Loss for Deep Face
        Recognition, CVPR 2018, equation 4; the same as Wang, Cheng, Liu and Liu, Additive Margin Softmax for
        Face Verification, IEEE Signal Processing Letters 2018.

    Example:
        >>> import torch
        >>> weight = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
        >>> # cosines 1 - 1 and 0: ln 2
        >>> cosface(torch.tensor([[2.0, 0.0]]), torch.tensor([0]), weight, margin=1.0, scale=1.0)
        tensor(0.6931)
    """
    check_real("margin", margin)
    check_positive("scale", scale)
    cosine, columns = class_cosines(embeddings, labels, weight)
    return reduce(softmax_loss(cosine, columns, own_class(cosine, columns) - margin, scale), reduction)


Cosface = head_module(cosface)

LOSS = LossSpec(
    function=cosface,
    module=Cosface,
    paper=Paper(
        title="CosFace: Large Margin Cosine Loss for Deep Face Recognition",
        authors="Wang, Wang, Zhou, Ji, Gong, Zhou, Li and Liu",
        venue="CVPR",
        year=2018,
        url="https://arxiv.org/abs/1801.09414",
        equation="equation 4",
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
    aliases=("am_softmax", "large_margin_cosine"),
    module_sizes=EXAMPLE_SIZES,
)
