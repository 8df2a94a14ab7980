"""Types of the compiled module. Arrays are one-dimensional, contiguous and in native byte order."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__version__: str

Doubles = NDArray[np.float64]
Counts = NDArray[np.uint64]
Bounded = tuple[float, float, float]
Repeats = NDArray[np.uint32]

def set_num_threads(num_threads: int | None, /) -> None: ...
def get_num_threads() -> int: ...
def all_pairs(
    score: NDArray[Any],
    target: NDArray[Any],
    weight: Doubles | None,
    width: int,
    surrogate: str,
    margin: float,
    scale: float,
    temperature: float,
    /,
) -> tuple[float, Doubles] | None: ...
def all_pairs_curvature_product(
    score: NDArray[Any],
    target: NDArray[Any],
    weight: Doubles | None,
    direction: Doubles,
    width: int,
    surrogate: str,
    margin: float,
    scale: float,
    temperature: float,
    /,
) -> Doubles | None: ...
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
def grouped_auc(
    y_true: NDArray[Any],
    y_score: NDArray[Any],
    sample_weight: Doubles | None,
    groups: NDArray[np.uint32],
    /,
    count: int,
) -> tuple[Doubles, Doubles, Doubles]: ...
def true_accept_rates(
    y_true: NDArray[Any],
    y_score: NDArray[Any],
    sample_weight: Doubles | None,
    far: Doubles,
    /,
    *,
    linear: bool,
) -> Doubles | None: ...
def equal_error_rate(
    y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /
) -> float | None: ...
def partial_area(
    y_true: NDArray[Any],
    y_score: NDArray[Any],
    sample_weight: Doubles | None,
    /,
    *,
    fpr: tuple[float, float],
    tpr: tuple[float, float],
) -> tuple[float | None, bool]: ...
def best_threshold(
    y_true: NDArray[Any],
    y_score: NDArray[Any],
    /,
    criterion: str,
    *,
    costs: tuple[float, float] | None = None,
    beta: float | None = None,
    may_accept_nothing: bool,
) -> tuple[float, float | None, int, int, int, int]: ...
def accuracy_per_fold(
    y_true: NDArray[Any], y_score: NDArray[Any], fold: NDArray[np.uint32], /, count: int
) -> Doubles: ...
def thin(x: Doubles, y: Doubles, /, max_points: int) -> tuple[NDArray[np.int64], float]: ...
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

class ExactRanking:
    def __init__(self, tag: str, /) -> None: ...
    @staticmethod
    def from_bytes(data: bytes, /) -> ExactRanking: ...
    def to_bytes(self) -> bytes: ...
    def update(
        self, y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /
    ) -> None: ...
    def merge(self, other: ExactRanking, /) -> None: ...
    def copy(self) -> ExactRanking: ...
    def totals(self) -> tuple[float, float]: ...
    def summary(self) -> tuple[float | None, float | None, float, float, int]: ...
    def curve(self, *, collinear: bool) -> tuple[Doubles, Doubles, Doubles]: ...
    def partial_auc(self, max_fpr: float, /) -> float | None: ...
    def best_threshold(self, metric: str, /) -> tuple[float, float] | None: ...
    def __eq__(self, other: object) -> bool: ...
    @property
    def tag(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

class BoundedRanking:
    def __init__(self, tag: str, low: float, high: float, bins: int, /) -> None: ...
    @staticmethod
    def from_bytes(data: bytes, /) -> BoundedRanking: ...
    def to_bytes(self) -> bytes: ...
    def update(
        self, y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /
    ) -> None: ...
    def merge(self, other: BoundedRanking, /) -> None: ...
    def copy(self) -> BoundedRanking: ...
    def totals(self) -> tuple[float, float]: ...
    def summary(self) -> tuple[Bounded | None, Bounded | None, float, float]: ...
    def curve(self, *, collinear: bool) -> tuple[Doubles, Doubles, Doubles]: ...
    def partial_auc(self, max_fpr: float, /) -> Bounded | None: ...
    def best_threshold(self, metric: str, /) -> Bounded | None: ...
    def __eq__(self, other: object) -> bool: ...
    @property
    def tag(self) -> str: ...
    @property
    def options(self) -> tuple[float, float, int]: ...
    @property
    def nbytes(self) -> int: ...

def delong(
    y_true: NDArray[Any], y_score: NDArray[Any], sample_weight: Doubles | None, /
) -> tuple[float, float, float]: ...
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
    parameters: list[float] = [],
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
def mann_whitney_u(
    y_true: NDArray[Any],
    y_score: NDArray[Any],
    alternative: str,
    method: str,
    use_continuity: bool,
    /,
) -> tuple[float, float]: ...

class LabelPairs:
    def __new__(cls, labels_true: NDArray[Any], labels_pred: NDArray[Any], /) -> Self: ...
    def normalized(self, average: str, times: Repeats | None = None, /) -> float: ...
    def adjusted(self, average: str, times: Repeats | None = None, /) -> float: ...

class RankPairs:
    def __new__(cls, y_true: NDArray[Any], y_score: NDArray[Any], /) -> Self: ...
    @property
    def distinct(self) -> tuple[int, int]: ...
    def kendall(self, variant: str, times: Repeats | None = None, /) -> float | None: ...
    def kendall_test(self, variant: str, alternative: str, method: str, /) -> tuple[float, float]: ...
    def spearman(self, times: Repeats | None = None, /) -> float | None: ...
    def spearman_test(self, alternative: str, /) -> tuple[float, float]: ...
    def weighted_kendall(
        self,
        rank: str,
        weigher: str,
        additive: bool,
        /,
    ) -> float | None: ...
