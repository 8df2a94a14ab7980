"""Parameter repulsion: the weights of a generator keep away from those that make what it is to forget.

A pretrained generator is first adapted to samples of what is unwanted; then the pretrained one trains on,
with this added, on samples of what is wanted.
"""

from collections.abc import Iterable
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_positive,
    check_shape,
    check_tensor,
)
from lossary.errors import DtypeError, ShapeError
from torch import Tensor

Kind = Literal["exponential", "negative", "inverse"]


def parameter_repulsion(
    parameters: Float[Tensor, "..."] | Iterable[Float[Tensor, "..."]],
    reference: Float[Tensor, "..."] | Iterable[Float[Tensor, "..."]],
    *,
    kind: Kind = "exponential",
    alpha: float = 1.0,
    epsilon: float = 1e-12,
) -> Float[Tensor, ""]:
    r"""A price on being near to other parameters.

    .. math:: L = e^{-\alpha d}, \quad -\alpha d, \quad \text{or} \quad \frac{\alpha}{d + \epsilon}, \qquad
              d = \sum_p \lVert \theta_p - \theta_p^* \rVert^2

    d grows with the number of parameters: for a mean in its place, divide ``alpha`` by that number. For
    several references, take the mean of the losses.

    Args:
        parameters: theta, a tensor or several, such as ``generator.parameters()``.
        reference: theta*, as many of the same shapes; it receives no gradient.
        kind: "exponential" (EL2 in the paper), which has no gradient far away, nor where the two are equal:
            start elsewhere; "negative" (NL2), which has no least value; "inverse" (IL2), which explodes where
            the two are nearly equal.
        alpha: above 0.
        epsilon: above 0, for "inverse" alone.

    Returns:
        A scalar, in the dtype of the first parameter.

    Raises:
        ShapeError: there is no parameter, or the two are not as many, or of other shapes.
        DtypeError: something is no floating tensor.
        InvalidInputError: a value is NaN or infinite; ``alpha`` or ``epsilon`` is not above 0; ``kind`` is
            none of the three.

    Differs from the official code: that adds up the mean of each tensor, divides by their number, and
        multiplies by half the number of references.

    Source: Tiwary, Guha, Panda and Prathosh, Adapt then Unlearn: Exploring Parameter Space Semantics for
        Unlearning in Generative Adversarial Networks, TMLR 2025.

    Example:
        >>> import torch
        >>> parameters, reference = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
        >>> parameter_repulsion(parameters, reference, kind="inverse", alpha=2.0)  # 2 / 4
        tensor(0.5000)
        >>> parameter_repulsion([parameters], [reference], alpha=0.25)  # exp(-1)
        tensor(0.3679)
    """
    ours, theirs = _tensors("parameters", parameters), _tensors("reference", reference)
    if len(ours) != len(theirs):
        raise ShapeError(f"reference: got {len(theirs)} tensors; wanted {len(ours)}, as parameters")
    if sum(tensor.numel() for tensor in ours) == 0:
        raise ShapeError("parameters: got none; wanted at least one")
    for mine, other in zip(ours, theirs, strict=True):
        check_shape("reference", other, tuple(mine.shape), like="parameters")
        check_finite("parameters", mine)
        check_finite("reference", other)
    check_choice("kind", kind, get_args(Kind))
    check_positive("alpha", alpha)
    check_positive("epsilon", epsilon)
    return _repulsion(*ours, *theirs, kind=kind, alpha=alpha, epsilon=epsilon)


@full_precision
def _repulsion(*tensors: Tensor, kind: Kind, alpha: float, epsilon: float) -> Tensor:
    half = len(tensors) // 2
    pairs = zip(tensors[:half], tensors[half:], strict=True)
    distance = torch.stack([(mine - other.detach()).square().sum() for mine, other in pairs]).sum()
    match kind:
        case "exponential":
            return (-alpha * distance).exp()
        case "negative":
            return -alpha * distance
        case "inverse":
            return alpha / (distance + epsilon)


def _tensors(name: str, given: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if not isinstance(given, Iterable):
        raise DtypeError(f"{name}: got {type(given).__name__}; wanted a torch.Tensor, or several")
    tensors = [given] if isinstance(given, Tensor) else list(given)
    for tensor in tensors:
        check_tensor(name, tensor)
        check_floating(name, tensor)
    return tensors


ParameterRepulsion = loss_module(parameter_repulsion)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two matrices of weights that are not far apart."""
    weights = 0.5 * torch.randn(2, 3, 2, generator=generator)
    return {"parameters": weights[0], "reference": weights[1]}


LOSS = LossSpec(
    function=parameter_repulsion,
    module=ParameterRepulsion,
    paper=Paper(
        title=(
            "Adapt then Unlearn: Exploring Parameter Space Semantics for Unlearning in Generative "
            "Adversarial Networks"
        ),
        authors="Tiwary, Guha, Panda and Prathosh",
        venue="TMLR",
        year=2025,
        url="https://arxiv.org/abs/2309.14054",
    ),
    differentiable=("parameters",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "what a generator has kept is told by gaussian_frechet_distance of its samples, which are no input"
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("el2",),
)
