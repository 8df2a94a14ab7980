"""Pairwise AUC: a surrogate of the area under the ROC curve, of your choice, over all pairs of the batch.

Each pair of a positive and a negative that is out of order, or in order by too little, costs something. Its
exact metric is the ROC AUC.
"""

from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.losses.auc._inputs import check_surrogate, ranked_samples, ten_scores
from lossary.ops.all_pairs import all_pairs
from lossary.ops.surrogates import Surrogate


@full_precision
def pairwise_auc(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    surrogate: Surrogate = "squared_hinge",
    margin: float = 1.0,
    scale: float = 1.0,
) -> Float[Tensor, ""]:
    r"""How far positives are from being scored a margin above negatives, over every pair of the two.

    .. math:: L = \frac{1}{P M} \sum_{i : y_i = 1} \sum_{j : y_j = 0} \phi(s_i - s_j)

    Neither time nor memory grows with the number of pairs: `lossary.ops.all_pairs`.

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: y, 0 or 1 (or bool), in the shape of ``score``; P positives and M negatives.
        surrogate: phi, see `lossary.ops.surrogates`. "square" pulls back pairs beyond the margin too;
            "logistic" with scale 1 / T is `mann_whitney` at temperature T.
        margin: m of square and the hinges: how far a positive should be above a negative.
        scale: s of the other surrogates, and the slope of the barrier hinge beyond its kinks.

    Returns:
        A scalar: a mean over pairs. A batch of one class has no pair and gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it.
        DtypeError: ``score`` is not floating.
        InvalidInputError: ``surrogate`` is unknown; ``margin`` or ``scale`` is not above 0; ``score`` has NaN
            or infinite values, ``target`` values other than 0 and 1; or the exponential overflows.

    Differs from the paper: the mean over pairs in place of the sum, and more surrogates.

    Source: Yan, Dodier, Mozer and Wolniewicz, Optimizing Classifier Performance via an Approximation to the
        Wilcoxon-Mann-Whitney Statistic, ICML 2003; the other surrogates have theirs in
        `lossary.ops.surrogates`.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([1.0, 0.5, -1.0]), torch.tensor([1, 0, 0])
        >>> pairwise_auc(score, target)  # (max(1 - 0.5, 0)^2 + max(1 - 2, 0)^2) / 2
        tensor(0.1250)
    """
    score, positive = ranked_samples(score, target)
    check_surrogate(surrogate, margin, scale)
    return all_pairs(score, positive, surrogate=surrogate, margin=margin, scale=scale)


PairwiseAuc = loss_module(pairwise_auc)


LOSS = LossSpec(
    function=pairwise_auc,
    module=PairwiseAuc,
    paper=Paper(
        title=(
            "Optimizing Classifier Performance via an Approximation to the Wilcoxon-Mann-Whitney Statistic"
        ),
        authors="Yan, Dodier, Mozer and Wolniewicz",
        venue="ICML",
        year=2003,
        url="https://www.aaai.org/Papers/ICML/2003/ICML03-110.pdf",
    ),
    differentiable=("score",),
    example_inputs=ten_scores,
    pairs_with=(ExactMetric(name="roc_auc_score"),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
