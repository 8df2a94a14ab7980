"""From scores, or files of scores, to metrics with intervals; from matches or rankings to a leaderboard.

`evaluate` and the leaderboards need NumPy only; reading files needs pyarrow and printing tables needs rich
(``lossary[eval]``), pictures need Matplotlib (``lossary[report]``).
"""

from lossary.evaluation.labels import Categories
from lossary.evaluation.leaderboard import (
    Leaderboard,
    Standing,
    leaderboard_of_pairs,
    leaderboard_of_rankings,
)
from lossary.evaluation.leaderboard_plot import plot_leaderboard
from lossary.evaluation.plan import Plan
from lossary.evaluation.scoring import Evaluation, Part, Result, evaluate

__all__ = [
    "Categories",
    "Evaluation",
    "Leaderboard",
    "Part",
    "Plan",
    "Result",
    "Standing",
    "evaluate",
    "leaderboard_of_pairs",
    "leaderboard_of_rankings",
    "plot_leaderboard",
]
