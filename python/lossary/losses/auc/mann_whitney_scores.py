"""Mann-Whitney of a matrix of scores: queries by keys, every positive entry above every other one.

Compared over the whole matrix, scores mean the same for every query, so that one threshold serves them all;
compared inside each row, only the ranking of each query counts.
"""

from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_mask,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.ops.all_pairs import all_pairs

Scope = Literal["batch", "query"]


@full_precision
def mann_whitney_scores(
    scores: Float[Tensor, "queries keys"],
    positive: Bool[Tensor, "queries keys"],
    *,
    temperature: float = 1.0,
    scope: Scope = "batch",
) -> Float[Tensor, ""]:
    r"""How far positive entries of a score matrix are from being above the others.

    .. math:: L = \frac{1}{|A| |B|} \sum_{a \in A} \sum_{b \in B}
              \log\left(1 + e^{-(s_a - s_b) / T}\right)

    A and B are the positive and the other entries of the whole matrix; with ``scope="query"`` those of one
    row, and L is the mean over the rows that have both. Time and memory grow with the entries, not with
    their pairs.

    Args:
        scores: s, one row per query; larger means a better match.
        positive: True where the key is relevant to the query.
        temperature: T, above 0; smaller comes closer to counting misordered pairs. For cosine similarities
            0.02 to 0.1 works better than the neutral 1.
        scope: "batch" takes pairs from any two rows; "query" from within each row.

    Returns:
        A scalar. All scores equal give log 2; without any pair it is 0.

    Raises:
        ShapeError: ``scores`` is not a matrix, or ``positive`` differs from it in shape.
        DtypeError: ``scores`` is not floating or ``positive`` not bool.
        InvalidInputError: ``scores`` has NaN or infinite values; ``temperature`` is not above 0; ``scope`` is
            unknown; or third derivatives are asked for.

    Differs from the paper: the default temperature of 1 is ours; the paper tunes it. Its loss is
        ``scope="batch"``.

    Source: Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar, Optimizing What Matters: AUC-Driven
        Learning for Robust Neural Retrieval, arXiv 2510.00137, 2025.

    Example:
        >>> import torch
        >>> scores = torch.tensor([[2.0, 0.0], [5.0, 5.0]])
        >>> positive = torch.tensor([[True, False], [True, False]])
        >>> mann_whitney_scores(scores, positive, scope="query")  # (log(1 + exp(-2)) + log(2)) / 2
        tensor(0.4100)
    """
    check_floating("scores", scores)
    check_ndim("scores", scores, "queries keys")
    check_mask("positive", positive)
    check_shape("positive", positive, tuple(scores.shape), like="scores")
    check_positive("temperature", temperature)
    check_choice("scope", scope, ("batch", "query"))
    check_finite("scores", scores)
    if scope == "batch":
        scores, positive = scores.reshape(-1), positive.reshape(-1)
    return all_pairs(scores, positive, temperature=float(temperature))


MannWhitneyScores = loss_module(mann_whitney_scores)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five queries by seven keys; a third of the keys is relevant."""
    positive = (torch.arange(35) % 3 == 0).reshape(5, 7)
    return {"scores": torch.randn(5, 7, generator=generator), "positive": positive}


LOSS = LossSpec(
    function=mann_whitney_scores,
    module=MannWhitneyScores,
    paper=Paper(
        title="Optimizing What Matters: AUC-Driven Learning for Robust Neural Retrieval",
        authors="Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2510.00137",
    ),
    differentiable=("scores",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="roc_auc_score", adapt=lambda scores, positive: (positive.ravel(), scores.ravel())),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
