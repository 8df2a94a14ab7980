"""Inverse gap weighting: how often to try each action, given a guess of what each costs."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_positive,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


@full_precision
def inverse_gap_weighting(
    predicted_loss: Float[Tensor, "*batch actions"],
    *,
    exploration: float,
    kind: Literal["square", "first_order"] = "square",
) -> Float[Tensor, "*batch actions"]:
    r"""Probabilities that fall with the gap to the action that seems best; draw with ``torch.multinomial``.

    .. math::
        p_a = \frac{1}{K + \gamma (\hat\ell_a - \hat\ell_b)} \qquad \text{or} \qquad
        p_a = \frac{\hat\ell_b}{K \hat\ell_b + \gamma (\hat\ell_a - \hat\ell_b)}, \qquad
        p_b = 1 - \sum_{a \ne b} p_a

    Args:
        predicted_loss: the guesses of K actions, and b the first of the smallest; leading axes are contexts.
        exploration: gamma; larger values try the others less.
        kind: "square", or "first_order", whose regret shrinks with the loss of the best actions, for losses
            above 0.

    Returns:
        Probabilities, of the shape of ``predicted_loss``.

    Raises:
        ShapeError: ``predicted_loss`` has no action.
        DtypeError: ``predicted_loss`` is not floating.
        InvalidInputError: a value is NaN or infinite, or not above 0 under "first_order"; ``exploration`` is
            not above 0; ``kind`` is none of the two.

    Source: "square" is Foster and Rakhlin, Beyond UCB: Optimal and Efficient Contextual Bandits with
        Regression Oracles, ICML 2020; "first_order" is Foster and Krishnamurthy, Efficient First-Order
        Contextual Bandits: Prediction, Allocation, and Triangular Discrimination, NeurIPS 2021; with neural
        networks: Deb, Ban, Zuo, He and Banerjee, Contextual Bandits with Online Neural Regression, ICLR 2024.

    Example:
        >>> import torch
        >>> inverse_gap_weighting(torch.tensor([0.5, 0.1]), exploration=20.0)  # 1 / (2 + 20 * 0.4)
        tensor([0.1000, 0.9000])
    """
    check_floating("predicted_loss", predicted_loss)
    if predicted_loss.ndim == 0 or predicted_loss.shape[-1] == 0:
        raise ShapeError(
            f"predicted_loss: got shape {tuple(predicted_loss.shape)}; wanted (..., actions) with an action"
        )
    check_finite("predicted_loss", predicted_loss)
    check_positive("exploration", exploration)
    check_choice("kind", kind, ("square", "first_order"))
    first_order = kind == "first_order"
    if first_order and checks_values(predicted_loss) and not bool((predicted_loss > 0).all()):
        raise InvalidInputError(
            f"predicted_loss: got {predicted_loss.min().item():g}; wanted losses above 0 for 'first_order'"
        )
    best = predicted_loss.argmin(-1, keepdim=True)
    least = predicted_loss.gather(-1, best)
    gap = predicted_loss - least
    unit = least if first_order else torch.ones_like(least)
    others = unit / (predicted_loss.shape[-1] * unit + exploration * gap)
    others = others.scatter(-1, best, 0.0)
    return others.scatter(-1, best, 1 - others.sum(-1, keepdim=True))
