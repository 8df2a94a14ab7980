"""Lifted structure: the soft hardest negative of an anchor against its soft hardest positive, with a margin.

One hinge per anchor over all its pairs at once, or in the original form one per positive pair, over the
negatives of both its ends.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_real
from lossary.losses.metric_learning._pairs import distant_pairs, similar_pairs
from lossary.losses.metric_learning._queries import PAIR_METRICS, labelled_example
from lossary.ops.masked_softmax import masked_log_sum_exp
from lossary.training.multi_similarity_miner import Pairs

LiftedForm = Literal["generalized", "original"]


@full_precision
def lifted_structure(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    margin: float = 1.0,
    form: LiftedForm = "generalized",
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far all positives are from being closer to their anchor, by a margin, than all negatives.

    .. math:: L_i = \max \Big( 0, m + \ln \sum_{j \in P_i} e^{-S_{ij}} + \ln \sum_{j \in N_i} e^{S_{ij}} \Big)

    or, in the original form, with the Euclidean distance d of the embeddings,

    .. math:: L = \frac{1}{2 |P|} \sum_{(i, j) \in P} \max \Big( 0, d_{ij} + \ln \Big( \sum_{k \in N_i}
              e^{m - d_{ik}} + \sum_{k \in N_j} e^{m - d_{jk}} \Big) \Big)^2

    S is the similarity of two embeddings, P the other items with the label of an anchor, or all ordered
    pairs, and N the items with another label.

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        margin: m, a similarity, or a distance in the original form.
        form: "generalized" for the first, "original" for the second.
        normalize: divide each row by its length first; False compares by the dot product, or the distance, of
            the rows as they come.
        reduction: "mean" or "sum" over anchors, or "none"; the original form is a scalar with any.

    Returns:
        A scalar, or one value per anchor under "none". An anchor, or a pair, without a positive or without a
        negative has 0. Second derivatives of the original form need torch 2.15.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``form`` is unknown.

    Differs from the paper: the first form is that of Hermans, Beyer and Leibe, In Defense of the Triplet Loss
        for Person Re-Identification, arXiv 1703.07737, 2017, on similarities. In the second each pair is
        taken both ways round.

    Source: Song, Xiang, Jegelka and Savarese, Deep Metric Learning via Lifted Structured Feature Embedding,
        CVPR 2016, equation 4.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> labels = torch.tensor([0, 0, 1])
        >>> lifted_structure(embeddings, labels, reduction="none")  # of the first: 1 - 0.6 + 0.8
        tensor([1.2000, 1.3600, 0.0000])
    """
    check_choice("form", form, get_args(LiftedForm))
    if form == "generalized":
        similarity, pairs = similar_pairs(embeddings, labels, normalize=normalize)
        return reduce(lifted_structure_values(similarity, pairs, margin=margin), reduction)
    check_real("margin", margin)
    check_choice("reduction", reduction, get_args(Reduction))
    distances, pairs = distant_pairs(embeddings, labels, normalize=normalize)
    # Both ends of a positive pair have the same negatives, so that these are missing for both or for none.
    some = pairs.negative.any(1)
    negatives = masked_log_sum_exp(margin - distances, pairs.negative).where(some, 0.0)
    hinges = (torch.logaddexp(negatives.unsqueeze(1), negatives) + distances).relu()
    total = hinges.square().where(pairs.positive & some.unsqueeze(1), 0.0).sum()
    return total / (2 * pairs.positive.sum()).clamp(min=1)


def lifted_structure_values(similarity: Tensor, pairs: Pairs, *, margin: float) -> Tensor:
    """The first form of `lifted_structure` for each anchor, (batch,), of the similarities of all pairs."""
    check_real("margin", margin)
    positives = masked_log_sum_exp(-similarity, pairs.positive)
    negatives = masked_log_sum_exp(similarity, pairs.negative)
    return (margin + positives + negatives).relu()


LiftedStructure = loss_module(lifted_structure)

LOSS = LossSpec(
    function=lifted_structure,
    module=LiftedStructure,
    paper=Paper(
        title="Deep Metric Learning via Lifted Structured Feature Embedding",
        authors="Song, Xiang, Jegelka and Savarese",
        venue="CVPR",
        year=2016,
        url="https://arxiv.org/abs/1511.06452",
        equation="equation 4",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=PAIR_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
