"""By how much each class outscores the right one of its row.

The losses of the family of Zhu, Ying and Yang take the worst distribution over the labels of a row: the
largest expected gap, less a price for leaving the uniform distribution.
"""

from typing import Literal, get_args

from torch import Tensor
from torch.nn import functional

from lossary.authoring.validation import check_choice, check_non_negative

Normalize = Literal["none", "softplus_mean", "absolute_mean"]

# Below it log(log(1 + e^x)) is x to the last digit of float64, while e^x still has all of its own in float32.
_SOFTPLUS_IS_EXP = -40.0


def normalized_scores(logits: Tensor, normalize: Normalize) -> Tensor:
    """The scores of a row, as they are or over the mean of their softplus or magnitude, (batch, classes).

    Raises:
        InvalidInputError: ``normalize`` is none of the three.
    """
    check_choice("normalize", normalize, get_args(Normalize))
    match normalize:
        case "none":
            return logits
        case "softplus_mean":  # as a softmax of logarithms, since a row of softplus can underflow
            above = functional.softplus(logits.clamp(min=_SOFTPLUS_IS_EXP)).log()
            return logits.shape[1] * above.where(logits > _SOFTPLUS_IS_EXP, logits).softmax(1)
        case "absolute_mean":
            return logits / logits.abs().mean(1, keepdim=True).clamp(min=1e-12)


def label_gaps(scores: Tensor, columns: Tensor, margin: float) -> Tensor:
    """d_k = f_k - f_y, plus the margin for every class but the right one, (batch, classes).

    Args:
        scores: f, (batch, classes).
        columns: (batch, 1), the column of the right class.
        margin: 0 or above.

    Raises:
        InvalidInputError: ``margin`` is negative.
    """
    check_non_negative("margin", margin)
    gaps = scores - scores.gather(1, columns)
    return (gaps + margin).scatter(1, columns, 0.0) if margin else gaps
