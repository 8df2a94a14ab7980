"""The rows of the README's tables, from what a run recorded."""

from collections.abc import Iterator, Mapping
from typing import Any

SETS = ("Bundesliga", "MovieLens")


def results(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Sizes, times and agreement of each set."""
    for name in SETS:
        found = record[name]
        yield [
            name,
            f"{found['items']}",
            f"{found['comparisons']:,}",
            f"{found['ties']:,}",
            f"{found['seconds']:.3f} s",
            f"{found['choix_seconds']:.3f} s",
            f"{found['largest_difference']:.0e}",
        ]


def tops(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """The items at the top of each set."""
    for name in SETS:
        for each in record[name]["top"]:
            yield [
                name,
                each["item"],
                f"{each['worth']:.3f}",
                f"{each['standard_error']:.3f}",
                f"{each['rank_low']} to {each['rank_high']}",
                f"{each['comparisons']:,}",
            ]
