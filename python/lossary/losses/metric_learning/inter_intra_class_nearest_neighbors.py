"""Inter- and intra-class nearest neighbours: how well classes separate around each item, as a loss.

For few-shot training beside the cross-entropy: among the nearest neighbours of an item, those of its class
should be closer than the first of another, the others far, and most of its class.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_int, check_shape
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.metric_learning._few_shot import floored_distances
from lossary.ops.labelled_rows import check_labelled_rows

_EPS = 1e-7


@full_precision
def inter_intra_class_nearest_neighbors(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    reference: Float[Tensor, "references dim"] | None = None,
    reference_labels: Integer[Tensor, "references"] | None = None,
    *,
    k: int = 4,
    pool: int | None = None,
    drop_nearest: bool = False,
) -> Float[Tensor, ""]:
    r"""How far the nearest neighbours of each item are from being of its class, close, and apart from others.

    .. math:: L = -\ln \frac{(A + B) / 2 + G}{2}, \quad
              A = 1 - \underset{i}{\mathrm{mean}} \, \underset{t \in S_i}{\mathrm{mean}} \, q_{it}, \quad
              B = \underset{i}{\mathrm{mean}} \, \underset{t \notin S_i}{\mathrm{mean}} \, \frac{d_{it}}{M},
              \quad G = \underset{i}{\mathrm{mean}} \, \frac{|S_i|}{k}

    over the k nearest neighbours t of an item, S being those of its class. q is the distance d divided by
    that of the nearest neighbour of another class in the pool, and by the largest q of the item above 1; it
    is 0 where the pool has one class. M is the largest distance to a neighbour of another class, and B is 1
    where there is none. The choice of neighbours and G have no gradient.

    Args:
        embeddings: one row per item.
        labels: the class of each item.
        reference: the rows that neighbours are sought among, such as support items or prototypes; None seeks
            them among the other items.
        reference_labels: the class of each reference.
        k: how many neighbours count, at least 1. Where it is not below the number of rows less 2, it becomes
            that, and G is 1.
        pool: among how many neighbours the nearest of another class is sought, at least k; None takes k + 1.
        drop_nearest: leave out the nearest reference of each item. It has no meaning without a reference.

    Returns:
        A scalar, at least 0; near 0 where the items are of one class.

    Raises:
        ShapeError: a matrix has another number of axes, no row or no column, or the two differ in columns;
            there are fewer than 3 rows to seek neighbours among; labels have another length.
        DtypeError: a matrix is not floating, labels are not integer, or ``k`` or ``pool`` no int.
        InvalidInputError: a value is NaN or infinite; of ``reference`` and ``reference_labels`` one is given
            alone; ``k`` is below 1, or ``pool`` below it or above the number of neighbours.

    Differs from the official code: with a reference, it always drops the nearest one, as ``drop_nearest``
        does; the loss adds no variance term, which the code has in a comment.

    Source: Mendez-Ruiz et al., SuSana Distancia is all you need: Enforcing class separability in metric
        learning via two novel distance-based loss functions for few-shot image classification, arXiv
        2305.09062, 2023; the official code.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[0.0], [1.0], [5.0], [6.0]])  # k becomes 2
        >>> loss = inter_intra_class_nearest_neighbors(embeddings, torch.tensor([0, 0, 1, 1]))
        >>> loss  # A = 1 - (1/5 + 1/4) / 2 and B = (5/5 + 4/5) / 2: -ln((0.775 + 0.9) / 4 + 0.5)
        tensor(0.0847)
    """
    check_labelled_rows(embeddings, labels, least=1)
    rows = _check_reference(embeddings, reference, reference_labels)
    if rows < 3:
        name = "embeddings" if reference is None else "reference"
        raise ShapeError(f"{name}: got {rows} rows; wanted at least 3 to seek neighbours among")
    available = rows - 1 if reference is None or drop_nearest else rows
    many = _check_k(k) + 2 < rows
    k = k if many else rows - 2
    pool = _check_pool(pool, k, available)

    if reference is None or reference_labels is None:
        distances, target = floored_distances(embeddings, embeddings), labels
        itself = torch.eye(rows, dtype=torch.bool, device=labels.device)
        keys = distances.detach().where(~itself, math.inf)
    else:
        distances, target = floored_distances(embeddings, reference), reference_labels
        keys = distances.detach()
    first = int(reference is not None and drop_nearest)
    nearest = keys.sort(dim=1, stable=True).indices[:, first : first + pool]
    near = distances.gather(1, nearest)
    same = labels.unsqueeze(1) == target[nearest]
    return -_separability(near, same, k, many=many).clamp(min=_EPS).log()


def _separability(near: Tensor, same: Tensor, k: int, *, many: bool) -> Tensor:
    """The score of distances in ascending order, (batch, pool), of which the first k count."""
    mixed = ~same.all(1, keepdim=True)
    rival = near.where(~same, math.inf).min(1, keepdim=True).values.where(mixed, 1.0)
    near, same = near[:, :k], same[:, :k]
    other = ~same
    num_same, num_other = same.sum(1), other.sum(1)

    q = (near / (rival + _EPS)).where(mixed, 0.0)
    q = q / q.amax(1, keepdim=True).clamp(min=1)
    intra = q.where(same, 0.0).sum(1) / (num_same + _EPS)
    compact = 1 - intra.sum() / ((num_same > 0).sum() + _EPS)

    apart = near.where(other, 0.0)
    inter = (apart / (apart.max() + _EPS)).sum(1) / (num_other + _EPS)
    separate = inter.sum() / ((num_other > 0).sum() + _EPS)
    separate = separate.where(other.any(), 1.0)
    share = num_same.to(near.dtype).mean() / k if many else 1.0
    return ((compact + separate) / 2 + share) / 2


def _check_reference(embeddings: Tensor, reference: Tensor | None, reference_labels: Tensor | None) -> int:
    """The number of rows that neighbours are sought among."""
    if reference is None and reference_labels is None:
        return embeddings.shape[0]
    if reference is None or reference_labels is None:
        given, missing = ("reference", "reference_labels")[:: 1 if reference_labels is None else -1]
        raise InvalidInputError(f"{missing}: got None with {given}; wanted both or neither")
    check_labelled_rows(reference, reference_labels, names=("reference", "reference_labels"))
    wanted = (reference.shape[0], embeddings.shape[1])
    check_shape("reference", reference, wanted, like="the columns of embeddings")
    return reference.shape[0]


def _check_k(k: int) -> int:
    check_int("k", k)
    if k < 1:
        raise InvalidInputError(f"k: got {k}; wanted at least 1")
    return k


def _check_pool(pool: int | None, k: int, available: int) -> int:
    """The size of the pool; by default one more than ``k``."""
    if pool is None:
        return k + 1
    check_int("pool", pool)
    if not k <= pool <= available:
        raise InvalidInputError(
            f"pool: got {pool}; wanted at least k = {k} and at most the {available} neighbours that there are"
        )
    return pool


InterIntraClassNearestNeighbors = loss_module(inter_intra_class_nearest_neighbors)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five queries among eight references, of two classes."""
    return {
        "embeddings": torch.randn(5, 4, generator=generator),
        "labels": torch.tensor([0, 0, 1, 1, 0]),
        "reference": torch.randn(8, 4, generator=generator),
        "reference_labels": torch.tensor([0, 1, 0, 1, 0, 1, 0, 1]),
    }


def rank_references(
    embeddings: np.ndarray,
    labels: np.ndarray,
    reference: np.ndarray | None = None,
    reference_labels: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Each item as a query of the references, or of all other items: whether classes agree, and nearness."""
    others = np.ones((len(labels), len(labels if reference is None else reference)), dtype=bool)
    if reference is None or reference_labels is None:
        reference, reference_labels = embeddings, labels
        np.fill_diagonal(others, val=False)
    nearness = -np.linalg.norm(embeddings[:, None] - reference, axis=2)
    same = labels[:, None] == reference_labels
    return same[others].reshape(len(labels), -1), nearness[others].reshape(len(labels), -1)


LOSS = LossSpec(
    function=inter_intra_class_nearest_neighbors,
    module=InterIntraClassNearestNeighbors,
    paper=Paper(
        title=(
            "SuSana Distancia is all you need: Enforcing class separability in metric learning via two novel "
            "distance-based loss functions for few-shot image classification"
        ),
        authors="Mendez-Ruiz et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2305.09062",
    ),
    differentiable=("embeddings", "reference"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="inter_intra_class_nearest_neighbors_score", adapt=dict),
        ExactMetric(name="precision_at_k", adapt=rank_references, options={"k": 4}),
        ExactMetric(name="recall_at_k", adapt=rank_references, options={"k": 1}),
        ExactMetric(name="r_precision", adapt=rank_references),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("icnn",),
)
