"""BinaryKL-Norm: each logit of a student near the teacher's, with a pull that large gaps do not increase.

It uses what a softmax throws away, the level of the logits, and belongs on a head of its own, as in
`dual_head_distillation`.
"""

import math

from jaxtyping import Float
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
from lossary.authoring.validation import check_positive
from lossary.losses.distillation._logits import (
    agreement,
    scores_of_teachers_class,
    teacher_of,
    times_square,
    two_networks,
)


@full_precision
def binary_kl_norm_distillation(
    student_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    *,
    temperature: float = 2.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Distance of the sigmoid of the gap between two logits from a fair coin, summed over classes.

    .. math::
        L_i = T^2 \sum_c \mathrm{KL}\Big( \tfrac{1}{2} \,\Big\|\, \sigma\big((s_{ic} - t_{ic}) / T\big) \Big)
            = T^2 \sum_c \ln \cosh \frac{s_{ic} - t_{ic}}{2 T}

    Args:
        student_logits: s, one column per class.
        teacher_logits: t, in the shape of ``student_logits``; no gradient flows into it.
        temperature: T, above 0; the gradient of a class is at most T / 2, however large its gap.
        reduction: "mean" or "sum" over rows, or "none".

    Returns:
        A scalar, or one value per row under "none". Equal logits, no row or no class give 0.

    Raises:
        ShapeError: ``student_logits`` is not a matrix, or ``teacher_logits`` has another shape.
        DtypeError: one of them is not floating.
        InvalidInputError: a logit is NaN or infinite; ``temperature`` is not above 0.

    Differs from the paper: nothing is clamped; the authors' code stops at a sigmoid of 1e-8, where the
        gradient ends.

    Source: Yang, Zong, Huang, Feng and An, Dual-Head Knowledge Distillation: Enhancing Logits Utilization
        with an Auxiliary Head, arXiv 2411.08937, 2024.

    Example:
        >>> import torch
        >>> student, teacher = torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 1.0]])
        >>> binary_kl_norm_distillation(student, teacher, temperature=1.0)  # ln cosh 1
        tensor(0.4338)
    """
    teacher = teacher_of(student_logits, teacher_logits, least=0)
    check_positive("temperature", temperature)
    half_gap = (student_logits - teacher).abs() / (2 * temperature)
    log_cosh = half_gap + functional.softplus(-2 * half_gap) - math.log(2)
    return reduce(times_square(log_cosh.sum(1), temperature), reduction)


BinaryKlNormDistillation = loss_module(binary_kl_norm_distillation)

LOSS = LossSpec(
    function=binary_kl_norm_distillation,
    module=BinaryKlNormDistillation,
    paper=Paper(
        title="Dual-Head Knowledge Distillation: Enhancing Logits Utilization with an Auxiliary Head",
        authors="Yang, Zong, Huang, Feng and An",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2411.08937",
    ),
    differentiable=("student_logits",),
    example_inputs=two_networks,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=agreement),
        ExactMetric(name="top_k_accuracy_score", adapt=scores_of_teachers_class, options={"k": 2}),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("binary_kl_norm",),
)
