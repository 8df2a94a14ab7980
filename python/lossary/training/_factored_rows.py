"""One step of a matrix W = V U + 1 w^T of many rows, for what is kept of it beside V.

The step is W (keep - H^T pull) - E push less a shift of all rows, where H are the hidden vectors of a
mini-batch and E has a one for each at the row of its class.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class HiddenRows(NamedTuple):
    """Hidden vectors of a mini-batch, what is known of their logits, and the slopes of their losses.

    Attributes:
        hidden: H, (batch, dim).
        target: the class of each, (batch,).
        scattered: H times the scatter of the rows of W.
        class_vectors: the row of W of each class.
        mean: of the logits of each, (batch,).
        slopes: derivatives of the loss of each by the mean of its logits, by the sum of squares about it, and
            by the logit of the class, (3, batch).
    """

    hidden: Tensor
    target: Tensor
    scattered: Tensor
    class_vectors: Tensor
    mean: Tensor
    slopes: Tensor


def joined(several: Sequence[HiddenRows]) -> HiddenRows:
    """The mini-batches as one."""
    if len(several) == 1:
        return several[0]
    hidden, target, scattered, class_vectors, mean, slopes = zip(*several, strict=True)
    return HiddenRows(
        torch.cat(hidden),
        torch.cat(target),
        torch.cat(scattered),
        torch.cat(class_vectors),
        torch.cat(mean),
        torch.cat(slopes, 1),
    )


def step_inverse(inverse: Tensor, hidden: Tensor, both: Tensor, keep: float) -> Tensor:
    """Turn the inverse of U, in place, into that of U (keep - H^T pull).

    It solves in the dimension or, by the identity of Woodbury, in the batch, whichever is the smaller. Where
    there is no inverse, NaN or infinite values are left.

    Args:
        inverse: of U.
        hidden: H, (batch, dim).
        both: pull above push, (2 batch, dim).
        keep: as above.

    Returns:
        ``push`` times the new inverse.
    """
    batch, dim = hidden.shape
    if batch > dim:
        factor = torch.mm(hidden.T, both[:batch]).neg_()
        factor.diagonal().add_(keep)
        inverse.copy_(torch.linalg.solve_ex(factor, inverse)[0])
        return both[batch:] @ inverse
    across, reached = both @ hidden.T, both @ inverse
    factor = across[:batch].neg()
    factor.diagonal().add_(keep)
    bridge = torch.linalg.solve_ex(factor, reached[:batch])[0]
    inverse.addmm_(hidden.T, bridge, beta=1 / keep, alpha=1 / keep)
    return reached[batch:].addmm_(across[batch:], bridge).div_(keep)


def scatter_change(rows: HiddenRows, center: Tensor, num_classes: int, both: Tensor, keep: float) -> Tensor:
    """What to subtract, with its transpose, from keep^2 times the scatter of the rows of W about their mean.

    Args:
        rows: the mini-batch.
        center: the mean of the rows of W.
        num_classes: how many rows W has.
        both: pull above push, (2 batch, dim).
        keep: as above.
    """
    batch = len(rows.hidden)
    pull, push = both[:batch], both[batch:]
    same = (rows.target.unsqueeze(1) == rows.target).to(push.dtype).sub_(1 / num_classes)
    changed = torch.cat([rows.scattered, rows.class_vectors - center])
    across = changed @ rows.hidden.T
    across[:batch] *= 0.5
    changed = torch.addmm(changed, across, pull, beta=keep, alpha=-1)
    changed[batch:].addmm_(same, push, alpha=-0.5)
    return both.T @ changed
