"""What miners have in common: they are functions of embeddings and labels, and return `Pairs`.

Masks over all pairs have one shape whatever is mined, so that graphs compile; `pair_indices` lists the pairs
where a loss or a sampler wants numbers of items, and `pairs_from_indices` takes those of other libraries.
"""

from typing import NamedTuple, Protocol

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring.validation import (
    check_class_index,
    check_int,
    check_integer,
    check_mask,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.training.multi_similarity_miner import Pairs


class Miner(Protocol):
    """A function that says which pairs of a batch count: `multi_similarity_miner`, or one of yours."""

    def __call__(self, embeddings: Float[Tensor, "batch dim"], labels: Integer[Tensor, "batch"], /) -> Pairs:
        """The pairs that count of these items."""
        ...


class PairIndices(NamedTuple):
    """Pairs as numbers of items, in the order of anchors; the indices that pytorch-metric-learning takes.

    Attributes:
        positive_anchor: the anchor of each positive pair.
        positive: the other item of it.
        negative_anchor: the anchor of each negative pair.
        negative: the other item of it.
    """

    positive_anchor: Integer[Tensor, "positives"]
    positive: Integer[Tensor, "positives"]
    negative_anchor: Integer[Tensor, "negatives"]
    negative: Integer[Tensor, "negatives"]


def pair_indices(pairs: Pairs) -> PairIndices:
    """List the pairs that count.

    Args:
        pairs: what a miner returned.

    Returns:
        `PairIndices`, whose lengths depend on what was mined.

    Raises:
        ShapeError: the masks are not square, or of different shapes.
        DtypeError: the masks are not bool.

    Example:
        >>> import torch
        >>> positive = torch.tensor([[False, True], [False, False]])
        >>> indices = pair_indices(Pairs(positive, torch.zeros(2, 2, dtype=torch.bool)))
        >>> indices.positive_anchor.tolist(), indices.positive.tolist(), indices.negative.tolist()
        ([0], [1], [])
    """
    positive, negative = pairs
    check_mask("positive", positive)
    check_ndim("positive", positive, "batch batch")
    check_shape("positive", positive, (positive.shape[0],) * 2, like="all pairs of a batch")
    check_mask("negative", negative)
    check_shape("negative", negative, tuple(positive.shape), like="positive")
    return PairIndices(*positive.nonzero().unbind(1), *negative.nonzero().unbind(1))


def pairs_from_indices(indices: PairIndices, size: int) -> Pairs:
    """The masks of pairs that are listed.

    Args:
        indices: anchors and positives, anchors and negatives; pairs may come in any order.
        size: how many items the batch has.

    Returns:
        `Pairs`; a pair that is listed twice counts once.

    Raises:
        ShapeError: an entry is not a vector, or anchors are not as many as their others.
        DtypeError: an entry is not integer, or ``size`` no int.
        InvalidInputError: an entry is no item; ``size`` is negative.

    Example:
        >>> import torch
        >>> none = torch.zeros(0, dtype=torch.int64)
        >>> pairs_from_indices(PairIndices(torch.tensor([0]), torch.tensor([1]), none, none), 2).positive
        tensor([[False,  True],
                [False, False]])
    """
    check_int("size", size)
    check_non_negative("size", size)
    indices = PairIndices(*indices)
    for name, entry in indices._asdict().items():
        check_integer(name, entry)
        check_ndim(name, entry, "pairs")
        check_class_index(name, entry, size)
    masks = []
    for kind in ("positive", "negative"):
        anchor, other = getattr(indices, f"{kind}_anchor"), getattr(indices, kind)
        if len(anchor) != len(other):
            raise ShapeError(f"{kind}: got {len(other)} items; wanted {len(anchor)}, as anchors")
        mask = torch.zeros(size, size, dtype=torch.bool, device=anchor.device)
        masks.append(mask.index_put((anchor.long(), other.long()), mask.new_ones(())))
    return Pairs(*masks)
