"""One step of a matrix W = V U + 1 w^T of many rows, for what is kept of it beside V.

The step is W (keep - H^T pull) - E push less a shift of all rows, where H are the hidden vectors of a
mini-batch and E has a one for each at the row of its class.
"""

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
        mean_slope: derivative of the loss of each by the mean of its logits.
        spread_slope: by the sum of squares about it.
        target_slope: by the logit of the class.
    """

    hidden: Tensor
    target: Tensor
    scattered: Tensor
    class_vectors: Tensor
    mean: Tensor
    mean_slope: Tensor
    spread_slope: Tensor
    target_slope: Tensor

    def scaled(self, factor: Tensor) -> "HiddenRows":
        """The same with the loss of each row times a factor."""
        return self._replace(
            mean_slope=self.mean_slope * factor,
            spread_slope=self.spread_slope * factor,
            target_slope=self.target_slope * factor,
        )


def step_inverse(inverse: Tensor, hidden: Tensor, pull: Tensor, push: Tensor, keep: float) -> Tensor:
    """Turn the inverse of U, in place, into that of U (keep - H^T pull).

    It solves in the dimension or, by the identity of Woodbury, in the batch, whichever is the smaller. Where
    there is no inverse, NaN or infinite values are left.

    Returns:
        ``push`` times the new inverse.
    """
    batch, dim = hidden.shape
    if batch > dim:
        factor = torch.addmm(_unit(hidden, dim), hidden.T, pull, beta=keep, alpha=-1)
        inverse.copy_(torch.linalg.solve_ex(factor, inverse)[0])
        return push @ inverse
    both = torch.cat([pull, push])
    across, reached = both @ hidden.T, both @ inverse
    factor = torch.add(_unit(hidden, batch) * keep, across[:batch], alpha=-1)
    bridge = torch.linalg.solve_ex(factor, reached[:batch])[0]
    inverse.addmm_(hidden.T, bridge, beta=1 / keep, alpha=1 / keep)
    return torch.addmm(reached[batch:], across[batch:], bridge) / keep


def _unit(like: Tensor, size: int) -> Tensor:
    return torch.eye(size, dtype=like.dtype, device=like.device)


def scatter_change(
    rows: HiddenRows, center: Tensor, num_classes: int, pull: Tensor, push: Tensor, keep: float
) -> Tensor:
    """What to subtract, with its transpose, from keep^2 times the scatter of the rows of W about their mean.

    Args:
        rows: the mini-batch.
        center: the mean of the rows of W.
        num_classes: how many rows W has.
        pull: (batch, dim), as above.
        push: (batch, dim), as above.
        keep: as above.
    """
    hidden = rows.hidden
    same = (rows.target.unsqueeze(1) == rows.target).to(push.dtype) - 1 / num_classes
    vectors = rows.class_vectors - center
    pulled = torch.addmm(rows.scattered, rows.scattered @ hidden.T, pull, beta=keep, alpha=-0.5)
    pushed = torch.addmm(vectors, vectors @ hidden.T, pull, beta=keep, alpha=-1).addmm_(
        same, push, alpha=-0.5
    )
    return torch.cat([pull, push]).T @ torch.cat([pulled, pushed])
