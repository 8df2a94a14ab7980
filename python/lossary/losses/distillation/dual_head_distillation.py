"""Dual-head distillation: cross-entropy on one head, the teacher's logits on another, the features shared.

A student that follows the level of its teacher's logits spoils its own classifier. A second head on the same
features takes that part, and is thrown away after training; only the ordinary head is evaluated.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_non_negative, check_shape
from lossary.losses.distillation._logits import (
    best_class,
    class_scores,
    cross_entropy,
    target_columns,
    taught_rows,
    teacher_of,
)
from lossary.losses.distillation.binary_kl_norm_distillation import binary_kl_norm_distillation


@full_precision
def dual_head_distillation(
    student_logits: Float[Tensor, "batch classes"],
    auxiliary_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    gamma: float = 1.0,
    alpha: float = 1.0,
    temperature: float = 2.0,
) -> Float[Tensor, ""]:
    r"""Cross-entropy of one head plus `binary_kl_norm_distillation` of another.

    .. math:: L = \frac{1}{N} \sum_i \left[ -\gamma \ln \mathrm{softmax}(s_i)_{y_i}
              + \alpha T^2 \sum_c \ln \cosh \frac{a_{ic} - t_{ic}}{2 T} \right]

    Args:
        student_logits: s, of the ordinary head.
        auxiliary_logits: a, of the second head on the same features, in the shape of ``student_logits``.
        teacher_logits: t, likewise; no gradient flows into it.
        target: y, the true class of each row.
        gamma: weight of the cross-entropy, 0 or above.
        alpha: weight of the distillation, 0 or above; the authors take 1 on CIFAR-100 and 0.1 on ImageNet.
        temperature: T, above 0.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``student_logits`` is not a matrix or has no class, or another shape does not fit it.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; a weight is negative, or
            ``temperature`` not above 0.

    Source: Yang, Zong, Huang, Feng and An, Dual-Head Knowledge Distillation: Enhancing Logits Utilization
        with an Auxiliary Head, arXiv 2411.08937, 2024. `lossary.training.align_gradients` merges the
        gradients of the two parts as the authors do.

    Example:
        >>> import torch
        >>> student, auxiliary = torch.tensor([[0.0, 0.0]]), torch.tensor([[4.0, 1.0]])
        >>> teacher = torch.tensor([[0.0, 1.0]])
        >>> # ln 2 + 4 ln cosh 1
        >>> dual_head_distillation(student, auxiliary, teacher, torch.tensor([0]))
        tensor(2.4283)
    """
    teacher = teacher_of(student_logits, teacher_logits)
    check_floating("auxiliary_logits", auxiliary_logits)
    check_shape("auxiliary_logits", auxiliary_logits, tuple(student_logits.shape), like="student_logits")
    check_finite("auxiliary_logits", auxiliary_logits)
    columns = target_columns(target, student_logits)
    check_non_negative("gamma", gamma)
    check_non_negative("alpha", alpha)
    distillation = binary_kl_norm_distillation(auxiliary_logits, teacher, temperature=temperature)
    return gamma * reduce(cross_entropy(student_logits, columns), "mean") + alpha * distillation


DualHeadDistillation = loss_module(dual_head_distillation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes of each of two heads and a teacher."""
    return taught_rows(generator) | {"auxiliary_logits": torch.randn(6, 5, generator=generator)}


LOSS = LossSpec(
    function=dual_head_distillation,
    module=DualHeadDistillation,
    paper=Paper(
        title="Dual-Head Knowledge Distillation: Enhancing Logits Utilization with an Auxiliary Head",
        authors="Yang, Zong, Huang, Feng and An",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2411.08937",
    ),
    differentiable=("student_logits", "auxiliary_logits"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="top_k_accuracy_score", adapt=class_scores, options={"k": 2}),
    ),
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.CONVEX, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("dhkd",),
)
