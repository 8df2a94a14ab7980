"""``lossary rank``: a leaderboard of the matches or rankings in a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lossary.cli.output import UNWRAPPED, Format, in_words_of_the_command_line, progress
from lossary.errors import InvalidInputError, LossaryError
from lossary.evaluation import Leaderboard, leaderboard_of_pairs, leaderboard_of_rankings
from lossary.evaluation.leaderboard_plot import check_plot_path, write_plot
from lossary.evaluation.leaderboard_report import print_leaderboard, to_csv, to_json
from lossary.evaluation.readers import Columns, read_columns
from lossary.extras import require

OPTIONS = {
    "winner": "--winner",
    "loser": "--loser",
    "tie": "--tie",
    "ranking": "--ranking",
    "item": "--item",
    "position": "--position",
    "score": "--score",
    "sample_weight": "--weight",
    "prior": "--prior",
    "errors": "--errors",
    "confidence": "--confidence",
    "seed": "--seed",
    "plot": "--plot",
    "file": "FILE",
}
"""Arguments of the library, and what they are called on the command line."""

MATCHES = ("winner", "loser", "tie")
RANKINGS = ("ranking", "item", "position", "score")
NUMBERS = ("position", "score", "sample_weight")
OUTPUT_ENDINGS = (".json", ".csv")


def rank(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help=".csv, .csv.gz, .jsonl, .ndjson, .parquet, .arrow, .arrows, .feather or .npz"
        ),
    ],
    *,
    winner: Annotated[str | None, typer.Option(metavar="COL", help="Matches: column of who won.")] = None,
    loser: Annotated[str | None, typer.Option(metavar="COL", help="Matches: column of who lost.")] = None,
    tie: Annotated[
        str | None, typer.Option(metavar="COL", help="Matches: 1 or true where neither of the two won.")
    ] = None,
    ranking: Annotated[
        str | None, typer.Option(metavar="COL", help="Rankings: column of which ranking a row is of.")
    ] = None,
    item: Annotated[str | None, typer.Option(metavar="COL", help="Rankings: column of the items.")] = None,
    position: Annotated[
        str | None, typer.Option(metavar="COL", help="Rankings: place of the item, lowest best.")
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="COL", help="Rankings: or its score, highest best.")
    ] = None,
    weight: Annotated[str | None, typer.Option(metavar="COL", help="How often a row counts.")] = None,
    prior: Annotated[
        float, typer.Option(metavar="A", help="Strength of a prior, for items that only win or lose.")
    ] = 0.0,
    errors: Annotated[str, typer.Option(metavar="model|robust", help="Kind of standard errors.")] = "model",
    confidence: Annotated[
        float, typer.Option(metavar="C", help="Coverage of the intervals and ranges of ranks.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(metavar="N", help="Fixes the orders that stand for ties.")] = 0,
    printed: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write it: .json or .csv.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw it: .png, .svg, .pdf or .html.")
    ] = None,
) -> None:
    """Rank items by the matches or rankings in a file, with intervals.

    Matches: --winner and --loser, and --tie where some are. Rankings, a row for each item of each:
    --ranking, --item, and --position or --score. Equal ones in a ranking are ties. A tie counts as all its
    orders, equally likely: for two, half a win of each.

    The worth of an item is that of the Plackett-Luce model, for matches the Bradley-Terry model, with mean 0
    on the logarithmic scale: the difference of two is the logit of the probability that one is before the
    other. The range of an item's ranks leaves out what its differences to all others rule out.

    --errors robust has the standard errors from the results instead of the model: right with many ties, or
    where people disagree; too small from few comparisons.
    """
    roles = {
        "winner": winner,
        "loser": loser,
        "tie": tie,
        "ranking": ranking,
        "item": item,
        "position": position,
        "score": score,
    }
    given = {role: column for role, column in roles.items() if column is not None}
    _check_roles(given)
    if weight is not None:
        given["sample_weight"] = weight
    options: dict[str, Any] = {"prior": prior, "errors": errors, "confidence": confidence}
    try:
        if output is not None and output.suffix.lower() not in OUTPUT_ENDINGS:
            raise InvalidInputError(
                f"--output: got {output.name!r}; wanted a name that ends in .json or .csv"
            )
        if plot is not None:
            check_plot_path(plot)
            require("matplotlib", extra="report", purpose="--plot")
        with progress() as task:
            data = read_columns(file, _columns(given), advance=task("reading"))
        arguments: dict[str, Any] = {role: data[column] for role, column in given.items()}
        board = (
            leaderboard_of_pairs(**arguments, **options)
            if "winner" in given
            else leaderboard_of_rankings(**arguments, **options, seed=seed)
        )
        if plot is not None:
            write_plot(board, plot, title=file.name)
    except LossaryError as error:
        raise in_words_of_the_command_line(error, OPTIONS) from error
    if output is not None:
        is_csv = output.suffix.lower() == ".csv"
        text = to_csv(board) if is_csv else to_json(board, file=str(file)) + "\n"
        output.write_text(text, encoding="utf-8")
    _print(board, file, printed)


def _check_roles(given: dict[str, str]) -> None:
    """Raise InvalidInputError unless the columns are those of matches, or those of rankings."""
    matches, rankings = ([role for role in roles if role in given] for roles in (MATCHES, RANKINGS))
    wanted = "--winner and --loser, or --ranking, --item and one of --position and --score"
    if matches and rankings:
        raise InvalidInputError(f"--{rankings[0]}: got it beside --{matches[0]}; wanted {wanted}")
    needed = {"winner", "loser"} if matches else {"ranking", "item"}
    scored = bool(matches) or (("position" in given) != ("score" in given))
    if not (needed <= set(given) and scored):
        came = ", ".join(f"--{role}" for role in given) or "no columns"
        raise InvalidInputError(f"columns: got {came}; wanted {wanted}")


def _columns(given: dict[str, str]) -> Columns:
    numbers = tuple(column for role, column in given.items() if role in NUMBERS)
    return Columns(
        numbers=numbers, labels=tuple(column for role, column in given.items() if role not in NUMBERS)
    )


def _print(board: Leaderboard, file: Path, printed: Format) -> None:
    if printed is Format.JSON:
        typer.echo(to_json(board, file=str(file)))
        return
    console = require("rich.console", extra="eval", purpose="printing tables").Console()
    if not console.is_terminal:
        console.width = UNWRAPPED
    print_leaderboard(board, console, file=str(file))
