"""The correction-regularized ReLU: an activation with a bump around 0 of learned height."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import full_precision
from lossary.authoring.validation import check_floating, check_real

# Beyond it the bump is 0 in every floating dtype, and infinities stay what they are.
_REACH = 40.0


@full_precision
def correction_regularized_relu(
    x: Float[Tensor, "..."], *, epsilon: float | Float[Tensor, ""] = 0.01
) -> Float[Tensor, "..."]:
    r"""ReLU with an odd bump, so that small negative values have a gradient.

    .. math:: f(x) = \max(0, x) + \epsilon \, x \, e^{-x^2 / 2}

    Args:
        x: of any shape.
        epsilon: the height, of any sign; 0 gives ReLU. A tensor may be learned.

    Returns:
        Values of the shape of ``x``. At 0 the slope is ``epsilon``.

    Raises:
        DtypeError: ``x`` is not floating, or ``epsilon`` neither a number nor a floating tensor.
        InvalidInputError: ``epsilon`` is not finite.

    Source: Sun, Wu, Xia, Huang et al., A Method on Searching Better Activation Functions, arXiv 2405.12954,
        2024.

    Example:
        >>> import torch
        >>> correction_regularized_relu(torch.tensor([-1.0, 0.0, 50.0]), epsilon=1.0)  # -exp(-1/2)
        tensor([-0.6065,  0.0000, 50.0000])
    """
    check_floating("x", x)
    if isinstance(epsilon, Tensor):
        check_floating("epsilon", epsilon)
    else:
        check_real("epsilon", epsilon)
    near = x.clamp(-_REACH, _REACH)
    return x.relu() + epsilon * (near * (-near.square() / 2).exp())


class CorrectionRegularizedReLU(nn.Module):
    """`correction_regularized_relu` with a learned height.

    Args:
        epsilon: the height at first.

    Attributes:
        epsilon: (), a parameter.

    Raises:
        DtypeError: ``epsilon`` is not a number.
        InvalidInputError: ``epsilon`` is not finite.

    Example:
        >>> import torch
        >>> activation = CorrectionRegularizedReLU()
        >>> activation(torch.tensor([1.0])).backward()
        >>> activation.epsilon.grad  # exp(-1/2)
        tensor(0.6065)
    """

    def __init__(self, *, epsilon: float = 0.01) -> None:
        super().__init__()
        check_real("epsilon", epsilon)
        self.epsilon = nn.Parameter(torch.tensor(float(epsilon)))

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The activation of ``x``."""
        return correction_regularized_relu(x, epsilon=self.epsilon)
