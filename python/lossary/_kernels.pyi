"""Types of the compiled module. Arrays are one-dimensional, contiguous and in native byte order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

Doubles = NDArray[np.float64]
Counts = NDArray[np.uint64]

def set_num_threads(num_threads: int | None, /) -> None: ...
def get_num_threads() -> int: ...
def roc_auc(y_true: NDArray[Any], y_score: NDArray[Any], /) -> float: ...
def weighted_roc_auc(
    y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles, /
) -> tuple[float, bool]: ...
def curve(
    y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /, *, collinear: bool
) -> tuple[Doubles, Doubles, Doubles]: ...
def average_precision(
    y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /
) -> float | None: ...
def label_range(labels: NDArray[Any], /) -> tuple[float, float] | None: ...
def confusion_counts(y_true: NDArray[Any], y_pred: NDArray[Any], low: int, classes: int, /) -> Counts: ...
def confusion_weights(
    y_true: NDArray[Any], y_pred: NDArray[Any], sample_weight: Doubles, low: int, classes: int, /
) -> Doubles: ...
def confusion_integer_weights(
    y_true: NDArray[Any], y_pred: NDArray[Any], sample_weight: NDArray[np.int64], low: int, classes: int, /
) -> NDArray[np.int64]: ...
def tally_counts(y_true: NDArray[Any], y_pred: NDArray[Any], low: int, classes: int, /) -> list[Counts]: ...
def tally_weights(
    y_true: NDArray[Any], y_pred: NDArray[Any], sample_weight: Doubles, low: int, classes: int, /
) -> list[Doubles]: ...
def binary_squared_error(
    y_true: NDArray[Any], y_proba: NDArray[Any], sample_weight: Doubles | None, /
) -> float: ...
def multiclass_squared_error(
    y_true: NDArray[np.uint32], y_proba: NDArray[Any], classes: int, sample_weight: Doubles | None, /
) -> float: ...
def column_roc_auc(
    y_true: NDArray[np.bool_],
    y_score: NDArray[Any],
    sample_weight: Doubles | None,
    columns: int,
    /,
    *,
    by_column: tuple[bool, bool],
) -> tuple[Doubles, bool]: ...
def column_average_precision(
    y_true: NDArray[np.bool_],
    y_score: NDArray[Any],
    sample_weight: Doubles | None,
    columns: int,
    /,
    *,
    by_column: tuple[bool, bool],
) -> Doubles: ...
def one_vs_one_roc_auc(
    y_true: NDArray[np.uint32], y_score: NDArray[Any], columns: int, /, *, by_column: bool
) -> Doubles: ...
def label_coverage(y_true: NDArray[Any], y_score: NDArray[Any], columns: int, /) -> Doubles: ...
def label_ranking_average_precision(
    y_true: NDArray[Any], y_score: NDArray[Any], columns: int, /
) -> Doubles: ...
def label_ranking_loss(y_true: NDArray[Any], y_score: NDArray[Any], columns: int, /) -> Doubles: ...
def top_k_hits(
    y_true: NDArray[np.uint32], y_score: NDArray[Any], columns: int, k: int, /
) -> NDArray[np.bool_]: ...
