"""Partial AUC by conditional value at risk: a pairwise surrogate over the hardest negatives of each positive.

Only the left end of the ROC curve counts, up to a false positive rate: what a screening or an alarm can
afford. Its exact metric is the partial AUC.
"""

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.losses.auc._inputs import check_share, check_surrogate, ranked_samples, ten_scores
from lossary.ops.all_pairs import all_pairs
from lossary.ops.dataset_rows import dataset_rows, read_rows, revise_rows
from lossary.ops.pair_rows import pair_row_tails, pair_row_top_means
from lossary.ops.surrogates import Surrogate


@full_precision
def partial_auc_cvar(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    max_fpr: float = 0.3,
    surrogate: Surrogate = "squared_hinge",
    margin: float = 1.0,
    scale: float = 1.0,
) -> Float[Tensor, ""]:
    r"""The mean of a pairwise surrogate over each positive's share of negatives with the largest losses.

    .. math:: L = \frac{1}{P} \sum_{i : y_i = 1} \frac{1}{k} \sum_r \min(\max(k - r, 0), 1)\, \phi_{i (r)},
              \qquad k = \beta M

    phi_i(0), phi_i(1), ... are the losses phi(s_i - s_j) of positive i, largest first. k may have a fraction,
    which the last one counts by. It equals the least value over t_i of
    mean_i (t_i + sum_j max(phi_ij - t_i, 0) / k). Time is n log n.

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: y, 0 or 1 (or bool), in the shape of ``score``; P positives and M negatives.
        max_fpr: beta, the largest false positive rate that counts, in (0, 1]; 1 gives `pairwise_auc`.
        surrogate: phi, see `lossary.ops.surrogates`.
        margin: m of square and the hinges: how far a positive should be above a negative.
        scale: s of the other surrogates, and the slope of the barrier hinge beyond its kinks.

    Returns:
        A scalar: a mean over positives. A batch of one class gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it.
        DtypeError: ``score`` is not floating.
        InvalidInputError: ``max_fpr`` is not in (0, 1]; ``surrogate`` is unknown; ``margin`` or ``scale`` is
            not above 0; ``score`` has NaN or infinite values, ``target`` values other than 0 and 1; or second
            derivatives are asked for with "square" or "barrier_hinge".

    Differs from the paper: the default of ``max_fpr`` is ours; the authors' code has 0.2.

    Source: Zhu, Li, Wang, Wu and Yang, When AUC meets DRO: Optimizing Partial AUC for Deep Learning with
        Non-Convex Convergence Guarantee, ICML 2022.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([1.0, 1.0, 0.5, 0.0, -1.0]), torch.tensor([1, 0, 0, 0, 0])
        >>> # 1.5 of the losses 1, 0.25, 0 and 0: (1 + 0.125) / 1.5
        >>> partial_auc_cvar(score, target, max_fpr=0.375)
        tensor(0.7500)
    """
    score, positive = ranked_samples(score, target)
    check_share("max_fpr", max_fpr)
    check_surrogate(surrogate, margin, scale)
    if surrogate in ("square", "barrier_hinge"):
        # Not falling everywhere: the largest losses are those of the highest negatives or of the lowest.
        rows = pair_row_top_means(
            score, positive, share=max_fpr, surrogate=surrogate, margin=margin, scale=scale
        )
        return rows.sum() / positive.sum().clamp(min=1)
    # A loss that falls with the difference is largest for the same negatives, whatever the positive.
    weight = _weights_of_hardest(score.detach(), positive, max_fpr)
    return all_pairs(score, positive, weight=weight, surrogate=surrogate, margin=margin, scale=scale)


def _weights_of_hardest(score: Tensor, positive: Tensor, share: float) -> Tensor:
    """1 for positives and for the share of negatives with the highest scores; the last by its fraction."""
    order = score.masked_fill(positive, -torch.inf).argsort(descending=True, stable=True)
    rank = torch.arange(score.numel(), dtype=score.dtype, device=score.device)
    kept = (share * (~positive).sum(dtype=score.dtype) - rank).clamp(0, 1)
    return torch.zeros_like(score).scatter(0, order, kept).masked_fill(positive, 1.0)


PartialAucCvar = loss_module(partial_auc_cvar)


class MovingAveragePartialAucCvar(nn.Module):
    r"""`partial_auc_cvar` for mini-batches: each positive keeps the threshold above which its losses count.

    .. math:: L = \frac{1}{\beta P M} \sum_{i : y_i = 1} \sum_{j : y_j = 0}
              1[\phi_{ij} > t_i] \, \phi_{ij}, \qquad
              t_i \leftarrow t_i - \eta \Big( 1 - \frac{\#\{j : \phi_{ij} > t_i\}}{\beta M} \Big)

    t_i takes a step towards the loss that the share beta of all negatives exceeds. The value carries the
    gradient and means nothing by itself.

    Args:
        num_samples: rows of the dataset.
        step: eta, the step of the thresholds, in units of the loss.
        max_fpr: as for `partial_auc_cvar`.
        surrogate: as there.
        margin: as there.
        scale: as there.

    Source: Zhu, Li, Wang, Wu and Yang, When AUC meets DRO: Optimizing Partial AUC for Deep Learning with
        Non-Convex Convergence Guarantee, ICML 2022 (SOPA).

    Example:
        >>> import torch
        >>> criterion = MovingAveragePartialAucCvar(100, max_fpr=0.5)
        >>> score = torch.tensor([1.0, 1.0], requires_grad=True)
        >>> criterion(score, torch.tensor([1, 0]), torch.tensor([7, 30])).backward()
        >>> criterion.threshold[7]  # 0 - 0.1 (1 - 1 / 0.5)
        tensor(0.1000)
    """

    threshold: Tensor

    def __init__(
        self,
        num_samples: int,
        *,
        step: float = 0.1,
        max_fpr: float = 0.3,
        surrogate: Surrogate = "squared_hinge",
        margin: float = 1.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        check_positive("step", step)
        check_share("max_fpr", max_fpr)
        check_surrogate(surrogate, margin, scale)
        self.step = step
        self.max_fpr = max_fpr
        self.surrogate = surrogate
        self.margin = margin
        self.scale = scale
        self.register_buffer("threshold", dataset_rows(num_samples))

    @full_precision
    def forward(self, score: Tensor, target: Tensor, index: Tensor) -> Tensor:
        """The carrier of the gradient, a scalar; training mode moves the thresholds of the batch's positives.

        Args:
            score: (batch,) or (batch, 1).
            target: 0 or 1 (or bool), in the shape of ``score``.
            index: (batch,), the dataset row of each sample.
        """
        score, positive = ranked_samples(score, target)
        threshold = read_rows(self.threshold, index, score)
        means, shares = pair_row_tails(
            score, positive, threshold, surrogate=self.surrogate, margin=self.margin, scale=self.scale
        )
        if self.training:
            moved = threshold - self.step * (1 - shares / self.max_fpr)
            revise_rows(self.threshold, index, moved, positive & (~positive).any())
        return means.sum() / self.max_fpr / positive.sum().clamp(min=1)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_samples={self.threshold.numel()}, step={self.step!r}, max_fpr={self.max_fpr!r}, "
            f"surrogate={self.surrogate!r}, margin={self.margin!r}, scale={self.scale!r}"
        )


LOSS = LossSpec(
    function=partial_auc_cvar,
    module=PartialAucCvar,
    paper=Paper(
        title=(
            "When AUC meets DRO: Optimizing Partial AUC for Deep Learning with Non-Convex Convergence "
            "Guarantee"
        ),
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
