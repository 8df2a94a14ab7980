"""The overlap of soft counts: the Tversky index, of which Dice and Jaccard are special cases."""

from torch import Tensor


def mistake_share(hits: Tensor, mistakes: Tensor, *, smooth: float) -> Tensor:
    """The share of mistakes among hits and mistakes, one minus the share of hits.

    Args:
        hits: at least 0, any shape.
        mistakes: at least 0, in that shape.
        smooth: added to the hits, above 0.

    Returns:
        Values in [0, 1], in the shape of the counts.
    """
    # As a quotient of sums that cannot be negative: the difference would lose the digits of a small share.
    return mistakes / (hits + mistakes + smooth)


def tversky_distance(
    tp: Tensor, fp: Tensor, fn: Tensor, *, alpha: float, beta: float, smooth: float
) -> Tensor:
    r"""One minus the Tversky index, :math:`1 - (TP + s) / (TP + \alpha FP + \beta FN + s)`.

    Args:
        tp: true positives, at least 0, any shape.
        fp: false positives, in that shape.
        fn: false negatives, in that shape.
        alpha: weight of the false positives, at least 0.
        beta: weight of the false negatives, at least 0.
        smooth: s, above 0.

    Returns:
        Values in [0, 1], in the shape of the counts.
    """
    return mistake_share(tp, alpha * fp + beta * fn, smooth=smooth)
