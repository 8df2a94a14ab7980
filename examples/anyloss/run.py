"""Six imbalanced sets, eight losses, one small network: does training for a score raise it?

Run: python examples/anyloss/run.py --output anyloss
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tabular"))

from command import Experiment, serve


def prepare() -> Experiment:
    """Eight losses, each for every score and rule of thresholds."""
    from contest import run
    from contestants import EPOCHS
    from report import summaries, write
    from rich.console import Console
    from rich.table import Table
    from summary import Outcomes

    def show(folder: Path, results: list[Any]) -> None:
        """Write models.csv, differences.csv, tables.md and differences.png, and print the first tables."""
        write(folder, results)
        console = Console()
        for title, (header, rows) in summaries(Outcomes(results)).items():
            table = Table(*header, title=title, show_lines=True)
            for row in rows:
                table.add_row(*row)
            console.print(table)

    return Experiment(EPOCHS, run, show)


if __name__ == "__main__":
    serve("anyloss", prepare)
