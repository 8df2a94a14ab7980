"""Comparative regularization: more of a good thing must not do worse, as a loss over losses.

Made for queries that are reformulated with more or fewer feedback documents; it fits any inputs of which one
contains the other and so should have the smaller loss: more context, more views, a larger budget. Add it to
the mean of the losses, with a weight of 0.5 to 2.
"""

from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
    check_tensor,
)
from lossary.errors import DtypeError
from lossary.ops.pair_lists import pair_lists


@full_precision
def comparative_regularization(
    losses: Float[Tensor, "queries revisions"],
    amount: Integer[Tensor, "*queries revisions"] | Float[Tensor, "*queries revisions"],
    *,
    margin: float = 0.0,
    detach_smaller: bool = False,
    reduction: Literal["mean", "sum"] = "mean",
) -> Float[Tensor, ""]:
    r"""How much revisions of a query that were given more exceed those that were given less, in loss.

    .. math:: L = \frac{1}{|A|} \sum_{(q, i, j) \in A} \max(0, \ell_{qi} - \ell_{qj} + \Delta), \quad
              A = \{(q, i, j) : a_{qi} > a_{qj}\}

    Args:
        losses: the task loss of each revision of each query, with its graph.
        amount: a, how much each revision was given, such as its number of feedback documents; one row for
            all queries, (revisions,), or one for each. It receives no gradient.
        margin: Δ, by how much a revision that was given more should be better, at least 0.
        detach_smaller: keep the gradient from raising the losses of the revisions that were given less.
        reduction: "mean" over the pairs of all queries, or "sum". Pairs have no value per query, so there is
            no "none".

    Returns:
        A scalar; 0 without two revisions whose amounts differ.

    Raises:
        ShapeError: ``losses`` is not a matrix, or ``amount`` neither has its shape nor that of its rows.
        DtypeError: ``losses`` is not floating, or ``amount`` neither integer nor floating.
        InvalidInputError: a value is NaN or infinite; ``margin`` is negative; ``reduction`` is neither.

    Source: Zhu et al., LoL: A Comparative Regularization Loss over Query Reformulation Losses for
        Pseudo-Relevance Feedback, SIGIR 2022.

    Example:
        >>> import torch
        >>> losses = torch.tensor([[0.75, 0.5, 0.25]])  # by 2, 1 and 0 documents: worse with each
        >>> comparative_regularization(losses, torch.tensor([2, 1, 0]))  # (0.25 + 0.5 + 0.25) / 3
        tensor(0.3333)
    """
    check_floating("losses", losses)
    check_ndim("losses", losses, "queries revisions")
    check_finite("losses", losses)
    check_tensor("amount", amount)
    if amount.is_complex() or amount.dtype == torch.bool:
        raise DtypeError(f"amount: got dtype {amount.dtype}; wanted an integer or floating dtype")
    rows = tuple(losses.shape) if amount.ndim == 2 else tuple(losses.shape[1:])
    check_shape("amount", amount, rows, like="losses" if amount.ndim == 2 else "the rows of losses")
    if amount.is_floating_point():
        check_finite("amount", amount)
    check_non_negative("margin", margin)
    check_choice("reduction", reduction, ("mean", "sum"))
    smaller = losses.detach() if detach_smaller else losses
    excess = (losses.unsqueeze(2) - smaller.unsqueeze(1) + margin).relu()
    comparable = amount.unsqueeze(-1) > amount.unsqueeze(-2)
    return reduce(excess, reduction, mask=comparable.expand_as(excess))


ComparativeRegularization = loss_module(comparative_regularization)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries of three revisions, with three, one and no feedback documents."""
    return {"losses": torch.rand(4, 3, generator=generator), "amount": torch.tensor([3, 1, 0])}


def order_pairs(losses: np.ndarray, amount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of revisions whose amounts differ as a list of two, the one that was given more being right.

    The share of lists with the right one first is one minus the rate at which more feedback does worse.
    """
    return pair_lists(np.broadcast_to(amount, losses.shape), -losses)


LOSS = LossSpec(
    function=comparative_regularization,
    module=ComparativeRegularization,
    paper=Paper(
        title="LoL: A Comparative Regularization Loss over Query Reformulation Losses for Pseudo-Relevance "
        "Feedback",
        authors="Zhu et al.",
        venue="SIGIR",
        year=2022,
        url="https://arxiv.org/abs/2204.11545",
    ),
    differentiable=("losses",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=order_pairs, options={"k": 1, "ties": "optimistic"}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("loss_over_loss",),
)
