"""The ways of quantising that are compared, and the table of what they give."""

from typing import Any

AVERAGES = (2, 3)
WAYS = ("the same bits", "allocated bits", "allocated, plain fit", "allocated, weighted fit")


def rows(result: dict[str, Any]) -> list[list[str]]:
    """The table of the README: means over the seeds, and in how many a way is closer than the one above."""
    found, values = [], result["values"]
    found.append(["none", "as trained", "0", "", f"{mean(values['whole']['accuracy']):.3f}"])
    for average in AVERAGES:
        above: list[float] = []
        for name in WAYS:
            entry = values[f"{average} bits: {name}"]
            here = entry["divergence"]
            closer = sum(new < old for new, old in zip(here, above, strict=True)) if above else None
            wins = "" if closer is None else f"{closer} of {len(here)}"
            found.append([str(average), name, f"{mean(here):.4f}", wins, f"{mean(entry['accuracy']):.3f}"])
            above = here
    return found


def mean(numbers: list[float]) -> float:
    """Of the seeds."""
    return sum(numbers) / len(numbers)
