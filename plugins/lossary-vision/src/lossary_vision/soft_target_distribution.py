"""Soft target distribution: cross-entropy for classes in order, where the next class is nearly right.

For quantised coordinates and angles: a bin beside the true one gets some of the wanted probability, so that a
near miss costs less than a far one.
"""

import math
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_int,
    check_integer,
    check_no_negative,
    check_non_negative,
    check_shape,
    check_tensor,
    checks_values,
)
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from torch import Tensor


@full_precision
def soft_target_distribution(
    logits: Float[Tensor, "*batch classes"],
    target: Int[Tensor, "*batch"],
    mask: Bool[Tensor, "*batch"] | Float[Tensor, "*batch"] | None = None,
    *,
    tolerance: int = 3,
    alpha: float = 2.0,
    boundary: Literal["drop", "overwrite"] = "drop",
) -> Float[Tensor, ""]:
    r"""Cross-entropy against a distribution that falls exponentially to both sides of the true class.

    .. math:: L = -\sum_k q_k \log \operatorname{softmax}(z)_k, \qquad
              q_k \propto e^{-\alpha |k - y|} \text{ for } |k - y| \le \tau

    The least value is the entropy of q, above 0.

    Args:
        logits: z, for classes in order, any number of leading axes.
        target: y, the true class.
        mask: True where an entry counts, or its weight, 0 or above; the target elsewhere may be anything,
            such as -1. None counts all.
        tolerance: tau, how many classes to either side get a share; 0 is plain cross-entropy.
        alpha: how fast the share falls; a large one is plain cross-entropy, 0 shares equally.
        boundary: "drop" leaves out classes beyond the first and the last. "overwrite" is the official code,
            for comparison with it: the last class, if within the tolerance, has the share of the farthest,
            also where it is the true one.

    Returns:
        The weighted mean over what the mask leaves, a scalar; 0 where it leaves nothing.

    Raises:
        ShapeError: ``logits`` has no class; ``target`` or ``mask`` has not its leading axes.
        DtypeError: ``logits`` is not floating, ``target`` not integer, ``mask`` neither bool nor floating, or
            ``tolerance`` no int.
        InvalidInputError: a logit is NaN or infinite; a target that counts is no class; a weight of ``mask``
            is negative or not finite; ``tolerance`` or ``alpha`` is negative; ``boundary`` is neither of
            the two.

    Differs from the official code: the logarithm is that of the softmax, without 1e-9 added inside; targets
        are not shifted in place by one; and see ``boundary``.

    Source: Qin, Lu, Hou, Wang, Fang and Liu, Drawing2CAD: Sequence-to-Sequence Learning for CAD Generation
        from Vector Drawings, ACM MM 2025.

    Example:
        >>> import torch
        >>> # q is (1, e^-2) / (1 + e^-2), or 0.8808 and 0.1192; log softmax is -2.1269 and -0.1269
        >>> soft_target_distribution(torch.tensor([[0.0, 2.0]]), torch.tensor([0]))
        tensor(1.8885)
    """
    check_choice("boundary", boundary, ("drop", "overwrite"))
    check_int("tolerance", tolerance)
    check_non_negative("tolerance", tolerance)
    check_non_negative("alpha", alpha)
    counts = _checked_counts(logits, target, mask)
    classes = logits.shape[-1]
    true = target.where(counts != 0, 0).long().unsqueeze(-1)
    reach = min(tolerance, classes - 1)  # no class lies farther
    shift = torch.arange(-reach, reach + 1, device=logits.device)
    place = true + shift
    log_share = (-alpha * shift.abs().to(logits.dtype)).expand(place.shape)
    if boundary == "overwrite":
        clipped = (place == classes - 1) & (true + tolerance >= classes - 1)
        log_share = log_share.where(~clipped, -alpha * tolerance)
    inside = (place >= 0) & (place < classes)
    share = log_share.where(inside, -math.inf).softmax(-1)
    log_probability = logits.log_softmax(-1).gather(-1, place.clamp(0, classes - 1))
    values = -(share * log_probability).sum(-1)
    total = counts.sum()
    return (counts * values).sum() / total.where(total != 0, 1.0)


def _checked_counts(logits: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
    """The weight of each entry, in the dtype of the logits, once all arguments are found to fit."""
    check_floating("logits", logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ShapeError(
            f"logits: got shape {tuple(logits.shape)}; wanted (..., classes) with a class at least"
        )
    check_integer("target", target)
    check_shape("target", target, tuple(logits.shape[:-1]), like="the leading axes of logits")
    check_finite("logits", logits)
    counts = torch.ones_like(target, dtype=logits.dtype)
    if mask is not None:
        check_tensor("mask", mask)
        if mask.dtype != torch.bool and not mask.is_floating_point():
            raise DtypeError(f"mask: got dtype {mask.dtype}; wanted bool, or weights in a floating dtype")
        check_shape("mask", mask, tuple(target.shape), like="target")
        check_finite("mask", mask)
        counts = mask.detach().to(logits.dtype)
        check_no_negative("mask", counts, "weights")
    if checks_values(target, counts):
        wide = target.long()  # in a narrow dtype the bounds themselves would wrap
        wrong = ((wide < 0) | (wide >= logits.shape[-1])) & (counts != 0)
        if bool(wrong.any()):
            raise InvalidInputError(
                f"target: got class {wide[wrong][0].item()}; wanted classes 0 to {logits.shape[-1] - 1}, "
                "or a mask over it"
            )
    return counts


SoftTargetDistribution = loss_module(soft_target_distribution)


def likeliest_classes(
    *, logits: np.ndarray, target: np.ndarray, mask: np.ndarray | None = None, **_: Any
) -> dict[str, np.ndarray]:
    """The exact metric's arguments: the true classes and the likeliest ones, where they count."""
    counts = np.ones(target.shape) if mask is None else mask.astype(np.float64)
    kept = counts > 0
    return {
        "y_true": target[kept],
        "y_pred": logits.argmax(-1)[kept],
        "sample_weight": counts[kept],
    }


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two coordinates, each in one of nine bins, of four samples, one entry of which does not count."""
    return {
        "logits": torch.randn(4, 2, 9, generator=generator),
        "target": torch.tensor([[0, 8], [4, 7], [-1, 2], [5, 1]]),
        "mask": torch.tensor([[True, True], [True, True], [False, True], [True, True]]),
    }


LOSS = LossSpec(
    function=soft_target_distribution,
    module=SoftTargetDistribution,
    paper=Paper(
        title="Drawing2CAD: Sequence-to-Sequence Learning for CAD Generation from Vector Drawings",
        authors="Qin, Lu, Hou, Wang, Fang and Liu",
        venue="ACM MM",
        year=2025,
        url="https://arxiv.org/abs/2508.18733",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=likeliest_classes),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
