"""What the margin heads share: the softmax over cosines, an example, and the exact metrics."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from lossary.authoring import ExactMetric
from lossary.ops.key_lists import rank_others, verify_pairs

VERIFICATION_METRICS = (
    ExactMetric(name="tar_at_far", adapt=verify_pairs, options={"far": 0.01}),
    ExactMetric(name="verification_accuracy", adapt=verify_pairs, output="value"),
    ExactMetric(name="equal_error_rate", adapt=verify_pairs),
)
RETRIEVAL_METRICS = (ExactMetric(name="recall_at_k", adapt=rank_others, options={"k": 1}),)


def softmax_loss(cosine: Tensor, columns: Tensor, target: Tensor, scale: Tensor | float) -> Tensor:
    """Cross-entropy of scaled cosines, (batch,), with ``target`` (batch,) in place of those of the own class.

    The scale is a number, or (batch, 1).
    """
    logits = scale * cosine.scatter(1, columns, target.unsqueeze(1))
    return functional.cross_entropy(logits, columns.squeeze(1), reduction="none")


def head_example(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, and the weight of each class."""
    return {
        "embeddings": torch.randn(8, 4, generator=generator),
        "labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, 0]),
        "weight": torch.randn(3, 4, generator=generator),
    }


EXAMPLE_SIZES = {"num_classes": 3, "embedding_dim": 4}
