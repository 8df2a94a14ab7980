"""One batch as the kernels read it, and what its labels mean."""

import json
import math
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError
from lossary.metrics.arrays import Array, contiguous, numeric, one_axis, scores, to_numpy
from lossary.metrics.labels import label_array, positives
from lossary.metrics.options import check_label


def batch(
    y_true: Any, y_score: Any, sample_weight: Any, pos_label: Any
) -> tuple[Array, Array, NDArray[np.float64] | None]:
    """Positives, scores and weights; any of them may be empty, and their lengths are not compared."""
    labels = label_array("y_true", y_true)
    if pos_label is not None and len(labels) and isinstance(pos_label, str) != (labels.dtype.kind == "U"):
        raise InvalidInputError(
            f"y_true: got labels of dtype {labels.dtype}; wanted the kind of pos_label, {pos_label!r}"
        )
    weight = None
    if sample_weight is not None:
        given = numeric("sample_weight", to_numpy("sample_weight", sample_weight))
        weight = contiguous(one_axis("sample_weight", given).astype(np.float64, copy=False))
    return positives(labels, pos_label), scores("y_score", y_score), weight


def tag_of(pos_label: Any) -> str:
    """The positive class as text: states merge only where it is equal. Empty for None."""
    check_label("pos_label", pos_label, optional=True)
    if pos_label is None:
        return ""
    if isinstance(pos_label, str):
        return json.dumps(str(pos_label))
    if isinstance(pos_label, Integral | np.bool_):
        return json.dumps(int(pos_label))
    number = float(pos_label)
    if not math.isfinite(number):
        raise InvalidInputError(f"pos_label: got {pos_label!r}; wanted a class label")
    return json.dumps(int(number) if number.is_integer() else number)


def label_of(tag: str) -> str | float | None:
    """The positive class of a tag.

    Raises:
        InvalidInputError: no call of `tag_of` gives this tag.
    """
    try:
        label = json.loads(tag) if tag else None
        if isinstance(label, str | int | float | None) and tag_of(label) == tag:
            return label
    except (ValueError, RecursionError):
        pass
    raise InvalidInputError(f"data: got the tag {tag!r:.80}; wanted what to_bytes returned")


def data_bytes(data: Any) -> bytes:
    """Any bytes-like object as bytes."""
    if isinstance(data, bytes):
        return data
    try:
        return bytes(memoryview(data))
    except (TypeError, ValueError) as error:  # ValueError: an array whose dtype no buffer can have
        raise DtypeError(f"data: got {type(data).__name__}; wanted bytes") from error
