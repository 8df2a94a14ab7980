"""SFace: pulls of cosines that sigmoids of the angle switch off once an item is near enough, or far enough.

Noisy and mislabelled items, which a softmax would drag to their class whatever it costs, are left where they
are when the rest of the class has settled.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, head_module, reduce
from lossary.authoring.validation import check_positive, check_real
from lossary.losses.margin_heads._heads import EXAMPLE_SIZES, VERIFICATION_METRICS, head_example
from lossary.ops.class_cosines import class_cosines


@full_precision
def sigmoid_constrained_hypersphere(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    scale: float = 64.0,
    sharpness: float = 80.0,
    intra_center: float = 0.80,
    inter_center: float = 1.23,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cosine with the other classes less that with the right one, each as strong as its angle calls for.

    .. math::
        L_i &= -\left[ r(\theta_{i y_i}) \right] \cos\theta_{i y_i}
               + \sum_{j \ne y_i} \left[ q(\theta_{ij}) \right] \cos\theta_{ij} \\
        r(\theta) &= s \, \sigma(k (\theta - a)), \quad q(\theta) = s \, \sigma(-k (\theta - b))

    where brackets are constants of the gradient. The value is of little use: what counts is its gradient,
    which is r and q in the cosines.

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        scale: s, the full strength of a pull, above 0.
        sharpness: k, above 0; how steeply a pull is switched.
        intra_center: a in radians; an item further from its class is pulled there.
        inter_center: b in radians; an item nearer to another class is pushed from there.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none".

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``scale`` or
            ``sharpness`` is not above 0.

    Differs from the paper: the defaults are those of the authors' code, which itself runs with a = 0.87 and
        b = 1.20 on CASIA-WebFace. Cosines are cut 1e-7 short of 1; without it, parallel vectors give NaN.

    Source: Zhong, Deng, Hu, Zhao, Li and Wen, SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face
        Recognition, IEEE Transactions on Image Processing 2021.

    Example:
        >>> import torch
        >>> embeddings, weight = torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, -1.0]])
        >>> # both angles at their centre, so half the strength: -cos(45 degrees) / 2 + cos(135 degrees) / 2
        >>> centers = {"intra_center": torch.pi / 4, "inter_center": 3 * torch.pi / 4}
        >>> sigmoid_constrained_hypersphere(embeddings, torch.tensor([0]), weight, scale=1.0, **centers)
        tensor(-0.7071)
    """
    check_positive("scale", scale)
    check_positive("sharpness", sharpness)
    check_real("intra_center", intra_center)
    check_real("inter_center", inter_center)
    cosine, columns = class_cosines(embeddings, labels, weight)
    angle = cosine.detach().clamp(-1, 1).acos()
    pull = scale * (sharpness * (angle.gather(1, columns) - intra_center)).sigmoid()
    push = scale * (-sharpness * (angle - inter_center)).sigmoid()
    strength = push.scatter(1, columns, -pull)
    return reduce((strength * cosine).sum(1), reduction)


SigmoidConstrainedHypersphere = head_module(sigmoid_constrained_hypersphere)

LOSS = LossSpec(
    function=sigmoid_constrained_hypersphere,
    module=SigmoidConstrainedHypersphere,
    paper=Paper(
        title="SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition",
        authors="Zhong, Deng, Hu, Zhao, Li and Wen",
        venue="IEEE Transactions on Image Processing",
        year=2021,
        url="https://arxiv.org/abs/2205.12010",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=head_example,
    pairs_with=VERIFICATION_METRICS,
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT, Property.REJECTS_EMPTY_BATCH}),
    aliases=("sface",),
    exceptions={
        "gradcheck": "the strengths are constants of the gradient, by definition, but not of the value"
    },
    module_sizes=EXAMPLE_SIZES,
)
