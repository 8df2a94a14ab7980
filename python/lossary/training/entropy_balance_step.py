"""Entropy balance: two teachers that are equally sure, by the temperatures of their softmax."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError


class TeacherTemperatures(NamedTuple):
    """The temperatures for the next step.

    Attributes:
        robust_temperature: of the teacher of attacked inputs.
        clean_temperature: of the teacher of inputs as they are.
    """

    robust_temperature: float
    clean_temperature: float


@torch.no_grad()
def entropy_balance_step(
    robust_teacher_logits: Float[Tensor, "batch classes"],
    clean_teacher_logits: Float[Tensor, "batch classes"],
    *,
    robust_temperature: float = 1.0,
    clean_temperature: float = 1.0,
    learning_rate: float = 0.001,
    minimum: float = 1.0,
    maximum: float = 10.0,
) -> TeacherTemperatures:
    r"""Move two temperatures so that the mean entropies of two teachers come together.

    .. math::
        s = \mathrm{sign}(H_r - H_c), \quad T_r \leftarrow T_r - \eta s, \quad T_c \leftarrow T_c + \eta s,
        \quad H = -\frac{1}{N} \sum_i \sum_c p_{ic} \ln p_{ic}, \quad p = \mathrm{softmax}(z / T)

    The flatter teacher is cooled and the sharper one heated, after each batch of
    `lossary.losses.multi_teacher_adversarial_distillation`; the temperatures stay within their bounds.

    Args:
        robust_teacher_logits: of the robust teacher, on attacked inputs.
        clean_teacher_logits: of the clean teacher, on inputs as they are, in the same shape.
        robust_temperature: the present T_r, above 0.
        clean_temperature: the present T_c, above 0.
        learning_rate: eta, 0 or above.
        minimum: least temperature, above 0.
        maximum: greatest, at least ``minimum``.

    Returns:
        Both temperatures, as floats. Equal entropies, and an empty batch, move nothing.

    Raises:
        ShapeError: logits are no matrix or have no class, or their shapes differ.
        DtypeError: logits are not floating.
        InvalidInputError: a logit is NaN or infinite; a temperature or bound is not above 0, or
            ``maximum`` below ``minimum``; ``learning_rate`` is negative.

    Source: Zhao, Wang and Wei, Mitigating Accuracy-Robustness Trade-off via Balanced Multi-Teacher
        Adversarial Distillation, TPAMI 2024.

    Example:
        >>> import torch
        >>> flat, sharp = torch.tensor([[0.0, 0.0]]), torch.tensor([[9.0, 0.0]])
        >>> entropy_balance_step(flat, sharp, robust_temperature=2.0, learning_rate=0.5)
        TeacherTemperatures(robust_temperature=1.5, clean_temperature=1.5)
    """
    for name, value in (
        ("robust_temperature", robust_temperature),
        ("clean_temperature", clean_temperature),
        ("minimum", minimum),
        ("maximum", maximum),
    ):
        check_positive(name, value)
    if maximum < minimum:
        raise InvalidInputError(f"maximum: got {maximum!r}; wanted at least {minimum!r}, the minimum")
    check_non_negative("learning_rate", learning_rate)
    check_floating("robust_teacher_logits", robust_teacher_logits)
    check_ndim("robust_teacher_logits", robust_teacher_logits, "batch classes")
    shape = tuple(robust_teacher_logits.shape)
    if shape[1] == 0:
        raise ShapeError(f"robust_teacher_logits: got shape {shape}; wanted at least one class")
    check_floating("clean_teacher_logits", clean_teacher_logits)
    check_shape("clean_teacher_logits", clean_teacher_logits, shape, like="robust_teacher_logits")
    check_finite("robust_teacher_logits", robust_teacher_logits)
    check_finite("clean_teacher_logits", clean_teacher_logits)
    gap = _total_entropy(robust_teacher_logits, robust_temperature) - _total_entropy(
        clean_teacher_logits, clean_temperature
    )
    move = learning_rate * torch.sign(gap).item()
    return TeacherTemperatures(
        min(max(robust_temperature - move, minimum), maximum),
        min(max(clean_temperature + move, minimum), maximum),
    )


def _total_entropy(logits: Tensor, temperature: float) -> Tensor:
    """Sum of the entropies of the rows."""
    rows = logits.double()
    log_p = ((rows - rows.amax(1, keepdim=True)) / temperature).log_softmax(1)
    return -(log_p.exp() * log_p).sum()
