"""Contrastive entropy: trains a detector of texts, each of which is to be close to one text of a batch.

An addition to masked language modelling, for an encoder that later tells whether a question is about what was
to be forgotten. There is no positive pair: that a text finds its own clean copy, and not another, is left to
the encoder that both views start from.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_positive
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def contrastive_entropy(
    view1: Float[Tensor, "*layers batch dim"],
    view2: Float[Tensor, "*layers keys dim"],
    *,
    epsilon: float = 1e-5,
) -> Float[Tensor, ""]:
    r"""Entropy of the softmax of each text's similarities to the texts of another view.

    .. math:: L = -\frac{1}{N} \sum_n \sum_k p_{nk} \log(p_{nk} + \epsilon), \qquad
              p_n = \mathrm{softmax}_k \langle x_n, y_k \rangle

    The similarities are dot products as they are, without a temperature.

    Args:
        view1: x, mean hidden states of the encoder in training, on masked copies of the texts.
        view2: y, those of a frozen encoder on the clean texts; it receives no gradient.
        epsilon: keeps the logarithm finite, above 0.

    Returns:
        A scalar: the mean over the batch, summed over leading axes, such as the layers of the encoders. One
        key gives -log(1 + epsilon).

    Raises:
        ShapeError: a tensor has fewer than two axes, the shapes do not fit, or there is no key.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``epsilon`` is not above 0.

    Source: Gao, Wang, Ding, Weng, Wang and Zhu, On Large Language Model Continual Unlearning, ICLR 2025; the
        official code.

    Example:
        >>> import torch
        >>> contrastive_entropy(torch.tensor([[0.0, 9.0]]), torch.eye(2)[:1].repeat(2, 1))  # log 2
        tensor(0.6931)
    """
    check_floating("view1", view1)
    if view1.ndim < 2:
        raise ShapeError(f"view1: got shape {tuple(view1.shape)}; wanted (..., batch, dim)")
    check_floating("view2", view2)
    if view2.ndim != view1.ndim or view2.shape[:-2] != view1.shape[:-2] or view2.shape[-1] != view1.shape[-1]:
        raise ShapeError(
            f"view2: got shape {tuple(view2.shape)}; wanted that of view1, {tuple(view1.shape)}, but for the "
            "number of keys"
        )
    if view2.shape[-2] == 0:
        raise ShapeError(f"view2: got shape {tuple(view2.shape)}; wanted at least one key")
    check_finite("view1", view1)
    check_finite("view2", view2)
    check_positive("epsilon", epsilon)
    share = (view1 @ view2.detach().mT.to(view1.dtype)).softmax(-1)
    return -(share * (share + epsilon).log()).sum() / max(view1.shape[-2], 1)


ContrastiveEntropy = loss_module(contrastive_entropy)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four texts against five."""
    return {
        "view1": torch.randn(4, 3, generator=generator),
        "view2": torch.randn(5, 3, generator=generator),
    }


LOSS = LossSpec(
    function=contrastive_entropy,
    module=ContrastiveEntropy,
    paper=Paper(
        title="On Large Language Model Continual Unlearning",
        authors="Gao, Wang, Ding, Weng, Wang and Zhu",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2407.10223",
    ),
    differentiable=("view1",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it has no target: the detector that it trains is judged by roc_auc_score, on texts that are no input"
    ),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
