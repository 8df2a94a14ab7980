"""How much the result of training depends on the learning rate."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from lossary.errors import DtypeError, InvalidInputError
from lossary.metrics.arrays import scores
from lossary.metrics.options import check_choice


class LearningRateSensitivity(NamedTuple):
    """What `learning_rate_sensitivity` returns.

    Attributes:
        sensitivity: mean loss above the best.
        best: loss at the best learning rate.
    """

    sensitivity: float
    best: float


def learning_rate_sensitivity(
    loss: Any, *, initial_loss: float, nan_policy: str = "initial"
) -> LearningRateSensitivity:
    r"""Mean loss above the best over a grid of learning rates; lower is better.

    .. math:: \frac{1}{L} \sum_i \min(\ell_i, \ell_0) - \min_i \min(\ell_i, \ell_0)

    A run that diverges costs no more than one that has not been trained. Where all diverge the sensitivity is
    0: look at ``best`` as well.

    Args:
        loss: final evaluation loss of a run for each learning rate, (n_rates,), on a grid with equal steps of
            the logarithm, such as three decades around the best.
        initial_loss: loss of the untrained model, about the logarithm of the vocabulary.
        nan_policy: what a loss that is NaN or infinite counts: "initial" for ``initial_loss``, as a run that
            diverged; "raise" refuses it.

    Returns:
        ``(sensitivity, best)``.

    Raises:
        InvalidInputError: no run; ``initial_loss`` is not finite; a loss is not, and ``nan_policy`` is
            "raise"; an unknown option.
        ShapeError: more than one axis.
        DtypeError: ``loss`` is not an array-like, or ``initial_loss`` no number.

    Source: Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities, arXiv
        2309.14322, 2023, section 2.

    Example:
        >>> learning_rate_sensitivity([3.0, 2.0, float("nan")], initial_loss=10.0)  # (1 + 0 + 8) / 3
        LearningRateSensitivity(sensitivity=3.0, best=2.0)
    """
    check_choice("nan_policy", nan_policy, ("initial", "raise"))
    if isinstance(initial_loss, bool) or not isinstance(initial_loss, Real):
        raise DtypeError(f"initial_loss: got {initial_loss!r}; wanted a number")
    if not np.isfinite(initial_loss):
        raise InvalidInputError(f"initial_loss: got {initial_loss!r}; wanted a finite number")
    losses = scores("loss", loss).astype(np.float64)
    if len(losses) == 0:
        raise InvalidInputError("loss: got no runs; wanted one at least")
    finite = np.isfinite(losses)
    if nan_policy == "raise" and not finite.all():
        index = int(np.flatnonzero(~finite)[0])
        raise InvalidInputError(f"loss: got {losses[index]} at position {index}; wanted finite losses")
    capped = np.minimum(np.where(finite, losses, initial_loss), initial_loss)
    best = float(capped.min())
    return LearningRateSensitivity(float((capped - best).mean()), best)
