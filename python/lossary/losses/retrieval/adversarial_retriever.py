"""Adversarial retriever: learn from a ranker what is relevant, and find what deceives it.

A retriever and a ranker train each other. The ranker's scores of the retrieved documents serve twice here: as
a teacher's, and as a measure of how easily each document passes for the positive one. The ranker's own step
is a plain cross-entropy on the same lists.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_class_index,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError
from lossary.losses.retrieval._lists import check_lists
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def adversarial_retriever(
    scores: Float[Tensor, "queries items"],
    ranker_scores: Float[Tensor, "queries items"],
    positive_index: Integer[Tensor, "queries"] | None = None,
    *,
    adversarial_weight: float = 0.5,
    ranker_temperature: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far a retriever is from its ranker's distribution, and from the documents that deceive the ranker.

    .. math:: L = -\sum_k \log p_k \left[ \lambda \log\left(1 + e^{r_k - r_+}\right)
              + (1 - \lambda)\, \mathrm{softmax}(r / T)_k \right], \quad p = \mathrm{softmax}(s)

    The first target is large where the ranker r scores a document close to the positive one or above it, so
    lowering it makes the retriever fetch the negatives that the ranker cannot tell from a positive. The
    second makes it agree with the ranker.

    Args:
        scores: s, the retriever's scores of each query's candidates, one of them positive.
        ranker_scores: r, the ranker's scores of the same candidates; no gradient flows into them.
        positive_index: the column of each query's positive candidate; None is column 0.
        adversarial_weight: λ, from 0 (only the ranker's distribution) to 1 (only deceiving it).
        ranker_temperature: T, above 0; it does not touch the first target.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none". A query with one candidate has 0.

    Raises:
        ShapeError: ``scores`` is not a matrix or has no column; another shape does not fit it.
        DtypeError: scores are not floating, or ``positive_index`` is not an integer.
        InvalidInputError: scores are NaN or infinite; ``positive_index`` is no column;
            ``adversarial_weight`` is outside [0, 1]; ``ranker_temperature`` is not above 0.

    Differs from the official code: it sums the first part over the batch and averages the second. Both are
        averaged here; for its balance w with B queries take λ = w B / (w B + 1 - w). It also adds 1e-7 inside
        the logarithms, which need none here.

    Source: Zhang, Gong, Shen, Lv, Duan and Chen, Adversarial Retriever-Ranker for Dense Text Retrieval,
        ICLR 2022.

    Example:
        >>> import torch
        >>> even = torch.zeros(1, 2)
        >>> adversarial_retriever(even, even, adversarial_weight=0.0)  # log 2
        tensor(0.6931)
        >>> adversarial_retriever(even, even, adversarial_weight=1.0)  # 2 (log 2)^2
        tensor(0.9609)
    """
    check_lists("scores", scores)
    check_lists("ranker_scores", ranker_scores)
    check_shape("ranker_scores", ranker_scores, tuple(scores.shape), like="scores")
    check_non_negative("adversarial_weight", adversarial_weight)
    if adversarial_weight > 1:
        raise InvalidInputError(f"adversarial_weight: got {adversarial_weight!r}; wanted at most 1")
    check_positive("ranker_temperature", ranker_temperature)
    ranker = ranker_scores.detach()
    if positive_index is None:
        positive = ranker[:, :1]
    else:
        check_class_index("positive_index", positive_index, scores.shape[1])
        check_shape("positive_index", positive_index, (scores.shape[0],), like="the rows of scores")
        positive = ranker.gather(1, positive_index.long().unsqueeze(1))

    deceit = -functional.logsigmoid(positive - ranker)
    teacher = masked_log_softmax(ranker, temperature=ranker_temperature).exp()
    wanted = adversarial_weight * deceit + (1 - adversarial_weight) * teacher
    return reduce(-(wanted * scores.log_softmax(1)).sum(1), reduction)


AdversarialRetriever = loss_module(adversarial_retriever)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries with five candidates each, the positive in different columns."""
    return {
        "scores": torch.randn(4, 5, generator=generator),
        "ranker_scores": 2 * torch.randn(4, 5, generator=generator),
        "positive_index": torch.tensor([0, 3, 0, 2]),
    }


def rank_candidates(
    scores: np.ndarray, positive_index: np.ndarray | None = None, **_: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which candidate of each query is positive, and the retriever's scores."""
    positive = np.zeros(scores.shape, dtype=bool)
    positive[np.arange(len(scores)), 0 if positive_index is None else positive_index] = True
    return positive, scores


LOSS = LossSpec(
    function=adversarial_retriever,
    module=AdversarialRetriever,
    paper=Paper(
        title="Adversarial Retriever-Ranker for Dense Text Retrieval",
        authors="Zhang, Gong, Shen, Lv, Duan and Chen",
        venue="ICLR",
        year=2022,
        url="https://arxiv.org/abs/2110.03611",
    ),
    differentiable=("scores",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_candidates, options={"k": 1}),
        ExactMetric(name="mean_reciprocal_rank", adapt=rank_candidates),
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
    aliases=("ar2",),
)
