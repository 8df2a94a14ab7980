"""Pair mining by relative similarity: keep the pairs of an anchor that contradict each other.

A negative is informative when it is about as close to the anchor as the anchor's farthest positive, and a
positive when it is about as far as the closest negative. The mined pairs serve any pair loss;
`lossary.losses.metric_learning.multi_similarity` uses them by default.
"""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import all_finite, check_non_negative, check_real, checks_values
from lossary.errors import InvalidInputError
from lossary.ops.directions import directions
from lossary.ops.labelled_rows import check_labelled_rows

DuplicateThreshold = float | Literal["auto"] | None


class Pairs(NamedTuple):
    """Masks over (anchor, other) pairs.

    Attributes:
        positive: True where the other has the label of the anchor and the pair counts.
        negative: True where the other has another label and the pair counts.
    """

    positive: Bool[Tensor, "batch batch"]
    negative: Bool[Tensor, "batch batch"]


@full_precision
def multi_similarity_miner(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    epsilon: float = 0.1,
    normalize: bool = True,
    duplicate_threshold: DuplicateThreshold = "auto",
) -> Pairs:
    r"""Mine the pairs of each anchor that contradict each other in similarity.

    .. math::
        j \in N_i \text{ is kept if } S_{ij} > \min_{k \in P_i} S_{ik} - \epsilon, \qquad
        j \in P_i \text{ is kept if } S_{ij} < \max_{k \in N_i} S_{ik} + \epsilon

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        epsilon: slack of both comparisons; a larger value keeps more pairs.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        duplicate_threshold: a positive at least this similar is a duplicate of the anchor and no pair. "auto"
            is 1 - 1e-5 for cosines and no test for dot products; None disables the test.

    Returns:
        The masks. An anchor without a positive or without a negative keeps nothing. The inequalities are
        strict: a tie is not kept.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; ``epsilon`` is
            negative.

    Source: Wang, Han, Huang, Dong and Scott, Multi-Similarity Loss with General Pair Weighting for Deep
        Metric Learning, CVPR 2019, section 4.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
        >>> pairs = multi_similarity_miner(embeddings, torch.tensor([0, 0, 1, 1]))
        >>> pairs.negative[0]  # cosines 0.6 (positive), 0.8 and 0.0 (negatives): only 0.8 > 0.6 - 0.1
        tensor([False, False,  True, False])
    """
    similarity = pair_similarity(embeddings, labels, normalize=normalize)
    pairs = label_pairs(similarity, labels, normalize=normalize, duplicate_threshold=duplicate_threshold)
    return mine_pairs(similarity, pairs, epsilon=epsilon)


def pair_similarity(
    embeddings: Float[Tensor, "batch dim"], labels: Integer[Tensor, "batch"], *, normalize: bool
) -> Float[Tensor, "batch batch"]:
    """Check embeddings and labels, and compare all pairs by cosine, or by dot product.

    Args:
        embeddings: one row per item.
        labels: the group of each item.
        normalize: divide each row by its length first.

    Returns:
        The similarities of all pairs, with a graph.

    Raises:
        LossaryError: as `multi_similarity_miner` says.
    """
    check_labelled_rows(embeddings, labels, least=1)
    if normalize:
        embeddings = directions("embeddings", embeddings)
    similarity = embeddings @ embeddings.T
    if not normalize and checks_values(similarity) and not all_finite(similarity):
        raise InvalidInputError(
            f"embeddings: got dot products that overflow {similarity.dtype}; wanted smaller values, or "
            "normalize=True"
        )
    return similarity


def label_pairs(
    similarity: Float[Tensor, "batch batch"],
    labels: Integer[Tensor, "batch"],
    *,
    normalize: bool,
    duplicate_threshold: DuplicateThreshold,
) -> Pairs:
    """All pairs by label: equal labels are positive unless self or duplicate, other labels negative.

    Args:
        similarity: the similarities of all pairs.
        labels: the group of each item.
        normalize: whether the similarities are cosines, which decides what "auto" means.
        duplicate_threshold: as in `multi_similarity_miner`.

    Returns:
        The masks of all pairs.

    Raises:
        InvalidInputError: ``duplicate_threshold`` is neither a number, "auto" nor None.
    """
    same = labels.unsqueeze(1) == labels.unsqueeze(0)
    index = torch.arange(labels.shape[0], device=labels.device)
    positive = same & (index.unsqueeze(1) != index.unsqueeze(0))
    if duplicate_threshold == "auto":
        duplicate_threshold = 1 - 1e-5 if normalize else None
    if duplicate_threshold is not None:
        if isinstance(duplicate_threshold, str):
            raise InvalidInputError(
                f"duplicate_threshold: got {duplicate_threshold!r}; wanted a number, 'auto' or None"
            )
        check_real("duplicate_threshold", duplicate_threshold)
        positive = positive & ~(similarity.detach() >= duplicate_threshold)
    return Pairs(positive, ~same)


def mine_pairs(similarity: Float[Tensor, "batch batch"], pairs: Pairs, *, epsilon: float) -> Pairs:
    """Keep of the given pairs those that contradict each other by more than ``-epsilon``.

    Args:
        similarity: the similarities of all pairs.
        pairs: the pairs to choose from.
        epsilon: slack of both comparisons.

    Returns:
        The masks of the pairs kept.

    Raises:
        InvalidInputError: ``epsilon`` is negative or not finite.
    """
    check_non_negative("epsilon", epsilon)
    positive, negative = pairs
    similarity = similarity.detach()
    farthest_positive = similarity.masked_fill(~positive, math.inf).amin(1, keepdim=True)
    closest_negative = similarity.masked_fill(~negative, -math.inf).amax(1, keepdim=True)
    # "Not at most" instead of "above": a NaN that was let through keeps its pairs and so reaches the loss.
    negative = negative & ~(similarity <= farthest_positive - epsilon)
    positive = positive & ~(similarity >= closest_negative + epsilon)
    # In exact arithmetic one side is empty only with the other; rounding at a tie can separate them.
    both = positive.any(1, keepdim=True) & negative.any(1, keepdim=True)
    return Pairs(positive & both, negative & both)
