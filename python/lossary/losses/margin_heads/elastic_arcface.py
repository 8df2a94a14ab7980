"""ElasticFace-Arc: `arcface` with a margin that is drawn anew for each item at each step.

One margin for all classes asks the same of narrow and wide ones; a random margin leaves each class room to be
as wide as it is.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, reduce
from lossary.authoring.validation import check_positive
from lossary.losses.margin_heads._elastic import (
    Assignment,
    assigned,
    check_margins,
    elastic_example,
    elastic_module,
)
from lossary.losses.margin_heads._heads import EXAMPLE_SIZES, VERIFICATION_METRICS, softmax_loss
from lossary.ops.class_cosines import Boundary, add_angle, class_cosines, own_class


@full_precision
def elastic_arcface(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    margins: Float[Tensor, "batch"],
    *,
    scale: float = 64.0,
    assignment: Assignment = "random",
    boundary: Boundary = "none",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of scaled cosines, the angle to the right class being wider by the item's own margin.

    .. math:: L_i = -\log \frac{e^{s \cos(\theta_{i y_i} + m_i)}}
              {e^{s \cos(\theta_{i y_i} + m_i)} + \sum_{j \ne y_i} e^{s \cos\theta_{ij}}}

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        margins: one per item, in radians; the module draws them from a normal distribution. No gradient flows
            into them.
        scale: s, above 0.
        assignment: "random", m_i is the item's margin; "ranked" gives the smallest to the item nearest its
            class and so on, the paper's ElasticFace-Arc+; "ranked_official" does it as the released code,
            which mixes up a permutation and its inverse, to reproduce published weights.
        boundary: as for `arcface`.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` or ``margins`` has another length,
            ``weight`` other columns or no row.
        DtypeError: ``embeddings``, ``weight`` or ``margins`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``scale`` is not
            above 0; ``assignment`` or ``boundary`` is unknown.

    Source: Boutros, Damer, Kirchbuchner and Kuijper, ElasticFace: Elastic Margin Loss for Deep Face
        Recognition, CVPR Workshops 2022, section 3.2.

    Example:
        >>> import torch
        >>> embeddings, labels = torch.tensor([[2.0, 2.0]]), torch.tensor([0])
        >>> # 45 + 45 degrees to the right class, 45 to the other: ln(1 + e^{0.7071})
        >>> elastic_arcface(embeddings, labels, torch.eye(2), torch.tensor([torch.pi / 4]), scale=1.0)
        tensor(1.1079)
    """
    check_positive("scale", scale)
    cosine, columns = class_cosines(embeddings, labels, weight)
    check_margins(margins, embeddings.shape[0])
    own = own_class(cosine, columns)
    target = add_angle(own, assigned(margins, own, assignment), boundary)
    return reduce(softmax_loss(cosine, columns, target, scale), reduction)


ElasticArcface = elastic_module(elastic_arcface, margin=0.5)

LOSS = LossSpec(
    function=elastic_arcface,
    module=ElasticArcface,
    paper=Paper(
        title="ElasticFace: Elastic Margin Loss for Deep Face Recognition",
        authors="Boutros, Damer, Kirchbuchner and Kuijper",
        venue="CVPR Workshops",
        year=2022,
        url="https://arxiv.org/abs/2109.09416",
        equation="section 3.2",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=elastic_example,
    pairs_with=VERIFICATION_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("elasticface_arc",),
    module_sizes=EXAMPLE_SIZES,
)
