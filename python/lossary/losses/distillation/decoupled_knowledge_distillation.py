"""Decoupled distillation: how sure the teacher is of the true class, and how it ranks the others, apart.

In plain distillation the second part fades where the teacher is sure, though it is what the student can learn
most from; here it has a weight of its own.
"""

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.losses.distillation._logits import (
    agreement,
    best_class,
    class_probabilities,
    class_scores,
    divergence,
    log_odds_parts,
    other_classes,
    target_columns,
    taught_rows,
    teacher_of,
    times_square,
)


@full_precision
def decoupled_knowledge_distillation(
    student_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    alpha: float = 1.0,
    beta: float = 8.0,
    temperature: float = 4.0,
) -> Float[Tensor, ""]:
    r"""Divergence of the student from the teacher: of the true class against the rest, and within the rest.

    .. math::
        L = \frac{T^2}{N} \sum_i \left[ \alpha\, \mathrm{KL}\big( (p_y, 1 - p_y) \,\|\, (q_y, 1 - q_y) \big)
            + \beta\, \mathrm{KL}( \hat p \,\|\, \hat q ) \right]

    with p and q the softmax of the teacher's and of the student's logits over T, and the hat for that over
    the classes besides y.

    Args:
        student_logits: one column per class, at least two.
        teacher_logits: in the shape of ``student_logits``; no gradient flows into it.
        target: y, the true class of each row.
        alpha: weight of the true class, 0 or above.
        beta: weight of the others, 0 or above; 8 is for CIFAR-100, 0.5 with T = 1 for ImageNet.
        temperature: T, above 0.

    Returns:
        A scalar. An empty batch gives 0. Of two classes there is nothing within the rest.

    Raises:
        ShapeError: ``student_logits`` is not a matrix or has less than two classes, or another shape does not
            fit it.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; a weight is negative, or
            ``temperature`` not above 0.

    Source: Zhao, Cui, Song, Qiu and Liang, Decoupled Knowledge Distillation, CVPR 2022, equation 7.

    Example:
        >>> import torch
        >>> student, teacher = torch.zeros(1, 3), torch.tensor([[0.0, 100.0, 0.0]])
        >>> # the true class: ln(1 / (2 / 3)); the others: ln(1 / (1 / 2)), twice
        >>> decoupled_knowledge_distillation(student, teacher, torch.tensor([0]), beta=2.0, temperature=1.0)
        tensor(1.7918)
    """
    teacher = teacher_of(student_logits, teacher_logits, least=2)
    columns = target_columns(target, student_logits)
    check_non_negative("alpha", alpha)
    check_non_negative("beta", beta)
    check_positive("temperature", temperature)
    others = other_classes(student_logits, columns)
    of_teacher = log_odds_parts(teacher / temperature, columns, others)
    of_student = log_odds_parts(student_logits / temperature, columns, others)
    of_target = sum(p.exp() * (p - q) for p, q in zip(of_teacher, of_student, strict=True))
    within = divergence(student_logits, teacher, temperature, others)
    return reduce(times_square(alpha * of_target + beta * within, temperature), "mean")


DecoupledKnowledgeDistillation = loss_module(decoupled_knowledge_distillation)

LOSS = LossSpec(
    function=decoupled_knowledge_distillation,
    module=DecoupledKnowledgeDistillation,
    paper=Paper(
        title="Decoupled Knowledge Distillation",
        authors="Zhao, Cui, Song, Qiu and Liang",
        venue="CVPR",
        year=2022,
        url="https://arxiv.org/abs/2203.08679",
        equation="equation 7",
    ),
    differentiable=("student_logits",),
    example_inputs=taught_rows,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="accuracy_score", adapt=agreement),
        ExactMetric(name="top_k_accuracy_score", adapt=class_scores, options={"k": 2}),
        ExactMetric(name="expected_calibration_error", adapt=class_probabilities),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("dkd",),
)
