"""Auxiliary top-k: dead features of a sparse autoencoder learn to explain what the others leave over.

An addition to the reconstruction loss. A feature that never fires has no gradient from it; here the likeliest
of the dead ones fire for each token, on the error that remains.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_mask,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.errors import InvalidInputError
from torch import Tensor


@full_precision
def auxiliary_top_k(
    residual: Float[Tensor, "batch dim"],
    pre_activation: Float[Tensor, "batch features"],
    decoder: Float[Tensor, "features dim"],
    selected: Bool[Tensor, "features"],
    *,
    k: int = 512,
    coefficient: float = 1 / 32,
) -> Float[Tensor, ""]:
    r"""Squared error of the residual as reconstructed by the strongest of the selected features.

    .. math:: L = \frac{c}{N} \sum_n \lVert e_n - \hat{e}_n \rVert^2, \qquad
              \hat{e}_n = \sum_{f \in T_n} \max(0, a_{nf}) \, d_f

    T_n are the k selected features with the largest pre-activations of token n.

    Args:
        residual: e, what the autoencoder has not reconstructed, without the decoder's bias. It receives no
            gradient.
        pre_activation: a, before the ReLU.
        decoder: d, one row per feature; there is no bias.
        selected: True for the dead features, such as those that have not fired for ten million tokens; or for
            the underused ones, of `zipf_underused_features`.
        k: how many of them fire for each token, 1 or more; all, where there are fewer. A power of two near
            half of ``dim`` is usual.
        coefficient: c, 0 or above.

    Returns:
        A scalar; 0 where no feature is selected.

    Raises:
        ShapeError: ``residual`` or ``pre_activation`` is not a matrix, or a shape does not fit them.
        DtypeError: a tensor is not floating, ``selected`` is not bool, or ``k`` no int.
        InvalidInputError: a value is NaN or infinite; ``k`` is below 1; ``coefficient`` is negative.

    Source: Gao et al., Scaling and evaluating sparse autoencoders, ICLR 2025, appendix A.2; for underused
        features Ayonrinde, Adaptive Sparse Allocation with Mutual Choice and Feature Choice Sparse
        Autoencoders, arXiv 2411.02124, 2024.

    Example:
        >>> import torch
        >>> residual, decoder = torch.tensor([[3.0, 4.0]]), torch.eye(2)
        >>> pre_activation, selected = torch.tensor([[2.0, 1.0]]), torch.tensor([True, True])
        >>> auxiliary_top_k(residual, pre_activation, decoder, selected, k=1, coefficient=0.5)  # (1 + 16) / 2
        tensor(8.5000)
    """
    check_floating("residual", residual)
    check_ndim("residual", residual, "batch dim")
    check_floating("pre_activation", pre_activation)
    check_ndim("pre_activation", pre_activation, "batch features")
    (batch, dim), features = residual.shape, pre_activation.shape[1]
    check_shape("pre_activation", pre_activation, (batch, features), like="the rows of residual")
    check_floating("decoder", decoder)
    check_shape("decoder", decoder, (features, dim), like="features of pre_activation and dim of residual")
    check_mask("selected", selected)
    check_shape("selected", selected, (features,), like="the features of pre_activation")
    for name, tensor in (("residual", residual), ("pre_activation", pre_activation), ("decoder", decoder)):
        check_finite(name, tensor)
    check_int("k", k)
    if k < 1:
        raise InvalidInputError(f"k: got {k}; wanted 1 or more")
    check_non_negative("coefficient", coefficient)

    strongest = pre_activation.where(selected, -torch.inf).topk(min(k, features), sorted=False)
    activation = torch.zeros_like(pre_activation).scatter(1, strongest.indices, strongest.values.relu())
    error = (residual.detach() - activation @ decoder.to(activation.dtype)).square().sum(1)
    return coefficient * reduce(error.where(selected.any(), 0.0), "mean")


AuxiliaryTopK = loss_module(auxiliary_top_k)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four tokens and six features, four of them dead."""
    return {
        "residual": torch.randn(4, 3, generator=generator),
        "pre_activation": torch.randn(4, 6, generator=generator),
        "decoder": torch.randn(6, 3, generator=generator),
        "selected": torch.tensor([True, False, True, True, False, True]),
    }


LOSS = LossSpec(
    function=auxiliary_top_k,
    module=AuxiliaryTopK,
    paper=Paper(
        title="Scaling and evaluating sparse autoencoders",
        authors="Gao et al.",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2406.04093",
        equation="appendix A.2",
    ),
    differentiable=("pre_activation", "decoder"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it revives features beside the reconstruction, whose error needs what was to be reconstructed, and "
        "that is no input"
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
