"""The steps of the demo, from the data to the report."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import torch
import typer
from crashes import load
from report import findings, terminal_table, write_page
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from scoring import evaluate, write_predictions
from training import EPOCHS, RECIPES, Run, train

RESAMPLES = 300


def demo(
    *,
    output: Annotated[Path, typer.Option(help="Folder for the report and the predictions.")] = Path("demo"),
    seeds: Annotated[int, typer.Option(min=1, help="Models per loss.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs per model.")] = EPOCHS,
    quick: Annotated[bool, typer.Option("--quick", help="A trial run: one seed, three epochs.")] = False,
) -> None:
    """Train one model per loss and seed, score them with lossary eval, and write a report."""
    resamples = RESAMPLES
    if quick:
        seeds, epochs, resamples = 1, 3, 100
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # the models are so small that more threads only wait for each other
    crashes = load()
    predictions = {recipe.name: output / "output" / f"{recipe.name}.parquet" for recipe in RECIPES}
    runs: dict[str, list[Run]] = {}
    results, weighted = {}, {}
    with _progress(len(RECIPES) * (seeds + 2) + 2) as finished:
        for recipe in RECIPES:
            runs[recipe.name] = []
            for seed in range(seeds):
                run = train(recipe, crashes.train, crashes.test, seed=seed, epochs=epochs)
                runs[recipe.name].append(run)
                finished(f"trained {recipe.name}, seed {seed}")
            write_predictions(predictions[recipe.name], runs[recipe.name], crashes.train, crashes.test)
        for name, file in predictions.items():
            results[name] = evaluate(file, resamples=resamples)
            finished(f"lossary eval {file}")
            weighted[name] = evaluate(file, resamples=resamples, weighted=True)
            finished(f"lossary eval {file} --weight weight")
        lines = findings(results, runs, crashes.test.target, resamples=resamples)
        finished("compared the losses")
        write_page(
            output / "report.html",
            crashes=crashes,
            runs=runs,
            results=results,
            weighted=weighted,
            lines=lines,
            predictions=predictions,
            resamples=resamples,
        )
        finished(f"wrote {output / 'report.html'}")

    console = Console()
    console.print(terminal_table(results, seeds))
    for line in lines:
        console.print(line, highlight=False)
    console.print(f"Report: {output / 'report.html'}", highlight=False, soft_wrap=True)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, plain lines elsewhere; what is yielded is told of each finished step."""
    console = Console(stderr=True)
    shown = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=total)

        def finished(text: str) -> None:
            bar.update(task, advance=1, description=text)
            if not console.is_terminal:
                print(f"[{int(bar.tasks[0].completed)}/{total}] {text}", file=sys.stderr, flush=True)

        yield finished
