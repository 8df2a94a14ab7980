"""Co-teaching: two networks that choose each other's training samples among the ones of small loss.

For noisy labels: a network believes the labels it can explain, and its partner, which errs elsewhere, learns
from those alone.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError
from lossary.losses.classification._class_rows import (
    best_class,
    check_class_scores,
    class_columns,
    class_probabilities,
)


class CoTeachingTerms(NamedTuple):
    """The loss of both networks, and of each, all scalars."""

    loss: Tensor
    loss1: Tensor
    loss2: Tensor


def forget_rate_schedule(epoch: int, *, gradual_epochs: int, forget_rate: float) -> float:
    """The share of samples to leave out in an epoch: from 0 to ``forget_rate`` in equal steps, then constant.

    Args:
        epoch: 0 or above.
        gradual_epochs: in how many epochs the rate rises, 1 or above.
        forget_rate: the last rate, 0 or above and below 1.

    Raises:
        DtypeError: ``epoch`` or ``gradual_epochs`` is no int, or ``forget_rate`` no number.
        InvalidInputError: a value is out of its range.

    Example:
        >>> [forget_rate_schedule(epoch, gradual_epochs=3, forget_rate=0.2) for epoch in (0, 1, 2, 9)]
        [0.0, 0.1, 0.2, 0.2]
    """
    check_int("epoch", epoch)
    check_non_negative("epoch", epoch)
    check_int("gradual_epochs", gradual_epochs)
    check_positive("gradual_epochs", gradual_epochs)
    _check_forget_rate(forget_rate)
    if epoch >= gradual_epochs:
        return forget_rate
    return forget_rate * epoch / max(gradual_epochs - 1, 1)


def small_loss_selection(
    loss: Float[Tensor, "batch"], *, forget_rate: float = 0.2
) -> Integer[Tensor, "kept"]:
    """Indices of the samples with the smallest losses, smallest first, equal ones in their order.

    For when the selection is made on other outputs than the loss, as in the authors' code.

    Args:
        loss: one per sample.
        forget_rate: the share to leave out, 0 or above and below 1; (1 - rate) times the batch is rounded
            down.

    Raises:
        ShapeError: ``loss`` is not (batch,).
        DtypeError: ``loss`` is not floating.
        InvalidInputError: a loss is NaN or infinite; ``forget_rate`` is out of its range.

    Source: Chen, Hu, Shen, Ai and Suykens, Compressing Features for Learning with Noisy Labels, IEEE TNNLS
        2022.

    Example:
        >>> import torch
        >>> small_loss_selection(torch.tensor([0.5, 3.0, 0.1, 0.5]), forget_rate=0.5)
        tensor([2, 0])
    """
    check_floating("loss", loss)
    check_ndim("loss", loss, "batch")
    _check_forget_rate(forget_rate)
    check_finite("loss", loss)
    kept = int((1 - forget_rate) * loss.shape[0])
    return loss.detach().sort(dim=0, stable=True).indices[:kept]


@full_precision
def co_teaching_terms(
    logits1: Float[Tensor, "batch classes"],
    logits2: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    forget_rate: float = 0.2,
) -> CoTeachingTerms:
    """`co_teaching` with the loss of each network beside their sum.

    Arguments, errors and source are those of `co_teaching`.

    Example:
        >>> import torch
        >>> logits1, logits2 = torch.zeros(2, 2), torch.tensor([[50.0, 0.0], [0.0, 50.0]])
        >>> co_teaching_terms(logits1, logits2, torch.tensor([0, 1])).loss1  # ln 2
        tensor(0.6931)
    """
    check_class_scores("logits1", logits1)
    check_class_scores("logits2", logits2)
    check_shape("logits2", logits2, tuple(logits1.shape), like="logits1")
    target = class_columns(logits1, target)[0].squeeze(1)
    value1 = functional.cross_entropy(logits1, target, reduction="none")
    value2 = functional.cross_entropy(logits2, target, reduction="none")
    keep1 = small_loss_selection(value1, forget_rate=forget_rate)
    keep2 = small_loss_selection(value2, forget_rate=forget_rate)
    count = max(keep1.shape[0], 1)
    loss1, loss2 = value1[keep2].sum() / count, value2[keep1].sum() / count
    return CoTeachingTerms(loss1 + loss2, loss1, loss2)


@full_precision
def co_teaching(
    logits1: Float[Tensor, "batch classes"],
    logits2: Float[Tensor, "batch classes"],
    target: Integer[Tensor, "batch"],
    *,
    forget_rate: float = 0.2,
) -> Float[Tensor, ""]:
    r"""Cross-entropy of each of two networks on the samples that the other one finds easiest.

    .. math::
        L = \frac{1}{K} \sum_{i \in S_2} \ell^1_i + \frac{1}{K} \sum_{i \in S_1} \ell^2_i, \qquad
        K = \lfloor (1 - r) N \rfloor

    where S_k are the K samples with the smallest cross-entropy of network k.

    Args:
        logits1: of the first network, one column per class.
        logits2: of the second network, for the same samples.
        target: the class of each row, perhaps a wrong one.
        forget_rate: r, the share of samples to leave out, 0 or above and below 1; about the share of wrong
            labels. `forget_rate_schedule` raises it over the first epochs.

    Returns:
        A scalar. Where no sample is kept, it is 0.

    Raises:
        ShapeError: ``logits1`` is not a matrix or has no class; another argument does not fit it.
        DtypeError: logits are not floating, or ``target`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``forget_rate`` is out of its
            range.

    Differs from the official code: it selects on the full features of one half of the batch and takes the
        loss on masked features of the other; `small_loss_selection` is there for that.

    Source: Chen, Hu, Shen, Ai and Suykens, Compressing Features for Learning with Noisy Labels, IEEE TNNLS
        2022.

    Example:
        >>> import torch
        >>> logits1, logits2 = torch.zeros(2, 2), torch.tensor([[50.0, 0.0], [50.0, 0.0]])
        >>> co_teaching(logits1, logits2, torch.tensor([1, 0]), forget_rate=0.5)  # ln 2 + 50
        tensor(50.6931)
    """
    return co_teaching_terms(logits1, logits2, target, forget_rate=forget_rate).loss


def _check_forget_rate(forget_rate: float) -> None:
    check_non_negative("forget_rate", forget_rate)
    if forget_rate >= 1:
        raise InvalidInputError(f"forget_rate: got {forget_rate!r}; wanted a number of 0 or above, below 1")


CoTeaching = loss_module(co_teaching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight rows of four classes, from two networks."""
    return {
        "logits1": torch.randn(8, 4, generator=generator),
        "logits2": torch.randn(8, 4, generator=generator),
        "target": torch.randint(4, (8,), generator=generator),
    }


def _first_classes(logits1: np.ndarray, target: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, ...]:
    return best_class(logits1, target)


def _second_classes(logits2: np.ndarray, target: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, ...]:
    return best_class(logits2, target)


def _first_probabilities(logits1: np.ndarray, target: np.ndarray, **_: np.ndarray) -> dict[str, np.ndarray]:
    return class_probabilities(logits1, target)


def _second_probabilities(logits2: np.ndarray, target: np.ndarray, **_: np.ndarray) -> dict[str, np.ndarray]:
    return class_probabilities(logits2, target)


LOSS = LossSpec(
    function=co_teaching,
    module=CoTeaching,
    paper=Paper(
        title="Compressing Features for Learning with Noisy Labels",
        authors="Chen, Hu, Shen, Ai and Suykens",
        venue="IEEE TNNLS",
        year=2022,
        url="https://arxiv.org/abs/2206.13140",
    ),
    differentiable=("logits1", "logits2"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=_first_classes),
        ExactMetric(name="accuracy_score", adapt=_second_classes),
        ExactMetric(name="expected_calibration_error", adapt=_first_probabilities),
        ExactMetric(name="expected_calibration_error", adapt=_second_probabilities),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
