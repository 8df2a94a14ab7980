"""What the exact metrics of this family take, and an example of labelled embeddings."""

from typing import Any

import torch

from lossary.authoring import ExactMetric
from lossary.ops.key_lists import rank_others, verify_pairs


def labelled_example(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, the last of one item."""
    embeddings = torch.randn(8, 4, generator=generator)
    return {"embeddings": embeddings, "labels": torch.tensor([0, 0, 0, 1, 1, 1, 1, 2])}


RANKING_METRICS = (
    ExactMetric(name="recall_at_k", adapt=rank_others, options={"k": 1}),
    ExactMetric(name="map_at_r", adapt=rank_others),
)
PAIR_METRICS = (
    *RANKING_METRICS,
    ExactMetric(name="tar_at_far", adapt=verify_pairs, options={"far": 0.01}),
)
