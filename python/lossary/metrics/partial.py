"""The area under a part of the ROC curve: between rates that matter, in one direction or in two."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, relative_weights, scores
from lossary.metrics.bootstrap import of_ranking
from lossary.metrics.confidence import Confidence, Interval, Value, resolve
from lossary.metrics.labels import two_classes
from lossary.metrics.options import check_choice

Doubles = NDArray[np.float64]
Range = tuple[float, float]


def partial_auc(
    y_true: Any,
    y_score: Any,
    *,
    max_fpr: float | None = None,
    min_fpr: float | None = None,
    min_tpr: float | None = None,
    max_tpr: float | None = None,
    normalized: bool | str = True,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Area under the ROC curve inside a box of rates; higher is better.

    .. math:: A = \int_{f_0}^{f_1} \min(\max(TPR(f), t_0), t_1) - t_0 \, df

    The curve runs in straight lines through a point for each distinct score, cut by linear interpolation at
    the edges of the box. With :math:`B = (f_1 - f_0)(t_1 - t_0)`, the area of the box, and :math:`D`, the
    area inside it under the diagonal (:math:`(f_1^2 - f_0^2) / 2` for a range of FPR alone):

    ============================  ===========================  ==========================================
    part                          called with                  known as
    ============================  ===========================  ==========================================
    a range of FPR                max_fpr, min_fpr             partial AUC (McClish)
    a range of TPR                min_tpr, max_tpr             partial area index (Jiang): ``"share"``
    FPR from above, TPR below     max_fpr and min_tpr          two-way partial AUC (Yang): ``"share"``
    ============================  ===========================  ==========================================

    Args:
        y_true: labels of two values, (n_samples,); the larger value is positive.
        y_score: scores, (n_samples,); higher means positive.
        max_fpr: :math:`f_1`. None is 0.3 in a call without any bound, else 1.
        min_fpr: :math:`f_0`; None is 0.
        min_tpr: :math:`t_0`; None is 0.
        max_tpr: :math:`t_1`; None is 1.
        normalized: True gives :math:`(1 + (A - D) / (B - D)) / 2`: 0.5 for a ranking by chance, 1 for a
            perfect one. ``"share"`` gives :math:`A / B`: 0 to 1. False gives :math:`A`.
        sample_weight: (n_samples,), not negative; rates are shares of the weight.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings; "auto" takes
            "bca".

    Returns:
        A float, or an `Interval` with confidence. Without weights A is exact but for the cut ends.

    Raises:
        UndefinedMetricError: a class is missing, or has no weight.
        InvalidInputError: y_true is not binary; a score or weight is NaN or infinite; a weight is negative; a
            bound is outside [0, 1], or a range is empty; with normalized=True, the box lies under the
            diagonal, where chance is perfect.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument of the wrong type.

    Source: McClish, Analyzing a portion of the ROC curve, Medical Decision Making 9, 1989; Jiang, Metz and
        Nishikawa, A receiver operating characteristic partial area index for highly sensitive diagnostic
        tests, Radiology 201, 1996; Yang, Lu, Lyu and Hu, Two-way partial AUC and its properties, Statistical
        Methods in Medical Research 28, 2019.

    Example:
        >>> partial_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], max_fpr=0.5, normalized=False)  # 0.5 * 0.5
        0.25
    """
    check_choice("normalized", normalized, (True, False, "share"))
    fpr, tpr = _box(max_fpr, min_fpr, min_tpr, max_tpr)
    scaled = _scale(fpr, tpr, normalized=normalized)
    positive, score = two_classes(y_true), scores("y_score", y_score)
    if len(score) != len(positive):
        raise ShapeError(f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true")
    weight = relative_weights(sample_weight, len(score))
    if weight is not None and weight.min() < 0:
        raise InvalidInputError("sample_weight: got negative weights; wanted none below 0")
    area = partial_area(positive, score, weight, fpr, tpr)
    if area is None:
        raise UndefinedMetricError(
            "y_true: got one class, or one without weight; wanted both classes for an area"
        )
    if confidence is None:
        return scaled(area)
    raw = of_ranking("partial_area", area, positive, score, weight, resolve(confidence), (*fpr, *tpr))
    # The scale is linear and rises, so that it carries the ends over.
    return Interval(scaled(raw.value), scaled(raw.low), scaled(raw.high), raw.method)


def partial_area(
    positive: Array, score: Array, weight: Doubles | None, fpr: Range, tpr: Range = (0.0, 1.0)
) -> float | None:
    """The area under the ROC curve inside a box, of arrays that are checked; None when a class is missing.

    Raises:
        InvalidInputError: negative weights make the curve run backwards.
    """
    area, turns_back = _kernels.partial_area(positive, score, weight, fpr=fpr, tpr=tpr)
    if turns_back:
        raise falling_fpr()
    return area


def falling_fpr() -> InvalidInputError:
    """The error of negative weights under which the curve runs backwards."""
    return InvalidInputError(
        "sample_weight: got negative weights that make the false positive rate fall along the curve; "
        "wanted weights under which it rises"
    )


def check_rate(max_fpr: Any) -> float:
    """A false positive rate in (0, 1]."""
    if isinstance(max_fpr, bool) or not isinstance(max_fpr, Real):
        raise DtypeError(f"max_fpr: got {max_fpr!r}; wanted a number above 0, at most 1")
    limit = float(max_fpr)
    if not 0 < limit <= 1:
        raise InvalidInputError(f"max_fpr: got {max_fpr!r}; wanted a number above 0, at most 1")
    return limit


def on_scale(area: float, max_fpr: float) -> float:
    """An area up to a false positive rate on McClish's scale."""
    return area if max_fpr == 1 else standardized(area, max_fpr**2 / 2, max_fpr)


def standardized(area: float, chance: float, perfect: float) -> float:
    """McClish's scale: 0.5 for the area of chance, 1 for the perfect one."""
    return 0.5 * (1 + (area - chance) / (perfect - chance))


def _scale(fpr: Range, tpr: Range, *, normalized: bool | str) -> Callable[[float], float]:
    box = (fpr[1] - fpr[0]) * (tpr[1] - tpr[0])
    if normalized == "share":
        return lambda area: area / box
    if not normalized:
        return lambda area: area
    chance = _under_diagonal(fpr, tpr)
    if chance >= box:
        raise InvalidInputError(
            f"normalized: got True for the box {fpr} x {tpr}, which lies under the diagonal; "
            "wanted 'share' or False"
        )
    return lambda area: standardized(area, chance, box)


def _box(
    max_fpr: float | None, min_fpr: float | None, min_tpr: float | None, max_tpr: float | None
) -> tuple[Range, Range]:
    plain = max_fpr is min_fpr is min_tpr is max_tpr is None
    left = _rate("min_fpr", min_fpr, 0.0)
    right = _rate("max_fpr", max_fpr, 0.3 if plain else 1.0)
    floor, ceiling = _rate("min_tpr", min_tpr, 0.0), _rate("max_tpr", max_tpr, 1.0)
    if not left < right:
        raise InvalidInputError(f"max_fpr: got {right}; wanted above min_fpr, {left}")
    if not floor < ceiling:
        raise InvalidInputError(f"max_tpr: got {ceiling}; wanted above min_tpr, {floor}")
    return (left, right), (floor, ceiling)


def _rate(name: str, given: Any, default: float) -> float:
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"{name}: got {given!r}; wanted a number in [0, 1], or None")
    rate = float(given)
    if not 0 <= rate <= 1:
        raise InvalidInputError(f"{name}: got {given!r}; wanted a number in [0, 1]")
    return rate


def _under_diagonal(fpr: Range, tpr: Range) -> float:
    """The area under the line TPR = FPR inside a box."""
    (left, right), (floor, ceiling) = fpr, tpr
    enter, leave = min(max(left, floor), right), min(max(left, ceiling), right)
    rising = (leave - enter) * ((enter - floor) + (leave - floor)) / 2
    return rising + (ceiling - floor) * (right - leave)
