"""Metrics of a ranking within groups: per user, per query, per session."""

import math
from numbers import Real
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, one_axis, relative_weights, scores, to_numpy
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Value, resolve
from lossary.metrics.labels import two_classes
from lossary.metrics.options import check_choice

Doubles = NDArray[np.float64]

# Integers within a range so many times as wide as the samples are many are numbered without a sort.
_DENSE = 4


class GroupedAuc(NamedTuple):
    """What `grouped_auc` returns per group, in ascending order of the groups.

    Attributes:
        groups: labels of the groups that have a value.
        values: the AUC within each.
        positives: number, or sum of weights, of its positives.
        negatives: number, or sum of weights, of its negatives.
        skipped: how many groups lack a class, and are left out.
    """

    groups: Array
    values: Doubles
    positives: Doubles
    negatives: Doubles
    skipped: int


@overload
def grouped_auc(
    y_true: Any,
    y_score: Any,
    groups: Any,
    *,
    average: Literal["mean", "weighted", "pairs"] = ...,
    undefined: str | float = ...,
    sample_weight: Any = ...,
    confidence: float | Confidence | None = ...,
) -> Value: ...
@overload
def grouped_auc(
    y_true: Any,
    y_score: Any,
    groups: Any,
    *,
    average: None,
    undefined: str | float = ...,
    sample_weight: Any = ...,
    confidence: None = ...,
) -> GroupedAuc: ...
def grouped_auc(
    y_true: Any,
    y_score: Any,
    groups: Any,
    *,
    average: str | None = "mean",
    undefined: str | float = "skip",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | GroupedAuc:
    r"""Mean over groups of the AUC within each group; higher is better.

    .. math:: \sum_g w_g \, AUC_g / \sum_g w_g

    Comparing scores within a user or query only, it is blind to differences between groups that no ranking
    shown to anyone depends on.

    Args:
        y_true: labels of two values, (n_samples,); the larger value is positive.
        y_score: scores, (n_samples,); higher means positive.
        groups: the group of each sample, (n_samples,): integers or strings.
        average: how groups count: ``"mean"``: equally. ``"weighted"``: by their number of samples
            (impressions), or their sum of weights; the GAUC of recommender systems. ``"pairs"``: by their
            number of pairs of a positive and a negative, or the product of the classes' weights. None returns
            all of them.
        undefined: what becomes of a group without both classes: ``"skip"`` leaves it out, ``"raise"`` makes
            it an error, a number in [0, 1] stands in for its AUC.
        sample_weight: (n_samples,), not negative; a pair counts the product of its weights.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings; "auto" takes
            "bca". Whole groups are drawn, since the samples of one are not independent.

    Returns:
        A float in [0, 1], or an `Interval` with confidence; with average=None a GroupedAuc.

    Raises:
        UndefinedMetricError: no group has both classes, or with undefined="raise" some group has not.
        InvalidInputError: y_true is not binary; a score or weight is NaN or infinite; a weight is negative;
            no samples; confidence with average=None, or with groups of its own; an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Source: Zhu et al., Optimized cost per click in Taobao display advertising, KDD 2017, and Zhou et al.,
        Deep interest network for click-through rate prediction, KDD 2018 (weighted by impressions).

    Example:
        >>> y_true, y_score, user = [1, 0, 1, 0, 0], [0.9, 0.1, 0.5, 0.6, 0.4], [7, 7, 8, 8, 8]
        >>> grouped_auc(y_true, y_score, user)  # user 7: 1, user 8: 1 of 2 pairs
        0.75
        >>> grouped_auc(y_true, y_score, user, average="weighted")  # (2 * 1 + 3 * 0.5) / 5
        0.7
    """
    check_choice("average", average, ("mean", "weighted", "pairs", None))
    if average is None and confidence is not None:
        raise InvalidInputError(
            f"confidence: got {confidence!r} with average=None; wanted it with an average"
        )
    _check_undefined(undefined)
    settings = None if confidence is None else resolve(confidence)
    if settings is not None and settings.groups is not None:
        raise InvalidInputError(
            "confidence: got settings with groups; wanted none, as whole groups are drawn"
        )
    positive, score = two_classes(y_true), scores("y_score", y_score)
    if len(score) != len(positive):
        raise ShapeError(f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true")
    labels, numbers = numbered(groups, len(score))
    weight = relative_weights(sample_weight, len(score))
    if weight is not None and weight.min() < 0:
        raise InvalidInputError("sample_weight: got negative weights; wanted none below 0")
    found = _resolve(
        labels, *_kernels.grouped_auc(positive, score, weight, numbers, len(labels)), undefined=undefined
    )
    if average is None:
        return found
    sizes = None
    if average == "weighted":
        sizes = found.positives + found.negatives
    elif average == "pairs":
        sizes = found.positives * found.negatives
    value = _mean(found.values, sizes)
    return value if settings is None else of_rows(found.values, sizes, settings, value=value)


def _check_undefined(given: Any) -> None:
    is_number = isinstance(given, Real) and not isinstance(given, bool)
    if not (0 <= float(given) <= 1 if is_number else isinstance(given, str) and given in ("skip", "raise")):
        raise InvalidInputError(f"undefined: got {given!r}; wanted 'skip', 'raise' or a number in [0, 1]")


def numbered(given: Any, count: int) -> tuple[Array, NDArray[np.uint32]]:
    """The distinct groups, sorted, and the number of each sample's group."""
    labels = one_axis("groups", to_numpy("groups", given))
    if len(labels) != count:
        raise ShapeError(f"groups: got {len(labels)} samples; wanted {count}, as y_true")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise InvalidInputError("groups: got NaN; wanted a group for each sample")
    if labels.dtype.kind in "iu" and count:
        wide = labels if labels.dtype.itemsize == 8 else labels.astype(np.int64)
        low, width = wide.min(), int(wide.max()) - int(wide.min()) + 1
        if width <= _DENSE * count:
            codes = (wide - low).astype(np.intp)
            is_present = np.zeros(width, np.bool_)
            is_present[codes] = True
            numbers = np.cumsum(is_present, dtype=np.uint32) - np.uint32(1)
            distinct = np.flatnonzero(is_present).astype(wide.dtype) + low
            return distinct.astype(labels.dtype), numbers[codes]
    try:
        distinct, inverse = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise InvalidInputError(f"groups: got labels of mixed kinds ({error}); wanted one kind") from error
    return distinct, inverse.astype(np.uint32)


def _resolve(
    labels: Array, values: Doubles, positives: Doubles, negatives: Doubles, *, undefined: str | float
) -> GroupedAuc:
    """Leave groups without a value out, or put a number in its place."""
    missing = np.isnan(values)
    lacking = int(np.count_nonzero(missing))
    if lacking and undefined == "raise":
        name = labels[missing][0]
        raise UndefinedMetricError(
            f"groups: got {lacking} with one class, such as {name!r}; wanted both classes"
        )
    if not isinstance(undefined, str):
        return GroupedAuc(labels, np.where(missing, float(undefined), values), positives, negatives, 0)
    if lacking == len(values):
        raise UndefinedMetricError("groups: got none with both classes; wanted at least one")
    has = ~missing
    return GroupedAuc(labels[has], values[has], positives[has], negatives[has], lacking)


def _mean(values: Doubles, sizes: Doubles | None) -> float:
    if sizes is None:
        return math.fsum(values) / len(values)
    total = math.fsum(sizes)
    if total == 0:
        raise UndefinedMetricError("groups: got none with weight; wanted at least one")
    return math.fsum(values * (sizes / total))
