"""Margin control: a price on confident predictions, for the local steps of federated learning.

It keeps the clients of a heterogeneous federation from drifting apart. The authors add 0.03 of it to
cross-entropy.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.losses.classification._class_rows import check_class_scores


@full_precision
def margin_control(logits: Float[Tensor, "batch classes"], *, per_sample: bool = False) -> Float[Tensor, ""]:
    r"""Logarithm of one plus the sum of squared probabilities, over the whole batch.

    .. math:: L = \ln \Big( 1 + \sum_{n, c} p_{nc}^2 \Big), \qquad p_n = \mathrm{softmax}(z_n)

    The sum lies between batch / classes and batch, so the value grows with the size of the batch.

    Args:
        logits: z, one column per class.
        per_sample: the mean of the logarithm of each row instead, which does not depend on the batch size.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class.
        DtypeError: ``logits`` is not floating.
        InvalidInputError: a logit is NaN or infinite.

    Differs from the paper: ``per_sample`` is ours.

    Source: Zeng, Guo, Wang, Wang, Zhou and Qu, Tackling Data Heterogeneity in Federated Learning via Loss
        Decomposition, MICCAI 2024.

    Example:
        >>> import torch
        >>> margin_control(torch.zeros(4, 2))  # four times 1/2: ln 3
        tensor(1.0986)
    """
    check_class_scores("logits", logits)
    confidence = logits.softmax(1).square().sum(1)
    if per_sample:
        return reduce(confidence.log1p(), "mean")
    return confidence.sum().log1p()


MarginControl = loss_module(margin_control)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of four classes."""
    return {"logits": torch.randn(6, 4, generator=generator)}


LOSS = LossSpec(
    function=margin_control,
    module=MarginControl,
    paper=Paper(
        title="Tackling Data Heterogeneity in Federated Learning via Loss Decomposition",
        authors="Zeng, Guo, Wang, Wang, Zhou and Qu",
        venue="MICCAI",
        year=2024,
        url="https://arxiv.org/abs/2408.12300",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it takes no labels; judge the model by accuracy_score and expected_calibration_error on data "
        "that has them"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
