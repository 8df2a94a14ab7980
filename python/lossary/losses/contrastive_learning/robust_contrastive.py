"""Robust contrastive: the worst weighting of each query's negatives, within a distance of all alike.

Each query has a temperature of its own: that at which the hardest negatives within reach count. It is solved
for here, or given, as by a network that is trained along.
"""

import math
from typing import Any, NamedTuple

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
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.contrastive_learning._own_keys import negative_scores, own_key_scores
from lossary.ops.key_lists import rank_keys

_LEAST = 1e-30  # the least temperature


class RobustContrastiveTerms(NamedTuple):
    """The loss, and the temperature of each query."""

    loss: Tensor
    temperature: Tensor


@full_precision
def robust_contrastive_terms(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    temperature: Float[Tensor, "queries"] | None = None,
    *,
    rho: float = 1.0,
    min_temperature: float = 0.005,
    max_temperature: float = 1.0,
    normalize: bool = True,
    symmetric: bool = False,
    reduction: Reduction = "mean",
) -> RobustContrastiveTerms:
    """`robust_contrastive`, with the temperatures.

    Args:
        query: as for `robust_contrastive`, and so are the others.
        key: as for `robust_contrastive`.
        temperature: as for `robust_contrastive`.
        rho: as for `robust_contrastive`.
        min_temperature: as for `robust_contrastive`.
        max_temperature: as for `robust_contrastive`.
        normalize: as for `robust_contrastive`.
        symmetric: as for `robust_contrastive`.
        reduction: as for `robust_contrastive`.

    Returns:
        The loss, and the temperatures of the queries, given or solved for; with ``symmetric`` too.

    Raises:
        LossaryError: as `robust_contrastive` says.
    """
    check_non_negative("rho", rho)
    check_positive("min_temperature", min_temperature)
    check_positive("max_temperature", max_temperature)
    if min_temperature > max_temperature:
        raise InvalidInputError(
            f"min_temperature: got {min_temperature!r} with max_temperature={max_temperature!r}; wanted no "
            "more than that"
        )
    scores = own_key_scores(query, key, normalize=normalize)
    queries, keys = scores.shape
    if symmetric and queries != keys:
        raise ShapeError(f"key: got {keys} rows; wanted {queries}, as query, for symmetric=True")
    if temperature is not None:
        _check_temperature(temperature, queries)

    bounds = min_temperature, max_temperature
    values, used = _robust(scores, temperature, rho, bounds)
    loss = reduce(values, reduction)
    if symmetric:
        values, _ = _robust(scores.T, temperature, rho, bounds)
        loss = (loss + reduce(values, reduction)) / 2
    return RobustContrastiveTerms(loss, used)


def _check_temperature(temperature: Tensor, queries: int) -> None:
    check_floating("temperature", temperature)
    check_shape("temperature", temperature, (queries,), like="the rows of query")
    check_finite("temperature", temperature)
    if checks_values(temperature) and bool((temperature < _LEAST).any()):
        raise InvalidInputError(
            f"temperature: got {temperature.min().item():g}; wanted temperatures above 0, from {_LEAST:g}"
        )


def _robust(
    scores: Tensor, temperature: Tensor | None, rho: float, bounds: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """The value of each row, and its temperature."""
    own = scores.diagonal()
    if scores.shape[1] < 2:
        return 0 * own, torch.full_like(own, bounds[0]) if temperature is None else temperature
    excess = negative_scores(scores) - own.unsqueeze(1)
    if temperature is None:
        temperature = _best_temperature(excess.detach(), rho, *bounds)
    quotients = excess / temperature.unsqueeze(1)
    return temperature * (quotients.logsumexp(1) - math.log(excess.shape[1]) + rho), temperature


def _best_temperature(excess: Tensor, rho: float, low: float, high: float) -> Tensor:
    """Where each row's value is least between the bounds, by bisection on its slope, which increases."""
    # The weights depend on differences only, and these are small where the weights are large.
    excess = excess - excess.amax(1, keepdim=True)
    below, above = excess.new_full(excess.shape[:1], low), excess.new_full(excess.shape[:1], high)
    eps = torch.finfo(excess.dtype).eps
    for _ in range(math.ceil(-math.log2(eps)) + 8):
        middle = (below + above) / 2
        log_weight = (excess / middle.unsqueeze(1)).log_softmax(1)
        distance = (log_weight.exp() * (log_weight + math.log(excess.shape[1]))).sum(1)
        rising = distance <= rho + 8 * eps  # up to rounding, by which equal weights are not quite at 0
        below, above = below.where(rising, middle), middle.where(rising, above)
    return below


def robust_contrastive(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    temperature: Float[Tensor, "queries"] | None = None,
    *,
    rho: float = 1.0,
    min_temperature: float = 0.005,
    max_temperature: float = 1.0,
    normalize: bool = True,
    symmetric: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the negatives of each query score above its own key, weighted for the worst.

    .. math:: L_i = \min_{\tau} \; \tau \log \frac{1}{n} \sum_{j \neq i} e^{(s_{ij} - s_{ii}) / \tau}
              + \tau \rho
              = \max_{\mathrm{KL}(p \,\Vert\, u) \le \rho} \; \sum_{j \neq i} p_j (s_{ij} - s_{ii})

    for n negatives, with u their equal weights. A temperature that is given takes the place of the minimum,
    of which the first form is then an upper bound.

    Args:
        query: one row per query.
        key: one row per key, at least as many as queries: key i is the positive of query i, and all others
            are its negatives.
        temperature: τ of each query, above 0, as a network gives it; its gradient is ``rho`` less the KL
            divergence. None solves for the best one between the bounds.
        rho: how far the weights may be from equal, at least 0. From log n on it forbids nothing, and the
            least temperature is the best. The authors' 7 to 8 is for the n of a whole data set.
        min_temperature: the least temperature that is solved for, above 0.
        max_temperature: the largest one; the authors' is 0.05, for images and texts.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        symmetric: the mean of this and of the same with keys and queries exchanged, of which there must be
            as many. Given temperatures serve both; else each side has its own.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none"; `robust_contrastive_terms` returns the temperatures as
        well. With one key there is no negative, and it is 0. A row of zeros has cosines of 0. No gradient
        flows through solved temperatures: the first derivative needs none, but a second one lacks a part.

    Raises:
        ShapeError: ``query`` or ``key`` is not a matrix or has no column; their columns differ in number;
            there are fewer keys than queries, or with ``symmetric`` more; ``temperature`` is not one per
            query.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; dot products overflow; a temperature is not above 0;
            ``rho`` is negative; ``min_temperature`` is above ``max_temperature``.

    Differs from the official code: its value is the weighted sum alone, with weights that are constants; the
        gradients are the same. It averages the sum over negatives across batches, which this does not.

    Source: Qiu et al., To Cool or not to Cool? Temperature Network Meets Large Foundation Models via DRO,
        ICML 2024.

    Example:
        >>> import torch
        >>> query, key = torch.eye(2), torch.tensor([[2.0, 0.0], [0.0, 3.0]])
        >>> # one negative each, 1 below the own key: -1 + τ
        >>> robust_contrastive(query, key, torch.tensor([0.5, 0.25]), reduction="none")
        tensor([-0.5000, -0.7500])
    """
    return robust_contrastive_terms(
        query,
        key,
        temperature,
        rho=rho,
        min_temperature=min_temperature,
        max_temperature=max_temperature,
        normalize=normalize,
        symmetric=symmetric,
        reduction=reduction,
    ).loss


RobustContrastive = loss_module(robust_contrastive)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six queries, their keys, and temperatures from 0.1 to 0.6."""
    return {
        "query": torch.randn(6, 4, generator=generator),
        "key": torch.randn(6, 4, generator=generator),
        "temperature": 0.1 + 0.5 * torch.rand(6, generator=generator),
    }


def rank_keys_of_queries(query: Any, key: Any, **_: Any) -> tuple[Any, Any]:
    """Every key as a candidate of every query, its own being right."""
    return rank_keys(query, key)


LOSS = LossSpec(
    function=robust_contrastive,
    module=RobustContrastive,
    paper=Paper(
        title="To Cool or not to Cool? Temperature Network Meets Large Foundation Models via DRO",
        authors="Qiu et al.",
        venue="ICML",
        year=2024,
        url="https://arxiv.org/abs/2404.04575",
    ),
    differentiable=("query", "key", "temperature"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=rank_keys_of_queries, options={"k": 1}),),
    properties=frozenset({Property.BATCH_ORDER_FREE}),
    aliases=("rgcl",),
)
