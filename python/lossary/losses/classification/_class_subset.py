"""Logits of some of the classes, for losses on unlabelled samples of new classes."""

import torch
from torch import Tensor

from lossary.authoring.validation import check_class_index, check_ndim, checks_values
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.classification._class_rows import check_class_scores


def check_unlabelled(logits: Tensor) -> None:
    """Raise unless ``logits`` is a floating, finite matrix with a row and a class at least."""
    check_class_scores("logits", logits)
    if logits.shape[0] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted at least one row")


def of_classes(logits: Tensor, classes: Tensor | None) -> Tensor:
    """The columns of these classes, (batch, subset).

    Args:
        logits: (batch, classes), floating and finite, with a row and a class at least.
        classes: (subset,) distinct class indices, one at least; None takes all.

    Raises:
        ShapeError: ``logits`` is not such a matrix; ``classes`` is not a vector or is empty.
        DtypeError: ``logits`` is not floating, or ``classes`` not integer.
        InvalidInputError: a logit is NaN or infinite; a class does not exist or comes twice.
    """
    check_unlabelled(logits)
    if classes is None:
        return logits
    check_ndim("classes", classes, "subset")
    if classes.shape[0] == 0:
        raise ShapeError("classes: got shape (0,); wanted at least one class")
    check_class_index("classes", classes, logits.shape[1])
    if checks_values(classes) and len(torch.unique(classes)) < len(classes):
        raise InvalidInputError(f"classes: got {classes.tolist()}; wanted each class once")
    return logits[:, classes.long()]
