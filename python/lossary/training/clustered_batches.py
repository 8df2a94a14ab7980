"""Batches of items that lie near one another, so that the negatives within a batch are hard."""

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
)

# Balanced two-means settles in a few rounds; exactness is not what batches need.
_ROUNDS = 10


@torch.no_grad()
def clustered_batches(
    embeddings: Float[Tensor, "items dim"],
    *,
    batch_size: int,
    cluster_size: int,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """The batches of one epoch, made of whole clusters of the items, in random order.

    Items are cut in two halves by balanced 2-means, again and again, until parts have at most
    ``cluster_size`` items. Refresh the batches every few epochs with the embeddings of then, and let clusters
    grow during training: early embeddings say little of what is hard.

    Args:
        embeddings: one row per item, usually directions.
        batch_size: how many items a batch has, at least 1; the last one may have fewer.
        cluster_size: how many items of a cluster stay together, at least 1; 1 makes random batches.
        generator: draws; None is torch's own.

    Returns:
        The numbers of the items of each batch, each item once, for
        ``torch.utils.data.DataLoader(batch_sampler=...)``.

    Raises:
        ShapeError: ``embeddings`` is not a matrix.
        DtypeError: ``embeddings`` is not floating, or an option no int.
        InvalidInputError: a value is NaN or infinite; an option is below 1.

    Source: Dahiya, Gupta, Saini et al., NGAME: Negative Mining-aware Mini-batching for Extreme
        Classification, WSDM 2023, section 4.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[0.0], [9.0], [1.0], [8.0]])
        >>> batches = clustered_batches(embeddings, batch_size=2, cluster_size=2)
        >>> sorted(sorted(batch) for batch in batches)
        [[0, 2], [1, 3]]
    """
    check_floating("embeddings", embeddings)
    check_ndim("embeddings", embeddings, "items dim")
    check_finite("embeddings", embeddings)
    for name, value in (("batch_size", batch_size), ("cluster_size", cluster_size)):
        check_int(name, value)
        check_positive(name, value)
    items = torch.randperm(embeddings.shape[0], generator=generator)
    # The order is random already, so that clusters of one item need no cut.
    leaves: list[Tensor] = [] if cluster_size > 1 else list(items.unsqueeze(1))
    pending = [items] if cluster_size > 1 else []
    while pending:
        part = pending.pop()
        if len(part) <= cluster_size:
            leaves.append(part)
        else:
            pending.extend(_halves(embeddings, part))
    shuffled = torch.randperm(len(leaves), generator=generator).tolist()
    order = [item for leaf in shuffled for item in leaves[leaf].tolist()]
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def _halves(embeddings: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
    """The part in random order, cut in two of equal size by 2-means."""
    rows = embeddings[part.to(embeddings.device)].float()
    half = len(part) // 2
    rows = rows - rows.mean(0)
    # The order of differences of squared distances to two centers is that along the line through them.
    direction = rows[1] - rows[0]
    order = (rows @ direction).argsort(stable=True)
    for _ in range(_ROUNDS):
        direction = rows[order[half:]].mean(0) - rows[order[:half]].mean(0)
        before, order = order, (rows @ direction).argsort(stable=True)
        if order.equal(before):
            break
    order = order.to(part.device)
    return part[order[:half]], part[order[half:]]
