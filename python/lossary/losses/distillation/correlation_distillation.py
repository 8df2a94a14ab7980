"""DIST: a student that ranks classes and items as its teacher does, without having to be as sure.

A strong teacher is too sure for a small student to copy. Correlations ask for the shape of its probabilities
alone, of each item over the classes and of each class over the batch.
"""

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.losses.distillation._logits import (
    agreement,
    scores_of_teachers_class,
    teacher_of,
    times_square,
    two_networks,
)
from lossary.ops.directions import row_lengths

_STABILIZER = 1e-8


@full_precision
def correlation_distillation(
    student_logits: Float[Tensor, "batch classes"],
    teacher_logits: Float[Tensor, "batch classes"],
    *,
    beta: float = 1.0,
    gamma: float = 1.0,
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    r"""One minus the correlation of probabilities with the teacher's: over classes, and over the batch.

    .. math:: L = T^2 \Big[ \beta \Big( 1 - \frac{1}{N} \sum_i \rho(q_{i \cdot}, p_{i \cdot}) \Big)
              + \gamma \Big( 1 - \frac{1}{C} \sum_c \rho(q_{\cdot c}, p_{\cdot c}) \Big) \Big]

    with p and q the softmax of the teacher's and of the student's logits over T, and rho Pearson's
    correlation with 1e-8 added to its denominator.

    Args:
        student_logits: one column per class; positions of a map belong on the rows.
        teacher_logits: in the shape of ``student_logits``; no gradient flows into it.
        beta: weight of the correlations over the classes of an item, 0 or above.
        gamma: weight of those over the items of a class, 0 or above.
        temperature: T, above 0; the authors take 4 on CIFAR-100 and 1 on ImageNet.

    Returns:
        A scalar. An empty batch gives 0. What does not vary correlates with nothing: a batch of one row has
        the full second term, without a gradient.

    Raises:
        ShapeError: ``student_logits`` is not a matrix or has no class, or ``teacher_logits`` another shape.
        DtypeError: one of them is not floating.
        InvalidInputError: a logit is NaN or infinite; a weight is negative, or ``temperature`` not above 0.

    Source: Huang, You, Wang, Qian and Xu, Knowledge Distillation from A Stronger Teacher, NeurIPS 2022; the
        temperature as in the authors' code for classification.

    Example:
        >>> import torch
        >>> student, teacher = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[3.0, 0.0], [3.0, 0.0]])
        >>> # correlations 1 and -1 over classes; none over items, as the teacher says the same of both
        >>> correlation_distillation(student, teacher)
        tensor(2.)
    """
    teacher = teacher_of(student_logits, teacher_logits)
    check_non_negative("beta", beta)
    check_non_negative("gamma", gamma)
    check_positive("temperature", temperature)
    if student_logits.shape[0] == 0:
        return student_logits.sum()
    q, p = (student_logits / temperature).softmax(1), (teacher / temperature).softmax(1)
    between = beta * (1 - _correlation(q, p)).mean() + gamma * (1 - _correlation(q.T, p.T)).mean()
    return times_square(between, temperature)


def _correlation(rows: Tensor, others: Tensor) -> Tensor:
    """Pearson's correlation of each row with its own other, (rows,); 0 where one does not vary."""
    rows, others = rows - rows.mean(1, keepdim=True), others - others.mean(1, keepdim=True)
    return (rows * others).sum(1) / (row_lengths(rows) * row_lengths(others) + _STABILIZER)


CorrelationDistillation = loss_module(correlation_distillation)

LOSS = LossSpec(
    function=correlation_distillation,
    module=CorrelationDistillation,
    paper=Paper(
        title="Knowledge Distillation from A Stronger Teacher",
        authors="Huang, You, Wang, Qian and Xu",
        venue="NeurIPS",
        year=2022,
        url="https://arxiv.org/abs/2205.10536",
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
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("dist",),
)
