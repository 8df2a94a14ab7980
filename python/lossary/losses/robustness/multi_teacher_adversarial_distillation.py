"""Multi-teacher adversarial distillation: one teacher for inputs as they are, one for inputs under attack.

A student of a robust teacher alone loses accuracy on clean inputs. How much each teacher counts and how soft
it is can follow `normalized_loss_balance_step` and `entropy_balance_step` of `lossary.training`.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_non_negative, check_positive
from lossary.errors import InvalidInputError
from lossary.losses.robustness._logits import check_logits, log_divergence
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def multi_teacher_adversarial_distillation(
    student_adversarial_logits: Float[Tensor, "batch classes"],
    student_natural_logits: Float[Tensor, "batch classes"],
    robust_teacher_logits: Float[Tensor, "batch classes"],
    clean_teacher_logits: Float[Tensor, "batch classes"],
    *,
    adversarial_weight: float = 0.5,
    robust_temperature: float = 1.0,
    clean_temperature: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Divergence of a student from a robust teacher under attack and from a clean one without.

    .. math::
        L = \frac{1}{N} \sum_i a D\big(\mathrm{softmax}(r_i / T_r) \,\|\, \mathrm{softmax}(s^*_i)\big)
            + (1 - a) D\big(\mathrm{softmax}(c_i / T_c) \,\|\, \mathrm{softmax}(s_i)\big)

    Here D is the Kullback-Leibler divergence. Temperatures soften the teachers alone, without a factor T^2.

    Args:
        student_adversarial_logits: s*, of the attacked inputs.
        student_natural_logits: s, of the inputs as they are; all logits have one shape.
        robust_teacher_logits: r, of the robust teacher on the attacked inputs; it receives no gradient.
        clean_teacher_logits: c, of the clean teacher on the inputs as they are; nor does it.
        adversarial_weight: a, from 0 to 1.
        robust_temperature: T_r, above 0.
        clean_temperature: T_c, above 0.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: logits are no matrix or have no class, or their shapes differ.
        DtypeError: logits are not floating.
        InvalidInputError: a logit is NaN or infinite; ``adversarial_weight`` is outside [0, 1], or a
            temperature not above 0.

    Differs from the official code: it averages over classes too, which divides the value by their number, and
        adds 1e-5 to the teachers' probabilities before their logarithm.

    Source: Zhao, Wang and Wei, Mitigating Accuracy-Robustness Trade-off via Balanced Multi-Teacher
        Adversarial Distillation, TPAMI 2024.

    Example:
        >>> import torch
        >>> even, sure = torch.tensor([[0.0, 0.0]]), torch.tensor([[100.0, 0.0]])
        >>> multi_teacher_adversarial_distillation(even, even, sure, even)  # ln 2 / 2 + 0 / 2
        tensor(0.3466)
    """
    check_logits(
        student_adversarial_logits=student_adversarial_logits,
        student_natural_logits=student_natural_logits,
        robust_teacher_logits=robust_teacher_logits,
        clean_teacher_logits=clean_teacher_logits,
    )
    check_non_negative("adversarial_weight", adversarial_weight)
    if adversarial_weight > 1:
        raise InvalidInputError(f"adversarial_weight: got {adversarial_weight!r}; wanted a share from 0 to 1")
    check_positive("robust_temperature", robust_temperature)
    check_positive("clean_temperature", clean_temperature)
    attacked = _taught(student_adversarial_logits, robust_teacher_logits, robust_temperature)
    natural = _taught(student_natural_logits, clean_teacher_logits, clean_temperature)
    return reduce(adversarial_weight * attacked + (1 - adversarial_weight) * natural, "mean")


def _taught(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    log_p = masked_log_softmax(teacher.detach().to(student.dtype), temperature=temperature)
    return log_divergence(log_p, student.log_softmax(1))


MultiTeacherAdversarialDistillation = loss_module(multi_teacher_adversarial_distillation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, the teachers being surer than the student."""
    attacked, natural, robust, clean = torch.randn(4, 6, 5, generator=generator)
    return {
        "student_adversarial_logits": attacked,
        "student_natural_logits": natural,
        "robust_teacher_logits": 2 * robust,
        "clean_teacher_logits": 3 * clean,
    }


def _attacked_agreement(
    student_adversarial_logits: np.ndarray, robust_teacher_logits: np.ndarray, **_: Any
) -> tuple[np.ndarray, ...]:
    return robust_teacher_logits.argmax(1), student_adversarial_logits.argmax(1)


def _clean_agreement(
    student_natural_logits: np.ndarray, clean_teacher_logits: np.ndarray, **_: Any
) -> tuple[np.ndarray, ...]:
    return clean_teacher_logits.argmax(1), student_natural_logits.argmax(1)


LOSS = LossSpec(
    function=multi_teacher_adversarial_distillation,
    module=MultiTeacherAdversarialDistillation,
    paper=Paper(
        title="Mitigating Accuracy-Robustness Trade-off via Balanced Multi-Teacher Adversarial Distillation",
        authors="Zhao, Wang and Wei",
        venue="TPAMI",
        year=2024,
        url="https://arxiv.org/abs/2306.16170",
    ),
    differentiable=("student_adversarial_logits", "student_natural_logits"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=_attacked_agreement),
        ExactMetric(name="accuracy_score", adapt=_clean_agreement),
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
    aliases=("mtard",),
)
