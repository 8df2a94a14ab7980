"""Half symmetry: the two halves of a nearly frontal face have the same embedding.

A second term beside any loss for face recognition. The halves of an image x of even width are
``x[..., :width // 2]`` and ``x[..., width // 2:].flip(-1)``; `lossary.training.facial_frontness` tells which
faces are frontal enough.
"""

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
    check_real,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.directions import directions

HalfDistance = Literal["squared_euclidean", "euclidean", "cosine"]

_LEAST_SQUARE = 1e-24


@full_precision
def half_symmetry(
    view1: Float[Tensor, "batch dim"],
    view2: Float[Tensor, "batch dim"],
    frontness: Float[Tensor, "batch"] | None = None,
    *,
    threshold: float = 0.0,
    distance: HalfDistance = "squared_euclidean",
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Distance between the embeddings of the two halves of a face, over the faces that are frontal enough.

    .. math:: L = \frac{\sum_i [\rho_i \ge t] \, d(a_i, b_i)}{\max(1, \sum_i [\rho_i \ge t])}

    Args:
        view1: a, the embedding of the left half of each face.
        view2: b, that of the right half, mirrored.
        frontness: rho of each face; None takes all faces. No gradient flows into it.
        threshold: t, from which on a face counts.
        distance: "squared_euclidean", "euclidean" (without gradient below 1e-12), or "cosine", one minus the
            cosine, which divides by the lengths in any case.
        normalize: divide each row by its length first.
        reduction: "mean" over the faces that count, "sum", or "none".

    Returns:
        A scalar, or one value per face under "none", 0 where it does not count. Without any it is 0.

    Raises:
        ShapeError: ``view1`` is not a matrix or is empty; ``view2`` has another shape; ``frontness`` has
            another length.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; ``distance`` is
            unknown.

    Differs from the paper: reconstructed from its abstract and summaries. The distance, the scale of the
        frontness and its threshold were not seen, and are choices of this library.

    Source: Prakash et al., SymFace: Additional Facial Symmetry Loss for Deep Face Recognition, arXiv
        2409.11816, 2024.

    Example:
        >>> import torch
        >>> view1, view2 = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[0.6, 0.8], [0.0, 1.0]])
        >>> half_symmetry(view1, view2, reduction="none")  # 0.4^2 + 0.8^2
        tensor([0.8000, 0.0000])
    """
    check_floating("view1", view1)
    check_ndim("view1", view1, "batch dim")
    if view1.numel() == 0:
        raise ShapeError(f"view1: got shape {tuple(view1.shape)}; wanted at least one row and column")
    check_finite("view1", view1)
    check_floating("view2", view2)
    check_shape("view2", view2, tuple(view1.shape), like="view1")
    check_finite("view2", view2)
    check_real("threshold", threshold)
    check_choice("distance", distance, get_args(HalfDistance))
    counts = None
    if frontness is not None:
        check_floating("frontness", frontness)
        check_shape("frontness", frontness, tuple(view1.shape[:1]), like="the rows of view1")
        check_finite("frontness", frontness)
        counts = frontness >= threshold

    if normalize or distance == "cosine":
        view1, view2 = directions("view1", view1), directions("view2", view2)
    values = (view1 - view2).square().sum(1)
    if distance == "euclidean":
        values = values.clamp(min=_LEAST_SQUARE).sqrt()
    elif distance == "cosine":
        values = values / 2  # of rows of length 1: without the cancellation of 1 - cos
    return reduce(values, reduction, mask=counts)


HalfSymmetry = loss_module(half_symmetry)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five faces."""
    return {
        "view1": torch.randn(5, 4, generator=generator),
        "view2": torch.randn(5, 4, generator=generator),
    }


def match_halves(view1: np.ndarray, view2: np.ndarray, **_: Any) -> tuple[np.ndarray, np.ndarray]:
    """Each left half with each right one: whether they are of one face, and their cosine."""
    left, right = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (view1, view2))
    return np.eye(len(left), dtype=bool).ravel(), (left @ right.T).ravel()


LOSS = LossSpec(
    function=half_symmetry,
    module=HalfSymmetry,
    paper=Paper(
        title="SymFace: Additional Facial Symmetry Loss for Deep Face Recognition",
        authors="Prakash et al.",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2409.11816",
    ),
    differentiable=("view1", "view2"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="tar_at_far", adapt=match_halves, options={"far": 0.01}),
        ExactMetric(name="verification_accuracy", adapt=match_halves, output="value"),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("symface",),
)
