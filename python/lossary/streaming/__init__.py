"""States of metrics: built batch by batch, merged in any order, read at any time.

``state.update(y_true, y_score)`` adds a batch, ``state.merge(other)`` another state. Neither the cut into
batches, nor the order, nor the number of threads changes a bit of what a state tells; an empty state changes
nothing. `ExactRankingState` keeps every distinct score and gives the metrics of `lossary.metrics` on all
samples; `BoundedRankingState` keeps bins, in memory that never grows, and gives them with certain bounds;
`CalibrationState` keeps bins of probabilities, and gives the measures of calibration exactly;
`ConfusionState` counts predicted labels, and evaluates any metric of them; `TopologyState` sums errors of
segmentations in components, loops and cavities.
"""

from lossary.streaming.bounded import BoundedRankingState
from lossary.streaming.calibration import CalibrationState
from lossary.streaming.confusion import ConfusionPairs, ConfusionState, ConfusionSummary
from lossary.streaming.exact import ExactRankingState
from lossary.streaming.results import (
    BoundedSummary,
    BoundedThreshold,
    Bounds,
    RankingSummary,
)
from lossary.streaming.topology import TopologyState, TopologySummary, TopologyTotals

__all__ = [
    "BoundedRankingState",
    "BoundedSummary",
    "BoundedThreshold",
    "Bounds",
    "CalibrationState",
    "ConfusionPairs",
    "ConfusionState",
    "ConfusionSummary",
    "ExactRankingState",
    "RankingSummary",
    "TopologyState",
    "TopologySummary",
    "TopologyTotals",
]
