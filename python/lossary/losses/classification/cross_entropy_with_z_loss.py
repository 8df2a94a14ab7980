"""Cross-entropy with z-loss: the loss of large language models that keeps its softmax well scaled.

The same as cross-entropy and `logit_z_loss` one after the other, with a single pass over the classes.
"""

import numpy as np
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
from lossary.authoring.validation import check_floating, check_non_negative, check_shape
from lossary.errors import ShapeError
from lossary.losses.classification._class_rows import class_columns, class_probabilities, six_rows


@full_precision
def cross_entropy_with_z_loss(
    logits: Float[Tensor, "*batch classes"],
    target: Integer[Tensor, "*batch"],
    *,
    coefficient: float = 1e-4,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy, and the squared logarithm of the normalising constant times a coefficient.

    .. math:: L = \log Z - z_y + c \, (\log Z)^2, \quad Z = \sum_k e^{z_k}

    Args:
        logits: z, with the classes on the last axis, such as (batch, classes) or (batch, steps, classes).
        target: y, the right class of each position.
        coefficient: c, 0 or above; 0 gives cross-entropy.
        ignore_index: positions with this target do not count.
        reduction: "mean" over the positions that count, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per position in the shape of ``target``, 0 where ignored.

    Raises:
        ShapeError: ``logits`` has no class, or ``target`` another shape than its positions.
        DtypeError: ``logits`` is not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class; ``coefficient`` is negative.

    Source: Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities, arXiv
        2309.14322, 2023; after Chowdhery et al., PaLM: Scaling Language Modeling with Pathways, arXiv
        2204.02311, 2022, section 5.

    Example:
        >>> import torch
        >>> logits, target = torch.tensor([[1.0, 1.0]]), torch.tensor([0])
        >>> cross_entropy_with_z_loss(logits, target, coefficient=1.0)  # log 2 + (1 + log 2)^2
        tensor(3.5599)
    """
    check_floating("logits", logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted a last axis with a class at least")
    check_shape("target", target, tuple(logits.shape[:-1]), like="logits without its classes")
    check_non_negative("coefficient", coefficient)
    rows = logits.reshape(-1, logits.shape[-1])
    columns, counts = class_columns(rows, target.reshape(-1), ignore_index=ignore_index)
    log_share = rows.log_softmax(1)
    top = rows.argmax(1, keepdim=True)  # any class tells log Z; the largest does without cancellation
    log_z = rows.gather(1, top) - log_share.gather(1, top)
    if counts is not None:  # the square of what is ignored may overflow, and 0 times infinity is NaN
        log_z = log_z.where(counts.unsqueeze(1), 0.0)
        counts = counts.reshape(target.shape)
    values = coefficient * log_z.square() - log_share.gather(1, columns)
    return reduce(values.reshape(target.shape), reduction, mask=counts)


CrossEntropyWithZLoss = loss_module(cross_entropy_with_z_loss)


def _predictions(logits: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """The right class of each position that counts, and what a softmax gives every class."""
    return class_probabilities(logits[target >= 0], target[target >= 0])


def _of_log_loss(logits: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    found = _predictions(logits, target)
    return {"y_true": found["y_true"], "y_proba": found["y_prob"], "labels": found["labels"]}


LOSS = LossSpec(
    function=cross_entropy_with_z_loss,
    module=CrossEntropyWithZLoss,
    paper=Paper(
        title="Small-scale proxies for large-scale Transformer training instabilities",
        authors="Wortsman et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2309.14322",
    ),
    differentiable=("logits",),
    example_inputs=six_rows,
    pairs_with=(
        ExactMetric(name="log_loss", adapt=_of_log_loss),
        ExactMetric(name="expected_calibration_error", adapt=_predictions),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
