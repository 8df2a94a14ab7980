"""Weight skewness: weights that lie evenly on both sides of their mean fit symmetric levels.

The companion of `weight_kurtosis`.
"""

from collections.abc import Sequence

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, loss_module
from torch import Tensor

from lossary_compression._weight_moments import example_inputs, moment_gap


def weight_skewness(
    weight: Float[Tensor, "..."] | Sequence[Float[Tensor, "..."]], *, target: float = 0.0
) -> Float[Tensor, ""]:
    r"""Squared gap of the skewness of weights to that of a symmetric spread.

    .. math:: L = \Big( \frac{1}{n} \sum_i \Big( \frac{w_i - \bar w}{s} \Big)^3 - \tau \Big)^2

    The deviation s is that of a sample, with n - 1.

    Args:
        weight: of a layer, any shape, or a sequence of them, over which the mean is taken. The authors leave
            out the first layer of a network, and biases.
        target: tau. 0 is the skewness of a symmetric distribution.

    Returns:
        A scalar.

    Raises:
        ShapeError: a tensor has fewer than two values.
        DtypeError: ``weight`` is neither a floating tensor nor a sequence of them.
        InvalidInputError: a value is NaN or infinite; all values of a tensor are equal; there is no tensor.

    Source: Xu, Han, Tian, Yang and Zhang, EQ-Net: Elastic Quantization Neural Networks, ICCV 2023, the weight
        distribution regularization.

    Example:
        >>> import torch
        >>> weight_skewness(torch.tensor([0.0, 0.0, 3.0]))  # s^2 = 3: mean of -1, -1, 8 over 3^1.5, squared
        tensor(0.1481)
    """
    return moment_gap(weight, 3, target)


WeightSkewness = loss_module(weight_skewness)

LOSS = LossSpec(
    function=weight_skewness,
    module=WeightSkewness,
    paper=Paper(
        title="EQ-Net: Elastic Quantization Neural Networks",
        authors="Xu, Han, Tian, Yang and Zhang",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2308.07650",
        equation="weight distribution regularization",
    ),
    differentiable=("weight",),
    example_inputs=example_inputs,
    unpaired_reason="what counts is the accuracy of the quantised network, which its weights do not tell",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
