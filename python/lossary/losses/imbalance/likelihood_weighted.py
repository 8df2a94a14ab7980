"""Likelihood weighting: losses of single samples, weighed by how rare their like is in the training set.

It levels a data set whose scenes, subjects or conditions are unevenly covered, whatever the loss: common
samples keep a floor of weight, rare ones count in full.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import (
    LossSpec,
    Paper,
    Picture,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_non_negative,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError

_ROUNDING = 1e-6  # how far above 1 a likelihood may be that was added up or narrowed


def cluster_likelihood(
    cluster: Integer[Tensor, "samples"], *, relative: bool = False
) -> Float[Tensor, "samples"]:
    """Share of the samples that are in the same cluster, as the likelihood of each sample.

    Args:
        cluster: one label per sample of the training set, any integers, of any clustering.
        relative: divide by the share of the largest cluster, whose samples then have 1.

    Returns:
        Shares in (0, 1], in torch's default dtype.

    Raises:
        ShapeError: ``cluster`` is not (samples,).
        DtypeError: ``cluster`` is not integer.

    Source: Shrivastava, Zhang, Nagesh and Parchami, DatasetEquity: Are All Samples Created Equal? In The
        Quest For Equity Within Datasets, ICCV Workshops 2023; ``relative`` is ours.

    Example:
        >>> import torch
        >>> cluster_likelihood(torch.tensor([7, 7, 7, 2]))
        tensor([0.7500, 0.7500, 0.7500, 0.2500])
    """
    check_integer("cluster", cluster)
    check_ndim("cluster", cluster, "samples")
    ordered = cluster.sort().values
    size = torch.searchsorted(ordered, cluster, right=True) - torch.searchsorted(ordered, cluster)
    whole = size.max() if relative and len(size) else max(len(size), 1)
    return (size.double() / whole).to(torch.get_default_dtype())


def likelihood_weight(
    likelihood: Float[Tensor, "batch"], *, eta: float = 1.0, gamma: float = 5.0
) -> Float[Tensor, "batch"]:
    r"""The weight of a sample: 1 where its likelihood is 0, falling to a floor where it is 1.

    .. math:: w = \frac{\eta + (1 - p)^\gamma}{\eta + 1}

    Args:
        likelihood: p, in [0, 1]; up to 1e-6 above is rounding, and read as 1.
        eta: floor, at least 0: the lowest weight is eta / (eta + 1).
        gamma: sharpness, at least 0; 0 weighs all alike.

    Returns:
        Weights in [0, 1], without a gradient.

    Raises:
        ShapeError: ``likelihood`` is not (batch,).
        DtypeError: ``likelihood`` is not floating.
        InvalidInputError: a likelihood is outside [0, 1] or NaN; ``eta`` or ``gamma`` is negative.

    Source: Shrivastava, Zhang, Nagesh and Parchami, DatasetEquity: Are All Samples Created Equal? In The
        Quest For Equity Within Datasets, ICCV Workshops 2023.

    Example:
        >>> import torch
        >>> likelihood_weight(torch.tensor([0.0, 0.5, 1.0]), gamma=1.0)  # (1 + 1 - p) / 2
        tensor([1.0000, 0.7500, 0.5000])
    """
    check_floating("likelihood", likelihood)
    check_ndim("likelihood", likelihood, "batch")
    check_non_negative("eta", eta)
    check_non_negative("gamma", gamma)
    likelihood = likelihood.detach()
    if checks_values(likelihood) and not bool(((likelihood >= 0) & (likelihood <= 1 + _ROUNDING)).all()):
        raise InvalidInputError(
            f"likelihood: got values from {likelihood.min().item():g} to {likelihood.max().item():g}; wanted "
            "values in [0, 1]"
        )
    return (eta + (1 - likelihood).clamp(min=0) ** gamma) / (eta + 1)


@full_precision
def likelihood_weighted(
    loss: Float[Tensor, "batch"],
    likelihood: Float[Tensor, "batch"],
    *,
    eta: float = 1.0,
    gamma: float = 5.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Losses of single samples, each times a weight that falls with the likelihood of the sample.

    .. math:: L = \frac{1}{N} \sum_i \frac{\eta + (1 - p_i)^\gamma}{\eta + 1} l_i

    Args:
        loss: l, one loss per sample, as another loss gives it under ``reduction="none"``.
        likelihood: p, how likely a sample like this one is in the training set, in [0, 1], for example by
            `cluster_likelihood`. It receives no gradient.
        eta: floor, at least 0: the lowest weight is eta / (eta + 1), at a likelihood of 1.
        gamma: sharpness, at least 0; 0 leaves the losses as they are.
        reduction: "mean" over the batch (not over the weights), "sum", or "none".

    Returns:
        A scalar, or one weighted loss per sample under "none".

    Raises:
        ShapeError: ``loss`` is not (batch,), or ``likelihood`` has another shape.
        DtypeError: ``loss`` or ``likelihood`` is not floating.
        InvalidInputError: a loss is NaN or infinite; a likelihood is NaN or outside [0, 1] by more than
            rounding; ``eta`` or ``gamma`` is negative.

    Differs from the paper: the likelihood of a sample is the caller's; the paper takes the sizes of clusters
        of deep embeddings. Its name, "Generalized Focal Loss", belongs to another loss.

    Source: Shrivastava, Zhang, Nagesh and Parchami, DatasetEquity: Are All Samples Created Equal? In The
        Quest For Equity Within Datasets, ICCV Workshops 2023.

    Example:
        >>> import torch
        >>> loss, likelihood = torch.tensor([2.0, 2.0]), torch.tensor([0.0, 1.0])
        >>> likelihood_weighted(loss, likelihood, reduction="none")  # weights 1 and 1/2
        tensor([2., 1.])
    """
    check_floating("loss", loss)
    if loss.ndim != 1:
        raise ShapeError(
            f"loss: got shape {tuple(loss.shape)}; wanted (batch), one loss per sample, as of "
            "reduction='none'"
        )
    check_floating("likelihood", likelihood)
    check_shape("likelihood", likelihood, tuple(loss.shape), like="loss")
    check_finite("loss", loss)
    weight = likelihood_weight(likelihood, eta=eta, gamma=gamma)
    return reduce(loss * weight.to(loss.dtype), reduction)


LikelihoodWeighted = loss_module(likelihood_weighted)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight losses and likelihoods."""
    return {
        "loss": torch.rand(8, generator=generator) * 3,
        "likelihood": torch.rand(8, generator=generator),
    }


def _alike(example: dict[str, Any], likelihood: Tensor) -> dict[str, Any]:
    return {"likelihood": likelihood.expand_as(example["likelihood"])}


LOSS = LossSpec(
    function=likelihood_weighted,
    module=LikelihoodWeighted,
    paper=Paper(
        title="DatasetEquity: Are All Samples Created Equal? In The Quest For Equity Within Datasets",
        authors="Shrivastava, Zhang, Nagesh and Parchami",
        venue="ICCV Workshops",
        year=2023,
        url="https://arxiv.org/abs/2308.09878",
    ),
    differentiable=("loss",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it weighs whatever loss it is given; judge the model by a score averaged over the groups, such as "
        "balanced_accuracy_score with the clusters as classes"
    ),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.CONVEX}),
    aliases=("dequity",),
    # In the loss it is given it is linear.
    picture=Picture(inputs=_alike, low=0.0, high=1.0, words="likelihood of all samples"),
)
