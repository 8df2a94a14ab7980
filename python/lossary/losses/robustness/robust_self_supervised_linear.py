"""Robust self-supervised linear: a wide margin on few labelled rows and many unlabelled ones.

Each row may move before it counts, at a price per squared distance, so that unlabelled rows of a somewhat
different distribution help too. Unlabelled rows take the class that the classifier gives them.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_binary,
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError


@full_precision
def robust_self_supervised_linear(
    weight: Float[Tensor, "dim"],
    features: Float[Tensor, "batch dim"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    unlabeled: Float[Tensor, "unlabeled dim"],
    *,
    gamma: float = 1.0,
    gamma_unlabeled: float = 1.0,
    unlabeled_weight: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Hinge loss of a linear classifier whose rows move where they hurt, at a price, with pseudo-labels.

    .. math::
        L = \frac{1}{N} \sum_i \Big[ 1 - y_i \langle w, x_i \rangle
            + \frac{\lVert w \rVert^2}{4 \gamma} \Big]_+
            + \frac{\lambda}{M} \sum_j \Big[ 1 - |\langle w, x'_j \rangle|
            + \frac{\lVert w \rVert^2}{4 \gamma'} \Big]_+, \quad y_i = 2 t_i - 1

    Each bracket is the largest hinge loss at any z, less gamma times the squared distance from x to z; the
    worst z is x - y w / (2 gamma). The second term pushes the decision away from where unlabelled rows are
    dense.

    Args:
        weight: w, of the classifier <w, x>.
        features: x, one labelled row per sample; append a column of ones for a bias.
        target: t, 0 or 1 (or bool).
        unlabeled: x', rows without a label, in as many columns.
        gamma: the price of moving a labelled row, above 0; large ones give the plain hinge loss.
        gamma_unlabeled: gamma', that of an unlabelled one.
        unlabeled_weight: lambda, 0 or above.

    Returns:
        A scalar. A term without rows is 0.

    Raises:
        ShapeError: ``features`` or ``unlabeled`` is no matrix; shapes do not fit together.
        DtypeError: a tensor is not floating, or ``target`` no tensor.
        InvalidInputError: a value is NaN or infinite; ``target`` has values other than 0 and 1; ``gamma`` or
            ``gamma_unlabeled`` is not above 0; ``unlabeled_weight`` is negative.

    Differs from the paper: its closed form for the hinge loss and squared Euclidean distance, in place of an
        inner maximisation; the paper tunes the three options, whose defaults of 1 are ours.

    Source: Saberi, Najafi, Heidari, Movasaghinia, Motahari and Khalaj, Out-of-Domain Unlabeled Data Improves
        Generalization, ICLR 2024.

    Example:
        >>> import torch
        >>> weight, rows = torch.tensor([2.0, 0.0]), torch.tensor([[1.0, 0.0]])
        >>> robust_self_supervised_linear(weight, rows, torch.tensor([0]), rows)  # (1 + 2 + 1) + (1 - 2 + 1)
        tensor(4.)
    """
    for name, rows in (("features", features), ("unlabeled", unlabeled)):
        check_floating(name, rows)
        check_ndim(name, rows, "rows dim")
        check_finite(name, rows)
    check_floating("weight", weight)
    check_shape("weight", weight, (features.shape[1],), like="the columns of features")
    check_finite("weight", weight)
    if unlabeled.shape[1] != features.shape[1]:
        raise ShapeError(
            f"unlabeled: got shape {tuple(unlabeled.shape)}; wanted {features.shape[1]} columns, as features"
        )
    check_shape("target", target, (features.shape[0],), like="the rows of features")
    check_binary("target", target)
    check_positive("gamma", gamma)
    check_positive("gamma_unlabeled", gamma_unlabeled)
    check_non_negative("unlabeled_weight", unlabeled_weight)
    score = features @ weight
    labelled = _moved_hinge(torch.where(target != 0, score, -score), weight, gamma)
    pseudo = _moved_hinge((unlabeled @ weight).abs(), weight, gamma_unlabeled)
    return reduce(labelled, "mean") + unlabeled_weight * reduce(pseudo, "mean")


def _moved_hinge(margin: Tensor, weight: Tensor, price: float) -> Tensor:
    return (1 - margin + weight.square().sum() / (4 * price)).relu()


RobustSelfSupervisedLinear = loss_module(robust_self_supervised_linear)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five labelled and five unlabelled rows."""
    return {
        "weight": torch.randn(3, generator=generator),
        "features": torch.randn(5, 3, generator=generator),
        "target": torch.tensor([1, 0, 0, 1, 1]),
        "unlabeled": torch.randn(5, 3, generator=generator),
    }


def _decisions(
    weight: np.ndarray, features: np.ndarray, target: np.ndarray, **_: Any
) -> tuple[np.ndarray, ...]:
    return target, (features @ weight > 0).astype(target.dtype)


LOSS = LossSpec(
    function=robust_self_supervised_linear,
    module=RobustSelfSupervisedLinear,
    paper=Paper(
        title="Out-of-Domain Unlabeled Data Improves Generalization",
        authors="Saberi, Najafi, Heidari, Movasaghinia, Motahari and Khalaj",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2310.00027",
    ),
    differentiable=("features", "weight", "unlabeled"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=_decisions),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
