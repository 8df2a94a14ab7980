"""Decoupled contrastive: SimCLR's loss without the positive pair in the denominator.

There the positive shrinks the gradient of a pair that is matched already, the more so the smaller the batch;
without it small batches train about as well as large ones. It is alignment plus a uniformity of negatives.
"""

from typing import Any, Literal, get_args

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
from lossary.authoring.validation import check_choice, check_positive
from lossary.losses.contrastive_learning._views import (
    check_view_pair,
    of_partners,
    rank_views,
    view_scores,
)
from lossary.ops.masked_softmax import masked_log_sum_exp

Weighting = Literal["von_mises_fisher"]


@full_precision
def decoupled_contrastive(
    view1: Float[Tensor, "batch dim"],
    view2: Float[Tensor, "batch dim"],
    *,
    temperature: float = 0.1,
    weighting: Weighting | None = None,
    sigma: float = 0.5,
    normalize: bool = True,
    detach_weights: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How much closer each item is to the rows of other items than to its own other view.

    .. math:: L_i^{(k)} = -w_i \frac{s_i}{\tau}
              + \log \sum_{v = 1}^{2} \sum_{j \neq i} e^{\langle z_i^{(k)}, z_j^{(v)} \rangle / \tau}, \quad
              s_i = \langle z_i^{(1)}, z_i^{(2)} \rangle, \quad
              w_i = 2 - N \frac{e^{s_i / \sigma}}{\sum_j e^{s_j / \sigma}}

    for the views k = 1 and 2. Without a weighting w is 1. With it w is above 1 for pairs that are less alike
    than most, 1 on average, and below 0 for a pair far more alike than the rest.

    Args:
        view1: one embedding of each of N items.
        view2: another one of the same items, in the same order.
        temperature: τ, above 0.
        weighting: "von_mises_fisher" as in the formula; None has w = 1.
        sigma: what the weighting divides by, above 0; smaller tells pairs apart more sharply.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        detach_weights: let no gradient flow through w.
        reduction: "mean" or "sum" over the rows of both views, or "none".

    Returns:
        A scalar, or (2 batch,) under "none": the rows of ``view1`` first. It may be negative. With one item
        there is no negative, and it is 0. A row of zeros has cosines of 0.

    Raises:
        ShapeError: ``view1`` is not a matrix or has no column; ``view2`` has another shape.
        DtypeError: a view is not floating.
        InvalidInputError: a value is NaN or infinite; dot products overflow; ``temperature`` or ``sigma`` is
            not above 0; ``weighting`` is unknown.

    Source: Yeh, Hong, Hsu, Liu, Chen and LeCun, Decoupled Contrastive Learning, ECCV 2022.

    Example:
        >>> import torch
        >>> view = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> decoupled_contrastive(view, view, temperature=1.0)  # cosine 1 against two of 0: -1 + log 2
        tensor(-0.3069)
    """
    check_positive("temperature", temperature)
    check_positive("sigma", sigma)
    if weighting is not None:
        check_choice("weighting", weighting, get_args(Weighting))
    check_view_pair(view1, view2)
    scores = view_scores(view1, view2, normalize=normalize)
    own, batch = of_partners(scores), len(view1)
    if batch < 2:
        return reduce(0 * own, reduction)
    other = ~torch.eye(batch, dtype=torch.bool, device=scores.device)
    rivals = masked_log_sum_exp(scores / temperature, other.repeat(2, 2))
    attraction = own / temperature
    if weighting is not None:
        share = (own[:batch] / sigma).softmax(0)
        weight = 2 - batch * (share.detach() if detach_weights else share)
        attraction = weight.repeat(2) * attraction
    return reduce(rivals - attraction, reduction)


DecoupledContrastive = loss_module(decoupled_contrastive)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two views of five items."""
    return {
        "view1": torch.randn(5, 4, generator=generator),
        "view2": torch.randn(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=decoupled_contrastive,
    module=DecoupledContrastive,
    paper=Paper(
        title="Decoupled Contrastive Learning",
        authors="Yeh, Hong, Hsu, Liu, Chen and LeCun",
        venue="ECCV",
        year=2022,
        url="https://arxiv.org/abs/2110.06848",
    ),
    differentiable=("view1", "view2"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=rank_views, options={"k": 1}),),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("dcl",),
)
