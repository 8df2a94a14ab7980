"""Relative entropy clustering: cluster probabilities trained towards a surer and more even version of them.

A network clusters without labels: of its own probabilities `lossary.training.cluster_target_distribution`
makes targets, which this loss holds fixed.
"""

import math
from typing import Any, Literal, get_args

import numpy as np
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
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.training.cluster_target_distribution import (
    TargetKind,
    check_distributions,
    cluster_target_distribution,
)

Objective = Literal["cross_entropy", "full"]


@full_precision
def relative_entropy_clustering(
    logits: Float[Tensor, "batch clusters"],
    target: Float[Tensor, "batch clusters"] | None = None,
    clean_logits: Float[Tensor, "batch clusters"] | None = None,
    *,
    kind: TargetKind = "depict",
    objective: Objective = "cross_entropy",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of cluster probabilities against a target that is fixed while they learn.

    .. math:: L_i = - \sum_k q_{ik} \ln p_{ik}, \qquad p_i = \mathrm{softmax}(z_i)

    or the whole objective, which has the same gradient, and says how near the goal is:

    .. math:: L = \frac{1}{N} \sum_{ik} q_{ik} \ln \frac{q_{ik}}{p_{ik}} + \sum_k g_k \ln (K g_k), \qquad
              g_k = \frac{1}{N} \sum_i q_{ik}

    Args:
        logits: z, of the noisy path where there are two, such as with dropout.
        target: q, one distribution per row, such as of the last refresh on the whole data set. None makes it
            of the softmax of ``clean_logits``, or else of ``logits``, by `cluster_target_distribution`.
        clean_logits: logits of the path without noise; no meaning with ``target``.
        kind: as for `cluster_target_distribution`; no meaning with ``target``.
        objective: "cross_entropy" for the first form, "full" for the second.
        reduction: "mean" or "sum" over the batch, or "none"; "full" is a "mean".

    Returns:
        A scalar, or one value per row under "none". One cluster gives 0. Targets receive no gradient: where
        they are made of ``logits``, the gradient is not that of the value.

    Raises:
        ShapeError: ``logits`` is not a matrix or is empty; ``target`` or ``clean_logits`` has another shape.
        DtypeError: an input is not floating.
        InvalidInputError: a value is NaN or infinite; a row of ``target`` is no distribution; ``reduction``
            is not "mean" with "full"; ``kind`` or ``objective`` is unknown.

    Differs from the official code: it runs the target "dec", with that of the paper in a comment.

    Source: Ghasedi Dizaji, Herandi, Deng, Cai and Huang, Deep Clustering via Joint Convolutional Autoencoder
        Embedding and Relative Entropy Minimization, ICCV 2017.

    Example:
        >>> import torch
        >>> logits, target = torch.zeros(1, 2), torch.tensor([[0.75, 0.25]])
        >>> relative_entropy_clustering(logits, target)  # ln 2
        tensor(0.6931)
        >>> relative_entropy_clustering(logits, target, objective="full")  # 2 (ln 2 - H(q))
        tensor(0.2616)
    """
    check_choice("kind", kind, get_args(TargetKind))
    check_choice("objective", objective, get_args(Objective))
    _check_logits("logits", logits)
    if target is None:
        target = _target(logits, clean_logits, kind)
    else:
        check_shape("target", target, tuple(logits.shape), like="logits")
        check_distributions("target", target)
        target = target.detach()
    surprise = -(target * logits.log_softmax(1)).sum(1)
    if objective == "cross_entropy":
        return reduce(surprise, reduction)
    if reduction != "mean":
        raise InvalidInputError(f"reduction: got {reduction!r} with objective='full'; wanted 'mean'")
    entropy = -target.xlogy(target).sum(1)
    share = target.mean(0)
    unevenness = share.xlogy(share).sum() + math.log(logits.shape[1])
    return (surprise - entropy).mean() + unevenness


def _check_logits(name: str, logits: Tensor) -> None:
    check_floating(name, logits)
    check_ndim(name, logits, "batch clusters")
    if 0 in logits.shape:
        raise ShapeError(f"{name}: got shape {tuple(logits.shape)}; wanted at least one row and cluster")
    check_finite(name, logits)


def _target(logits: Tensor, clean_logits: Tensor | None, kind: TargetKind) -> Tensor:
    if clean_logits is not None:
        check_shape("clean_logits", clean_logits, tuple(logits.shape), like="logits")
        _check_logits("clean_logits", clean_logits)
        logits = clean_logits
    return cluster_target_distribution(logits.detach().softmax(1), kind=kind)


RelativeEntropyClustering = loss_module(relative_entropy_clustering)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven items in four clusters, with the target of another network."""
    return {
        "logits": torch.randn(7, 4, generator=generator),
        "target": (2 * torch.randn(7, 4, generator=generator)).softmax(1),
    }


def clusters(
    logits: np.ndarray, target: np.ndarray | None = None, clean_logits: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest cluster of each item by the target, or class if it is of labels, and by the logits."""
    wanted = next(rows for rows in (target, clean_logits, logits) if rows is not None)
    return wanted.argmax(1), logits.argmax(1)


LOSS = LossSpec(
    function=relative_entropy_clustering,
    module=RelativeEntropyClustering,
    paper=Paper(
        title="Deep Clustering via Joint Convolutional Autoencoder Embedding and Relative Entropy "
        "Minimization",
        authors="Ghasedi Dizaji, Herandi, Deng, Cai and Huang",
        venue="ICCV",
        year=2017,
        url="https://arxiv.org/abs/1704.06327",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="clustering_accuracy", adapt=clusters),
        ExactMetric(name="normalized_mutual_info_score", adapt=clusters),
        ExactMetric(name="adjusted_mutual_info_score", adapt=clusters),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("depict",),
)
