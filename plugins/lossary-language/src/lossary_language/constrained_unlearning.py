"""Constrained unlearning: `gradient_difference` whose hold on the retained answers tightens as they suffer.

For selective forgetting in the first layers of a large model, which alone the authors train. Its exact metric
is the log loss of the tokens that are retained.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Integer
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_floating, check_non_negative, check_real
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor

from lossary_language._tokens import check_vocabulary, four_rows, log_loss_of, token_cross_entropy


class ConstrainedUnlearningTerms(NamedTuple):
    """The loss, and the weight of the retained side that made it.

    Attributes:
        loss: the scalar to minimise.
        multiplier: weight of the cross-entropy of the tokens to retain, detached.
    """

    loss: Float[Tensor, ""]
    multiplier: Float[Tensor, ""]


def constrained_unlearning(
    forget_logits: Float[Tensor, "forget steps vocabulary"],
    forget_target: Integer[Tensor, "forget steps"],
    retain_logits: Float[Tensor, "retain retain_steps vocabulary"],
    retain_target: Integer[Tensor, "retain retain_steps"],
    *,
    baseline: float | None = None,
    base: float = 1.2,
    maximum: float = 2.3,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    r"""Cross-entropy to retain times a weight that grows with it, minus that to forget; unbounded below.

    .. math:: L = -F + m R, \quad m = \mathrm{clip} \big( 0.3 \cdot 6^{R - b} + 0.8, \; m_0, \; m_1 \big)
              \text{ where } R > b, \text{ else } m_0

    F and R are the mean cross-entropies of the tokens to forget and to retain. The exponential is rounded to
    one decimal before it is clipped, and m is a constant for the gradient.

    Args:
        forget_logits: scores of the vocabulary at each step, aligned with ``forget_target``.
        forget_target: the tokens to forget; prompt and padding hold ``ignore_index``.
        retain_logits: scores of the same vocabulary, aligned with ``retain_target``.
        retain_target: the tokens to retain.
        baseline: b, the mean of R over the first epoch; None, during that epoch, gives m = m_0.
        base: m_0, the least weight, 0 or above.
        maximum: m_1, the largest, at least ``base``.
        ignore_index: the target of a position that does not count.

    Returns:
        A scalar. A side without a token that counts adds 0. `constrained_unlearning_terms` returns m as well.

    Raises:
        ShapeError: logits have not three axes, or no vocabulary, or another one than the other side; a target
            is not of the positions of its logits.
        DtypeError: logits are not floating; a target or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is outside the vocabulary; ``base`` is
            negative; ``maximum`` is below it; ``baseline`` is no finite number.

    Differs from the paper: ``maximum`` is that of the authors' code; the paper says 2.8.

    Differs from the official code: that divides the sum over batches by the number of examples, so that b is
        too small by the size of a batch. For its published results pass b divided by that size.

    Source: Agrawal and Huang, SHA256 at SemEval-2025 Task 4: Selective Amnesia - Constrained Unlearning for
        Large Language Models via Knowledge Isolation, SemEval 2025.

    Example:
        >>> import torch
        >>> logits, target = torch.zeros(1, 1, 4), torch.tensor([[2]])  # F = R = log 4
        >>> constrained_unlearning(logits, target, logits, target)  # 0.2 log 4
        tensor(0.2773)
        >>> constrained_unlearning(logits, target, logits, target, baseline=0.386)  # R - b = 1: m = 2.3
        tensor(1.8022)
    """
    return constrained_unlearning_terms(
        forget_logits,
        forget_target,
        retain_logits,
        retain_target,
        baseline=baseline,
        base=base,
        maximum=maximum,
        ignore_index=ignore_index,
    ).loss


@full_precision
def constrained_unlearning_terms(
    forget_logits: Float[Tensor, "forget steps vocabulary"],
    forget_target: Integer[Tensor, "forget steps"],
    retain_logits: Float[Tensor, "retain retain_steps vocabulary"],
    retain_target: Integer[Tensor, "retain retain_steps"],
    *,
    baseline: float | None = None,
    base: float = 1.2,
    maximum: float = 2.3,
    ignore_index: int = -100,
) -> ConstrainedUnlearningTerms:
    """Give the loss of `constrained_unlearning`, whose arguments and errors it shares, with its weight."""
    forget = token_cross_entropy(forget_logits, forget_target, ignore_index=ignore_index, side="forget_")
    retain = token_cross_entropy(retain_logits, retain_target, ignore_index=ignore_index, side="retain_")
    check_vocabulary("retain_logits", retain_logits, forget_logits, like="forget_logits")
    multiplier = adaptive_retain_multiplier(retain, baseline, base=base, maximum=maximum)
    return ConstrainedUnlearningTerms(multiplier * retain - forget, multiplier)


@full_precision
def adaptive_retain_multiplier(
    retain_loss: Float[Tensor, ""], baseline: float | None, *, base: float = 1.2, maximum: float = 2.3
) -> Float[Tensor, ""]:
    """Weight of what is to be retained, by how much its loss has grown.

    Args:
        retain_loss: R of `constrained_unlearning`.
        baseline: its mean over the first epoch; None gives ``base``.
        base: the least weight, 0 or above.
        maximum: the largest weight, at least ``base``.

    Returns:
        The weight, a scalar without a graph.

    Raises:
        ShapeError: ``retain_loss`` is no scalar.
        DtypeError: ``retain_loss`` is not floating.
        InvalidInputError: ``base`` is negative; ``maximum`` is below it; ``baseline`` is no finite number.

    Example:
        >>> import torch
        >>> adaptive_retain_multiplier(torch.tensor(1.5), 1.0)  # 0.3 sqrt(6) + 0.8, to one decimal
        tensor(1.5000)
    """
    check_floating("retain_loss", retain_loss)
    if retain_loss.ndim != 0:
        raise ShapeError(f"retain_loss: got shape {tuple(retain_loss.shape)}; wanted a scalar, ()")
    check_non_negative("base", base)
    check_real("maximum", maximum)
    if maximum < base:
        raise InvalidInputError(f"maximum: got {maximum!r}; wanted at least base, {base!r}")
    retain_loss = retain_loss.detach()
    if baseline is None:
        return torch.full_like(retain_loss, base)
    check_real("baseline", baseline)
    grown = (0.3 * 6 ** (retain_loss - baseline) + 0.8).round(decimals=1).clamp(base, maximum)
    return grown.where(retain_loss > baseline, base)


ConstrainedUnlearning = loss_module(constrained_unlearning)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows to forget and four to retain, some of their steps ignored."""
    return four_rows(generator, "forget_") | four_rows(generator, "retain_", steps=2)


LOSS = LossSpec(
    function=constrained_unlearning,
    module=ConstrainedUnlearning,
    paper=Paper(
        title=(
            "SHA256 at SemEval-2025 Task 4: Selective Amnesia - Constrained Unlearning for Large Language "
            "Models via Knowledge Isolation"
        ),
        authors="Agrawal and Huang",
        venue="SemEval",
        year=2025,
        url="https://arxiv.org/abs/2504.12996",
    ),
    differentiable=("forget_logits", "retain_logits"),
    example_inputs=example_inputs,
    pairs_with=(log_loss_of("retain_"),),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
)
