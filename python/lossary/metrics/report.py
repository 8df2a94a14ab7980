"""Precision, recall, F1 and support of every class, and their averages, as text or as numbers."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from lossary.errors import DtypeError, InvalidInputError
from lossary.metrics.arrays import Array, to_numpy, weights
from lossary.metrics.class_counts import ClassCounts, column_tallies, tallies_of, undefined_value
from lossary.metrics.confusion import finite_sums, label_list
from lossary.metrics.labels import check_pair, class_positions, encode_arrays, label_array
from lossary.metrics.options import check_flag, check_whole

_COLUMNS = ("precision", "recall", "f1-score", "support")

Report = dict[Any, float | dict[str, float]]
"""Four numbers for each class and average, and the accuracy."""


def classification_report(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    target_names: Any = None,
    sample_weight: Any = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: str | float = "warn",
) -> str | Report:
    """Precision, recall, F1 and number of true samples of each class, with their averages.

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels).
        y_pred: predicted labels, in the same form.
        labels: the classes to report, in this order; None takes all, sorted.
        target_names: what to call them, in the same order; None takes the labels.
        sample_weight: (n_samples,).
        digits: decimals of the text.
        output_dict: return a dictionary instead, of full precision.
        zero_division: value of a score whose denominator is 0: 0, 1, NaN (left out of averages), or "warn"
            for 0 with an UndefinedMetricWarning.

    Returns:
        A text, or a dictionary ``{name: {"precision": ..., "recall": ..., "f1-score": ..., "support": ...}}``
        of floats. Below the classes stands ``accuracy``, one number, or ``micro avg`` where ``labels``
        leave a class out or there are indicators; then ``macro avg``, ``weighted avg`` and, for indicators,
        ``samples avg``, each with the support of all classes.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, indicators other than 0 and 1, no
            samples, empty ``labels``, another number of ``target_names`` than of classes, an unknown option,
            weights whose sum overflows.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, ``digits`` that are no integer, or an
            ``output_dict`` that is no flag.

    Differs from scikit-learn: a score that is not defined warns once, not once for each average; the support
        without weights is always printed as a whole number; sums that overflow are refused.

    Example:
        >>> print(classification_report([0, 1, 1, 1], [0, 1, 1, 0]))
                      precision    recall  f1-score   support
        <BLANKLINE>
                   0       0.50      1.00      0.67         1
                   1       1.00      0.67      0.80         3
        <BLANKLINE>
            accuracy                           0.75         4
           macro avg       0.75      0.83      0.73         4
        weighted avg       0.88      0.75      0.77         4
        <BLANKLINE>
    """
    check_whole("digits", digits, 0, 1000)
    check_flag("output_dict", output_dict)
    undefined, warns = undefined_value(zero_division)
    actual, predicted, kinds = _arrays(y_true, y_pred)
    weight = weights(sample_weight, len(actual))
    chosen = None
    if labels is not None:
        chosen = label_list(labels)
        kinds = {to_numpy("labels", labels).dtype.kind}
    averages = {"macro avg": "macro", "weighted avg": "weighted"}
    per_row = None
    if actual.ndim == 2:
        classes = np.arange(actual.shape[1]) if chosen is None else chosen
        tallies = column_tallies(actual, predicted, chosen, None, weight)
        per_row = column_tallies(actual, predicted, chosen, "samples", weight)
        averages = {"micro avg": "micro"} | averages
    else:
        encoded = encode_arrays(actual, predicted)
        classes = encoded.classes if chosen is None else chosen
        tallies = tallies_of(encoded, chosen, weight)
        every = chosen is None or class_positions(np.unique(chosen), encoded.classes)[1].all()
        averages = {"accuracy" if every else "micro avg": "micro"} | averages
    names = _shown(classes, kinds)
    if target_names is not None:
        names = _names(target_names, len(names), chosen=chosen is not None)
    hits, true, guessed = (finite_sums(each) for each in tallies)
    counts = ClassCounts(hits, true, guessed, None, undefined, warns)
    columns: tuple[Any, ...] = (counts.precision(), counts.recall(), counts.f_score(1.0), counts.actual)
    rows = [*zip(names, *columns, strict=False)]  # another number of names had a warning
    support = finite_sums(counts.actual.sum())
    averaged: dict[str, list[Any]] = {}
    for name, average in averages.items():
        silent = counts.averaged(average)
        averaged[name] = [silent.precision(), silent.recall(), silent.f_score(1.0), support]
    if per_row is not None:
        hits, true, guessed = per_row
        of_rows = ClassCounts(hits, true, guessed, "samples", undefined, warns, weight)
        averaged["samples avg"] = [of_rows.precision(), of_rows.recall(), of_rows.f_score(1.0), support]
    return _dictionary(rows, averaged) if output_dict else _text(rows, averaged, digits)


def _arrays(y_true: Any, y_pred: Any) -> tuple[Array, Array, set[str]]:
    """Both label arrays, checked, and the kinds of dtype that they came with."""
    given = [
        each if hasattr(each, "toarray") else to_numpy(name, each)
        for name, each in (("y_true", y_true), ("y_pred", y_pred))
    ]
    actual, predicted = label_array("y_true", given[0]), label_array("y_pred", given[1])
    check_pair(actual, predicted)
    return actual, predicted, {each.dtype.kind for each in given}


def _shown(classes: Array, kinds: set[str]) -> list[str]:
    """Labels as text; floats and booleans look as they came, not as the integers that they are here."""
    if "f" in kinds:
        classes = classes.astype(np.float64)
    elif kinds == {"b"}:
        classes = classes.astype(np.bool_)
    return [str(each) for each in classes.tolist()]


def _names(target_names: Any, classes: int, *, chosen: bool) -> list[Any]:
    """What the rows are called: as many as classes, unless ``labels`` chose these."""
    if isinstance(target_names, str | bytes) or not hasattr(target_names, "__len__"):
        raise DtypeError(f"target_names: got {target_names!r}; wanted a list of names")
    names = target_names.tolist() if isinstance(target_names, np.ndarray) else list(target_names)
    if len(names) != classes:
        if not chosen:
            raise InvalidInputError(
                f"target_names: got {len(names)} names (Number of classes, {classes}, does not match size of "
                f"target_names, {len(names)}. Try specifying the labels parameter); wanted {classes}"
            )
        warnings.warn(
            f"labels size, {classes}, does not match size of target_names, {len(names)}",
            UserWarning,
            stacklevel=3,
        )
    return names


def _dictionary(rows: list[tuple[Any, ...]], averaged: dict[str, list[Any]]) -> Report:
    report: Report = {}
    for name, *numbers in (*rows, *((name, *cells) for name, cells in averaged.items())):
        report[name] = dict(zip(_COLUMNS, map(float, numbers), strict=True))
    if "accuracy" in averaged:
        report["accuracy"] = float(averaged["accuracy"][0])
    return report


def _text(rows: list[tuple[Any, ...]], averaged: dict[str, list[Any]], digits: int) -> str:
    names = [str(name) for name, *_ in rows]
    width = max(*map(len, names), len("weighted avg"), digits)

    def line(name: str, cells: Sequence[Any]) -> str:
        shown = (f"{cell:>9.{digits}f}" if isinstance(cell, float) else f"{cell:>9}" for cell in cells[:3])
        return f"{name:>{width}}  {' '.join(shown)} {cells[3]:>9}\n"

    table = [line("", _COLUMNS), "\n"]
    table += [line(str(name), cells) for name, *cells in rows]
    table.append("\n")
    for name, cells in averaged.items():
        table.append(line(name, ["", "", cells[0], cells[3]] if name == "accuracy" else cells))
    return "".join(table)
