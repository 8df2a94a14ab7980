"""Hits, true and predicted samples of each class: what precision, recall, F and Jaccard scores divide."""

import math
import warnings
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights, weights
from lossary.metrics.averaging import Scores
from lossary.metrics.confusion import finite_sums, indicators, label_list
from lossary.metrics.labels import Encoded, check_pair, encode_arrays, label_array
from lossary.metrics.options import check_choice, check_label

_AVERAGES = ("binary", "micro", "macro", "weighted", "samples", None)


@dataclass(frozen=True)
class ClassCounts:
    """The counts (or sums of weights) of each class to score, of their pool, or of each row.

    Attributes:
        hits: true and predicted.
        actual: true.
        predicted: predicted.
        average: how the scores are averaged; None gives one for each.
        undefined: the score where the denominator is 0.
        warns: whether such a score warns, on behalf of the caller of the metric.
        row_weight: of each row, under "samples".
    """

    hits: Array
    actual: Array
    predicted: Array
    average: str | None
    undefined: float
    warns: bool
    row_weight: Array | None = None

    def precision(self, *, warn: bool = True) -> Scores:
        """TP / (TP + FP)."""
        return self._average_of(
            self._divide(self.hits, self.predicted, "Precision is", "predicted", warn=warn)
        )

    def recall(self, *, warn: bool = True) -> Scores:
        """TP / (TP + FN)."""
        return self._average_of(self._divide(self.hits, self.actual, "Recall is", "true", warn=warn))

    def f_score(self, beta: float, *, warn: bool = True) -> Scores:
        """The F-score; infinity leaves recall, without its warning."""
        # In terms of the larger of the two: a huge square cannot overflow, and infinity leaves recall.
        true_share, predicted_share = (beta * beta, 1.0) if beta <= 1 else (1.0, 1 / beta / beta)
        numerator = (true_share + predicted_share) * self.hits
        denominator = true_share * self.actual + predicted_share * self.predicted
        warn = warn and bool(true_share) and bool(predicted_share)
        values = self._divide(numerator, denominator, "F-score is", "true nor predicted", warn=warn)
        return self._average_of(values)

    def jaccard(self) -> Scores:
        """TP / (TP + FP + FN)."""
        union = self.actual + self.predicted - self.hits
        return self._average_of(self._divide(self.hits, union, "Jaccard is", "true or predicted", warn=True))

    def averaged(self, average: str) -> "ClassCounts":
        """The counts of the same classes, to be averaged in silence."""
        tallies = self.hits, self.actual, self.predicted
        hits, actual, predicted = _pooled(tallies) if average == "micro" else tallies
        return replace(self, hits=hits, actual=actual, predicted=predicted, average=average, warns=False)

    def _divide(
        self, numerator: Array, denominator: Array, subject: str, missing: str, *, warn: bool
    ) -> NDArray[np.float64]:
        """Divide, with the stated value where the denominator is 0."""
        defined = denominator != 0
        result = np.full(denominator.shape, self.undefined)
        np.divide(numerator, denominator, out=result, where=defined)
        if warn and self.warns and not defined.all():
            each, units = ("samples", "labels") if self.average == "samples" else ("labels", "samples")
            place = "due to" if len(result) == 1 else f"in {each} with"
            warnings.warn(
                f"{subject} ill-defined and being set to 0.0 {place} no {missing} {units}. "
                "Use `zero_division` parameter to control this behavior.",
                UndefinedMetricWarning,
                stacklevel=4,
            )
        return result

    def _average_of(self, values: NDArray[np.float64]) -> Scores:
        """The values, or their average; NaN is left out."""
        if self.average is None:
            return values
        if len(values) == 1:
            return float(values[0])
        known = ~np.isnan(values)
        if not known.any():
            return float("nan")
        given = self.actual if self.average == "weighted" else self.row_weight
        shares = np.ones(int(known.sum())) if given is None else given[known]
        if shares.sum() == 0:
            if self.average == "samples":
                raise InvalidInputError("sample_weight: got weights that sum to zero; wanted another sum")
            shares = np.ones(len(shares))
        return float(np.average(values[known], weights=shares))


def count_classes(
    y_true: Any,
    y_pred: Any,
    labels: Any,
    pos_label: Any,
    average: str | None,
    sample_weight: Any,
    zero_division: str | float,
    *,
    sums: bool = False,
) -> ClassCounts:
    """Check the arguments of a metric of predicted labels, and count.

    Args:
        y_true: true labels, or an indicator matrix.
        y_pred: predicted labels, in the same form.
        labels: the classes to score, in this order; None takes all.
        pos_label: the class to score under "binary".
        average: "binary", "micro", "macro", "weighted", "samples" or None.
        sample_weight: of each sample.
        zero_division: the value of an empty quotient, or "warn".
        sums: whether the counts themselves are wanted; else only their ratios, and weights may be scaled.
    """
    check_choice("average", average, _AVERAGES)
    check_label("pos_label", pos_label, optional=average != "binary")
    undefined, warns = undefined_value(zero_division)
    actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
    check_pair(actual, predicted)
    weight = (weights if sums else relative_weights)(sample_weight, len(actual))
    if average != "binary" and pos_label not in (None, 1):
        warnings.warn(
            f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary' (got "
            f"{average!r}). You may use labels=[pos_label] to specify a single positive class.",
            UserWarning,
            stacklevel=3,
        )
    if actual.ndim == 2:
        tallies = column_tallies(actual, predicted, labels, average, weight)
    else:
        tallies = _class_tallies(encode_arrays(actual, predicted), labels, pos_label, average, weight)
    for each in tallies:
        finite_sums(each)
    if average == "micro":
        tallies = _pooled(tallies)
    row_weight = weight if average == "samples" else None
    hits, true, guessed = tallies
    return ClassCounts(hits, true, guessed, average, undefined, warns, row_weight)


def _pooled(tallies: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(each.sum(keepdims=True) for each in tallies)


def undefined_value(zero_division: Any) -> tuple[float, bool]:
    """The value of an empty quotient, and whether it warns."""
    if isinstance(zero_division, str) and zero_division == "warn":
        return 0.0, True
    if isinstance(zero_division, Real) and (zero_division in (0, 1) or math.isnan(zero_division)):
        return float(zero_division), False
    raise InvalidInputError(f"zero_division: got {zero_division!r}; wanted 'warn', 0, 1 or NaN")


def _class_tallies(
    encoded: Encoded, labels: Any, pos_label: Any, average: str | None, weight: Array | None
) -> tuple[Array, ...]:
    if average == "samples":
        raise InvalidInputError(
            "average: got 'samples' with one label per sample (Samplewise metrics are not available outside "
            "of multilabel classification.); wanted binary, micro, macro, weighted or None"
        )
    if average == "binary":
        return _tallies_of_positive(encoded, pos_label, weight)
    return tallies_of(encoded, labels, weight)


def tallies_of(encoded: Encoded, labels: Any, weight: Array | None) -> tuple[Array, ...]:
    """Hits, true and predicted samples of the labels, which need not be there, or of all classes."""
    tallies = encoded.tallies(weight)
    if labels is None:
        return tallies
    places, known = encoded.positions(label_list(labels))
    return tuple(np.where(known, each[places], 0) for each in tallies)


def _tallies_of_positive(encoded: Encoded, pos_label: Any, weight: Array | None) -> tuple[Array, ...]:
    tallies, classes = encoded.tallies(weight), encoded.classes.tolist()
    if len(classes) > 2:
        raise InvalidInputError(
            f"average: got 'binary' with {len(classes)} classes (Target is multiclass but average='binary'. "
            "Please choose another average setting, one of [None, 'micro', 'macro', 'weighted'].); wanted "
            "one of these"
        )
    if pos_label in classes:
        place = classes.index(pos_label)
        return tuple(each[place : place + 1] for each in tallies)
    if len(classes) == 2:
        raise InvalidInputError(
            f"pos_label: got {pos_label!r} (pos_label={pos_label!r} is not a valid label. It should be one "
            f"of {encoded.classes}); wanted one of {classes}"
        )
    return tuple(np.zeros_like(each[:1]) for each in tallies)


def column_tallies(
    actual: Array, predicted: Array, labels: Any, average: str | None, weight: Array | None
) -> tuple[Array, ...]:
    """Hits, true and predicted samples of each column of indicators; under "samples", labels of each row."""
    if average == "binary":
        raise InvalidInputError(
            "average: got 'binary' with an indicator matrix (Target is multilabel-indicator but "
            "average='binary'. Please choose another average setting, one of [None, 'micro', 'macro', "
            "'weighted', 'samples'].); wanted one of these"
        )
    reason = "multiclass-multioutput is not supported"
    true, guessed = indicators("y_true", actual, reason), indicators("y_pred", predicted, reason)
    true, guessed = column_subset(true, labels), column_subset(guessed, labels)
    both = true & guessed
    if average == "samples":
        counts = tuple(np.count_nonzero(each, axis=1) for each in (both, true, guessed))
        return counts if weight is None else tuple(each * weight for each in counts)
    if weight is None:
        return tuple(np.count_nonzero(each, axis=0) for each in (both, true, guessed))
    return tuple(weight @ each for each in (both, true, guessed))


def column_subset(matrix: Array, labels: Any) -> Array:
    """The columns of an indicator matrix that ``labels`` names; None names all."""
    if labels is None:
        return matrix
    columns, count = label_list(labels), matrix.shape[1]
    if columns.dtype.kind == "U":
        raise InvalidInputError(f"labels: got {columns.tolist()}; wanted columns 0 to {count - 1}")
    least, most = int(columns.min()), int(columns.max())
    if least < 0 or most >= count:
        came = f"{least} < 0" if least < 0 else f"{most} > {count - 1}"
        raise InvalidInputError(
            f"labels: got {columns.tolist()} (All labels must be in [0, n labels) for multilabel targets. "
            f"Got {came}); wanted columns 0 to {count - 1}"
        )
    return np.asarray(matrix[:, columns.astype(np.intp)])
