"""Plackett-Luce distillation: a student learns the whole class ranking of its teacher, not its probabilities.

The true class comes first and the others follow in the teacher's order; each place counts as much as the
teacher trusts the class that stands there. It takes the place of cross-entropy plus a divergence, without a
mixing weight.
"""

from typing import Any, Literal, get_args

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
from lossary.authoring.validation import (
    check_choice,
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_no_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distillation._logits import best_class, class_scores
from lossary.ops.plackett_luce import MAX_EXPONENTIAL_PLACES, plackett_luce_log_likelihood
from lossary.ops.row_order import falling_order

Weighting = Literal["teacher", "top1", "uniform", "position"]


@full_precision
def plackett_luce_distillation(
    student_logits: Float[Tensor, "batch *steps classes"],
    teacher_logits: Float[Tensor, "batch *steps classes"],
    target: Integer[Tensor, "batch *steps"],
    *,
    temperature: float = 1.0,
    weighting: Weighting | Float[Tensor, "*places"] = "teacher",
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the student finds the teacher's ranking of the classes, with the true class put first.

    .. math:: L = \sum_{k=1}^{C} a_k \left[ \log \sum_{l=k}^{C} e^{s_{\pi_l}} - s_{\pi_k} \right], \quad
              a_k = \mathrm{softmax}(t / T)_{\pi_k}

    with the order pi: the true class, then the others by falling teacher logit, equal ones by class index.
    Also for re-ranking a list: logits (queries, items), the target being the column of the positive item.

    Args:
        student_logits: s, (batch, classes) or (batch, steps, classes).
        teacher_logits: t, in the shape of ``student_logits``; no gradient flows into it.
        target: the true class, one per row.
        temperature: T of the weights, above 0; 1 is the paper's choice on ImageNet, 4 on CIFAR-100. It does
            not touch the student's logits.
        weighting: a_k. "teacher" as in the formula; the others are for ablation: "top1" (only the first
            place: cross-entropy), "uniform" (1 / C: ListMLE on the teacher's order), "position"
            (2^(C-k) - 1, at most 100 classes), or a tensor of non-negative weights by place, (classes,) or
            in the shape of ``student_logits``.
        ignore_index: rows with this target do not count.
        reduction: "mean" over the rows that count, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per row in the shape of ``target``, 0 where ignored. One class, an
        empty batch or only ignored rows give 0.

    Raises:
        ShapeError: ``student_logits`` has not two or three axes, or no class, or a shape does not fit it.
        DtypeError: logits or weights are not floating, or ``target`` or ``ignore_index`` is not an integer.
        InvalidInputError: ``temperature`` is not above 0, ``target`` is not a class, logits are NaN or
            infinite, weights are negative, ``weighting`` is unknown or does not fit the number of classes.

    Differs from the paper: equal teacher logits are ranked by class index, where the paper's listing leaves
        them to its sort. "position" follows the paper's text; the row of its table 6 prints the weights of
        the main method.

    Source: Bassam, Zhu and Bian, PLD: A Choice-Theoretic List-Wise Knowledge Distillation, arXiv 2506.12542,
        2025, section 4.2.

    Example:
        >>> import torch
        >>> student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 0.0]])
        >>> plackett_luce_distillation(student, teacher, torch.tensor([1]))  # 0.5 * log 2
        tensor(0.3466)
    """
    check_floating("student_logits", student_logits)
    check_floating("teacher_logits", teacher_logits)
    if student_logits.ndim not in (2, 3) or student_logits.shape[-1] == 0:
        raise ShapeError(
            f"student_logits: got shape {tuple(student_logits.shape)}; wanted (batch, classes) or (batch, "
            "steps, classes), with at least one class"
        )
    check_shape("teacher_logits", teacher_logits, tuple(student_logits.shape), like="student_logits")
    num_classes = student_logits.shape[-1]
    check_int("ignore_index", ignore_index)
    check_class_index("target", target, num_classes, ignore_index=ignore_index)
    check_shape("target", target, tuple(student_logits.shape[:-1]), like="the rows of student_logits")
    check_positive("temperature", temperature)
    check_finite("student_logits", student_logits)
    check_finite("teacher_logits", teacher_logits)

    target = target.long()  # uint8 would read the class 156 as the ignored -100
    counts = target != ignore_index
    teacher = teacher_logits.detach()
    first = target.where(counts, torch.zeros_like(target)).unsqueeze(-1)
    order = falling_order(teacher.scatter(-1, first, torch.inf))
    weights = _place_weights(weighting, teacher, order, temperature)
    likelihood = plackett_luce_log_likelihood(student_logits.gather(-1, order), weights=weights)
    return reduce(-likelihood, reduction, mask=counts)


def _place_weights(
    weighting: Weighting | Tensor, teacher: Tensor, order: Tensor, temperature: float
) -> Tensor:
    """The weight a_k of each place, in the shape of ``teacher`` or (classes,)."""
    num_classes = teacher.shape[-1]
    if isinstance(weighting, Tensor):
        check_floating("weighting", weighting)
        if weighting.ndim != 1:
            check_shape("weighting", weighting, tuple(teacher.shape), like="student_logits")
        else:
            check_shape("weighting", weighting, (num_classes,), like="the classes of student_logits")
        check_finite("weighting", weighting)
        check_no_negative("weighting", weighting, "weights")
        return weighting
    check_choice("weighting", weighting, get_args(Weighting))
    match weighting:
        case "teacher":
            below = teacher - teacher.amax(-1, keepdim=True)  # so that a small temperature cannot overflow it
            return (below / temperature).softmax(-1).gather(-1, order)
        case "top1":
            return (torch.arange(num_classes, device=teacher.device) == 0).to(teacher.dtype)
        case "uniform":
            return teacher.new_full((num_classes,), 1 / num_classes)
        case "position":
            if num_classes > MAX_EXPONENTIAL_PLACES:
                raise InvalidInputError(
                    f"weighting: got 'position' with {num_classes} classes; wanted at most "
                    f"{MAX_EXPONENTIAL_PLACES} classes, or another weighting"
                )
            places = torch.arange(num_classes - 1, -1, -1, device=teacher.device, dtype=teacher.dtype)
            return torch.exp2(places) - 1


PlackettLuceDistillation = loss_module(plackett_luce_distillation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows of five classes, the teacher being surer than the student."""
    return {
        "student_logits": torch.randn(4, 5, generator=generator),
        "teacher_logits": 3 * torch.randn(4, 5, generator=generator),
        "target": torch.tensor([3, 0, 4, 1]),
    }


LOSS = LossSpec(
    function=plackett_luce_distillation,
    module=PlackettLuceDistillation,
    paper=Paper(
        title="PLD: A Choice-Theoretic List-Wise Knowledge Distillation",
        authors="Bassam, Zhu and Bian",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2506.12542",
        equation="section 4.2",
    ),
    differentiable=("student_logits",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="top_k_accuracy_score", adapt=class_scores, options={"k": 2}),
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
    aliases=("pld",),
)
