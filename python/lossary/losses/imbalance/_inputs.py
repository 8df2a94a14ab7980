"""What the losses of this family take, checked and brought to probabilities in one place."""

import torch
from torch import Tensor

from lossary.authoring.validation import (
    check_binary,
    check_class_index,
    check_finite,
    check_floating,
    check_shape,
    check_tensor,
    check_unit_interval,
)
from lossary.errors import ShapeError


def class_probabilities(logits: Tensor, target: Tensor, *, with_logits: bool) -> tuple[Tensor, Tensor]:
    """Probabilities of what the target marks: of the positive class, of each label, or of each class.

    Args:
        logits: (batch,) or (batch, classes), floating and finite.
        target: 0 and 1, or bool, in the shape of ``logits``; or one class index per row of (batch, classes)
            logits.
        with_logits: False when ``logits`` holds probabilities already.

    Returns:
        Probabilities in the shape of ``logits``, by softmax beside class indices and by sigmoid otherwise, in
        float32 where the input is narrower; and a bool mask of that shape, True where the target is positive.

    Raises:
        ShapeError: the shapes do not fit together, or there are class indices and fewer than two classes.
        DtypeError: ``logits`` is not floating, a class index not an integer, or one of the two no tensor.
        InvalidInputError: a value is outside its domain.
    """
    check_floating("logits", logits)
    check_tensor("target", target)
    if logits.ndim not in (1, 2):
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted (batch) or (batch, classes)")
    check_finite("logits", logits)
    if not with_logits:
        check_unit_interval("logits", logits)
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if logits.ndim == 2 and target.ndim == 1:
        positive = _one_hot(target, logits)
        return wide.softmax(1) if with_logits else wide, positive
    check_shape("target", target, tuple(logits.shape), like="logits")
    check_binary("target", target)
    return wide.sigmoid() if with_logits else wide, target != 0


def complement(logits: Tensor, probability: Tensor, *, with_logits: bool) -> Tensor:
    """One less the probability, with its digits where the probability rounds to 1.

    Args:
        logits: (batch,), or (batch, classes) that a softmax turned into ``probability``.
        probability: in the shape of ``logits``.
        with_logits: False when ``logits`` are the probabilities.
    """
    if not with_logits:
        return 1 - probability
    if logits.ndim == 1:
        return (-logits).sigmoid()
    # Only the largest probability of a row can be near 1, and the others add up to what it lacks.
    top = torch.zeros_like(probability).scatter(1, logits.argmax(1, keepdim=True), 1.0) != 0
    return torch.where(top, probability.masked_fill(top, 0).sum(1, keepdim=True), 1 - probability)


def _one_hot(target: Tensor, logits: Tensor) -> Tensor:
    batch, classes = logits.shape
    check_shape("target", target, (batch,), like="logits")
    if classes < 2:
        raise ShapeError(
            f"logits: got shape {tuple(logits.shape)} with class indices as target; wanted two classes or "
            "more, or a target of the same shape"
        )
    check_class_index("target", target, classes)
    return target.unsqueeze(1) == torch.arange(classes, device=target.device)
