"""The likelihood ratios of a diagnostic test."""

import math
import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any

from lossary.errors import DtypeError, InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import relative_weights
from lossary.metrics.confusion import chosen_table, label_list
from lossary.metrics.labels import encode

_FORM = "The dictionary passed as `replace_undefined_by` needs to be in the form {'LR+': ..., 'LR-': ...}"


def class_likelihood_ratios(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    sample_weight: Any = None,
    replace_undefined_by: float | Mapping[str, float] = math.nan,
) -> tuple[float, float]:
    r"""How much a positive and a negative prediction change the odds of the positive class.

    The first is better when higher, above 1; the second when lower, below 1.

    .. math:: LR_+ = \frac{TP / (TP + FN)}{FP / (FP + TN)}, \quad LR_- = \frac{FN / (TP + FN)}{TN / (FP + TN)}

    Args:
        y_true: true labels, (n_samples,), two classes; the larger is positive.
        y_pred: predicted labels, (n_samples,).
        labels: the negative class, then the positive; samples with others are left out.
        sample_weight: (n_samples,).
        replace_undefined_by: values of an undefined ratio: NaN, 1.0, which says nothing, or a dictionary
            ``{"LR+": ..., "LR-": ...}`` of NaN or numbers from 1 up, and from 0 to 1.

    Returns:
        ``(positive, negative)``. Without false positives the first is not defined, without true negatives the
        second: each is replaced, with an UndefinedMetricWarning. Without true samples of the positive class
        both are NaN, with that warning, unless they are replaced.

    Raises:
        InvalidInputError: another number of classes than two (one needs ``labels``), strings mixed with
            numbers, no samples, no class of ``labels`` in y_true, values that replace outside their range.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or a ``replace_undefined_by`` of another type.

    Differs from scikit-learn: the error of a single class says what is missing; weights below zero that leave
        no positive sample give NaN, where it gives infinity.

    Source: Deeks and Altman, Diagnostic tests 4: likelihood ratios, BMJ 329, 2004.

    Example:
        >>> class_likelihood_ratios([0, 0, 1, 1], [0, 1, 1, 1])  # (2/2) / (1/2), (0/2) / (1/2)
        (2.0, 0.0)
    """
    positive_value, negative_value = _replacements(replace_undefined_by)
    encoded = encode(y_true, y_pred)
    if len(encoded.classes) > 2:
        raise InvalidInputError(
            f"y_true: got {len(encoded.classes)} classes (class_likelihood_ratios only supports binary "
            "classification problems, got targets of type: multiclass); wanted two"
        )
    table = encoded.confusion(relative_weights(sample_weight, encoded.size))
    if labels is not None:
        missing = "At least one label specified must be in y_true"
        table = chosen_table(encoded, table, label_list(labels), missing)
    if len(table) != 2:
        raise InvalidInputError(f"labels: got {len(table)} classes; wanted two, the second one positive")
    (true_negative, false_positive), (false_negative, true_positive) = table.tolist()
    positives, negatives = true_positive + false_negative, true_negative + false_positive
    if positives == 0:
        _warn(
            "No samples of the positive class are present in `y_true`. `positive_likelihood_ratio` and "
            "`negative_likelihood_ratio` are both set to `np.nan`."
        )
    if false_positive == 0:
        _warn(
            "`positive_likelihood_ratio` is ill-defined and set to `np.nan`. Use `replace_undefined_by` to "
            "control this behavior."
            if true_positive
            else "No samples were predicted for the positive class and `positive_likelihood_ratio` is set to "
            "`np.nan`. Use `replace_undefined_by` to control this behavior."
        )
    else:
        positive_value = _ratio(true_positive, positives, false_positive, negatives)
    if true_negative == 0:
        _warn(
            "`negative_likelihood_ratio` is ill-defined and set to `np.nan`. Use `replace_undefined_by` to "
            "control this behavior."
        )
    else:
        negative_value = _ratio(false_negative, positives, true_negative, negatives)
    return positive_value, negative_value


def _ratio(hits: float, positives: float, false: float, negatives: float) -> float:
    return (hits / positives) * (negatives / false) if positives else math.nan


def _replacements(given: Any) -> tuple[float, float]:
    wanted = "NaN, 1.0, or a dictionary of 'LR+' and 'LR-'"
    if not isinstance(given, Mapping):
        if not isinstance(given, Real):
            raise DtypeError(f"replace_undefined_by: got {given!r}; wanted {wanted}")
        if not (given == 1 or math.isnan(given)):
            raise InvalidInputError(f"replace_undefined_by: got {given!r}; wanted {wanted}")
        return float(given), float(given)
    values: tuple[Any, Any] = given.get("LR+"), given.get("LR-")
    for value, low, high in zip(values, (1, 0), (math.inf, 1), strict=True):
        if not (isinstance(value, Real) and (math.isnan(value) or low <= float(value) <= high)):
            raise InvalidInputError(
                f"replace_undefined_by: got {dict(given)} ({_FORM}); wanted NaN, or 'LR+' from 1 up and "
                "'LR-' from 0 to 1"
            )
    positive, negative = values
    return float(positive), float(negative)


def _warn(message: str) -> None:
    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
