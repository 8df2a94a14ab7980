"""Normalized distillation: cross-entropy weighted by the teacher's trust, the other classes among themselves.

The sums of the other classes' probabilities differ between teacher and student, so their cross-entropy never
vanishes; divided by their sums they can agree. It is added to the ordinary cross-entropy.
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
    other_classes,
    other_cross_entropy,
    target_columns,
    taught_rows,
    teacher_of,
    times_square,
)
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def normalized_knowledge_distillation(
    student_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    gamma: float = 1.5,
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Cross-entropies with the teacher: of the true class, and of the others among themselves.

    .. math:: L = \frac{1}{N} \sum_i \Big[ -p_y \ln q_y
              - \gamma T^2 \sum_{c \ne y} \hat p_c \ln \hat q_c \Big]

    with p and q the softmax of the teacher's and of the student's logits, and the hat for that of the logits
    over T and over the classes besides y. At the teacher it is smallest in the others, but not 0.

    Args:
        student_logits: one column per class, at least two.
        teacher_logits: in the shape of ``student_logits``; no gradient flows into it.
        target: y, the true class of each row.
        gamma: weight of the other classes, 0 or above; 1.5 is for ImageNet, 3.5 with T = 3 for CIFAR-100.
        temperature: T of the other classes, above 0; the true class has none.

    Returns:
        A scalar. An empty batch gives 0. Of two classes the second term is 0.

    Raises:
        ShapeError: ``student_logits`` is not a matrix or has less than two classes, or another shape does not
            fit it.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; a weight is negative, or
            ``temperature`` not above 0.

    Source: Yang, Zeng, Li, Zhang, Yuan and Li, From Knowledge Distillation to Self-Knowledge Distillation: A
        Unified Approach with Normalized Loss and Customized Soft Labels, ICCV 2023.

    Example:
        >>> import torch
        >>> student, teacher = torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 0.0]])
        >>> # ln(3) / 3 + ln(2)
        >>> normalized_knowledge_distillation(student, teacher, torch.tensor([0]), gamma=1.0)
        tensor(1.0594)
    """
    teacher = teacher_of(student_logits, teacher_logits, least=2)
    columns = target_columns(target, student_logits)
    check_non_negative("gamma", gamma)
    check_positive("temperature", temperature)
    trust = teacher.softmax(1).gather(1, columns).squeeze(1)
    own = -trust * student_logits.log_softmax(1).gather(1, columns).squeeze(1)
    others = other_classes(student_logits, columns)
    wanted = masked_log_softmax(teacher, others, temperature=temperature).exp()
    rest = other_cross_entropy(student_logits, wanted, others, temperature)
    return reduce(own + gamma * times_square(rest, temperature), "mean")


NormalizedKnowledgeDistillation = loss_module(normalized_knowledge_distillation)

LOSS = LossSpec(
    function=normalized_knowledge_distillation,
    module=NormalizedKnowledgeDistillation,
    paper=Paper(
        title=(
            "From Knowledge Distillation to Self-Knowledge Distillation: A Unified Approach with Normalized "
            "Loss and Customized Soft Labels"
        ),
        authors="Yang, Zeng, Li, Zhang, Yuan and Li",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2303.13005",
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
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("nkd",),
)
