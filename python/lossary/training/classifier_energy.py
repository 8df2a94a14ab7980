"""Classifier energy: a classifier read as an energy-based model of inputs, and of inputs with their class.

As a diagnostic of robust training: an attack raises the energy of an input with its class relative to that of
the input alone, by the cross-entropy it gains; where the two drift apart on training data, robust overfitting
begins.
"""

from typing import NamedTuple

from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_shape,
)
from lossary.errors import ShapeError


class ClassifierEnergy(NamedTuple):
    """The energies of each row; the lower, the likelier.

    Attributes:
        marginal: of the input alone.
        joint: of the input with its class.
        cross_entropy: their difference, joint less marginal: -log p(class | input).
    """

    marginal: Float[Tensor, "batch"]
    joint: Float[Tensor, "batch"]
    cross_entropy: Float[Tensor, "batch"]


@full_precision
def classifier_energy(
    logits: Float[Tensor, "batch classes"], target: Integer[Tensor, "batch"]
) -> ClassifierEnergy:
    r"""Energies of inputs under the model exp(logit) of inputs and classes.

    .. math:: E(x) = -\ln \sum_c e^{f_c(x)}, \qquad E(x, y) = -f_y(x), \qquad
              -\ln p(y \mid x) = E(x, y) - E(x)

    Args:
        logits: f, one row per input, one column per class.
        target: y, the class of each row.

    Returns:
        Energies and cross-entropy, one each per row, with a graph.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` does not fit it.
        DtypeError: ``logits`` is not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is not a class.

    Source: Mirza, Briglia, Beadini and Masi, Shedding More Light on Robust Classifiers under the lens of
        Energy-based Models, ECCV 2024, section 3.

    Example:
        >>> import torch
        >>> energy = classifier_energy(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
        >>> energy.marginal, energy.joint.abs(), energy.cross_entropy  # -ln 2, 0 and ln 2
        (tensor([-0.6931]), tensor([0.]), tensor([0.6931]))
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch classes")
    if logits.shape[1] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted at least one class")
    check_finite("logits", logits)
    check_integer("target", target)
    check_shape("target", target, (logits.shape[0],), like="the rows of logits")
    check_class_index("target", target, logits.shape[1])
    columns = target.long().unsqueeze(1)
    marginal = -logits.logsumexp(1)
    joint = -logits.gather(1, columns).squeeze(1)
    # by itself: the difference of two large energies would have no digits left
    cross_entropy = -logits.log_softmax(1).gather(1, columns).squeeze(1)
    return ClassifierEnergy(marginal, joint, cross_entropy)
