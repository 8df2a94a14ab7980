"""The threshold that serves a metric best: one search, or one sort, for all thresholds at once."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, contiguous, relative_weights, score_array, weights
from lossary.metrics.averaging import one_of_each
from lossary.metrics.bootstrap import around, draws_of_statistic, left_out_of_statistic, refuse_one
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, Value, resolve
from lossary.metrics.confusion import indicators
from lossary.metrics.grouped import numbered
from lossary.metrics.labels import column_codes, label_array, present
from lossary.metrics.threshold_goals import Goal, check_classes, counts_of, goal_of
from lossary.metrics.verification import ranked

Doubles = NDArray[np.float64]

Choice = Any
"""A `ThresholdChoice`, or for several groups or columns `ThresholdChoices`, which the types do not tell."""


class ThresholdChoice(NamedTuple):
    """What `best_threshold` returns.

    Attributes:
        value: the metric at the threshold; an `Interval` with confidence.
        threshold: a score, or infinity to accept nothing; a sample is accepted at or above it.
        tp: accepted positives, a number or a sum of weights.
        fp: accepted negatives.
        fn: rejected positives.
        tn: rejected negatives.
        threshold_range: with confidence, the middle share of the thresholds that resamples choose.
    """

    value: Value
    threshold: float
    tp: float
    fp: float
    fn: float
    tn: float
    threshold_range: tuple[float, float] | None = None


class ThresholdChoices(NamedTuple):
    """What `best_threshold` returns for several groups, classes or labels: arrays, in the order of `names`.

    Attributes:
        names: the groups or classes, ascending, or the columns of the labels.
        values: the metric at each threshold.
        thresholds: the threshold of each.
        tp: accepted positives of each.
        fp: accepted negatives of each.
        fn: rejected positives of each.
        tn: rejected negatives of each.
    """

    names: Array
    values: Doubles
    thresholds: Doubles
    tp: Array
    fp: Array
    fn: Array
    tn: Array


def best_threshold(
    y_true: Any,
    y_score: Any,
    *,
    metric: Any = None,
    costs: Any = None,
    constraints: Any = None,
    groups: Any = None,
    sample_weight: Any = None,
    pos_label: Any = None,
    confidence: float | Confidence | None = None,
) -> Choice:
    """The threshold at which a metric of the decision ``y_score >= threshold`` is best, of all there are.

    Candidates are every distinct score, and infinity, which accepts nothing; of equally good thresholds the
    largest is taken. Without weights and constraints a named metric is found without a sort, and compared in
    exact integers; else in float64 at every point of the exact curve.

    Args:
        y_true: labels, (n_samples,); or indicators of 0 and 1, (n_samples, n_labels).
        y_score: scores, (n_samples,); higher means positive. A column for each of several classes, in their
            sorted order, or for each label: then a threshold is chosen for each, against the rest.
        metric: a name of `lossary.metrics.binary_criteria`: "accuracy", "balanced_accuracy", "f1",
            "geometric_mean", "jaccard", "matthews", "precision", "recall", "specificity" or "youden";
            `binary_criteria.f_beta` of a number; or a function ``f(tp, fp, fn, tn)`` of arrays, called once,
            that returns a number for each threshold, higher being better. Thresholds where it is NaN are not
            taken. None is "f1". The loss `anyloss` takes the same.
        costs: instead of a metric, what a sample costs that is a true or false positive or negative, such as
            ``{"fp": 1, "fn": 5}``, 0 where it is left out, and negative for a gain. The value is the mean
            cost of a sample, and the lowest is best.
        constraints: what must hold at the threshold: "recall >= 0.9", or several such strings, with a metric
            of the above names, "false_positive_rate", "false_negative_rate" or "acceptance_rate", and ``>=``
            or ``<=``.
        groups: a label for each sample, (n_samples,), integers or strings: a threshold is chosen in each.
        sample_weight: (n_samples,), not negative. Samples of weight zero drop out.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        confidence: the level of a bootstrap interval of the value, which chooses a threshold anew in each
            resample, or `Confidence` settings; "auto" takes "bca". For a single choice.

    Returns:
        A ThresholdChoice; with groups or several columns ThresholdChoices. Thresholds are float64: integers
        beyond 2**53 are rounded.

    Raises:
        UndefinedMetricError: a class is missing that the metric or a constraint needs (all but "accuracy",
            "f1", "jaccard", "precision" and costs need one or both); no threshold meets the constraints; the
            metric is NaN everywhere.
        InvalidInputError: an unknown name; metric beside costs; costs or constraints that are none; a
            function that raises, or returns no real numbers; confidence with several choices; groups or
            pos_label with several columns; pos_label is missing; a score or weight is NaN or infinite; a
            weight is negative; no samples.
        ShapeError: lengths or shapes that do not fit together, also of what a function returns.
        DtypeError: an argument of the wrong type.

    Example:
        >>> y_true, y_score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
        >>> choice = best_threshold(y_true, y_score)
        >>> choice.threshold, choice.value, choice.fp  # 2 * 2 / (2 * 2 + 1)
        (0.35, 0.8, 1)
        >>> best_threshold(y_true, y_score, costs={"fp": 3, "fn": 1})[:2]  # one missed of four
        (0.25, 0.8)
        >>> best_threshold(y_true, y_score, metric="precision", constraints="recall >= 0.9")[:2]
        (0.6666666666666666, 0.35)
    """
    goal = goal_of(metric, costs, constraints)
    settings = None if confidence is None else resolve(confidence)
    columns = _columns(y_true, y_score, sample_weight)
    if settings is not None and (columns is not None or groups is not None):
        raise InvalidInputError("confidence: got a level with several choices; wanted it with a single one")
    if columns is not None:
        for name, given in (("groups", groups), ("pos_label", pos_label)):
            if given is not None:
                raise InvalidInputError(f"{name}: got {given!r:.40} with several columns; wanted None")
        names, truth, score, weight = columns
        each = [
            (contiguous(truth[:, place]), contiguous(score[:, place]), weight) for place in range(len(names))
        ]
        return _in_units(_several(goal, names, each, "column"), sample_weight, weight)
    positive, score, weight = ranked(y_true, y_score, pos_label, sample_weight)
    if groups is not None:
        if not len(score):
            raise InvalidInputError("y_score: got no samples; wanted at least one")
        names, numbers = numbered(groups, len(score))
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=len(names)))[:-1]
        parts = [np.split(each[order], ends) for each in (positive, score)]
        shares = [None] * len(names) if weight is None else np.split(weight[order], ends)
        return _in_units(
            _several(goal, names, list(zip(*parts, shares, strict=True)), "group"), sample_weight, weight
        )
    choice = _choice(goal, positive, score, weight)
    if settings is not None:
        choice = _with_interval(choice, goal, positive, score, weight, settings)
    return _in_units(choice, sample_weight, weight)


def _in_units(choice: Choice, given: Any, weight: Doubles | None) -> Choice:
    """The counts as sums of the weights given: extreme ones were scaled, so that no sum overflows."""
    unscaled = None if weight is None else weights(given, len(weight))
    if weight is None or unscaled is None or np.array_equal(unscaled, weight):
        return choice
    factor = float(unscaled.max()) / float(weight.max())
    return choice._replace(**{cell: getattr(choice, cell) * factor for cell in ("tp", "fp", "fn", "tn")})


def _columns(
    y_true: Any, y_score: Any, sample_weight: Any
) -> tuple[Array, Array, Array, Doubles | None] | None:
    """Names, indicators and scores of several columns, and the weights; None for a single one."""
    score = score_array("y_score", y_score)
    if score.ndim == 1:
        return None
    labels = label_array("y_true", y_true)
    if labels.ndim == 2:
        names, truth = np.arange(score.shape[1]), indicators("y_true", labels)
    else:
        names = present(labels)
        truth = one_of_each(column_codes(labels, names), len(names))
    if truth.shape != score.shape:
        raise ShapeError(
            f"y_score: got shape {score.shape}; wanted {truth.shape}, a column for each class or label"
        )
    weight = relative_weights(sample_weight, len(score))
    if weight is not None and weight.min() < 0:
        raise InvalidInputError("sample_weight: got negative weights; wanted none below 0")
    return names, truth, score, weight


def _several(
    goal: Goal, names: Array, each: list[tuple[Array, Array, Doubles | None]], kind: str
) -> ThresholdChoices:
    choices = []
    for name, samples in zip(names.tolist(), each, strict=True):
        try:
            choices.append(_choice(goal, *samples))
        except UndefinedMetricError as error:
            raise UndefinedMetricError(f"{error}, in {kind} {name!r}") from error
    return ThresholdChoices(names, *(np.array(field) for field in list(zip(*choices, strict=True))[:-1]))


def _choice(goal: Goal, positive: Array, score: Array, weight: Doubles | None) -> ThresholdChoice:
    if goal.kernel is not None and weight is None and not goal.limits:
        name, parameters = goal.kernel
        threshold, _, *found = _kernels.best_threshold(
            positive, score, name, **parameters, may_accept_nothing=True
        )
        tp, fp, fn, tn = found
        check_classes(goal.criterion, tp + fn, fp + tn)
        return ThresholdChoice(float(goal.criterion.score(*map(float, found))), threshold, tp, fp, fn, tn)
    points = _kernels.curve(positive, score, weight, collinear=True)
    return choice_on_curve(goal, *points, is_counted=weight is None)


def choice_on_curve(
    goal: Goal, false_positives: Doubles, true_positives: Doubles, thresholds: Doubles, *, is_counted: bool
) -> ThresholdChoice:
    """The best of all thresholds, infinity included, from what each accepts: counts, or sums of weights."""
    accepted = (np.append(0.0, each) for each in (false_positives, true_positives))
    counts = counts_of(*accepted)
    place, value = goal.best(counts)
    cells = (each[place].item() for each in counts)
    tp, fp, fn, tn = map(int, cells) if is_counted else cells
    return ThresholdChoice(value, np.append(np.inf, thresholds)[place].item(), tp, fp, fn, tn)


def _with_interval(
    choice: ThresholdChoice,
    goal: Goal,
    positive: Array,
    score: Array,
    weight: Doubles | None,
    settings: Confidence,
) -> ThresholdChoice:
    method = settings.choose(BOOTSTRAP)
    refuse_one(len(score))
    order = np.argsort(score, kind="stable")[::-1]
    falling, is_positive = score[order], positive[order] > 0
    last = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1)
    thresholds = np.append(np.inf, falling[last])
    weighed = None if weight is None else weight[order]

    def chosen(times: NDArray[np.int64]) -> tuple[float, float]:
        share = times[order] if weighed is None else times[order] * weighed
        positives, negatives = (
            np.append(0.0, np.cumsum(np.where(own, share, 0), dtype=np.float64)[last])
            for own in (is_positive, ~is_positive)
        )
        try:
            place, value = goal.best(counts_of(negatives, positives))
        except UndefinedMetricError:
            return np.nan, np.nan
        return value, thresholds[place].item()

    strata = (positive > 0).astype(np.uint32) if settings.stratified else None
    drawn = draws_of_statistic(chosen, len(score), settings, strata)
    left_out = np.empty(0)
    if method == "bca":
        left_out = left_out_of_statistic(chosen, len(score), settings, strata)[:, 0]
    low, high = around(choice.value, drawn[:, 0], left_out, method, settings)
    interval = Interval(choice.value, low, high, method)
    return choice._replace(value=interval, threshold_range=_middle(drawn, settings.level))


def _middle(drawn: Doubles, level: float) -> tuple[float, float]:
    """The ends of the middle share of the thresholds: thresholds themselves, as infinity may be one."""
    thresholds = np.sort(drawn[~np.isnan(drawn[:, 0]), 1])
    tail = (1 - level) / 2
    low, high = (round(share * (len(thresholds) - 1)) for share in (tail, 1 - tail))
    return thresholds[low].item(), thresholds[high].item()
