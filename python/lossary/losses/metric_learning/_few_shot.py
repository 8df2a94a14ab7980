"""The distance that the two few-shot losses of class separability share."""

import torch
from torch import Tensor

from lossary.ops.distances import pair_distances

_FLOOR = 1e-3  # the root of the 1e-6 that the official code adds to the square


def floored_distances(rows: Tensor, others: Tensor) -> Tensor:
    """The root of the squared distance plus 1e-6, of each row to each other: at least 1e-3."""
    distances = pair_distances(rows, others)
    return torch.hypot(distances, distances.new_full((), _FLOOR))
