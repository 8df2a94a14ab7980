"""Gradient norm balance: several losses that pull equally hard on one network.

An equation, its boundary and its initial values give gradients that differ by orders of magnitude; weighted
by the inverse of their norms none drowns the others.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_no_negative,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError


@full_precision
@torch.no_grad()
def gradient_norm_balance(
    gradient_norms: Float[Tensor, "losses"],
    *,
    previous: Float[Tensor, "losses"] | None = None,
    momentum: float = 0.9,
    eps: float = 1e-12,
) -> Float[Tensor, "losses"]:
    r"""Weights of losses by which their gradients have the same norm.

    .. math:: \hat w_i = \frac{\sum_j g_j}{g_i + \epsilon}, \qquad
              w \leftarrow \mu w + (1 - \mu) \hat w

    Args:
        gradient_norms: g, the norm of the gradient of each loss, 0 or above.
        previous: w, the weights so far; None takes the new ones as they are.
        momentum: mu, from 0 to below 1.
        eps: epsilon, above 0; a loss without a gradient gets a weight of the order of its inverse.

    Returns:
        The new weights, without a graph. Where no loss has a gradient, those of the batch are 1.

    Raises:
        ShapeError: ``gradient_norms`` is not (losses,) with an entry at least, or ``previous`` differs.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, or a norm negative; ``momentum`` is outside [0, 1);
            ``eps`` is not above 0.

    Source: Wang, Teng and Perdikaris, Understanding and Mitigating Gradient Flow Pathologies in
        Physics-Informed Neural Networks, SIAM Journal on Scientific Computing 43, 2021; with the total of the
        norms: Wang, Sankaran, Wang and Perdikaris, An Expert's Guide to Training Physics-informed Neural
        Networks, arXiv 2308.08468, 2023, algorithm 1.

    Example:
        >>> import torch
        >>> gradient_norm_balance(torch.tensor([1.0, 3.0]))  # 4 / 1 and 4 / 3
        tensor([4.0000, 1.3333])
    """
    check_floating("gradient_norms", gradient_norms)
    check_ndim("gradient_norms", gradient_norms, "losses")
    if gradient_norms.shape[0] == 0:
        raise ShapeError("gradient_norms: got shape (0,); wanted a loss at least")
    check_finite("gradient_norms", gradient_norms)
    check_no_negative("gradient_norms", gradient_norms, "norms")
    _check_momentum(momentum)
    check_positive("eps", eps)
    total = gradient_norms.sum()
    fresh = torch.where(total > 0, total / (gradient_norms + eps), 1.0)
    if previous is None:
        return fresh
    check_floating("previous", previous)
    check_shape("previous", previous, tuple(gradient_norms.shape), like="gradient_norms")
    check_finite("previous", previous)
    return momentum * previous + (1 - momentum) * fresh


class GradientNormBalance(nn.Module):
    """Adds up losses by the weights of `gradient_norm_balance`, found anew every so many steps.

    Args:
        num_losses: how many losses there are.
        momentum: as in `gradient_norm_balance`.
        every: in training mode, the weights move at the first call and at every so many after it.
        max_weight: greatest weight, above 0, for losses without a gradient.

    Attributes:
        weights: those in use; ones before the first call.
        step: how many calls there were in training mode.

    Raises:
        DtypeError: ``num_losses`` or ``every`` is no int.
        InvalidInputError: one of these is not above 0, nor ``max_weight``; ``momentum`` is outside [0, 1).

    Example:
        >>> import torch
        >>> place = torch.tensor([1.0], requires_grad=True)
        >>> balance = GradientNormBalance(2)
        >>> total = balance([3 * place.sum(), place.sum()], [place])  # gradients of 3 and 1
        >>> balance.weights, total.detach()  # 4 / 3 and 4 / 1: 3 * 4 / 3 + 4
        (tensor([1.3333, 4.0000]), tensor(8.))
    """

    weights: Tensor
    step: Tensor

    def __init__(
        self, num_losses: int, *, momentum: float = 0.9, every: int = 1000, max_weight: float = 1e6
    ) -> None:
        super().__init__()
        for name, value in (("num_losses", num_losses), ("every", every)):
            check_int(name, value)
            check_positive(name, value)
        _check_momentum(momentum)
        check_positive("max_weight", max_weight)
        self.momentum, self.every, self.max_weight = momentum, every, max_weight
        self.register_buffer("weights", torch.ones(num_losses))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, losses: Iterable[Tensor], parameters: Iterable[Tensor]) -> Float[Tensor, ""]:
        """The weighted sum of losses, to call ``backward`` on; the weights are constants.

        Args:
            losses: scalars with a graph.
            parameters: what the gradients are of, as ``model.parameters()``; those without a gradient are
                left out.

        Raises:
            ShapeError: there are not as many losses as announced, or one is no scalar.
            DtypeError: a loss is not floating.
            InvalidInputError: the norm of a gradient is NaN or infinite; no parameter has a gradient.
        """
        terms = list(losses)
        if len(terms) != self.weights.shape[0]:
            raise ShapeError(f"losses: got {len(terms)}; wanted {self.weights.shape[0]}, as announced")
        for term in terms:
            check_floating("losses", term)
            check_shape("losses", term, (), like="scalars")
        if self.training:
            if int(self.step) % self.every == 0:
                self._move(terms, [each for each in parameters if each.requires_grad])
            self.step += 1
        stacked = torch.stack(terms)
        return (self.weights.to(stacked.dtype) * stacked).sum()

    def _move(self, terms: list[Tensor], parameters: list[Tensor]) -> None:
        if not parameters:
            raise InvalidInputError("parameters: got none with a gradient; wanted those of the network")
        norms = []
        for term in terms:
            slopes = torch.autograd.grad(
                term, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            norms.append(torch.stack([slope.norm() for slope in slopes]).norm())
        previous = None if int(self.step) == 0 else self.weights
        found = gradient_norm_balance(
            torch.stack(norms).to(self.weights.dtype), previous=previous, momentum=self.momentum
        )
        self.weights.copy_(found.clamp(max=self.max_weight))


def _check_momentum(momentum: float) -> None:
    check_non_negative("momentum", momentum)
    if momentum >= 1:
        raise InvalidInputError(f"momentum: got {momentum!r}; wanted a number from 0 to below 1")
