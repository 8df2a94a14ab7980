"""Cauchy-Schwarz information bottleneck: a regression that forgets what it does not need of its inputs.

Predictions like the targets, by `conditional_cauchy_schwarz_divergence`, from a representation that says
little about the inputs, by `cauchy_schwarz_mutual_information`: trained so, networks generalize better and
are harder to fool.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Property, full_precision, loss_module
from lossary.authoring.validation import check_non_negative
from lossary.errors import ShapeError
from lossary.losses.distributions import conditional_cauchy_schwarz_divergence as conditional
from lossary.losses.distributions._gaussian_kernel import Unit
from lossary.losses.distributions._points import points_of
from lossary.losses.distributions.cauchy_schwarz_mutual_information import cauchy_schwarz_mutual_information


@full_precision
def cauchy_schwarz_information_bottleneck(
    inputs: Float[Tensor, "batch"] | Float[Tensor, "batch input_dim"],
    target: Float[Tensor, "batch"] | Float[Tensor, "batch dim"],
    prediction: Float[Tensor, "batch"] | Float[Tensor, "batch dim"],
    representation: Float[Tensor, "batch"] | Float[Tensor, "batch representation_dim"],
    *,
    beta: float = 0.01,
    bandwidth: float = 1.0,
    normalizer: conditional.Normalizer = "squared_sum",
    unit: Unit = "nat",
) -> Float[Tensor, ""]:
    r"""Divergence of predictions from targets, and how much the representation keeps of the inputs.

    .. math:: L = D(y; \hat{y} \mid x) + \beta \frac{I(x, t)}{\sqrt{I(x, x) I(t, t)}}

    D is `lossary.losses.distributions.conditional_cauchy_schwarz_divergence`, I
    `lossary.losses.distributions.cauchy_schwarz_mutual_information`.

    Args:
        inputs: x, a point or a number per sample, best standardized. They receive no gradient.
        target: y. It receives no gradient.
        prediction: of the shape of ``target``.
        representation: t, what the network makes of the inputs and predicts from.
        beta: weight of the second part, at least 0, which leaves it out; the authors tried 1e-4 to 1.
        bandwidth: of all kernels, above 0.
        normalizer: of D, "squared_sum" or "sum_of_squares".
        unit: of D, "nat" or "bit"; the second part has none.

    Returns:
        A scalar.

    Raises:
        ShapeError: an argument is neither a vector nor a matrix, is empty, or their shapes do not fit.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Differs from the paper: D has the squared sum of the formula by default; the authors' code is
        ``normalizer="sum_of_squares"`` with ``unit="bit"``.

    Source: Yu, Yu, Lokse, Jenssen and Principe, Cauchy-Schwarz Divergence Information Bottleneck for
        Regression, ICLR 2024, section 3.

    Example:
        >>> import torch
        >>> x, y = torch.tensor([0.0, 99.0]), torch.tensor([1.0, 1.0])
        >>> # a perfect prediction, from a representation that keeps all: 0 + beta
        >>> cauchy_schwarz_information_bottleneck(x, y, y, x, beta=0.5)
        tensor(0.5000)
    """
    check_non_negative("beta", beta)
    divergence = conditional.conditional_cauchy_schwarz_divergence(
        inputs, target, prediction, bandwidth=bandwidth, normalizer=normalizer, unit=unit
    )
    kept = points_of("representation", representation)
    if len(kept) != len(inputs):
        raise ShapeError(f"representation: got {len(kept)} samples; wanted {len(inputs)}, as inputs")
    if beta == 0:
        return divergence
    information = cauchy_schwarz_mutual_information(
        inputs.detach(), representation, bandwidth=bandwidth, normalized=True
    )
    return divergence + beta * information


CauchySchwarzInformationBottleneck = loss_module(cauchy_schwarz_information_bottleneck)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven samples of a regression, and what a network made of them."""
    inputs = conditional.example_inputs(generator)
    return inputs | {"representation": torch.randn(7, 2, generator=generator)}


LOSS = LossSpec(
    function=cauchy_schwarz_information_bottleneck,
    module=CauchySchwarzInformationBottleneck,
    paper=conditional.LOSS.paper,
    differentiable=("prediction", "representation"),
    example_inputs=example_inputs,
    unpaired_reason="errors of regressions, by which its predictions are judged, are not among the metrics",
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
    aliases=("cs_ib",),
)
