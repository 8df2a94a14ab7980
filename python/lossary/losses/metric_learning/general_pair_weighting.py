"""General pair weighting: a loss over pairs, given by how much each pair weighs.

Every loss of the similarities pulls positives and pushes negatives by its derivative; with these as fixed
weights, a weighted sum of similarities trains the same. That makes weightings comparable, and a new one can
be given as a function.
"""

import inspect
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_shape,
)
from lossary.losses.metric_learning._pairs import similar_pairs
from lossary.losses.metric_learning._queries import PAIR_METRICS, labelled_example
from lossary.losses.metric_learning.binomial_deviance import binomial_deviance, binomial_deviance_values
from lossary.losses.metric_learning.contrastive import contrastive, contrastive_values
from lossary.losses.metric_learning.lifted_structure import lifted_structure, lifted_structure_values
from lossary.losses.metric_learning.multi_similarity import multi_similarity, multi_similarity_values
from lossary.losses.metric_learning.n_pair import n_pair, n_pair_values
from lossary.losses.metric_learning.triplet import all_triplets, triplet
from lossary.training.multi_similarity_miner import Pairs, label_pairs, mine_pairs

WeightFunction = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
Weighting = (
    Literal["contrastive", "triplet", "lifted_structure", "binomial_deviance", "n_pair", "multi_similarity"]
    | WeightFunction
)
TotalReduction = Literal["mean", "sum"]


class PairWeights(NamedTuple):
    """How much each pair (anchor, other) weighs, at least 0, both (batch, batch)."""

    positive_weight: Tensor
    negative_weight: Tensor


class GeneralPairWeightingTerms(NamedTuple):
    """The loss, and the weights of the pairs, which are those of `pair_weights`."""

    loss: Tensor
    positive_weight: Tensor
    negative_weight: Tensor


def _triplet_values(similarity: Tensor, pairs: Pairs, *, margin: float) -> Tensor:
    return all_triplets(similarity, pairs, margin=margin).value


_VALUES: dict[str, Callable[..., Tensor]] = {
    "contrastive": contrastive_values,
    "triplet": _triplet_values,
    "lifted_structure": lifted_structure_values,
    "binomial_deviance": binomial_deviance_values,
    "n_pair": n_pair_values,
    "multi_similarity": multi_similarity_values,
}
_PARENTS: tuple[Callable[..., Tensor], ...] = (
    contrastive,
    triplet,
    lifted_structure,
    binomial_deviance,
    n_pair,
    multi_similarity,
)
_PARAMETERS = ("alpha", "beta", "base", "epsilon", "margin", "scale")
_DEFAULTS: dict[str, dict[str, float]] = {
    parent.__name__: {
        name: parameter.default
        for name, parameter in inspect.signature(parent).parameters.items()
        if name in _PARAMETERS
    }
    for parent in _PARENTS
}


@full_precision
def pair_weights(
    similarity: Float[Tensor, "batch batch"],
    labels: Integer[Tensor, "batch"],
    *,
    weighting: Weighting = "multi_similarity",
    alpha: float | None = None,
    beta: float | None = None,
    base: float | None = None,
    epsilon: float | None = None,
    margin: float | None = None,
    scale: float | None = None,
    duplicate_threshold: float | None = 1 - 1e-5,
) -> PairWeights:
    r"""How much a loss pulls or pushes each pair, :math:`w_{ij} = |\partial L_i / \partial S_{ij}|`.

    Args:
        similarity: S of all pairs, usually cosines.
        labels: the group of each item; equal labels make a positive pair.
        weighting: as for `general_pair_weighting`, and so are the options.
        alpha: as for `general_pair_weighting`.
        beta: as for `general_pair_weighting`.
        base: as for `general_pair_weighting`.
        epsilon: as for `general_pair_weighting`.
        margin: as for `general_pair_weighting`.
        scale: as for `general_pair_weighting`.
        duplicate_threshold: "multi_similarity" leaves out positives at least this similar; None leaves out
            none.

    Returns:
        The weights, without a graph, 0 where a pair is of the other kind or does not count.

    Raises:
        ShapeError: ``similarity`` is not (batch, batch), or ``labels`` has another length.
        DtypeError: ``similarity`` is not floating or ``labels`` not integer.
        TypeError: an option that the loss of this name does not have.
        InvalidInputError: a similarity is NaN or infinite; ``weighting`` is unknown; an option is out of the
            range of that loss.

    Example:
        >>> import torch
        >>> similarity = torch.tensor([[1.0, 0.6, 0.8], [0.6, 1.0, 0.1], [0.8, 0.1, 1.0]])
        >>> weights = pair_weights(similarity, torch.tensor([0, 0, 1]), weighting="contrastive")
        >>> weights.negative_weight  # of the negatives only 0.8 is above the margin of 0.5
        tensor([[0., 0., 1.],
                [0., 0., 0.],
                [1., 0., 0.]])
    """
    check_floating("similarity", similarity)
    check_ndim("similarity", similarity, "batch batch")
    check_integer("labels", labels)
    check_shape("similarity", similarity, (labels.shape[0],) * 2, like="the pairs of labels")
    check_finite("similarity", similarity)
    given = {
        "alpha": alpha,
        "beta": beta,
        "base": base,
        "epsilon": epsilon,
        "margin": margin,
        "scale": scale,
    }
    similarity = similarity.detach()
    pairs = label_pairs(similarity, labels, normalize=True, duplicate_threshold=None)
    if callable(weighting):
        _parameters("of your own", {}, given)
        positive, negative = weighting(similarity, pairs.positive, pairs.negative)
        return PairWeights(positive.detach(), negative.detach())
    check_choice("weighting", weighting, tuple(_VALUES))
    parameters = _parameters(weighting, _DEFAULTS[weighting], given)
    if weighting == "multi_similarity":
        pairs = label_pairs(similarity, labels, normalize=True, duplicate_threshold=duplicate_threshold)
        pairs = mine_pairs(similarity, pairs, epsilon=parameters.pop("epsilon"))

    def total(values: Tensor) -> Tensor:
        return _VALUES[weighting](values, pairs, **parameters).sum()

    # The value of an anchor depends on its own row only, so one gradient holds the derivatives of all.
    slopes = torch.func.grad(total)(similarity).abs()
    return PairWeights(slopes.where(pairs.positive, 0.0), slopes.where(pairs.negative, 0.0))


def _parameters(
    weighting: str, defaults: dict[str, float], given: dict[str, float | None]
) -> dict[str, float]:
    for name, value in given.items():
        if value is not None and name not in defaults:
            raise TypeError(
                f"{name}: got {value!r} with the weighting {weighting}; wanted only its options: "
                f"{', '.join(defaults) or 'it has none'}"
            )
    return defaults | {name: value for name, value in given.items() if value is not None}


@full_precision
def general_pair_weighting_terms(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    weighting: Weighting = "multi_similarity",
    normalize: bool = True,
    reduction: TotalReduction = "mean",
    alpha: float | None = None,
    beta: float | None = None,
    base: float | None = None,
    epsilon: float | None = None,
    margin: float | None = None,
    scale: float | None = None,
) -> GeneralPairWeightingTerms:
    """`general_pair_weighting`, with the weights of the pairs.

    Args:
        embeddings: as for `general_pair_weighting`, and so are the options.
        labels: as for `general_pair_weighting`.
        weighting: as for `general_pair_weighting`.
        normalize: as for `general_pair_weighting`.
        reduction: as for `general_pair_weighting`.
        alpha: as for `general_pair_weighting`.
        beta: as for `general_pair_weighting`.
        base: as for `general_pair_weighting`.
        epsilon: as for `general_pair_weighting`.
        margin: as for `general_pair_weighting`.
        scale: as for `general_pair_weighting`.

    Returns:
        The loss and the weights.

    Raises:
        LossaryError: as `general_pair_weighting` says.
    """
    check_choice("reduction", reduction, ("mean", "sum"))
    similarity, _ = similar_pairs(embeddings, labels, normalize=normalize)
    weights = pair_weights(
        similarity,
        labels,
        weighting=weighting,
        alpha=alpha,
        beta=beta,
        base=base,
        epsilon=epsilon,
        margin=margin,
        scale=scale,
        duplicate_threshold=1 - 1e-5 if normalize else None,
    )
    values = ((weights.negative_weight - weights.positive_weight) * similarity).sum(1)
    return GeneralPairWeightingTerms(reduce(values, reduction), *weights)


def general_pair_weighting(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    weighting: Weighting = "multi_similarity",
    normalize: bool = True,
    reduction: TotalReduction = "mean",
    alpha: float | None = None,
    beta: float | None = None,
    base: float | None = None,
    epsilon: float | None = None,
    margin: float | None = None,
    scale: float | None = None,
) -> Float[Tensor, ""]:
    r"""The similarity of negatives less that of positives, each pair by the weight that a loss gives it.

    .. math:: F = \frac{1}{N} \sum_i \Big( \sum_{j \in N_i} w_{ij} S_{ij} - \sum_{j \in P_i} w_{ij} S_{ij}
              \Big), \quad w_{ij} = \left| \frac{\partial L_i}{\partial S_{ij}} \right|

    with the weights held fixed, so that F has the gradient of the loss L, and another value, which may be
    below 0.

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        weighting: L: the name of a loss of this family, on similarities ("multi_similarity" with its mining),
            or a function of the similarities and the masks of positives and negatives, all (batch, batch),
            that returns the weights of both.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" over anchors, or "sum".
        alpha: as for that loss, and so are the other options; None is its default.
        beta: of "binomial_deviance" and "multi_similarity", as are ``alpha`` and ``base``.
        base: see ``beta``.
        epsilon: of "multi_similarity".
        margin: of "contrastive", "triplet" and "lifted_structure".
        scale: of "n_pair".

    Returns:
        A scalar. `general_pair_weighting_terms` returns the weights as well.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        TypeError: an option that the loss of this name does not have.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``weighting`` is unknown; an option is out of the range of that loss.

    Source: Wang, Han, Huang, Dong and Scott, Multi-Similarity Loss with General Pair Weighting for Deep
        Metric Learning, CVPR 2019, section 3.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> labels = torch.tensor([0, 0, 1])  # pairs at 0.6, twice, and negatives at 0.8 and 0.96, twice
        >>> general_pair_weighting(embeddings, labels, weighting="contrastive", reduction="sum")
        tensor(2.3200)
    """
    return general_pair_weighting_terms(
        embeddings,
        labels,
        weighting=weighting,
        normalize=normalize,
        reduction=reduction,
        alpha=alpha,
        beta=beta,
        base=base,
        epsilon=epsilon,
        margin=margin,
        scale=scale,
    ).loss


GeneralPairWeighting = loss_module(general_pair_weighting)

LOSS = LossSpec(
    function=general_pair_weighting,
    module=GeneralPairWeighting,
    paper=Paper(
        title="Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning",
        authors="Wang, Han, Huang, Dong and Scott",
        venue="CVPR",
        year=2019,
        url="https://arxiv.org/abs/1904.06627",
        equation="section 3",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=PAIR_METRICS,
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT, Property.REJECTS_EMPTY_BATCH}),
    aliases=("gpw",),
    exceptions={
        "gradcheck": "the weights are held fixed, so its gradient is that of another loss, not of its value"
    },
)
