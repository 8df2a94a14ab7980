"""`by_loops`: a loss of pairs, item by item, from the cosines to its positives and to its negatives."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

Cosines = list[float]


@pytest.fixture(scope="session")
def by_loops() -> Callable[[Tensor, Tensor, Callable[[Cosines, Cosines], float]], Tensor]:
    """The value of each item: `value_of` is given what it shares a label with, and all others."""

    def values(embeddings: Tensor, labels: Tensor, value_of: Callable[[Cosines, Cosines], float]) -> Tensor:
        similarity = (normalize(embeddings) @ normalize(embeddings).T).tolist()
        found = []
        for i, row in enumerate(similarity):
            positives = [s for j, s in enumerate(row) if j != i and labels[j] == labels[i]]
            negatives = [s for j, s in enumerate(row) if labels[j] != labels[i]]
            found.append(value_of(positives, negatives))
        return torch.tensor(found, dtype=torch.float64)

    return values
