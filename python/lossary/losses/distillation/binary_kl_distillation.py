"""BinaryKL: each class of a student as likely as its teacher thinks, one class at a time.

A softmax drops the level of the logits; a sigmoid for each class keeps it.
"""

import torch
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
def binary_kl_distillation(
    student_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    *,
    temperature: float = 2.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Divergence of the student's Bernoulli distributions from the teacher's, summed over classes.

    .. math:: L_i = T^2 \sum_c \left[ p \ln \frac{p}{q} + (1 - p) \ln \frac{1 - p}{1 - q} \right], \quad
              p = \sigma(t_{ic} / T), \quad q = \sigma(s_{ic} / T)

    Args:
        student_logits: s, one column per class.
        teacher_logits: t, in the shape of ``student_logits``; no gradient flows into it.
        temperature: T, above 0.
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
        >>> student, teacher = torch.tensor([[1.0]]), torch.tensor([[0.0]])
        >>> binary_kl_distillation(student, teacher, temperature=1.0)  # -ln(2) - ln(q (1 - q)) / 2
        tensor(0.1201)
    """
    check_positive("temperature", temperature)
    teacher = teacher_of(student_logits, teacher_logits, least=0) / temperature
    # Where the teacher says no, both are mirrored: nothing that is subtracted is then large.
    sign = torch.ones_like(teacher).copysign(teacher)
    student, teacher = student_logits * (sign / temperature), teacher.abs()
    divergence = functional.logsigmoid(teacher) - functional.logsigmoid(student)
    divergence = divergence - (-teacher).sigmoid() * (teacher - student)
    return reduce(times_square(divergence.sum(1), temperature), reduction)


BinaryKlDistillation = loss_module(binary_kl_distillation)

LOSS = LossSpec(
    function=binary_kl_distillation,
    module=BinaryKlDistillation,
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
    aliases=("binary_kl",),
)
