"""Knowledge distillation: a student as sure of every class as its teacher, both softened by a temperature.

The small probabilities of wrong classes tell the student which classes look alike.
"""

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
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.errors import InvalidInputError
from lossary.losses.distillation._logits import (
    agreement,
    best_class,
    class_probabilities,
    class_scores,
    cross_entropy,
    divergence,
    target_columns,
    taught_rows,
    teacher_of,
    times_square,
)


@full_precision
def knowledge_distillation(
    student_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"] | None = None,
    *,
    temperature: float = 4.0,
    alpha: float = 0.5,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Divergence of the student's softened probabilities from the teacher's, with or without cross-entropy.

    .. math:: L_i = \alpha T^2 \sum_c p_c \ln \frac{p_c}{q_c} - (1 - \alpha) \ln \mathrm{softmax}(s_i)_{y_i},
              \quad p = \mathrm{softmax}(t_i / T), \quad q = \mathrm{softmax}(s_i / T)

    Without a target it is the first term alone, not weighted.

    Args:
        student_logits: s, one column per class.
        teacher_logits: t, in the shape of ``student_logits``; no gradient flows into it.
        target: y, the true class of each row; None leaves out the cross-entropy.
        temperature: T, above 0; larger ones show the student more of the small probabilities.
        alpha: the share of the distillation, from 0 to 1; unused without a target.
        reduction: "mean" or "sum" over rows, or "none".

    Returns:
        A scalar, or one value per row under "none". An empty batch gives 0.

    Raises:
        ShapeError: ``student_logits`` is not a matrix or has no class, or another shape does not fit it.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class; ``temperature`` is not above
            0, or ``alpha`` outside [0, 1].

    Differs from the paper: the divergence, which is 0 at the teacher, in place of a cross-entropy of the same
        gradient; the temperature and the share of 0.5 are those of later practice.

    Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531, 2015,
        section 2.

    Example:
        >>> import torch
        >>> student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[100.0, 0.0]])
        >>> knowledge_distillation(student, teacher, temperature=1.0)  # 1 ln(1 / 0.5)
        tensor(0.6931)
    """
    teacher = teacher_of(student_logits, teacher_logits)
    check_positive("temperature", temperature)
    check_non_negative("alpha", alpha)
    if alpha > 1:
        raise InvalidInputError(f"alpha: got {alpha!r}; wanted a share from 0 to 1")
    values = times_square(divergence(student_logits, teacher, temperature), temperature)
    if target is not None:
        own = cross_entropy(student_logits, target_columns(target, student_logits))
        values = alpha * values + (1 - alpha) * own
    return reduce(values, reduction)


KnowledgeDistillation = loss_module(knowledge_distillation)

LOSS = LossSpec(
    function=knowledge_distillation,
    module=KnowledgeDistillation,
    paper=Paper(
        title="Distilling the Knowledge in a Neural Network",
        authors="Hinton, Vinyals and Dean",
        venue="arXiv",
        year=2015,
        url="https://arxiv.org/abs/1503.02531",
        equation="section 2",
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
    aliases=("kd",),
)
