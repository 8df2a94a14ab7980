"""Smooth adversarial comp-sum: a comp-sum loss, and how far an attack moves the margins of each row.

For training against attacks: the first term wants the right class, the second wants the model to answer the
attacked input as it answers the clean one.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
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
from lossary.authoring.validation import check_non_negative, check_positive, check_shape
from lossary.losses.classification._class_rows import best_class, check_class_scores, class_columns, six_rows
from lossary.losses.classification.comp_sum import comp_sum


@full_precision
def margin_shift(
    logits: Float[Tensor, "batch classes"],
    adversarial_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Distance between the margins of two answers to one row; what an attack on the loss maximises.

    .. math:: \Big( \sum_{k \ne y} \big( (z'_y - z'_k) - (z_y - z_k) \big)^2 \Big)^{1/2}

    Args:
        logits: z, of the clean input.
        adversarial_logits: z', of the attacked input.
        target: y, the right class of each row.
        ignore_index: rows with this target do not count.
        reduction: "mean" over the rows that count, "sum", or "none".

    Returns:
        A scalar, or one value per row under "none", 0 where ignored. Where nothing moved the gradient is 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; another argument does not fit it.
        DtypeError: logits are not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class.

    Source: Mao, Mohri and Zhong, Cross-Entropy Loss Functions: Theoretical Analysis and Applications, ICML
        2023.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[1.0, 1.0, 1.0]]), torch.tensor([0])
        >>> margin_shift(logits, torch.tensor([[1.0, 4.0, 5.0]]), target)  # margins fall by 3 and 4
        tensor(5.)
    """
    columns, counts = class_columns(logits, target, ignore_index=ignore_index)
    check_shape("adversarial_logits", adversarial_logits, tuple(logits.shape), like="logits")
    check_class_scores("adversarial_logits", adversarial_logits)
    change = adversarial_logits - logits
    shift = change.gather(1, columns) - change
    # The root has no slope at 0, where the second derivative of a plain norm would be NaN.
    return reduce((shift.square().sum(1) + 1e-24).sqrt(), reduction, mask=counts)


@full_precision
def smooth_adversarial_comp_sum(
    logits: Float[Tensor, "batch classes"],
    adversarial_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    tau: float = 1.0,
    rho: float = 1.0,
    nu: float = 1.0,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""`comp_sum` of the clean answer plus the distance between the margins of the clean and attacked one.

    .. math::
        L = \Phi_\tau \Big( \sum_{k \ne y} e^{-\Delta_k / \rho} \Big) + \nu \lVert \Delta' - \Delta \rVert_2,
        \qquad \Delta_k = z_y - z_k

    The paper takes the largest distance within a ball around the input; the attacked input is the caller's,
    for example by ascending `margin_shift`.

    Args:
        logits: z, of the clean input.
        adversarial_logits: z', of the attacked input; both receive gradients.
        target: y, the right class of each row.
        tau: as for `comp_sum`; 1 is cross-entropy.
        rho: scale of the margins, above 0.
        nu: weight of the distance, 0 or above; 0 gives `comp_sum` of logits / rho. The paper's bound wants
            sqrt(classes - 1) / rho at least, its experiments tune it.
        ignore_index: rows with this target do not count.
        reduction: "mean" over the rows that count, "sum", or "none".

    Returns:
        A scalar, or one value per row under "none", 0 where ignored.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; another argument does not fit it.
        DtypeError: logits are not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``tau`` or ``nu`` is negative, or
            ``rho`` not above 0.

    Differs from the paper: defaults and ``ignore_index`` are ours.

    Source: Mao, Mohri and Zhong, Cross-Entropy Loss Functions: Theoretical Analysis and Applications, ICML
        2023.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[0.0, 0.0, 0.0]]), torch.tensor([0])
        >>> attacked = torch.tensor([[0.0, 3.0, 4.0]])
        >>> smooth_adversarial_comp_sum(logits, attacked, target, tau=0.0)  # odds of 2, a distance of 5
        tensor(7.)
    """
    check_positive("rho", rho)
    check_non_negative("nu", nu)
    _, counts = class_columns(logits, target, ignore_index=ignore_index)
    shift = margin_shift(logits, adversarial_logits, target, ignore_index=ignore_index, reduction="none")
    clean = comp_sum(logits / rho, target, tau=tau, ignore_index=ignore_index, reduction="none")
    return reduce(clean + nu * shift, reduction, mask=counts)


SmoothAdversarialCompSum = loss_module(smooth_adversarial_comp_sum)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, and the same after an attack."""
    clean = six_rows(generator)
    attacked = clean["logits"] + 0.5 * torch.randn(6, 5, generator=generator)
    return {"logits": clean["logits"], "adversarial_logits": attacked, "target": clean["target"]}


def _best_attacked_class(
    adversarial_logits: np.ndarray, target: np.ndarray, **_: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return best_class(adversarial_logits, target)


LOSS = LossSpec(
    function=smooth_adversarial_comp_sum,
    module=SmoothAdversarialCompSum,
    paper=Paper(
        title="Cross-Entropy Loss Functions: Theoretical Analysis and Applications",
        authors="Mao, Mohri and Zhong",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2304.07288",
    ),
    differentiable=("logits", "adversarial_logits"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="zero_one_loss", adapt=best_class),
        ExactMetric(name="accuracy_score", adapt=_best_attacked_class),
        ExactMetric(name="zero_one_loss", adapt=_best_attacked_class),
    ),
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
