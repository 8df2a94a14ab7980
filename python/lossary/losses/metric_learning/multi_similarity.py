"""Multi-Similarity: pairs weighted by their own similarity and by how it compares with the anchor's others.

Positives and negatives are mined per anchor, then each side is summed in a soft maximum, so that the hardest
pairs dominate without being the only ones that count.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import (
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_positive, check_real
from lossary.losses.metric_learning._pairs import log_one_plus_sum
from lossary.losses.metric_learning._queries import RANKING_METRICS, labelled_example
from lossary.training.multi_similarity_miner import (
    DuplicateThreshold,
    Pairs,
    label_pairs,
    mine_pairs,
    pair_similarity,
)


@full_precision
def multi_similarity(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    epsilon: float = 0.1,
    mine: bool = True,
    normalize: bool = True,
    duplicate_threshold: DuplicateThreshold = "auto",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Pull positives above, and push negatives below, a base similarity, hardest pairs first.

    .. math::
        L_i = \frac{1}{\alpha} \ln \Big( 1 + \sum_{j \in P_i} e^{-\alpha (S_{ij} - \lambda)} \Big)
            + \frac{1}{\beta} \ln \Big( 1 + \sum_{j \in N_i} e^{\beta (S_{ij} - \lambda)} \Big)

    S is the similarity of two embeddings, P and N the mined positives and negatives of an anchor
    (`lossary.training.multi_similarity_miner`).

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        alpha: sharpness of the soft maximum over positives.
        beta: sharpness of the soft maximum over negatives.
        base: the similarity λ that positives should exceed and negatives should not.
        epsilon: slack of the mining; a larger value keeps more pairs.
        mine: keep only the pairs that contradict each other; False keeps all, and every anchor counts.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        duplicate_threshold: a positive at least this similar is a duplicate of the anchor and no pair. "auto"
            is 1 - 1e-5 for cosines and no test for dot products; None disables the test.
        reduction: "mean" over all anchors, contributing or not, "sum", or "none".

    Returns:
        A scalar, or one value per anchor under "none". An anchor without any mined pair has 0: a batch of one
        item, of one class, or of different classes only, gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; ``alpha`` or
            ``beta`` is not above 0; ``epsilon`` is negative.

    Differs from the paper: ``base`` is 0.5, as in the authors' code; the paper's text has λ = 1. ``beta`` is
        the paper's 50; the authors' code has 40. An anchor without positive or negative is skipped, where the
        authors' code stops with an error.

    Source: Wang, Han, Huang, Dong and Scott, Multi-Similarity Loss with General Pair Weighting for Deep
        Metric Learning, CVPR 2019, section 4.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
        >>> labels = torch.tensor([0, 0, 1])
        >>> # anchor 0: one positive at cosine 0, one negative at 1: ln(1 + e) / 2 + ln(1 + e^25) / 50
        >>> multi_similarity(embeddings, labels, reduction="none")
        tensor([1.1566, 0.6566, 0.0000])
    """
    similarity = pair_similarity(embeddings, labels, normalize=normalize)
    pairs = label_pairs(similarity, labels, normalize=normalize, duplicate_threshold=duplicate_threshold)
    if mine:
        pairs = mine_pairs(similarity, pairs, epsilon=epsilon)
    return reduce(multi_similarity_values(similarity, pairs, alpha=alpha, beta=beta, base=base), reduction)


def multi_similarity_values(
    similarity: Tensor, pairs: Pairs, *, alpha: float, beta: float, base: float
) -> Tensor:
    """`multi_similarity` for each anchor, (batch,), of the similarities of all pairs and those to count."""
    check_positive("alpha", alpha)
    check_positive("beta", beta)
    check_real("base", base)
    pull = log_one_plus_sum(-alpha * (similarity - base), pairs.positive) / alpha
    return pull + log_one_plus_sum(beta * (similarity - base), pairs.negative) / beta


MultiSimilarity = loss_module(multi_similarity)


LOSS = LossSpec(
    function=multi_similarity,
    module=MultiSimilarity,
    paper=Paper(
        title="Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning",
        authors="Wang, Han, Huang, Dong and Scott",
        venue="CVPR",
        year=2019,
        url="https://arxiv.org/abs/1904.06627",
        equation="section 4",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=RANKING_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("ms_loss",),
)
