"""Mann-Whitney: the logistic surrogate of the area under the ROC curve, over all pairs of the batch.

It trains the order of the scores and nothing else: every positive above every negative, whatever the share
of positives. Its exact metric is the ROC AUC.
"""

from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.losses.auc._inputs import ranked_samples, ten_scores
from lossary.ops.all_pairs import all_pairs


@full_precision
def mann_whitney(
    score: Float[Tensor, "batch"] | Float[Tensor, "batch 1"],
    target: Bool[Tensor, "*batch"] | Integer[Tensor, "*batch"] | Float[Tensor, "*batch"],
    *,
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    r"""How far positives are from being scored above negatives, over every pair of the two.

    Divided by log 2 it bounds one minus the ROC AUC from above (at any temperature). Only differences of
    scores count, so the scores come out ranked, not calibrated. Time and memory grow with the number of
    samples, not of pairs: on the CPU a million positives against a million negatives take part of a second.

    .. math:: L = \frac{1}{P M} \sum_{i : y_i = 1} \sum_{j : y_j = 0}
              \log\left(1 + e^{-(s_i - s_j) / T}\right)

    Args:
        score: s, any real number; larger means more likely positive. A column (batch, 1) is read as (batch,).
        target: y, 0 or 1 (or bool), in the shape of ``score``; P positives and M negatives.
        temperature: T, above 0; smaller comes closer to counting misordered pairs. For cosine similarities
            0.02 to 0.1 works better than the neutral 1.

    Returns:
        A scalar: a mean over pairs, so there is no value per sample. All scores equal give log 2; a batch of
        one class has no pair and gives 0.

    Raises:
        ShapeError: ``score`` is neither (batch,) nor (batch, 1), or ``target`` differs from it.
        DtypeError: ``score`` is not floating.
        InvalidInputError: ``temperature`` is not above 0, ``score`` has NaN or infinite values, ``target``
            has values other than 0 and 1, or third derivatives are asked for.

    Differs from the paper: the default temperature of 1 is ours; the paper tunes it. The paper takes the
        pairs from a matrix of query and key similarities; this is the same mean over any scores.

    Source: Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar, Optimizing What Matters: AUC-Driven
        Learning for Robust Neural Retrieval, arXiv 2510.00137, 2025.

    Example:
        >>> import torch
        >>> mann_whitney(torch.tensor([2.0, 0.0]), torch.tensor([1, 0]))  # log(1 + exp(-2))
        tensor(0.1269)
    """
    score, positive = ranked_samples(score, target)
    check_positive("temperature", temperature)
    return all_pairs(score, positive, temperature=float(temperature))


MannWhitney = loss_module(mann_whitney)


LOSS = LossSpec(
    function=mann_whitney,
    module=MannWhitney,
    paper=Paper(
        title="Optimizing What Matters: AUC-Driven Learning for Robust Neural Retrieval",
        authors="Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2510.00137",
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
    aliases=("mw",),
)
