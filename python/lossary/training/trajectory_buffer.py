"""What a network said of every item some epochs ago, for `trajectory_consistency`."""

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_integer,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError


class TrajectoryBuffer(nn.Module):
    """A ring of the logits of the last epochs, with the epoch in which each was written.

    Every item may be seen in any order; an item that a loader left out in an epoch has no past in it. The
    state dict holds everything. It may stay on the CPU while the network is elsewhere.

    Args:
        size: items in the dataset.
        classes: columns of the logits.
        delay: how many epochs ago the past is, at least 1.
        dtype: in which logits are remembered; float16 halves the memory, which is
            size x classes x (delay + 1) numbers.

    Attributes:
        logits: (delay + 1, size, classes).
        epochs: (delay + 1, size), int32; -1 where nothing was written.

    Raises:
        DtypeError: ``size``, ``classes`` or ``delay`` is not an int, or ``dtype`` not floating.
        InvalidInputError: one of the three is not above 0.

    Source: Du, Zhou, Feng, Tan and Zhou, Sharpness-Aware Training for Free, NeurIPS 2022; their code reads
        zeros, a teacher that knows nothing, where nothing was written.

    Example:
        >>> import torch
        >>> buffer = TrajectoryBuffer(size=3, classes=2, delay=1)
        >>> items = torch.tensor([2, 0])
        >>> buffer.update(items, torch.tensor([[5.0, 1.0], [2.0, 3.0]]), epoch=0)
        >>> buffer.update(items, torch.zeros(2, 2), epoch=1)
        >>> buffer.past(torch.tensor([0]), epoch=1)
        tensor([[2., 3.]])
    """

    logits: Tensor
    epochs: Tensor

    def __init__(
        self, size: int, classes: int, *, delay: int = 3, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        for name, value in (("size", size), ("classes", classes), ("delay", delay)):
            check_int(name, value)
            check_positive(name, value)
        check_floating("dtype", torch.empty(0, dtype=dtype))
        self.delay = delay
        self.register_buffer("logits", torch.zeros(delay + 1, size, classes, dtype=dtype))
        self.register_buffer("epochs", torch.full((delay + 1, size), -1, dtype=torch.int32))

    @torch.no_grad()
    def update(
        self, index: Integer[Tensor, "batch"], logits: Float[Tensor, "batch classes"], epoch: int
    ) -> None:
        """Remember the logits of a batch.

        Args:
            index: the number of each item in the dataset.
            logits: of these items in this epoch, with or without a graph.
            epoch: 0 or above.

        Raises:
            ShapeError: ``index`` is not a vector, or ``logits`` not one row for each with all classes.
            DtypeError: ``index`` or ``epoch`` is not integer, or ``logits`` not floating.
            InvalidInputError: an index is no item; ``epoch`` is negative; a logit is NaN or infinite, or
                becomes so in the buffer's dtype.
        """
        index = self._items(index, epoch)
        check_floating("logits", logits)
        check_shape("logits", logits, (index.shape[0], self.logits.shape[2]), like="index and the classes")
        stored = logits.detach().to(self.logits)
        check_finite("logits", stored)
        slot = epoch % (self.delay + 1)
        self.logits[slot, index] = stored
        self.epochs[slot, index] = epoch

    @torch.no_grad()
    def past(self, index: Integer[Tensor, "batch"], epoch: int) -> Float[Tensor, "batch classes"]:
        """What was remembered of a batch ``delay`` epochs before this one.

        Args:
            index: the number of each item in the dataset.
            epoch: the present one, at least ``delay``.

        Returns:
            The logits, in the buffer's dtype, on the device of ``index``.

        Raises:
            ShapeError: ``index`` is not a vector.
            DtypeError: ``index`` or ``epoch`` is not integer.
            InvalidInputError: an index is no item; ``epoch`` is below ``delay``; nothing was written of an
                item in that epoch, or it was overwritten since (checked on every device).
        """
        device = index.device if isinstance(index, Tensor) else None
        index = self._items(index, epoch)
        if epoch < self.delay:
            raise InvalidInputError(f"epoch: got {epoch}; wanted at least the delay, {self.delay}")
        slot, then = (epoch - self.delay) % (self.delay + 1), epoch - self.delay
        missing = self.epochs[slot, index] != then
        if bool(missing.any()):
            raise InvalidInputError(
                f"index: got item {int(index[missing][0])}, of which nothing is kept from epoch {then}; "
                "wanted items that were updated then"
            )
        return self.logits[slot, index].to(device)

    def extra_repr(self) -> str:
        """The options."""
        _, size, classes = self.logits.shape
        return f"size={size}, classes={classes}, delay={self.delay}, dtype={self.logits.dtype}"

    def _items(self, index: Tensor, epoch: int) -> Tensor:
        """Check the numbers of items and the epoch; the numbers on the buffer's device, as int64."""
        check_integer("index", index)
        check_ndim("index", index, "batch")
        check_int("epoch", epoch)
        check_non_negative("epoch", epoch)
        check_class_index("index", index, self.logits.shape[1])
        return index.to(self.logits.device).long()
