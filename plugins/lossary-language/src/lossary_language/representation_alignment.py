"""Representation alignment: features of kept data return to the original model's, forgotten ones do not.

One of the two steps of label-agnostic forgetting, which needs no labels: after each step of
`representation_forgetting`, one of this.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def representation_alignment(
    remaining: Float[Tensor, "batch dim"],
    remaining_reference: Float[Tensor, "batch dim"],
    forgotten: Float[Tensor, "forget_batch dim"],
    forgotten_reference: Float[Tensor, "forget_batch dim"],
    *,
    temperature: float = 20.0,
) -> Float[Tensor, ""]:
    r"""Cosine distance of kept features from their reference, against that of forgotten ones from theirs.

    .. math:: L = \sum_i \log \frac{e^{d(r_i, r_i^0)}}{\sum_j e^{d(u_j, u_j^0) / \tau}}, \qquad
              d(a, b) = 1 - \cos(a, b)

    Args:
        remaining: r, features of a batch of the data to keep.
        remaining_reference: r^0, the original model's; it receives no gradient.
        forgotten: u, features of a batch of the data to forget, one row at least.
        forgotten_reference: u^0, the original model's; it receives no gradient.
        temperature: tau, above 0: 20 in the paper, and 5 for forgetting at random with a small network.

    Returns:
        A scalar, which may be negative; 0 without a row to keep. A row of zeros has a distance of 1 and no
        gradient.

    Raises:
        ShapeError: a tensor is not a matrix with a column, the shapes do not fit, or there is no row to
            forget.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``temperature`` is not above 0.

    Differs from the paper: the distance above the line is not divided by the temperature, and the rows are
        summed, as in the official code.

    Source: Shen, Zhang, Zhao, Bialkowski, Chen and Xu, Label-Agnostic Forgetting: A Supervision-Free
        Unlearning in Deep Models, ICLR 2024.

    Example:
        >>> import torch
        >>> kept, forgotten = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
        >>> other = torch.tensor([[0.0, 1.0]])
        >>> representation_alignment(kept, other, forgotten, kept, temperature=2.0)  # 1 - 1 / 2
        tensor(0.5000)
    """
    for name, features in (("remaining", remaining), ("forgotten", forgotten)):
        check_floating(name, features)
        check_ndim(name, features, "batch dim")
    rows, dim = remaining.shape
    if dim == 0:
        raise ShapeError(f"remaining: got shape {tuple(remaining.shape)}; wanted a column at least")
    if forgotten.shape[0] == 0 or forgotten.shape[1] != dim:
        raise ShapeError(
            f"forgotten: got shape {tuple(forgotten.shape)}; wanted a row at least, of {dim} as remaining"
        )
    check_floating("remaining_reference", remaining_reference)
    check_shape("remaining_reference", remaining_reference, (rows, dim), like="remaining")
    check_floating("forgotten_reference", forgotten_reference)
    check_shape("forgotten_reference", forgotten_reference, tuple(forgotten.shape), like="forgotten")
    check_finite("remaining", remaining)
    check_finite("remaining_reference", remaining_reference)
    check_finite("forgotten", forgotten)
    check_finite("forgotten_reference", forgotten_reference)
    check_positive("temperature", temperature)
    pushed = (_cosine_distance(forgotten, forgotten_reference) / temperature).logsumexp(0)
    return _cosine_distance(remaining, remaining_reference).sum() - rows * pushed


def _cosine_distance(features: Tensor, reference: Tensor) -> Tensor:
    return 1 - (_unit(features) * _unit(reference.detach())).sum(1)


def _unit(rows: Tensor) -> Tensor:
    """Rows divided by their length; those of zeros stay, without a gradient."""
    scale = rows.detach().abs().amax(1, keepdim=True)  # keeps squares in range
    scaled = rows / scale.where(scale != 0, 1.0)
    square = scaled.square().sum(1, keepdim=True)
    return (scaled * square.where(square != 0, 1.0).rsqrt()).where(scale != 0, 0.0)


RepresentationAlignment = loss_module(representation_alignment)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows to keep and three to forget."""
    kept, forgotten = torch.randn(2, 4, 5, generator=generator), torch.randn(2, 3, 5, generator=generator)
    return {
        "remaining": kept[0],
        "remaining_reference": kept[1],
        "forgotten": forgotten[0],
        "forgotten_reference": forgotten[1],
    }


LOSS = LossSpec(
    function=representation_alignment,
    module=RepresentationAlignment,
    paper=Paper(
        title="Label-Agnostic Forgetting: A Supervision-Free Unlearning in Deep Models",
        authors="Shen, Zhang, Zhao, Bialkowski, Chen and Xu",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2404.00506",
    ),
    differentiable=("remaining", "forgotten"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it needs no labels; the exact metric is the accuracy on kept and on forgotten data, which does"
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
)
