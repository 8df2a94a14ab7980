"""Hard InfoNCE: InfoNCE against each query's nearest negatives only.

It tells hard negatives apart whatever the temperature, so that a larger one, which tolerates items that are
alike, does not cost separation.
"""

from typing import Any

import torch
from jaxtyping import Float
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
from lossary.losses.contrastive_learning._own_keys import check_count, hardest_negatives, own_key_scores
from lossary.ops.key_lists import rank_keys
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def hard_info_nce(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    *,
    top_fraction: float = 0.0819,
    num_negatives: int | None = None,
    temperature: float = 0.2,
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the own key of each query is from standing out among its nearest other keys.

    .. math:: L_i = -\log \frac{e^{s_{ii} / \tau}}{e^{s_{ii} / \tau} + \sum_{j \in T_i} e^{s_{ij} / \tau}}

    T holds the negatives of the largest scores; with all of them it is
    `lossary.losses.contrastive_learning.info_nce`. Which ones these are is not differentiated.

    Args:
        query: one row per query.
        key: one row per key, at least as many as queries: key i is the positive of query i, and all others
            are its negatives.
        top_fraction: the share of the negatives that count, above 0 and at most 1, rounded up to at least one
            of them. The paper has 0.0819 for CIFAR, 0.0315 for SVHN and 0.034 for ImageNet-100, each of a
            memory bank of all items: 4095 negatives.
        num_negatives: how many count, at least 1, in place of ``top_fraction``; at most all do.
        temperature: τ, above 0.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none". With one key there is no negative, and it is 0. A row
        of zeros has cosines of 0. Of negatives that tie for the last place any may count.

    Raises:
        ShapeError: ``query`` or ``key`` is not a matrix or has no column; their columns differ in number;
            there are fewer keys than queries.
        DtypeError: ``query`` or ``key`` is not floating, or ``num_negatives`` no int.
        InvalidInputError: a value is NaN or infinite; dot products overflow; ``temperature`` is not above 0;
            ``top_fraction`` is outside (0, 1]; ``num_negatives`` is below 1.

    Source: Wang and Liu, Understanding the Behaviour of Contrastive Loss, CVPR 2021, section 3.

    Example:
        >>> import torch
        >>> query, key = torch.eye(2), torch.tensor([[2.0, 0.0], [0.0, 3.0], [-1.0, -1.0]])
        >>> hard_info_nce(query, key, num_negatives=1, temperature=1.0)  # cosine 1 against 0: log(1 + 1 / e)
        tensor(0.3133)
    """
    check_positive("temperature", temperature)
    check_count(top_fraction, num_negatives)
    scores = own_key_scores(query, key, normalize=normalize)
    own = scores.diagonal()
    if scores.shape[1] < 2:
        return reduce(0 * own, reduction)
    rivals = hardest_negatives(scores, top_fraction, num_negatives)
    log_share = masked_log_softmax(torch.cat([own.unsqueeze(1), rivals], 1), temperature=temperature)
    return reduce(-log_share[:, 0], reduction)


HardInfoNce = loss_module(hard_info_nce)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Fifteen queries and their keys: two negatives each count."""
    return {
        "query": torch.randn(15, 4, generator=generator),
        "key": torch.randn(15, 4, generator=generator),
    }


LOSS = LossSpec(
    function=hard_info_nce,
    module=HardInfoNce,
    paper=Paper(
        title="Understanding the Behaviour of Contrastive Loss",
        authors="Wang and Liu",
        venue="CVPR",
        year=2021,
        url="https://arxiv.org/abs/2012.09740",
        equation="section 3",
    ),
    differentiable=("query", "key"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_keys, options={"k": 1}),
        ExactMetric(name="mean_reciprocal_rank", adapt=rank_keys),
        ExactMetric(name="mean_average_precision", adapt=rank_keys),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
