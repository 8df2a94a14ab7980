"""Partial AUC by a soft maximum: every positive against its negatives, the hardest of them counting most.

It trains the left end of the ROC curve, where few negatives pass, as screening and retrieval need. Its exact
metric is the partial AUC up to a false positive rate.
"""

import math

from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.losses.auc._inputs import check_share, check_surrogate, ranked_samples, ten_scores
from lossary.losses.auc._log_means import log_pair_means, move_log_mean
from lossary.ops.dataset_rows import dataset_rows, read_rows, revise_rows
from lossary.ops.surrogates import Surrogate


@full_precision
def partial_auc_kl(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    temperature: float = 1.0,
    surrogate: Surrogate = "squared_hinge",
    margin: float = 1.0,
    scale: float = 1.0,
) -> Float[Tensor, ""]:
    r"""How far positives are from being scored above their hardest negatives.

    .. math:: L = \frac{1}{P} \sum_{i : y_i = 1} T \log
              \Big( \frac{1}{M} \sum_{j : y_j = 0} e^{\phi(s_i - s_j) / T} \Big)

    It is the largest mean loss that a reweighting of each positive's negatives can reach, less T times the
    Kullback-Leibler divergence of the weights from uniform ones. Time grows with the number of pairs; memory
    does not.

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: y, 0 or 1 (or bool), in the shape of ``score``; P positives and M negatives.
        temperature: T, above 0. As it grows, all negatives count alike, as in ``pairwise_auc``; towards 0
            the hardest negative of each positive alone counts.
        surrogate: phi, see `lossary.ops.surrogates`.
        margin: m of square and the hinges.
        scale: s of the other surrogates.

    Returns:
        A scalar: the mean over positives. A batch of one class gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it.
        DtypeError: ``score`` is not floating.
        InvalidInputError: ``surrogate`` is unknown; ``temperature``, ``margin`` or ``scale`` is not above 0;
            ``score`` has NaN or infinite values or its exponential loss overflows; ``target`` has values
            other than 0 and 1; or second derivatives are asked for.

    Differs from the paper: the default surrogate and margin are those of the authors' code.

    Source: Zhu, Li, Wang, Wu and Yang, When AUC meets DRO: Optimizing Partial AUC for Deep Learning with
        Non-Convex Convergence Guarantee, ICML 2022.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([1.0, 1.0, 0.0]), torch.tensor([1, 0, 0])
        >>> partial_auc_kl(score, target)  # pair losses 1 and 0: log((e + 1) / 2)
        tensor(0.6201)
    """
    score, positive = ranked_samples(score, target)
    check_positive("temperature", temperature)
    check_surrogate(surrogate, margin, scale)
    means = log_pair_means(
        score, positive, temperature=temperature, surrogate=surrogate, margin=margin, scale=scale
    )
    return (temperature * means.sum() / positive.sum().clamp(min=1)).to(score.dtype)


PartialAucKl = loss_module(partial_auc_kl)


class MovingAveragePartialAucKl(nn.Module):
    r"""`partial_auc_kl` for mini-batches: the mean below each positive's logarithm is a running one.

    .. math:: L = \frac{1}{P} \sum_{i : y_i = 1} \frac{T}{u_i} e^{v_i} v_i, \qquad
              v_i = \log \Big( \frac{1}{M} \sum_{j : y_j = 0} e^{\phi(s_i - s_j) / T} \Big)

    u_i is the running mean of :math:`e^{v_i}` over the batches with sample i; the gradient goes through the
    last factor alone, which gives the mean of :math:`e^{\phi / T} / u_i` times the gradient of phi. The value
    carries the gradient and means nothing by itself.

    Args:
        num_samples: rows of the dataset.
        rate: share of the batch in a new running mean, in (0, 1]; with 1 the gradient is that of
            `partial_auc_kl`.
        temperature: as there.
        surrogate: as there.
        margin: as there.
        scale: as there.

    Attributes:
        log_mean: the logarithm of u, one per dataset row; -inf for a row not seen yet.

    Source: Zhu, Li, Wang, Wu and Yang, When AUC meets DRO: Optimizing Partial AUC for Deep Learning with
        Non-Convex Convergence Guarantee, ICML 2022 (SOPA-s).

    Example:
        >>> import torch
        >>> criterion = MovingAveragePartialAucKl(100)
        >>> score = torch.tensor([1.0, 1.0], requires_grad=True)
        >>> criterion(score, torch.tensor([1, 0]), torch.tensor([7, 30])).backward()
        >>> criterion.log_mean[7].exp()  # 0.9 of e^1
        tensor(2.4465)
    """

    log_mean: Tensor

    def __init__(
        self,
        num_samples: int,
        *,
        rate: float = 0.9,
        temperature: float = 1.0,
        surrogate: Surrogate = "squared_hinge",
        margin: float = 1.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        check_share("rate", rate)
        check_positive("temperature", temperature)
        check_surrogate(surrogate, margin, scale)
        self.rate = rate
        self.temperature = temperature
        self.surrogate = surrogate
        self.margin = margin
        self.scale = scale
        self.register_buffer("log_mean", dataset_rows(num_samples).log())

    @full_precision
    def forward(self, score: Tensor, target: Tensor, index: Tensor) -> Tensor:
        """The carrier of the gradient, a scalar; training mode revises the means of the batch's positives.

        Args:
            score: (batch,) or (batch, 1).
            target: 0 or 1 (or bool), in the shape of ``score``.
            index: (batch,), the dataset row of each sample. In evaluation mode a row without a running mean
                counts with the batch's.
        """
        score, positive = ranked_samples(score, target)
        means = log_pair_means(
            score,
            positive,
            temperature=self.temperature,
            surrogate=self.surrogate,
            margin=self.margin,
            scale=self.scale,
        )
        log_mean = read_rows(self.log_mean, index, means)
        if self.training:
            log_mean = move_log_mean(log_mean, means, self.rate)
            revise_rows(self.log_mean, index, log_mean, positive & (~positive).any())
        log_mean = log_mean.where(log_mean > -math.inf, means.detach())
        carrier = (means.detach() - log_mean).exp() * means
        return (self.temperature * carrier.sum() / positive.sum().clamp(min=1)).to(score.dtype)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_samples={self.log_mean.numel()}, rate={self.rate!r}, temperature={self.temperature!r}, "
            f"surrogate={self.surrogate!r}, margin={self.margin!r}, scale={self.scale!r}"
        )


LOSS = LossSpec(
    function=partial_auc_kl,
    module=PartialAucKl,
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
    pairs_with=(ExactMetric(name="partial_auc", options={"max_fpr": 0.3}),),
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.CONVEX}
    ),
)
