"""Binomial deviance: a logistic loss of each pair, averaged over the positives and negatives of an anchor.

Every pair counts by how far it is on the wrong side of a similarity, whatever the others of its anchor do.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_positive, check_real
from lossary.losses.metric_learning._pairs import log_one_plus_exp, mean_over, similar_pairs
from lossary.losses.metric_learning._queries import PAIR_METRICS, labelled_example
from lossary.training.multi_similarity_miner import Pairs


@full_precision
def binomial_deviance(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Pull positives above, and push negatives below, a base similarity, each pair on its own.

    .. math::
        L_i = \frac{1}{|P_i|} \sum_{j \in P_i} \ln \big( 1 + e^{-\alpha (S_{ij} - \lambda)} \big)
            + \frac{1}{|N_i|} \sum_{j \in N_i} \ln \big( 1 + e^{\beta (S_{ij} - \lambda)} \big)

    S is the similarity of two embeddings, P the other items with the label of an anchor, N those with
    another.

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        alpha: sharpness on positives, above 0.
        beta: sharpness on negatives, above 0: the paper's factor times its cost of 25.
        base: the similarity λ that positives should exceed and negatives should not.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" or "sum" over anchors, or "none".

    Returns:
        A scalar, or one value per anchor under "none". An anchor without positives, or without negatives, has
        the other part alone.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``alpha`` or ``beta`` is not above 0.

    Differs from the paper: pairs are averaged per anchor, and the cost of negatives multiplies the exponent
        only, as in Wang et al., Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning,
        CVPR 2019, section 3. The sharpness 2 and the cost 25 are those of Ustinova and Lempitsky, Learning
        Deep Embeddings with Histogram Loss, NeurIPS 2016.

    Source: Yi, Lei and Li, Deep Metric Learning for Practical Person Re-Identification, ICPR 2014.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> labels = torch.tensor([0, 0, 1])  # of the first: ln(1 + e^-0.1) + ln(1 + e^0.3)
        >>> binomial_deviance(embeddings, labels, alpha=1.0, beta=1.0, reduction="none")
        tensor([1.4988, 1.5938, 0.9019])
    """
    similarity, pairs = similar_pairs(embeddings, labels, normalize=normalize)
    values = binomial_deviance_values(similarity, pairs, alpha=alpha, beta=beta, base=base)
    return reduce(values, reduction)


def binomial_deviance_values(
    similarity: Tensor, pairs: Pairs, *, alpha: float, beta: float, base: float
) -> Tensor:
    """`binomial_deviance` for each anchor, (batch,), of the similarities of all pairs."""
    check_positive("alpha", alpha)
    check_positive("beta", beta)
    check_real("base", base)
    pull = mean_over(log_one_plus_exp(-alpha * (similarity - base)), pairs.positive)
    return pull + mean_over(log_one_plus_exp(beta * (similarity - base)), pairs.negative)


BinomialDeviance = loss_module(binomial_deviance)

LOSS = LossSpec(
    function=binomial_deviance,
    module=BinomialDeviance,
    paper=Paper(
        title="Deep Metric Learning for Practical Person Re-Identification",
        authors="Yi, Lei and Li",
        venue="ICPR",
        year=2014,
        url="https://arxiv.org/abs/1407.4979",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=PAIR_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
