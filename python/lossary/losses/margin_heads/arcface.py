"""ArcFace: a softmax over cosines in which the right class has to win by an angle.

The margin is an arc on the sphere of embeddings, the same wherever the item lies; the usual head for face
recognition and image retrieval with many classes.
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
from lossary.ops.class_cosines import Boundary, add_angle, check_angle, class_cosines, own_class


@full_precision
def arcface(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    margin: float = 0.5,
    scale: float = 64.0,
    boundary: Boundary = "linear",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of scaled cosines, the angle to the right class being a margin wider than it is.

    .. math:: L_i = -\log \frac{e^{s \cos(\theta_{i y_i} + m)}}
              {e^{s \cos(\theta_{i y_i} + m)} + \sum_{j \ne y_i} e^{s \cos\theta_{ij}}}

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        margin: m in radians, from 0 to below pi; 0 gives `normalized_softmax`.
        scale: s, above 0.
        boundary: what stands for cos(theta + m) beyond theta = pi - m, where it grows again and would push
            the item away. "linear" is cos(theta) - m sin(m), which goes on falling; "none" leaves it. "easy"
            adds the margin only where theta is below a right angle, and leaves the cosine elsewhere.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``margin`` is
            outside [0, pi), as one in degrees would be; ``scale`` is not above 0; ``boundary`` is unknown.

    Differs from the paper: the formula is that of boundary "none". The default differs from it beyond
        theta = pi - m, 151 degrees for m = 0.5.

    Source: Deng, Guo, Xue and Zafeiriou, ArcFace: Additive Angular Margin Loss for Deep Face Recognition,
        CVPR 2019, equation 3.

    Example:
        >>> import torch
        >>> weight = torch.eye(2)
        >>> # 45 + 45 degrees to the right class, 45 to the other: ln(1 + e^{0.7071})
        >>> embeddings, labels = torch.tensor([[2.0, 2.0]]), torch.tensor([0])
        >>> arcface(embeddings, labels, weight, margin=torch.pi / 4, scale=1.0)
        tensor(1.1079)
    """
    check_angle("margin", margin)
    check_positive("scale", scale)
    cosine, columns = class_cosines(embeddings, labels, weight)
    target = add_angle(own_class(cosine, columns), cosine.new_full((), margin), boundary)
    return reduce(softmax_loss(cosine, columns, target, scale), reduction)


Arcface = head_module(arcface)

LOSS = LossSpec(
    function=arcface,
    module=Arcface,
    paper=Paper(
        title="ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
        authors="Deng, Guo, Xue and Zafeiriou",
        venue="CVPR",
        year=2019,
        url="https://arxiv.org/abs/1801.07698",
        equation="equation 3",
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
    aliases=("additive_angular_margin",),
    module_sizes=EXAMPLE_SIZES,
)
