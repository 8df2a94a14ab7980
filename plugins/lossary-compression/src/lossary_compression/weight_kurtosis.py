"""Weight kurtosis: weights that are spread evenly lose less when they are rounded to a few levels.

Heavy tails stretch the range of a quantiser, and leave most of its levels empty.
"""

from collections.abc import Sequence

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, loss_module
from torch import Tensor

from lossary_compression._weight_moments import example_inputs, moment_gap


def weight_kurtosis(
    weight: Float[Tensor, "..."] | Sequence[Float[Tensor, "..."]], *, target: float = 1.8
) -> Float[Tensor, ""]:
    r"""Squared gap of the kurtosis of weights to that of an even spread.

    .. math:: L = \Big( \frac{1}{n} \sum_i \Big( \frac{w_i - \bar w}{s} \Big)^4 - \tau \Big)^2

    The deviation s is that of a sample, with n - 1.

    Args:
        weight: of a layer, any shape, or a sequence of them, over which the mean is taken. The authors leave
            out the first layer of a network, and biases.
        target: tau. 1.8 is the kurtosis of the uniform distribution, 3 that of the normal one.

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
        >>> weight_kurtosis(torch.tensor([1.0, 1.0, -1.0, -1.0]))  # s^2 = 4/3: (9/16 - 1.8)^2
        tensor(1.5314)
    """
    return moment_gap(weight, 4, target)


WeightKurtosis = loss_module(weight_kurtosis)

LOSS = LossSpec(
    function=weight_kurtosis,
    module=WeightKurtosis,
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
