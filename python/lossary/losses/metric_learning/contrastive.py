"""Contrastive: positives as close as can be, negatives only as far as a margin.

The oldest loss over pairs, in two forms: on similarities, linear in each, and on distances, quadratic.
"""

from typing import Literal, get_args

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_real
from lossary.losses.metric_learning._pairs import distant_pairs, similar_pairs
from lossary.losses.metric_learning._queries import PAIR_METRICS, labelled_example
from lossary.training.multi_similarity_miner import Pairs

ContrastiveDistance = Literal["cosine", "euclidean"]


@full_precision
def contrastive(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    margin: float = 0.5,
    distance: ContrastiveDistance = "cosine",
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Pull positives together, and push apart the negatives that are within a margin.

    .. math:: L_i = - \sum_{j \in P_i} S_{ij} + \sum_{j \in N_i} \max(0, S_{ij} - m)

    or, with the Euclidean distance d of the embeddings,

    .. math:: L_i = \frac{1}{2} \sum_{j \in P_i} d_{ij}^2 + \frac{1}{2} \sum_{j \in N_i} \max(0, m - d_{ij})^2

    S is the similarity of two embeddings, P the other items with the label of an anchor, N those with
    another.

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        margin: m: the similarity that negatives should not exceed, customarily 0.5; with
            ``distance="euclidean"`` the distance that they should have, such as 1.
        distance: "cosine" for the first form, "euclidean" for the second.
        normalize: divide each row by its length first; False compares by the dot product, or the distance, of
            the rows as they come.
        reduction: "mean" or "sum" over anchors, or "none".

    Returns:
        A scalar, or one value per anchor under "none". The first form is below 0 where positives outweigh
        negatives, as in a batch of one class. Second derivatives of the second form
        need torch 2.15.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``distance`` is unknown.

    Differs from the paper: the first form is that of Wang et al., Multi-Similarity Loss with General Pair
        Weighting for Deep Metric Learning, CVPR 2019, section 3. Sums are over the pairs of an anchor, so
        that each pair counts twice.

    Source: Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006,
        equation 4.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> contrastive(embeddings, torch.tensor([0, 0, 1]), reduction="none")  # first: -0.6 + (0.8 - 0.5)
        tensor([-0.3000, -0.1400,  0.7600])
    """
    check_choice("distance", distance, get_args(ContrastiveDistance))
    if distance == "cosine":
        similarity, pairs = similar_pairs(embeddings, labels, normalize=normalize)
        return reduce(contrastive_values(similarity, pairs, margin=margin), reduction)
    check_real("margin", margin)
    distances, pairs = distant_pairs(embeddings, labels, normalize=normalize)
    pull = distances.square().where(pairs.positive, 0.0)
    push = (margin - distances).relu().square().where(pairs.negative, 0.0)
    return reduce((pull + push).sum(1) / 2, reduction)


def contrastive_values(similarity: Tensor, pairs: Pairs, *, margin: float) -> Tensor:
    """The first form of `contrastive` for each anchor, (batch,), of the similarities of all pairs."""
    check_real("margin", margin)
    pull = similarity.where(pairs.positive, 0.0)
    push = (similarity - margin).relu().where(pairs.negative, 0.0)
    return (push - pull).sum(1)


Contrastive = loss_module(contrastive)

LOSS = LossSpec(
    function=contrastive,
    module=Contrastive,
    paper=Paper(
        title="Dimensionality Reduction by Learning an Invariant Mapping",
        authors="Hadsell, Chopra and LeCun",
        venue="CVPR",
        year=2006,
        url="https://doi.org/10.1109/CVPR.2006.100",
        equation="equation 4",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=PAIR_METRICS,
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
