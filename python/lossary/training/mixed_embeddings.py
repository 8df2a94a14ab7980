"""Mixed embeddings: points between two embeddings, and how far they share the label of an anchor.

For `lossary.losses.metric_learning.mixup_pair`. The paper draws one coefficient per batch from a Beta
distribution with both parameters 2.
"""

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_floating,
    check_integer,
    check_ndim,
    check_shape,
    check_unit_interval,
)


@full_precision
def mix(
    first: Float[Tensor, "mixed dim"],
    second: Float[Tensor, "mixed dim"],
    coefficient: float | Float[Tensor, ""] | Float[Tensor, "mixed"],
) -> Float[Tensor, "mixed dim"]:
    """Points between two embeddings each; the gradient reaches both.

    Args:
        first: what the coefficient counts.
        second: what the rest counts.
        coefficient: in [0, 1], one for all or one for each pair.

    Returns:
        ``coefficient * first + (1 - coefficient) * second``.

    Raises:
        ShapeError: ``first`` is not a matrix, ``second`` has another shape, or ``coefficient`` another
            length.
        DtypeError: an input is not floating.
        InvalidInputError: ``coefficient`` is outside [0, 1].

    Example:
        >>> mix(torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 8.0]]), 0.25)
        tensor([[1., 6.]])
    """
    check_floating("first", first)
    check_ndim("first", first, "mixed dim")
    check_floating("second", second)
    check_shape("second", second, tuple(first.shape), like="first")
    share = _share(coefficient, first)
    return torch.lerp(second, first, share.unsqueeze(-1))


@full_precision
def mixed_target(
    anchor_labels: Integer[Tensor, "anchors"],
    first_labels: Integer[Tensor, "mixed"],
    second_labels: Integer[Tensor, "mixed"],
    coefficient: float | Float[Tensor, ""] | Float[Tensor, "mixed"],
) -> Float[Tensor, "anchors mixed"]:
    r"""How far each mixed embedding is a positive of each anchor.

    .. math:: y_{am} = \lambda \, [\, y_{m, 1} = y_a \,] + (1 - \lambda) \, [\, y_{m, 2} = y_a \,]

    Args:
        anchor_labels: the labels of the anchors.
        first_labels: those of the embeddings that the coefficient counts.
        second_labels: those of the others.
        coefficient: λ in [0, 1], as for `mix`.

    Returns:
        Numbers in [0, 1], of the dtype of ``coefficient``, or of torch's default one.

    Raises:
        ShapeError: labels are no vectors, or of lengths that differ.
        DtypeError: labels are not integer, or ``coefficient`` not floating.
        InvalidInputError: ``coefficient`` is outside [0, 1].

    Example:
        >>> labels = torch.tensor([0, 1])
        >>> mixed_target(labels, torch.tensor([0, 1]), torch.tensor([2, 1]), 0.25)
        tensor([[0.2500, 0.0000],
                [0.0000, 1.0000]])
    """
    for name, labels in (
        ("anchor_labels", anchor_labels),
        ("first_labels", first_labels),
        ("second_labels", second_labels),
    ):
        check_integer(name, labels)
        check_ndim(name, labels, "items")
    check_shape("second_labels", second_labels, tuple(first_labels.shape), like="first_labels")
    share = _share(coefficient, torch.empty(len(first_labels), device=first_labels.device))
    same = [anchor_labels.unsqueeze(1) == labels for labels in (first_labels, second_labels)]
    return share * same[0] + (1 - share) * same[1]


def _share(coefficient: float | Tensor, like: Tensor) -> Tensor:
    """The coefficient as a tensor, () or one for each row of ``like``."""
    share = coefficient if isinstance(coefficient, Tensor) else like.new_full((), coefficient)
    check_floating("coefficient", share)
    if share.ndim:
        check_shape("coefficient", share, like.shape[:1], like="the rows that are mixed")
    check_unit_interval("coefficient", share)
    return share
