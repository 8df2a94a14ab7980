"""Contractive reconstruction: an autoencoder that reconstructs its inputs and resists changes of them.

What it learns then points from an input towards where the data are dense: for a small strength s,
(reconstruction - input) / s approaches the gradient of their log-density.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import (
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError


@full_precision
def contractive_reconstruction(
    inputs: Float[Tensor, "batch dim"],
    reconstruction: Float[Tensor, "batch dim"],
    jacobian: Float[Tensor, "batch outputs dim"] | None = None,
    *,
    strength: float = 0.1,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared error of a reconstruction, and how much it changes with its input.

    .. math:: L = \lVert r(x) - x \rVert^2 + \lambda \lVert J(x) \rVert_F^2

    Args:
        inputs: x. It receives no gradient.
        reconstruction: r(x).
        jacobian: J, the derivatives of r by x with a graph, or of the encoder alone, whose outputs are the
            code: the contractive autoencoder of Rifai et al. None needs a strength of 0. For an encoder
            h = sigmoid(W x + b) its squared norm is known without derivatives: the sum over units of
            (h (1 - h))^2 times the squared length of the unit's weights.
        strength: λ, at least 0. Denoising with a little noise is about the same, λ being its variance.
        reduction: "mean" or "sum" over inputs, or "none".

    Returns:
        A scalar, or one value per input under "none".

    Raises:
        ShapeError: ``inputs`` is not a matrix, or has no row; another shape does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``strength`` is negative; ``jacobian`` is None while
            ``strength`` is not 0.

    Source: Alain and Bengio, What Regularized Auto-Encoders Learn from the Data-Generating Distribution,
        JMLR 15, 2014; with an encoder's derivatives Rifai, Vincent, Muller, Glorot and Bengio, Contractive
        Auto-Encoders, ICML 2011.

    Example:
        >>> import torch
        >>> inputs, reconstruction = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 1.0]])
        >>> contractive_reconstruction(inputs, reconstruction, torch.eye(2).unsqueeze(0))  # 1 + 0.1 * 2
        tensor(1.2000)
    """
    check_floating("inputs", inputs)
    check_ndim("inputs", inputs, "batch dim")
    batch, dim = inputs.shape
    if batch == 0:
        raise ShapeError(f"inputs: got shape {tuple(inputs.shape)}; wanted at least one row")
    check_finite("inputs", inputs)
    check_floating("reconstruction", reconstruction)
    check_shape("reconstruction", reconstruction, (batch, dim), like="inputs")
    check_finite("reconstruction", reconstruction)
    check_non_negative("strength", strength)
    values = (reconstruction - inputs.detach()).square().sum(1)
    if jacobian is not None:
        check_floating("jacobian", jacobian)
        check_ndim("jacobian", jacobian, "batch outputs dim")
        check_shape("jacobian", jacobian, (batch, jacobian.shape[1], dim), like="inputs")
        check_finite("jacobian", jacobian)
        values = values + strength * jacobian.square().sum((1, 2))
    elif strength != 0:
        raise InvalidInputError(f"jacobian: got None with strength={strength!r}; wanted derivatives")
    return reduce(values, reduction)


ContractiveReconstruction = loss_module(contractive_reconstruction)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four inputs of three dimensions, their reconstructions, and derivatives of a code of two."""
    return {
        "inputs": torch.randn(4, 3, generator=generator),
        "reconstruction": torch.randn(4, 3, generator=generator),
        "jacobian": torch.randn(4, 2, 3, generator=generator),
    }


LOSS = LossSpec(
    function=contractive_reconstruction,
    module=ContractiveReconstruction,
    paper=Paper(
        title="What Regularized Auto-Encoders Learn from the Data-Generating Distribution",
        authors="Alain and Bengio",
        venue="JMLR",
        year=2014,
        url="https://arxiv.org/abs/1211.4246",
    ),
    differentiable=("reconstruction", "jacobian"),
    example_inputs=example_inputs,
    unpaired_reason="the squared error of the reconstruction is exact as it is",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("rcae",),
)
