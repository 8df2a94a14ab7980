"""Gram style: two images look alike where their features occur together in the same way, wherever they lie.

The features come from a network of the caller's choice, one layer per call; a style loss is the weighted sum
over layers. Positions are summed out, so the style may come from another image, of another size.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from torch import Tensor

from lossary_vision._features import check_feature_maps


@full_precision
def gram_style(
    prediction: Float[Tensor, "batch channels *space"],
    target: Float[Tensor, "batch channels *style_space"],
    *,
    reduction: Reduction = "sum",
) -> Float[Tensor, "..."]:
    r"""Sum of absolute differences of two Gram matrices of features.

    .. math:: L = \sum_{ij} \Big| G(p)_{ij} - G(t)_{ij} \Big|, \quad G(x) = \frac{X X^T}{C S}

    X holds C channels in rows and S positions in columns.

    Args:
        prediction: features p of the image that is trained, any number of spatial axes.
        target: features t of the style, as many samples and channels; its spatial size may differ. It
            receives no gradient.
        reduction: "sum", as the official code, or "mean" over the batch, or "none".

    Returns:
        A scalar, or (batch,) values under "none".

    Raises:
        ShapeError: the samples or channels differ, there is no spatial axis, or no channel or position.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Boussot, Hemon, Nunes and Dillenseger, Why Registration Quality Matters: Enhancing sCT Synthesis
        with IMPACT-Based Registration, arXiv 2025; the Gram matrix of Gatys, Ecker and Bethge, Image Style
        Transfer Using Convolutional Neural Networks, CVPR 2016.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[[2.0, 0.0]]]), torch.tensor([[[1.0]]])
        >>> gram_style(prediction, target)  # |4 / 2 - 1 / 1|
        tensor(1.)
    """
    check_feature_maps(prediction, target)
    difference = _gram(prediction) - _gram(target.detach().to(prediction.dtype))
    return reduce(difference.abs().sum((1, 2)), reduction)


def _gram(features: Tensor) -> Tensor:
    rows = features.flatten(2)  # (batch, channels, positions)
    return rows @ rows.transpose(1, 2) / (rows.shape[1] * rows.shape[2])


GramStyle = loss_module(gram_style)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Features of three images on a grid of 3 by 4, and of three styles on one of 2 by 5."""
    return {
        "prediction": torch.randn(3, 2, 3, 4, generator=generator),
        "target": torch.randn(3, 2, 2, 5, generator=generator),
    }


LOSS = LossSpec(
    function=gram_style,
    module=GramStyle,
    paper=Paper(
        title="Why Registration Quality Matters: Enhancing sCT Synthesis with IMPACT-Based Registration",
        authors="Boussot, Hemon, Nunes and Dillenseger",
        venue="arXiv",
        year=2025,
        url="https://github.com/vboussot/KonfAI",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="style has no truth to be scored against: the features are of a network the caller chose",
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
