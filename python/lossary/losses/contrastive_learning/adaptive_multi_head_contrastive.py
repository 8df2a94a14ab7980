"""Adaptive multi-head contrastive: NT-Xent over several projection heads, a temperature for every pair.

Views that are hard to match in one head may be matched in another, and the temperatures, which a small
network gives, say how much each pair counts. A regularizer keeps them from running to 0 or to infinity.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from lossary.losses.contrastive_learning._views import (
    check_view_pair,
    of_partners,
    other_rows,
    rank_views,
    view_scores,
)
from lossary.ops.masked_softmax import masked_log_softmax

_LEAST = 1e-30  # the least temperature; the gradient divides by its square


class AdaptiveMultiHeadContrastiveTerms(NamedTuple):
    """The loss and its two parts, of which the regularizer is not weighted."""

    loss: Tensor
    contrastive: Tensor
    regularizer: Tensor


@full_precision
def adaptive_multi_head_contrastive_terms(
    view1: Float[Tensor, "heads batch dim"],
    view2: Float[Tensor, "heads batch dim"],
    temperature: Float[Tensor, "heads rows rows"],
    *,
    regularization: float = 0.1,
    dim: int | None = None,
    normalize: bool = True,
) -> AdaptiveMultiHeadContrastiveTerms:
    """`adaptive_multi_head_contrastive`, with its parts.

    Args:
        view1: as for `adaptive_multi_head_contrastive`, and so are the others.
        view2: as for `adaptive_multi_head_contrastive`.
        temperature: as for `adaptive_multi_head_contrastive`.
        regularization: as for `adaptive_multi_head_contrastive`.
        dim: as for `adaptive_multi_head_contrastive`.
        normalize: as for `adaptive_multi_head_contrastive`.

    Returns:
        The loss, the mean of NT-Xent over heads, and the mean that keeps temperatures in bounds.

    Raises:
        LossaryError: as `adaptive_multi_head_contrastive` says.
    """
    check_non_negative("regularization", regularization)
    if dim is not None:
        check_int("dim", dim)
        check_positive("dim", dim)
    check_view_pair(view1, view2, "heads batch dim")
    scores = view_scores(view1, view2, normalize=normalize)
    others = other_rows(scores)
    temperature = _other_temperatures(temperature, scores, others)
    heads, rows = scores.shape[:2]

    quotients = (scores / temperature).reshape(heads * rows, rows)
    log_share = masked_log_softmax(quotients, others.repeat(heads, 1)).reshape(scores.shape)
    contrastive = -of_partners(log_share).sum() / max(heads * rows, 1)

    half = (view1.shape[2] if dim is None else dim) / 2
    barrier = (half * temperature.log() + 1 / temperature).where(others, 0.0)
    regularizer = barrier.sum() / max(heads * rows * (rows - 1), 1)
    loss = contrastive + regularization * regularizer
    return AdaptiveMultiHeadContrastiveTerms(loss, contrastive, regularizer)


def _other_temperatures(temperature: Tensor, scores: Tensor, others: Tensor) -> Tensor:
    """The temperatures off the diagonal, and 1 on it."""
    check_floating("temperature", temperature)
    check_shape("temperature", temperature, tuple(scores.shape), like="the rows of both views, per head")
    check_finite("temperature", temperature)
    temperature = temperature.where(others, 1.0)
    if checks_values(temperature) and bool((temperature < _LEAST).any()):
        raise InvalidInputError(
            f"temperature: got {temperature.min().item():g}; wanted temperatures above 0, from {_LEAST:g}"
        )
    return temperature


def adaptive_multi_head_contrastive(
    view1: Float[Tensor, "heads batch dim"],
    view2: Float[Tensor, "heads batch dim"],
    temperature: Float[Tensor, "heads rows rows"],
    *,
    regularization: float = 0.1,
    dim: int | None = None,
    normalize: bool = True,
) -> Float[Tensor, ""]:
    r"""How far each item's other view is from standing out in each head, temperatures held in bounds.

    .. math:: L = -\frac{1}{2 H N} \sum_{h, i} \log
              \frac{e^{\langle z_{hi}, z_{hp(i)} \rangle / \tau_{hip(i)}}}
              {\sum_{k \neq i} e^{\langle z_{hi}, z_{hk} \rangle / \tau_{hik}}}
              + \beta \operatorname*{mean}_{h,\, i \neq k}
              \left( \frac{d}{2} \log \tau_{hik} + \frac{1}{\tau_{hik}} \right)

    with the rows z of both views in head h, and p(i) the other view of row i. One head with a constant τ and
    β = 0 is `lossary.losses.contrastive_learning.nt_xent`.

    Args:
        view1: one embedding of each item per head.
        view2: another one of the same items, in the same order.
        temperature: τ, above 0: one for each head and pair of rows, of which those of ``view1`` come first.
            Usually `adaptive_temperature` of a small network of the pair. The diagonal has no effect.
        regularization: β, at least 0.
        dim: d; the last summand is least at τ = 2 / d. None takes the number of columns.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.

    Returns:
        A scalar; `adaptive_multi_head_contrastive_terms` returns its parts as well. Without items or heads it
        is 0. With one item only the temperatures count. A row of zeros has cosines of 0.

    Raises:
        ShapeError: ``view1`` has not three axes or no column; ``view2`` has another shape; ``temperature`` is
            not (heads, 2 batch, 2 batch).
        DtypeError: a tensor is not floating, or ``dim`` no int.
        InvalidInputError: a value is NaN or infinite; dot products overflow; a temperature off the diagonal
            or ``dim`` is not above 0; ``regularization`` is negative.

    Differs from the paper: reconstructed from its abstract; its equations were not seen. The range of
        temperatures, the regularizer and its weight are those of the authors' code, which cannot be run and
        has another contrastive part.

    Source: Wang, Koniusz, Gedeon and Zheng, Adaptive Multi-head Contrastive Learning, ECCV 2024.

    Example:
        >>> import torch
        >>> view = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
        >>> # cosine 1 against two of 0: log(1 + 2 / e); and with τ = 1 the regularizer is 1
        >>> adaptive_multi_head_contrastive(view, view, torch.ones(1, 4, 4), regularization=1.0)
        tensor(1.5514)
    """
    return adaptive_multi_head_contrastive_terms(
        view1, view2, temperature, regularization=regularization, dim=dim, normalize=normalize
    ).loss


@full_precision
def adaptive_temperature(
    logit: Float[Tensor, "..."], *, lower: float = 1e-5, upper: float = 2.0
) -> Float[Tensor, "..."]:
    """A temperature between two bounds from any number, as a network gives it.

    Args:
        logit: 0 gives the middle; larger is warmer. The authors' network is linear from the two embeddings
            of a pair to 128, then ReLU, then linear to 1.
        lower: the least temperature, above 0.
        upper: the largest one, above ``lower``.

    Returns:
        The shape of ``logit``.

    Raises:
        DtypeError: ``logit`` is not floating.
        InvalidInputError: a value is NaN or infinite; a bound is not above 0; ``upper`` is not above
            ``lower``.

    Example:
        >>> import torch
        >>> adaptive_temperature(torch.zeros(1), lower=1.0, upper=2.0)
        tensor([1.5000])
    """
    check_floating("logit", logit)
    check_finite("logit", logit)
    check_positive("lower", lower)
    check_positive("upper", upper)
    if upper <= lower:
        raise InvalidInputError(f"upper: got {upper!r} with lower={lower!r}; wanted more than that")
    return lower + (upper - lower) * logit.sigmoid()


AdaptiveMultiHeadContrastive = loss_module(adaptive_multi_head_contrastive)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two heads with two views of four items, and temperatures from 0.2 to 1."""
    return {
        "view1": torch.randn(2, 4, 3, generator=generator),
        "view2": torch.randn(2, 4, 3, generator=generator),
        "temperature": 0.2 + 0.8 * torch.rand(2, 8, 8, generator=generator),
    }


def rank_views_of_heads(view1: np.ndarray, view2: np.ndarray, **_: Any) -> tuple[np.ndarray, np.ndarray]:
    """The lists of `rank_views` of all heads."""
    relevance, cosine = zip(*map(rank_views, view1, view2), strict=True)
    return np.concatenate(relevance), np.concatenate(cosine)


LOSS = LossSpec(
    function=adaptive_multi_head_contrastive,
    module=AdaptiveMultiHeadContrastive,
    paper=Paper(
        title="Adaptive Multi-head Contrastive Learning",
        authors="Wang, Koniusz, Gedeon and Zheng",
        venue="ECCV",
        year=2024,
        url="https://arxiv.org/abs/2310.05615",
    ),
    differentiable=("view1", "view2", "temperature"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=rank_views_of_heads, options={"k": 1}),),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("amcl",),
)
