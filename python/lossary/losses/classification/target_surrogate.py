"""Target surrogate: many cheap steps of the parameters from one expensive gradient at the outputs.

Take the outputs z of a batch and the gradient g of the loss of each sample in its output, once; then step the
model on ``target_surrogate(model(x), z, g)`` as often as pays. One step is a step of plain gradient descent.
"""

from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError

Divergence = Literal["euclidean", "kl"]


@full_precision
def target_surrogate(
    output: Float[Tensor, "batch *outputs"],
    anchor: Float[Tensor, "batch *outputs"],
    gradient: Float[Tensor, "batch *outputs"],
    *,
    step_size: float = 1.0,
    divergence: Divergence = "euclidean",
) -> Float[Tensor, ""]:
    r"""A linear model of a loss around old outputs, plus a price for leaving them.

    .. math::
        L = \frac{1}{N} \sum_i \Big[ \langle g_i, z_i - a_i \rangle
            + \frac{1}{2 \eta} \lVert z_i - a_i \rVert^2 \Big]

    It is 0 at the anchor, with the gradient g / N there, and least at z = a - eta g. Where eta is at most one
    over the smoothness of the loss in the outputs, the loss at the anchor plus L is nowhere below the loss.

    Args:
        output: z, of the model as it is now; one number or tensor per sample.
        anchor: a, the output when the gradient was taken; it receives no gradient.
        gradient: g, of the loss of each sample in its own output at the anchor, not divided by the batch; it
            receives no gradient.
        step_size: eta, above 0.
        divergence: "euclidean" as in the formula, or "kl" for logits: the divergence of softmax(z) from
            softmax(a) over eta in place of the square, softmax being over the last axis.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``output`` has no axis, or no other than the batch with "kl"; ``anchor`` or ``gradient``
            has another shape.
        DtypeError: an input is not floating.
        InvalidInputError: a value is NaN or infinite; ``step_size`` is not above 0; ``divergence`` is
            unknown.

    Differs from the official code: it drops the constant and multiplies the square by its own eta, which is
        1 / (2 step_size) here. "kl" is ours.

    Source: Lavington, Vaswani, Babanezhad, Schmidt and Le Roux, Target-based Surrogates for Stochastic
        Optimization, ICML 2023.

    Example:
        >>> import torch
        >>> output, anchor, gradient = torch.tensor([[3.0]]), torch.tensor([[1.0]]), torch.tensor([[0.5]])
        >>> target_surrogate(output, anchor, gradient)  # 0.5 * 2 + 2^2 / 2
        tensor(3.)
    """
    check_choice("divergence", divergence, get_args(Divergence))
    check_positive("step_size", step_size)
    for name, value in {"output": output, "anchor": anchor, "gradient": gradient}.items():
        check_floating(name, value)
        check_shape(name, value, tuple(output.shape), like="output")
        check_finite(name, value)
    if output.ndim < (2 if divergence == "kl" else 1):
        wanted = "(batch, classes) or more axes" if divergence == "kl" else "(batch) or more axes"
        raise ShapeError(f"output: got shape {tuple(output.shape)}; wanted {wanted}")

    anchor, gradient = anchor.detach(), gradient.detach()
    change = output - anchor
    if divergence == "euclidean":
        price = change.square() / (2 * step_size)
    else:
        old, new = anchor.log_softmax(-1), output.log_softmax(-1)
        price = old.exp() * (old - new) / step_size
    return (gradient * change + price).sum() / max(output.shape[0], 1)


TargetSurrogate = loss_module(target_surrogate)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five samples with three outputs each."""
    return {name: torch.randn(5, 3, generator=generator) for name in ("output", "anchor", "gradient")}


LOSS = LossSpec(
    function=target_surrogate,
    module=TargetSurrogate,
    paper=Paper(
        title="Target-based Surrogates for Stochastic Optimization",
        authors="Lavington, Vaswani, Babanezhad, Schmidt and Le Roux",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2302.02607",
    ),
    differentiable=("output",),
    example_inputs=example_inputs,
    unpaired_reason="it stands for whatever loss gave the gradient; judge the model by that loss's metric",
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.CONVEX, Property.TWICE_DIFFERENTIABLE}),
    aliases=("sso",),
)
