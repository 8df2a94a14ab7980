"""Six imbalanced sets, three losses, one small network: does training for the ROC AUC raise it?

Run: python examples/imbalanced/run.py --output imbalanced
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tabular"))

from command import Experiment, serve


def prepare() -> Experiment:
    """Three losses, judged by ROC AUC and average precision."""
    from comparison import METRICS, run, summarise
    from models import EPOCHS
    from presentation import findings, terminal_table, write
    from rich.console import Console

    def show(folder: Path, results: list[Any]) -> None:
        """Write models.csv, summary.csv and differences.png, and print tables and findings."""
        found = summarise(results)
        write(folder, results, found)
        console = Console()
        for metric in METRICS:
            console.print(terminal_table(found, metric))
        for line in findings(found):
            console.print(line, highlight=False)

    return Experiment(EPOCHS, run, show)


if __name__ == "__main__":
    serve("imbalanced", prepare)
