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
def retrieval(
    y_true: NDArray[Any],
    y_score: NDArray[Any],
    bounds: int | NDArray[np.uintp],
    measures: list[tuple[str, int | None]],
    ties: str,
    /,
) -> tuple[Doubles, Counts]: ...
def label_retrieval(
    query_labels: NDArray[np.uint32],
    item_labels: NDArray[np.uint32],
    first: int | None,
    y_score: NDArray[Any],
    measures: list[tuple[str, int | None]],
    /,
) -> tuple[Doubles, Counts]: ...
def delong(
    y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /
) -> tuple[float, float]: ...
def compare_areas(
    y_true: NDArray[Any], y_scores: list[NDArray[Any]], sample_weight: Doubles | None, /
) -> tuple[Doubles, Doubles, Doubles]: ...
def bootstrap_ranking(
    metric: str,
    y_true: NDArray[Any],
    y_scores: list[NDArray[Any]],
    sample_weight: Doubles | None,
    /,
    *,
    stratified: bool,
    groups: NDArray[np.uint32] | None,
    resamples: int,
    seed: int,
    jackknife: bool,
) -> tuple[Doubles, Doubles]: ...
def resample_mean(
    values: Doubles,
    sample_weight: Doubles | None,
    groups: NDArray[np.uint32] | None,
    /,
    *,
    resamples: int,
    seed: int,
) -> tuple[Doubles, Doubles]: ...

class Resampler:
    def __new__(
        cls,
        rows: int,
        strata: NDArray[np.uint32] | None,
        groups: NDArray[np.uint32] | None,
        seed: int,
        /,
    ) -> Resampler: ...
    def draw(self, index: int, /) -> NDArray[np.uint8]: ...
    def blocks(self) -> tuple[int, NDArray[np.uint32]]: ...
