"""Normalized loss balance: what has come down least since the start of training counts more from now on."""

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


@full_precision
@torch.no_grad()
def normalized_loss_balance_step(
    weight: Float[Tensor, "losses"],
    loss: Float[Tensor, "losses"],
    initial_loss: Float[Tensor, "losses"],
    *,
    learning_rate: float = 0.025,
    exponent: float = 1.0,
) -> Float[Tensor, "losses"]:
    r"""Move the weights of several losses towards the shares of what is left of each.

    .. math::
        r_k = \Big( \frac{\ell_k}{\ell_k^0} \Big)^{\beta}, \quad
        w_k \leftarrow \Big[ w_k - \eta \Big( w_k - \frac{r_k}{\sum_j r_j} \Big) \Big]_+

    The new weights are divided by their sum. Train with the weighted sum of the losses.

    Args:
        weight: w, 0 or above; start with 1 / K each.
        loss: l, what each loss is now, 0 or above.
        initial_loss: l^0, what it was in the first batch, above 0.
        learning_rate: eta, 0 or above; the authors take 0.025 and divide it with that of the model.
        exponent: beta, above 0; larger ones favour what lags most.

    Returns:
        The new weights, 0 or above, whose sum is 1, without a graph; equal ones where none would be above 0.

    Raises:
        ShapeError: ``weight`` is not (losses,) with an entry at least, or another shape differs.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; a weight or a loss is negative; an initial loss is not
            above 0, or no loss is; ``exponent`` is not above 0, or ``learning_rate`` negative.

    Source: Zhao, Wang and Wei, Mitigating Accuracy-Robustness Trade-off via Balanced Multi-Teacher
        Adversarial Distillation, TPAMI 2024.

    Example:
        >>> import torch
        >>> weight, loss, start = torch.tensor([[0.5, 0.5], [1.0, 1.0], [4.0, 1.0]])
        >>> normalized_loss_balance_step(weight, loss, start, learning_rate=1.0)  # 1/4 and 1 of them are left
        tensor([0.2000, 0.8000])
    """
    check_ndim("weight", weight, "losses")
    if weight.shape[0] == 0:
        raise ShapeError("weight: got shape (0,); wanted at least one loss")
    for name, values in (("weight", weight), ("loss", loss), ("initial_loss", initial_loss)):
        check_floating(name, values)
        check_shape(name, values, tuple(weight.shape), like="weight")
        check_finite(name, values)
        check_no_negative(name, values)
    check_non_negative("learning_rate", learning_rate)
    check_positive("exponent", exponent)
    if checks_values(initial_loss) and not bool(initial_loss.all()):
        raise InvalidInputError("initial_loss: got 0; wanted values above 0")
    if checks_values(loss) and not bool(loss.any()):
        raise InvalidInputError("loss: got only 0; wanted a loss above 0, for shares to have a sum")
    share = (exponent * (loss.log() - initial_loss.log())).softmax(0)
    moved = (weight - learning_rate * (weight - share)).relu()
    total = moved.sum()
    return torch.where(total > 0, moved / total.where(total > 0, 1.0), 1 / weight.shape[0])
