"""Average precision: a surrogate that asks, for each positive, how many of those above it are positives.

Unlike the ROC AUC it looks at the top of the ranking, and it depends on how rare positives are. Its exact
metric is the average precision score.
"""

from functools import partial

from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.losses.auc._inputs import check_share, check_surrogate, ranked_samples, ten_scores
from lossary.ops.dataset_rows import dataset_rows, read_rows, revise_rows
from lossary.ops.pair_rows import pair_row_means
from lossary.ops.surrogates import Surrogate


@full_precision
def average_precision_surrogate(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    surrogate: Surrogate = "squared_hinge",
    margin: float = 1.0,
    scale: float = 1.0,
) -> Float[Tensor, ""]:
    r"""The share of negatives among the samples above each positive, counted softly.

    .. math:: L = 1 - \frac{1}{P} \sum_{i : y_i = 1}
              \frac{\sum_{k : y_k = 1} \phi(s_i - s_k)}{\sum_k \phi(s_i - s_k)}

    phi stands for 1 where s_k is at least s_i, else 0; with these counts L is 1 minus the average precision.
    Time is n log n with square and the hinges, and linear with the exponential.

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: y, 0 or 1 (or bool), in the shape of ``score``; P positives.
        surrogate: phi, see `lossary.ops.surrogates`.
        margin: m of square and the hinges: samples count up to this far below the positive.
        scale: s of the other surrogates.

    Returns:
        A scalar in [0, 1]: the mean over positives. A batch of one class gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it.
        DtypeError: ``score`` is not floating.
        InvalidInputError: ``surrogate`` is unknown; ``margin`` or ``scale`` is not above 0; ``score`` has NaN
            or infinite values, ``target`` values other than 0 and 1; or second derivatives are asked for.

    Differs from the paper: the constant 1, which the paper leaves out. The default surrogate and margin are
        those of the authors' code.

    Source: Qi, Luo, Xu, Ji and Yang, Stochastic Optimization of Areas Under Precision-Recall Curves with
        Provable Convergence, NeurIPS 2021.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([1.0, 1.0]), torch.tensor([1, 0])
        >>> average_precision_surrogate(score, target)  # tied: 1 of 2 is a positive
        tensor(0.5000)
    """
    score, positive = ranked_samples(score, target)
    check_surrogate(surrogate, margin, scale)
    if surrogate == "exponential":
        # The factor of the positive's own score cancels; as a softmax it cannot overflow either.
        above = (scale * score).softmax(0).where(~positive, 0.0).sum()
        return above.where(positive.any(), 0.0)
    # The sum over negatives instead of 1 minus that over positives: small losses keep their digits.
    means = partial(pair_row_means, score, positive, surrogate=surrogate, margin=margin, scale=scale)
    negatives, samples = means(of="negatives"), means(of="all").where(positive, 1.0)
    above = (negatives / samples).sum() * (~positive).sum() / max(score.numel(), 1)
    return above / positive.sum().clamp(min=1)


AveragePrecisionSurrogate = loss_module(average_precision_surrogate)


class MovingAverageAveragePrecisionSurrogate(nn.Module):
    r"""`average_precision_surrogate` for mini-batches: the sums of each positive are running means.

    .. math:: L = \frac{1}{P N} \sum_{i : y_i = 1} \sum_k
              \frac{u^+_i - u_i 1[y_k = 1]}{u_i^2} \phi(s_i - s_k)

    u_i and u_i^+ are running means of phi(s_i - s_k) and of 1[y_k = 1] phi(s_i - s_k) over the batches with
    sample i; they get no gradient. The value carries the gradient and means nothing by itself.

    Args:
        num_samples: rows of the dataset.
        rate: share of the batch in a new running mean, in (0, 1]; with 1 the gradient is that of
            `average_precision_surrogate`.
        surrogate: as there.
        margin: as there.
        scale: as there.

    Source: Qi, Luo, Xu, Ji and Yang, Stochastic Optimization of Areas Under Precision-Recall Curves with
        Provable Convergence, NeurIPS 2021, algorithm 1 (SOAP).

    Example:
        >>> import torch
        >>> criterion = MovingAverageAveragePrecisionSurrogate(100)
        >>> score = torch.tensor([1.0, 1.0], requires_grad=True)
        >>> criterion(score, torch.tensor([1, 0]), torch.tensor([7, 30])).backward()
        >>> criterion.mean[7], criterion.positive_mean[7]  # 0.9 of (1 + 1) / 2 and of 1 / 2
        (tensor(0.9000), tensor(0.4500))
    """

    mean: Tensor
    positive_mean: Tensor

    def __init__(
        self,
        num_samples: int,
        *,
        rate: float = 0.9,
        surrogate: Surrogate = "squared_hinge",
        margin: float = 1.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        check_share("rate", rate)
        check_surrogate(surrogate, margin, scale)
        self.rate = rate
        self.surrogate = surrogate
        self.margin = margin
        self.scale = scale
        self.register_buffer("mean", dataset_rows(num_samples))
        self.register_buffer("positive_mean", dataset_rows(num_samples))

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
        means = partial(
            pair_row_means, score, positive, surrogate=self.surrogate, margin=self.margin, scale=self.scale
        )
        of_all = means(of="all")
        of_positives = means(of="positives") * positive.sum() / max(score.numel(), 1)
        mean, positive_mean = (read_rows(rows, index, score) for rows in (self.mean, self.positive_mean))
        if self.training:
            mean = mean.lerp(of_all.detach(), self.rate)
            positive_mean = positive_mean.lerp(of_positives.detach(), self.rate)
            revise_rows(self.mean, index, mean, positive)
            revise_rows(self.positive_mean, index, positive_mean, positive)
        known = mean > 0  # the surrogate of the positive itself is among the terms of the mean
        positive_mean = positive_mean.where(known, of_positives.detach())
        mean = mean.where(known, of_all.detach()).where(positive, 1.0)
        carrier = (positive_mean * of_all - mean * of_positives) / mean.square()
        return carrier.where(positive, 0.0).sum() / positive.sum().clamp(min=1)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_samples={self.mean.numel()}, rate={self.rate!r}, surrogate={self.surrogate!r}, "
            f"margin={self.margin!r}, scale={self.scale!r}"
        )


LOSS = LossSpec(
    function=average_precision_surrogate,
    module=AveragePrecisionSurrogate,
    paper=Paper(
        title="Stochastic Optimization of Areas Under Precision-Recall Curves with Provable Convergence",
        authors="Qi, Luo, Xu, Ji and Yang",
        venue="NeurIPS",
        year=2021,
        url="https://arxiv.org/abs/2104.08736",
    ),
    differentiable=("score",),
    example_inputs=ten_scores,
    pairs_with=(ExactMetric(name="average_precision_score"),),
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.AT_MOST_ONE, Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT}
    ),
    aliases=("soap", "ap_loss"),
)
