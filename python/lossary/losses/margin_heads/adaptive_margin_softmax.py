"""Adaptive margin softmax (MadaCos): a margin head that sets its own scale and margin from every batch.

Training moves the cosines, and a scale and margin that suited the first epoch do not suit the last. Here the
typical item of the batch always has the same, small probability, so the pressure stays.
"""

import math
from typing import Any, Literal, NamedTuple, get_args

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Picture,
    Property,
    Reduction,
    full_precision,
    head_module,
    reduce,
)
from lossary.authoring.validation import check_between, check_choice, check_positive, check_real
from lossary.losses.margin_heads._heads import EXAMPLE_SIZES, RETRIEVAL_METRICS, head_example, softmax_loss
from lossary.ops.class_cosines import class_cosines, own_class
from lossary.ops.key_lists import rank_others

Background = Literal["median_sample", "mean", "median"]

_LEAST_DISTANCE = 1e-6  # of the median cosine from 1, which divides


class AdaptiveMarginSoftmaxTerms(NamedTuple):
    """The loss, and what it set from the batch."""

    loss: Tensor
    scale: Tensor
    margin: Tensor


@full_precision
def adaptive_margin_softmax_terms(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    alpha: float = 0.02,
    max_probability: float = 1 - 1e-7,
    min_scale: float = 32.0,
    background: Background = "median_sample",
    margin: float | None = None,
    reduction: Reduction = "mean",
) -> AdaptiveMarginSoftmaxTerms:
    """`adaptive_margin_softmax` with the scale and the margin that it set, detached and without axes."""
    check_between("alpha", alpha, 0.0, 1.0)
    check_between("max_probability", max_probability, 0.0, 1.0)
    check_positive("min_scale", min_scale)
    check_choice("background", background, get_args(Background))
    if margin is not None:
        check_real("margin", margin)
    cosine, columns = class_cosines(embeddings, labels, weight)
    own = own_class(cosine, columns)
    median = own.detach().median()  # the lower one of an even number
    # in double: 1 - max_probability has no digits in float32
    logit = math.log(max_probability / (1 - max_probability)) - math.log(alpha / (1 - alpha))
    scale = (logit / (1 - median).clamp(min=_LEAST_DISTANCE)).clamp(min=min_scale)
    if margin is not None:
        used = own.new_full((), margin)
    elif weight.shape[0] == 1:
        used = own.new_zeros(())
    else:
        others = (scale * cosine.detach()).scatter(1, columns, -math.inf).logsumexp(1)
        typical = _typical(others, own == median, background)
        used = (median - (typical + math.log(alpha / (1 - alpha))) / scale).relu()
    loss = reduce(softmax_loss(cosine, columns, own - used, scale), reduction)
    return AdaptiveMarginSoftmaxTerms(loss, scale, used)


def _typical(others: Tensor, is_median: Tensor, background: Background) -> Tensor:
    """Logarithm of what stands for the sum of a row's other classes, of the logarithms of all rows' sums."""
    if background == "mean":
        return others.logsumexp(0) - math.log(others.shape[0])
    if background == "median":
        return others.median()
    first = is_median.int().argmax(0, keepdim=True)
    return others.gather(0, first).squeeze(0)


@full_precision
def adaptive_margin_softmax(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    alpha: float = 0.02,
    max_probability: float = 1 - 1e-7,
    min_scale: float = 32.0,
    background: Background = "median_sample",
    margin: float | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""`cosface` with a scale and a margin that give the median item of the batch a set probability.

    .. math::
        L_i &= -\log \frac{e^{s (\cos\theta_{i y_i} - m)}}
               {e^{s (\cos\theta_{i y_i} - m)} + \sum_{j \ne y_i} e^{s \cos\theta_{ij}}} \\
        s &= \max\Big( s_0, \frac{1}{1 - t} \ln \frac{P (1 - \alpha)}{(1 - P) \alpha} \Big), \quad
        m = \max\Big( 0, t - \frac{1}{s} \ln \frac{\alpha B}{1 - \alpha} \Big)

    t is the lower median over the batch of the cosine with the right class, and B the sum of
    exp(s cos(theta)) over the other classes, of the item that has t. Both s and m are constants of the
    gradient, of this process's batch alone.

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        alpha: the probability of the median item, inside (0, 1).
        max_probability: P, the probability that the scale lets an item reach whose cosine is 1, inside
            (0, 1).
        min_scale: s_0, above 0.
        background: whose sum B is: "median_sample", that of the item that has t; "mean" over the items, or
            their lower "median".
        margin: in place of m; None sets it from the batch. The module takes 0 in evaluation mode.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none"; `adaptive_margin_softmax_terms` returns s and m, too.
        One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; an option is
            outside its domain.

    Differs from the paper: 1 - t counts as 1e-6 at least; the authors' code takes t and B over all processes.

    Source: Zhu, Gao, Ke, Qiao and Sun, Coarse-to-Fine: Learning Compact Discriminative Representation for
        Single-Stage Image Retrieval, ICCV 2023.

    Example:
        >>> import torch
        >>> weight = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
        >>> # t = 0, so s = ln(0.9 / 0.1) = 2.1972 and B = e^s: m is 0, and the loss ln(1 + 9)
        >>> options = {"alpha": 0.5, "max_probability": 0.9, "min_scale": 1.0}
        >>> adaptive_margin_softmax(torch.tensor([[0.0, 1.0]]), torch.tensor([0]), weight, **options)
        tensor(2.3026)
    """
    return adaptive_margin_softmax_terms(
        embeddings,
        labels,
        weight,
        alpha=alpha,
        max_probability=max_probability,
        min_scale=min_scale,
        background=background,
        margin=margin,
        reduction=reduction,
    ).loss


class AdaptiveMarginSoftmax(head_module(adaptive_margin_softmax)):  # type: ignore[misc]
    """`adaptive_margin_softmax` with a ``weight`` of its own, (num_classes, embedding_dim).

    It is a parameter, and starts normal with a standard deviation of 0.01. Options are the function's; a call
    may override them. In evaluation mode the margin is 0 unless it is set.
    """

    def forward(self, embeddings: Tensor, labels: Tensor, **overrides: Any) -> Tensor:
        """The loss of a batch, with the module's weight."""
        if not self.training and self.margin is None:
            overrides = {"margin": 0.0} | overrides
        loss: Tensor = super().forward(embeddings, labels, **overrides)
        return loss


def _towards_classes(example: dict[str, Any], share: Tensor) -> dict[str, Any]:
    """Each embedding moved to the row of its class."""
    embeddings, own = example["embeddings"], example["weight"][example["labels"]]
    return {"embeddings": embeddings + share * (own - embeddings)}


LOSS = LossSpec(
    function=adaptive_margin_softmax,
    module=AdaptiveMarginSoftmax,
    paper=Paper(
        title=(
            "Coarse-to-Fine: Learning Compact Discriminative Representation for Single-Stage Image Retrieval"
        ),
        authors="Zhu, Gao, Ke, Qiao and Sun",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2308.04008",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=head_example,
    pairs_with=(ExactMetric(name="mean_average_precision", adapt=rank_others), *RETRIEVAL_METRICS),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("madacos",),
    exceptions={
        "gradcheck": "scale and margin are constants of the gradient, by definition, but not of the value"
    },
    module_sizes=EXAMPLE_SIZES,
    picture=Picture(inputs=_towards_classes, low=-1.0, high=0.9, words="share of the way to the class"),
)
