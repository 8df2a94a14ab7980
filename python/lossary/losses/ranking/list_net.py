"""ListNet: cross-entropy between what the grades and what the scores say of which item comes first.

Grades count by their size, not by their order alone as in `list_mle`; equal grades share their part.
"""

from jaxtyping import Bool, Float, Integer
from torch import Tensor

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
from lossary.authoring.validation import check_positive
from lossary.losses.ranking._lists import checked_lists, each_list, four_lists, masked_log_softmax


@full_precision
def list_net(
    scores: Float[Tensor, "lists items"],
    relevance: Bool[Tensor, "lists items"] | Integer[Tensor, "lists items"] | Float[Tensor, "lists items"],
    mask: Bool[Tensor, "lists items"] | None = None,
    *,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of two distributions over the items of a list: by relevance, and by score.

    .. math:: L = -\sum_i \mathrm{softmax}(y / T)_i \log \mathrm{softmax}(s / T)_i

    Args:
        scores: s, any real number; only differences within a list count.
        relevance: y, any real number. It receives no gradient.
        mask: False for padding, which is in no list and may hold any value. None keeps all.
        temperature: T, above 0, of both distributions; smaller leaves more to the best item.
        reduction: "mean" over lists, empty ones too, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none": at best the entropy of the distribution by relevance. A
        list of one item, or of none, gives 0.

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores`` is not floating, ``relevance`` no real number or ``mask`` not bool.
        InvalidInputError: a score or a relevance outside padding is NaN or infinite; ``temperature`` is not
            above 0.

    Differs from the paper: the temperature, which is 1 there.

    Source: Cao, Qin, Liu, Tsai and Li, Learning to Rank: From Pairwise Approach to Listwise Approach, ICML
        2007, section 5: its probabilities of first places (k = 1).

    Example:
        >>> import torch
        >>> list_net(torch.zeros(1, 4), torch.tensor([[0.0, 0.0, 3.0, 1.0]]))  # a uniform guess: log 4
        tensor(1.3863)
    """
    check_positive("temperature", temperature)
    relevance, mask = checked_lists(scores, relevance, mask)
    wanted = masked_log_softmax(relevance.to(scores.dtype), mask, temperature).exp()
    found = masked_log_softmax(scores, mask, temperature)
    return reduce(-(wanted.where(mask, 0.0) * found).sum(1), reduction)


ListNet = loss_module(list_net)

LOSS = LossSpec(
    function=list_net,
    module=ListNet,
    paper=Paper(
        title="Learning to Rank: From Pairwise Approach to Listwise Approach",
        authors="Cao, Qin, Liu, Tsai and Li",
        venue="ICML",
        year=2007,
        url="https://doi.org/10.1145/1273496.1273513",
        equation="section 5",
    ),
    differentiable=("scores",),
    example_inputs=four_lists,
    pairs_with=(
        ExactMetric(name="ndcg_at_k", adapt=each_list),
        ExactMetric(name="mean_reciprocal_rank", adapt=each_list),
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
