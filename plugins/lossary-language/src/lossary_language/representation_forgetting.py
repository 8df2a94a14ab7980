"""Representation forgetting: features leave the distribution of what is to be forgotten, and no other.

One of the two steps of label-agnostic forgetting, which needs no labels: `representation_alignment` then
repairs what it did to the rest. An autoencoder knows each distribution; what it cannot reconstruct is
outside.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def representation_forgetting(
    remaining_reconstruction: Float[Tensor, "batch dim"],
    remaining: Float[Tensor, "batch dim"],
    forgotten_reconstruction: Float[Tensor, "forget_batch dim"],
    forgotten: Float[Tensor, "forget_batch dim"],
) -> Float[Tensor, ""]:
    r"""Bounded errors of reconstruction of kept features, less those of forgotten ones.

    .. math:: L = \sum_i \varphi(m_i) - \sum_j \varphi(m_j), \qquad \varphi(m) = e^{m / (m + 1)}

    m is the squared distance of a row from its reconstruction. phi goes from 1 to e, so that no row runs
    away.

    Args:
        remaining_reconstruction: by an autoencoder, fitted to features of the data to keep and then frozen.
            It comes from ``remaining``, and so has a gradient of its own.
        remaining: features of a batch of the data to keep.
        forgotten_reconstruction: by another, fitted to features of the data to forget.
        forgotten: features of a batch of the data to forget.

    Returns:
        A scalar, which may be negative. A side without a row adds nothing.

    Raises:
        ShapeError: a tensor is not a matrix, or the shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Shen, Zhang, Zhao, Bialkowski, Chen and Xu, Label-Agnostic Forgetting: A Supervision-Free
        Unlearning in Deep Models, ICLR 2024.

    Example:
        >>> import torch
        >>> zero, one = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 1.0]])
        >>> representation_forgetting(zero, one, one, one)  # exp(1/2) - 1
        tensor(0.6487)
    """
    for name, features in (("remaining", remaining), ("forgotten", forgotten)):
        check_floating(name, features)
        check_ndim(name, features, "batch dim")
        check_finite(name, features)
    if forgotten.shape[1] != remaining.shape[1]:
        raise ShapeError(
            f"forgotten: got shape {tuple(forgotten.shape)}; wanted {remaining.shape[1]} columns, as "
            "remaining"
        )
    check_floating("remaining_reconstruction", remaining_reconstruction)
    check_shape(
        "remaining_reconstruction", remaining_reconstruction, tuple(remaining.shape), like="remaining"
    )
    check_finite("remaining_reconstruction", remaining_reconstruction)
    check_floating("forgotten_reconstruction", forgotten_reconstruction)
    check_shape(
        "forgotten_reconstruction", forgotten_reconstruction, tuple(forgotten.shape), like="forgotten"
    )
    check_finite("forgotten_reconstruction", forgotten_reconstruction)
    kept = _bounded_error(remaining_reconstruction, remaining).sum()
    return kept - _bounded_error(forgotten_reconstruction, forgotten).sum()


def _bounded_error(reconstruction: Tensor, features: Tensor) -> Tensor:
    # 1 - 1 / (m + 1) and not m / (m + 1), as m may be infinite.
    return (1 - ((reconstruction - features).square().sum(1) + 1).reciprocal()).exp()


RepresentationForgetting = loss_module(representation_forgetting)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows to keep and four to forget, with their reconstructions."""
    names = ("remaining_reconstruction", "remaining", "forgotten_reconstruction", "forgotten")
    return {name: torch.randn(4, 5, generator=generator) for name in names}


LOSS = LossSpec(
    function=representation_forgetting,
    module=RepresentationForgetting,
    paper=Paper(
        title="Label-Agnostic Forgetting: A Supervision-Free Unlearning in Deep Models",
        authors="Shen, Zhang, Zhao, Bialkowski, Chen and Xu",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2404.00506",
    ),
    differentiable=("remaining_reconstruction", "remaining", "forgotten_reconstruction", "forgotten"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it needs no labels; the exact metric is the accuracy on kept and on forgotten data, which does"
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
)
