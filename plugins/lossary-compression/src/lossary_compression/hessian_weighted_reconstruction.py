"""Reconstruction of a block's output after quantisation, most faithful where the network minds most.

Blocks of a trained network are quantised one by one, each fitted to give what it gave before. A plain squared
error treats all values alike; here each has the importance that `average_perturbation_hessian` finds.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_shape
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def hessian_weighted_reconstruction(
    prediction: Float[Tensor, "batch *rest"],
    target: Float[Tensor, "batch *rest"],
    importance: Float[Tensor, "#batch *#rest"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared error of a block's output, each value weighted by how much the network minds it.

    .. math:: L = \frac{1}{N D} \sum_{n,d} |h_{nd}| \, (z_{nd} - \hat z_{nd})^2

    Args:
        prediction: the output of the block as it is now.
        target: its output before quantisation. It receives no gradient.
        importance: h, for all samples alike, (1, ...), or each on its own; its sign does not count, and it
            receives no gradient. Axes of one value are broadcast.
        reduction: "mean" or "sum" over all values, or "none".

    Returns:
        A scalar, or values with the shape of ``prediction`` under "none".

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Wu, Zhang, Chen, Guo, Huang and Wang, APHQ-ViT: Post-Training Quantization with Average
        Perturbation Hessian Based Reconstruction for Vision Transformers, CVPR 2025.

    Example:
        >>> import torch
        >>> prediction, importance = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 0.5]])
        >>> hessian_weighted_reconstruction(prediction, torch.zeros(1, 2), importance)  # (3 + 0.5 * 4) / 2
        tensor(2.5000)
    """
    check_floating("prediction", prediction)
    if prediction.ndim == 0:
        raise ShapeError("prediction: got shape (); wanted (batch, ...)")
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_floating("importance", importance)
    _check_broadcast(importance, prediction)
    for name, tensor in (("prediction", prediction), ("target", target), ("importance", importance)):
        check_finite(name, tensor)
    return reduce(importance.detach().abs() * (prediction - target.detach()).square(), reduction)


def _check_broadcast(importance: Tensor, prediction: Tensor) -> None:
    pairs = zip(importance.shape, prediction.shape, strict=False)
    if importance.ndim != prediction.ndim or any(have not in (1, want) for have, want in pairs):
        raise ShapeError(
            f"importance: got shape {tuple(importance.shape)}; wanted one that broadcasts to that of "
            f"prediction, {tuple(prediction.shape)}"
        )


HessianWeightedReconstruction = loss_module(hessian_weighted_reconstruction)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three outputs of two tokens with four values, and one importance for all."""
    return {
        "prediction": torch.randn(3, 2, 4, generator=generator),
        "target": torch.randn(3, 2, 4, generator=generator),
        "importance": torch.rand(1, 2, 4, generator=generator),
    }


LOSS = LossSpec(
    function=hessian_weighted_reconstruction,
    module=HessianWeightedReconstruction,
    paper=Paper(
        title="APHQ-ViT: Post-Training Quantization with Average Perturbation Hessian Based Reconstruction "
        "for Vision Transformers",
        authors="Wu, Zhang, Chen, Guo, Huang and Wang",
        venue="CVPR",
        year=2025,
        url="https://arxiv.org/abs/2504.02508",
        equation="average perturbation Hessian loss",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="what counts is the accuracy of the quantised network, which one block does not tell",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.CONVEX,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
