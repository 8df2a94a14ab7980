"""Two-way partial AUC by soft maxima: the hardest positives against the hardest negatives count most.

It trains the corner of the ROC curve in which few negatives pass and most positives do. Its exact metric is
the partial AUC of that corner.
"""

import math

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.losses.auc._inputs import check_share, check_surrogate, ranked_samples, ten_scores
from lossary.losses.auc._log_means import log_mean_exp, log_pair_means, move_log_mean
from lossary.ops.dataset_rows import dataset_rows, read_rows, revise_rows
from lossary.ops.surrogates import Surrogate


@full_precision
def two_way_partial_auc_kl(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    temperature_negative: float = 1.0,
    temperature_positive: float = 1.0,
    surrogate: Surrogate = "squared_hinge",
    margin: float = 1.0,
    scale: float = 1.0,
) -> Float[Tensor, ""]:
    r"""How far the hardest positives are from being scored above their hardest negatives.

    .. math:: L = T' \log \Big( \frac{1}{P} \sum_{i : y_i = 1} \Big(
              \frac{1}{M} \sum_{j : y_j = 0} e^{\phi(s_i - s_j) / T} \Big)^{T / T'} \Big)

    With equal temperatures it is one soft maximum over all pairs. Time grows with the number of pairs; memory
    does not.

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: y, 0 or 1 (or bool), in the shape of ``score``; P positives and M negatives.
        temperature_negative: T, above 0. As it grows, all negatives of a positive count alike; towards 0 the
            hardest alone counts.
        temperature_positive: T', above 0. As it grows, all positives count alike, as in ``partial_auc_kl``;
            towards 0 the hardest alone counts.
        surrogate: phi, see `lossary.ops.surrogates`.
        margin: m of square and the hinges.
        scale: s of the other surrogates.

    Returns:
        A scalar. A batch of one class gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it.
        DtypeError: ``score`` is not floating.
        InvalidInputError: ``surrogate`` is unknown; a temperature, ``margin`` or ``scale`` is not above 0;
            ``score`` has NaN or infinite values or its exponential loss overflows; ``target`` has values
            other than 0 and 1; or second derivatives are asked for.

    Differs from the paper: the default surrogate and margin are those of the authors' code.

    Source: Zhu, Li, Wang, Wu and Yang, When AUC meets DRO: Optimizing Partial AUC for Deep Learning with
        Non-Convex Convergence Guarantee, ICML 2022.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1, 1, 0])
        >>> two_way_partial_auc_kl(score, target)  # pair losses 1 and 0: log((e + 1) / 2)
        tensor(0.6201)
    """
    score, positive = ranked_samples(score, target)
    check_positive("temperature_negative", temperature_negative)
    check_positive("temperature_positive", temperature_positive)
    check_surrogate(surrogate, margin, scale)
    means = log_pair_means(
        score, positive, temperature=temperature_negative, surrogate=surrogate, margin=margin, scale=scale
    )
    ratio = temperature_negative / temperature_positive
    return (temperature_positive * log_mean_exp(ratio * means, positive)).to(score.dtype)


TwoWayPartialAucKl = loss_module(two_way_partial_auc_kl)


class MovingAverageTwoWayPartialAucKl(nn.Module):
    r"""`two_way_partial_auc_kl` for mini-batches: the means below both logarithms are running ones.

    .. math:: L = \frac{1}{P} \sum_{i : y_i = 1} \frac{T}{w} u_i^{T / T' - 1} e^{v_i} v_i, \qquad
              v_i = \log \Big( \frac{1}{M} \sum_{j : y_j = 0} e^{\phi(s_i - s_j) / T} \Big)

    u_i is the running mean of :math:`e^{v_i}` over the batches with sample i, and w that of the mean of
    :math:`u_i^{T / T'}` over the positives of a batch; the gradient goes through the last factor alone, which
    gives the mean of :math:`u_i^{T / T' - 1} e^{\phi / T} / w` times the gradient of phi. The value carries
    the gradient and means nothing by itself.

    Args:
        num_samples: rows of the dataset.
        rate_inner: share of the batch in a new u_i, in (0, 1].
        rate_outer: share of the batch in a new w, in (0, 1]; with both rates 1 the gradient is that of
            `two_way_partial_auc_kl`.
        temperature_negative: as there.
        temperature_positive: as there.
        surrogate: as there.
        margin: as there.
        scale: as there.

    Attributes:
        log_mean: the logarithm of u, one per dataset row; -inf for a row not seen yet.
        log_outer_mean: the logarithm of w; -inf before the first batch.

    Source: Zhu, Li, Wang, Wu and Yang, When AUC meets DRO: Optimizing Partial AUC for Deep Learning with
        Non-Convex Convergence Guarantee, ICML 2022 (SOTA-s).

    Example:
        >>> import torch
        >>> criterion = MovingAverageTwoWayPartialAucKl(100)
        >>> score = torch.tensor([1.0, 1.0], requires_grad=True)
        >>> criterion(score, torch.tensor([1, 0]), torch.tensor([7, 30])).backward()
        >>> criterion.log_outer_mean.exp()  # 0.9 of 0.9 of e^1
        tensor(2.2018)
    """

    log_mean: Tensor
    log_outer_mean: Tensor

    def __init__(
        self,
        num_samples: int,
        *,
        rate_inner: float = 0.9,
        rate_outer: float = 0.9,
        temperature_negative: float = 1.0,
        temperature_positive: float = 1.0,
        surrogate: Surrogate = "squared_hinge",
        margin: float = 1.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        check_share("rate_inner", rate_inner)
        check_share("rate_outer", rate_outer)
        check_positive("temperature_negative", temperature_negative)
        check_positive("temperature_positive", temperature_positive)
        check_surrogate(surrogate, margin, scale)
        self.rate_inner = rate_inner
        self.rate_outer = rate_outer
        self.temperature_negative = temperature_negative
        self.temperature_positive = temperature_positive
        self.surrogate = surrogate
        self.margin = margin
        self.scale = scale
        self.register_buffer("log_mean", dataset_rows(num_samples).log())
        self.register_buffer("log_outer_mean", torch.tensor(-math.inf))

    @full_precision
    def forward(self, score: Tensor, target: Tensor, index: Tensor) -> Tensor:
        """The carrier of the gradient, a scalar; training mode revises the means of the batch's positives.

        Args:
            score: (batch,) or (batch, 1).
            target: 0 or 1 (or bool), in the shape of ``score``.
            index: (batch,), the dataset row of each sample. In evaluation mode the batch's means stand in for
                running means that do not exist yet.
        """
        score, positive = ranked_samples(score, target)
        means = log_pair_means(
            score,
            positive,
            temperature=self.temperature_negative,
            surrogate=self.surrogate,
            margin=self.margin,
            scale=self.scale,
        )
        ratio = self.temperature_negative / self.temperature_positive
        inner = read_rows(self.log_mean, index, means)
        if self.training:
            inner = move_log_mean(inner, means, self.rate_inner)
        inner = inner.where(inner > -math.inf, means.detach())
        of_batch = log_mean_exp(ratio * inner, positive)
        outer = self.log_outer_mean.to(means.dtype)
        if self.training:
            outer = move_log_mean(outer, of_batch, self.rate_outer)
            has_pair = positive.any() & (~positive).any()
            revise_rows(self.log_mean, index, inner, positive & has_pair)
            self.log_outer_mean.copy_(outer.where(has_pair, self.log_outer_mean))
        outer = outer.where(outer > -math.inf, of_batch)
        carrier = ((ratio - 1) * inner + means.detach() - outer).exp() * means
        return (self.temperature_negative * carrier.sum() / positive.sum().clamp(min=1)).to(score.dtype)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_samples={self.log_mean.numel()}, rate_inner={self.rate_inner!r}, "
            f"rate_outer={self.rate_outer!r}, temperature_negative={self.temperature_negative!r}, "
            f"temperature_positive={self.temperature_positive!r}, surrogate={self.surrogate!r}, "
            f"margin={self.margin!r}, scale={self.scale!r}"
        )


LOSS = LossSpec(
    function=two_way_partial_auc_kl,
    module=TwoWayPartialAucKl,
    paper=Paper(
        title="When AUC meets DRO: Optimizing Partial AUC for Deep Learning with Non-Convex Convergence "
        "Guarantee",
        authors="Zhu, Li, Wang, Wu and Yang",
        venue="ICML",
        year=2022,
        url="https://arxiv.org/abs/2203.00176",
    ),
    differentiable=("score",),
    example_inputs=ten_scores,
    pairs_with=(ExactMetric(name="partial_auc", options={"max_fpr": 0.5, "min_tpr": 0.5}),),
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.CONVEX}
    ),
)
