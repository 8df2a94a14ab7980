"""Gradient difference: forgets some answers by gradient ascent while it goes on training on others.

Its exact metric is the log loss of the tokens that are retained.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_non_negative
from torch import Tensor

from lossary_language._tokens import check_vocabulary, four_rows, log_loss_of, token_cross_entropy


@full_precision
def gradient_difference(
    forget_logits: Float[Tensor, "forget steps vocabulary"],
    forget_target: Integer[Tensor, "forget steps"],
    retain_logits: Float[Tensor, "retain retain_steps vocabulary"],
    retain_target: Integer[Tensor, "retain retain_steps"],
    *,
    forget_weight: float = 1.0,
    retain_weight: float = 1.0,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    r"""Cross-entropy of the tokens to retain, minus that of the tokens to forget; it is unbounded below.

    .. math:: L = -w_f \, \mathrm{CE}(z_f, y_f) + w_r \, \mathrm{CE}(z_r, y_r)

    Args:
        forget_logits: z_f, scores of the vocabulary at each step, aligned with ``forget_target``.
        forget_target: y_f, the tokens to forget; prompt and padding hold ``ignore_index``.
        retain_logits: z_r, with the same vocabulary.
        retain_target: y_r, the tokens to retain.
        forget_weight: w_f, 0 or above.
        retain_weight: w_r, 0 or above.
        ignore_index: the target of a position that does not count.

    Returns:
        A scalar. Each term is a mean over the tokens of its side that count, and 0 without any.

    Raises:
        ShapeError: logits have not three axes, or no vocabulary, or another one than the other side; a target
            is not of the positions of its logits.
        DtypeError: logits are not floating; a target or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is outside the vocabulary; a weight is
            negative.

    Source: Maini, Feng, Schwarzschild, Lipton and Kolter, TOFU: A Task of Fictitious Unlearning for LLMs,
        COLM 2024; after Liu, Liu and Stone, Continual Learning and Private Unlearning, CoLLAs 2022.

    Example:
        >>> import torch
        >>> forget, retain = torch.zeros(1, 1, 4), torch.zeros(1, 1, 4)
        >>> target = torch.tensor([[2]])
        >>> gradient_difference(forget, target, retain, target, retain_weight=3.0)  # 2 log 4
        tensor(2.7726)
    """
    check_non_negative("forget_weight", forget_weight)
    check_non_negative("retain_weight", retain_weight)
    forget = token_cross_entropy(forget_logits, forget_target, ignore_index=ignore_index, side="forget_")
    retain = token_cross_entropy(retain_logits, retain_target, ignore_index=ignore_index, side="retain_")
    check_vocabulary("retain_logits", retain_logits, forget_logits, like="forget_logits")
    return retain_weight * retain - forget_weight * forget


GradientDifference = loss_module(gradient_difference)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows to forget and four to retain, some of their steps ignored."""
    return four_rows(generator, "forget_") | four_rows(generator, "retain_", steps=2)


LOSS = LossSpec(
    function=gradient_difference,
    module=GradientDifference,
    paper=Paper(
        title="TOFU: A Task of Fictitious Unlearning for LLMs",
        authors="Maini, Feng, Schwarzschild, Lipton and Kolter",
        venue="COLM",
        year=2024,
        url="https://arxiv.org/abs/2401.06121",
    ),
    differentiable=("forget_logits", "retain_logits"),
    example_inputs=example_inputs,
    pairs_with=(log_loss_of("retain_"),),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("grad_diff",),
)
