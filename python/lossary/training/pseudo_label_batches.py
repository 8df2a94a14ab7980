"""Batches without two items of one pseudo label: negatives that are none are kept out of contrastive losses.

Pseudo labels come from clusters of embeddings, as many as a batch has items.
"""

import heapq
from collections.abc import Iterator

import torch
from jaxtyping import Integer
from torch import Tensor
from torch.utils.data import Sampler

from lossary.authoring.validation import check_int, check_integer, check_ndim, check_positive
from lossary.errors import InvalidInputError


def pseudo_label_batches(
    labels: Integer[Tensor, "items"],
    *,
    batch_size: int,
    generator: torch.Generator | None = None,
    drop_last: bool = True,
) -> list[list[int]]:
    """The batches of one epoch: no label twice in a batch, no item twice in the epoch.

    Each batch takes one random item of each of the labels that have most items left, ties at random.

    Args:
        labels: the pseudo label of each item.
        batch_size: how many items a batch has, at most as many as there are labels.
        generator: draws the order; None is torch's own.
        drop_last: whether to end where fewer than ``batch_size`` labels have items left; False makes smaller
            batches of the rest.

    Returns:
        The numbers of the items of each batch, for ``torch.utils.data.DataLoader(batch_sampler=...)``.

    Raises:
        ShapeError: ``labels`` is not a vector.
        DtypeError: ``labels`` is not integer, or ``batch_size`` no int.
        InvalidInputError: ``batch_size`` is below 1 or above the number of labels.

    Source: Chakraborty, Gosthipaty and Paul, G-SimCLR: Self-Supervised Contrastive Learning with Guided
        Projection via Pseudo Labelling, ICDM Workshops 2020.

    Example:
        >>> import torch
        >>> labels = torch.tensor([0, 0, 1, 1])
        >>> batches = pseudo_label_batches(labels, batch_size=2)
        >>> [sorted(labels[batch].tolist()) for batch in batches]
        [[0, 1], [0, 1]]
    """
    check_integer("labels", labels)
    check_ndim("labels", labels, "items")
    check_int("batch_size", batch_size)
    check_positive("batch_size", batch_size)
    left: dict[int, list[int]] = {}
    values = labels.tolist()
    for item in torch.randperm(len(values), generator=generator).tolist():
        left.setdefault(values[item], []).append(item)
    if batch_size > len(left):
        raise InvalidInputError(
            f"batch_size: got {batch_size}; wanted at most {len(left)}, the number of labels"
        )
    # One number for each place in which a label may stand in the queue: equal counts come in random order.
    lots = iter(torch.rand(len(values) + len(left), generator=generator, dtype=torch.float64).tolist())
    queue = [(-len(items), next(lots), label) for label, items in left.items()]
    heapq.heapify(queue)
    batches: list[list[int]] = []
    while len(queue) >= batch_size or (queue and not drop_last):
        taken = [heapq.heappop(queue) for _ in range(min(batch_size, len(queue)))]
        batches.append([left[label].pop() for _, _, label in taken])
        for count, _, label in taken:
            if count < -1:
                heapq.heappush(queue, (count + 1, next(lots), label))
    return batches


class PseudoLabelBatches(Sampler[list[int]]):
    """`pseudo_label_batches` as a batch sampler: other batches in every epoch.

    Args:
        labels: the pseudo label of each item.
        batch_size: how many items a batch has.
        generator: draws the order of every epoch; None is torch's own.
        drop_last: as in `pseudo_label_batches`.

    Raises:
        LossaryError: as `pseudo_label_batches` says.

    Example:
        >>> import torch
        >>> sampler = PseudoLabelBatches(torch.tensor([0, 0, 1, 1, 1]), batch_size=2)
        >>> loader = torch.utils.data.DataLoader(list("abcde"), batch_sampler=sampler)
        >>> len(loader)
        2
    """

    def __init__(
        self,
        labels: Integer[Tensor, "items"],
        *,
        batch_size: int,
        generator: torch.Generator | None = None,
        drop_last: bool = True,
    ) -> None:
        self.labels = labels
        self.batch_size = batch_size
        self.generator = generator
        self.drop_last = drop_last
        # Numbers of batches depend on counts alone, not on what is drawn.
        self._length = len(self._batches(torch.Generator()))

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches(self.generator))

    def __len__(self) -> int:
        return self._length

    def _batches(self, generator: torch.Generator | None) -> list[list[int]]:
        return pseudo_label_batches(
            self.labels, batch_size=self.batch_size, generator=generator, drop_last=self.drop_last
        )
