"""N-pair: each positive against all negatives of its anchor, in a softmax.

A triplet loss in which the negatives of an anchor share one weight, most of it on the hardest.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_positive
from lossary.losses.metric_learning._pairs import log_one_plus_exp, mean_over, similar_pairs
from lossary.losses.metric_learning._queries import PAIR_METRICS, labelled_example
from lossary.ops.masked_softmax import masked_log_sum_exp
from lossary.training.multi_similarity_miner import Pairs


@full_precision
def n_pair(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    scale: float = 1.0,
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How probable a softmax finds the negatives of an anchor beside each of its positives.

    .. math:: L_i = \frac{1}{|P_i|} \sum_{a \in P_i} \ln \Big( 1 + \sum_{b \in N_i} e^{s (S_{ib} - S_{ia})}
              \Big)

    S is the similarity of two embeddings, P the other items with the label of an anchor, N those with
    another.

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        scale: s, above 0; 1 is the textbook's, and cosines need 10 to 30 to learn.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" or "sum" over anchors, or "none".

    Returns:
        A scalar, or one value per anchor under "none". An anchor without a positive or without a negative has
        0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``scale`` is not above 0.

    Differs from the paper: all positives of an anchor count, not one; it compares dot products, and adds a
        penalty on the length of the embeddings, where this divides by the length.

    Source: Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, NeurIPS 2016,
        equation 6.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> labels = torch.tensor([0, 0, 1])
        >>> n_pair(embeddings, labels, reduction="none")  # of the first: ln(1 + e^(0.8 - 0.6))
        tensor([0.7981, 0.8893, 0.0000])
    """
    similarity, pairs = similar_pairs(embeddings, labels, normalize=normalize)
    return reduce(n_pair_values(similarity, pairs, scale=scale), reduction)


def n_pair_values(similarity: Tensor, pairs: Pairs, *, scale: float) -> Tensor:
    """`n_pair` for each anchor, (batch,), of the similarities of all pairs."""
    check_positive("scale", scale)
    logits = scale * similarity
    negatives = masked_log_sum_exp(logits, pairs.negative).unsqueeze(1)
    return mean_over(log_one_plus_exp(negatives - logits), pairs.positive)


NPair = loss_module(n_pair)

LOSS = LossSpec(
    function=n_pair,
    module=NPair,
    paper=Paper(
        title="Improved Deep Metric Learning with Multi-class N-pair Loss Objective",
        authors="Sohn",
        venue="NeurIPS",
        year=2016,
        url="https://proceedings.neurips.cc/paper/2016/hash/6b180037abbebea991d8b1232f8a8ca9-Abstract.html",
        equation="equation 6",
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
