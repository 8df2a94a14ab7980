"""From scores, or files of scores, to metrics with intervals: overall and by group.

`evaluate` needs NumPy only; reading files needs pyarrow and printing tables needs rich (``lossary[eval]``).
"""

from lossary.evaluation.labels import Categories
from lossary.evaluation.plan import Plan
from lossary.evaluation.scoring import Evaluation, Part, Result, evaluate

__all__ = [
    "Categories",
    "Evaluation",
    "Part",
    "Plan",
    "Result",
    "evaluate",
]
