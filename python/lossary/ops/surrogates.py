"""Surrogates of a misordered pair: what a pair costs as a function of the difference of its scores.

Each falls as the positive rises above the negative (square and barrier hinge up to the margin only), and
replaces the 0 or 1 of a pair in the ROC AUC by something with a gradient.
"""

import math
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional

Surrogate = Literal["square", "squared_hinge", "hinge", "logistic", "barrier_hinge", "sigmoid", "exponential"]

SURROGATES: tuple[str, ...] = get_args(Surrogate)


def pair_loss(difference: Tensor, surrogate: str, margin: float, scale: float) -> Tensor:
    r"""The surrogate of each difference d of a positive's score and a negative's.

    ============== =====================================================
    square         (m - d)^2
    squared_hinge  max(m - d, 0)^2
    hinge          max(m - d, 0)
    logistic       log(1 + e^(-s d))
    barrier_hinge  max(m - s (m + d), m - d, s (d - m))
    sigmoid        1 / (1 + e^(s d))
    exponential    e^(-s d)
    ============== =====================================================

    Args:
        difference: d, any shape.
        surrogate: a name of the table.
        margin: m.
        scale: s.

    Returns:
        The shape of ``difference``.

    Source: Yuan, Yan, Sonka and Yang, Large-scale Robust Deep AUC Maximization, ICCV 2021; the barrier hinge:
        Charoenphakdee, Lee and Sugiyama, On Symmetric Losses for Learning from Corrupted Labels, ICML 2019.

    Example:
        >>> import torch
        >>> pair_loss(torch.tensor([-1.0, 0.5, 2.0]), "squared_hinge", margin=1.0, scale=1.0)
        tensor([4.0000, 0.2500, 0.0000])
    """
    match surrogate:
        case "square":
            return (margin - difference).square()
        case "squared_hinge":
            return (margin - difference).relu().square()
        case "hinge":
            return (margin - difference).relu()
        case "logistic":
            return -functional.logsigmoid(scale * difference)
        case "barrier_hinge":
            return torch.maximum(
                margin - scale * (margin + difference),
                torch.maximum(margin - difference, scale * (difference - margin)),
            )
        case "sigmoid":
            return torch.sigmoid(-scale * difference)
        case "exponential":
            return torch.exp(-scale * difference)
        case _:
            raise ValueError(f"surrogate: got {surrogate!r}; wanted one of {SURROGATES}")


def pair_slope(difference: Tensor, surrogate: str, margin: float, scale: float) -> Tensor:
    """The derivative of `pair_loss` by the difference; at a kink, that of the side that the kernel takes.

    The hinges are flat from the margin on. At a kink of the barrier hinge the slope is that of the line
    between the kinks, or of the falling line where there is one kink.
    """
    match surrogate:
        case "square":
            return 2 * (difference - margin)
        case "squared_hinge":
            return -2 * (margin - difference).relu()
        case "hinge":
            return -(difference < margin).to(difference.dtype)
        case "logistic":
            return -scale * torch.sigmoid(-scale * difference)
        case "barrier_hinge":
            return _barrier_slope(difference, margin, scale)
        case "sigmoid":
            share = torch.sigmoid(-scale * difference)
            return -scale * share * torch.sigmoid(scale * difference)
        case "exponential":
            return -scale * torch.exp(-scale * difference)
        case _:
            raise ValueError(f"surrogate: got {surrogate!r}; wanted one of {SURROGATES}")


class BarrierLines(NamedTuple):
    """The three lines of the barrier hinge, from left to right, and the kinks between them.

    Attributes:
        steep: slope below ``low``.
        slope: slope between the kinks.
        height: value of the middle line at 0.
        low: the first kink; minus infinity where the middle line comes first, and ``steep`` equals ``slope``.
        high: the last kink; from there on the slope is the scale.
    """

    steep: float
    slope: float
    height: float
    low: float
    high: float


def barrier_lines(margin: float, scale: float) -> BarrierLines:
    """The lines of the barrier hinge; the scale decides which of the two falling ones comes first."""
    if scale > 1:
        return BarrierLines(-scale, -1.0, margin, -scale * margin / (scale - 1), margin)
    if scale >= 0.5:  # the first line is nowhere the highest
        return BarrierLines(-1.0, -1.0, margin, -math.inf, margin)
    return BarrierLines(
        -1.0, -scale, margin - scale * margin, scale * margin / (1 - scale), margin / (2 * scale)
    )


def _barrier_slope(difference: Tensor, margin: float, scale: float) -> Tensor:
    lines = barrier_lines(margin, scale)
    slope = torch.full_like(difference, lines.slope)
    return slope.masked_fill(difference < lines.low, lines.steep).masked_fill(difference > lines.high, scale)
