"""Multi-positive InfoNCE: each of an anchor's positives against its negatives, never against each other.

For embeddings sampled from a scene, such as body joints: an anchor has many features of its own kind, and the
negatives are those of other kinds, or of places where nothing is.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

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
    check_mask,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.directions import unit_rows
from lossary.ops.key_lists import rank_keys


@full_precision
def multi_positive_info_nce(
    anchor: Float[Tensor, "anchors dim"],
    positive: Float[Tensor, "anchors positives dim"],
    negative: Float[Tensor, "anchors negatives dim"] | Float[Tensor, "negatives dim"],
    anchor_mask: Bool[Tensor, "anchors"] | None = None,
    *,
    temperature: float = 0.07,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far each positive of an anchor is from outweighing all of its negatives together.

    .. math:: L_{ap} = -\log \frac{e^{\langle x_a, p_{ap} \rangle / \tau}}
              {e^{\langle x_a, p_{ap} \rangle / \tau} + \sum_m e^{\langle x_a, n_{am} \rangle / \tau}}

    with rows of length one. It is `lossary.losses.retrieval.decoupled_softmax` of the cosines over τ.

    Args:
        anchor: x, one row per anchor.
        positive: p, at least one per anchor.
        negative: n, at least one: some for each anchor, or one set that all anchors share.
        anchor_mask: True where an anchor counts; None counts all.
        temperature: τ, above 0.
        reduction: "mean" or "sum" over all positives of the anchors that count, or "none".

    Returns:
        A scalar, or (anchors, positives) under "none", with 0 where an anchor does not count. A row of zeros
        has cosines of 0.

    Raises:
        ShapeError: a tensor has the wrong number of axes, no column, or other anchors or columns than
            ``anchor``; there is no positive, or no negative.
        DtypeError: a tensor is not floating, or ``anchor_mask`` not bool.
        InvalidInputError: a value is NaN or infinite; ``temperature`` is not above 0.

    Source: Li et al., JOTR: 3D Joint Contrastive Learning with Transformers for Occluded Human Mesh Recovery,
        ICCV 2023.

    Example:
        >>> import torch
        >>> anchor, positive = torch.tensor([[1.0, 0.0]]), torch.tensor([[[2.0, 0.0], [0.0, 1.0]]])
        >>> negative = torch.tensor([[0.0, 1.0]])
        >>> # cosines 1 and 0 against 0: log(1 + 1 / e) and log 2
        >>> multi_positive_info_nce(anchor, positive, negative, temperature=1.0, reduction="none")
        tensor([[0.3133, 0.6931]])
    """
    check_positive("temperature", temperature)
    _check_rows(anchor, positive, negative)
    if anchor_mask is not None:
        check_mask("anchor_mask", anchor_mask)
        check_shape("anchor_mask", anchor_mask, anchor.shape[:1], like="the rows of anchor")
    anchor, positive, negative = unit_rows(anchor), unit_rows(positive), unit_rows(negative)
    attracting = _cosines(anchor, positive) / temperature
    repelling = anchor @ negative.T if negative.ndim == 2 else _cosines(anchor, negative)
    rivals = (repelling / temperature).logsumexp(1, keepdim=True)
    values = -functional.logsigmoid(attracting - rivals)
    mask = None if anchor_mask is None else anchor_mask.unsqueeze(1).expand_as(values)
    return reduce(values, reduction, mask=mask)


def _check_rows(anchor: Tensor, positive: Tensor, negative: Tensor) -> None:
    check_floating("anchor", anchor)
    check_ndim("anchor", anchor, "anchors dim")
    check_finite("anchor", anchor)
    anchors, dim = anchor.shape
    if dim == 0:
        raise ShapeError(f"anchor: got shape {tuple(anchor.shape)}; wanted at least one column")
    for name, rows in (("positive", positive), ("negative", negative)):
        check_floating(name, rows)
        if name == "positive" or rows.ndim != 2:
            check_ndim(name, rows, f"anchors {name}s dim")
        wanted = (anchors, *rows.shape[1:2], dim) if rows.ndim == 3 else (rows.shape[0], dim)
        check_shape(name, rows, wanted, like="anchor")
        if rows.shape[-2] == 0:
            raise ShapeError(f"{name}: got shape {tuple(rows.shape)}; wanted at least one per anchor")
        check_finite(name, rows)


def _cosines(anchor: Tensor, others: Tensor) -> Tensor:
    """Dot products of each anchor, (anchors, dim), with its own rows, (anchors, rows, dim)."""
    return (others @ anchor.unsqueeze(2)).squeeze(2)


MultiPositiveInfoNce = loss_module(multi_positive_info_nce)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five anchors, of which one does not count, with two positives and three negatives each."""
    return {
        "anchor": torch.randn(5, 4, generator=generator),
        "positive": torch.randn(5, 2, 4, generator=generator),
        "negative": torch.randn(5, 3, 4, generator=generator),
        "anchor_mask": torch.tensor([True, True, False, True, True]),
    }


def rank_positives(
    anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray, anchor_mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One list per positive of the anchors that count: it first, and then the anchor's negatives."""
    kept = np.ones(len(anchor), dtype=bool) if anchor_mask is None else anchor_mask
    negative = np.broadcast_to(negative, (len(anchor), *negative.shape[-2:]))
    lists = [
        rank_keys(row[None], np.concatenate([one[None], others]))
        for row, own, others in zip(anchor[kept], positive[kept], negative[kept], strict=True)
        for one in own
    ]
    relevance, cosine = zip(*lists, strict=True)
    return np.concatenate(relevance), np.concatenate(cosine)


LOSS = LossSpec(
    function=multi_positive_info_nce,
    module=MultiPositiveInfoNce,
    paper=Paper(
        title="JOTR: 3D Joint Contrastive Learning with Transformers for Occluded Human Mesh Recovery",
        authors="Li et al.",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2307.16377",
    ),
    differentiable=("anchor", "positive", "negative"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=rank_positives, options={"k": 1}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
