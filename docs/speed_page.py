"""The page of times beside those of other packages, from the newest record of each topic."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

MARK = "-side-by-side-"
HEAD = "| contest | one thread | two threads | others: how many times as long |\n|---|---:|---:|---|\n"
INTRO = """\
Medians of one run each on two cores, ours and the others by turns in the same process, after their answers
were compared. The last column counts from our one thread; below 1 the other one is faster. `make bench`
measures all of it anew.
"""


def speed_page(root: Path, note: str) -> str:
    """One table for each topic that is measured side by side."""
    newest = {
        path.stem.partition(MARK)[2]: path for path in sorted(root.glob(f"benches/record/*{MARK}*.json"))
    }
    tables = "\n".join(topic(name, newest[name], root) for name in sorted(newest))
    return f"<!-- {note} -->\n\n# Speed\n\n{INTRO}\n{tables}"


def topic(name: str, record: Path, root: Path) -> str:
    """The contests of one record."""
    words = name.replace("-", " ").capitalize()
    source = f"benches/side_by_side/bench_{name.replace('-', '_')}.py"
    links = f"[{source}](../{source}), [record](../{record.relative_to(root).as_posix()})"
    found = json.loads(record.read_text(encoding="utf-8"))
    cpu = found["machine"]["cpu"] + ", AVX-512" * ("avx512f" in found["machine"].get("vectors", []))
    contests = groupby(found["rows"], key=lambda row: row["group"])
    lines = "".join(line(name, list(group)) for name, group in contests)
    return f"## {words}\n\n{links}, on {cpu}\n\n{HEAD}{lines}"


def line(contest: str, rows: list[dict[str, Any]]) -> str:
    """Our time, which the record has first, and those of packages that are not ours."""
    ours, *others = rows
    two = [row for row in others if row["contender"] == "lossary, 2 threads"]
    peers = [
        f"{row['contender'].removesuffix(', 1 thread')} {times(row['times_lossary'])}"
        for row in others
        if "lossary" not in row["contender"] and not row["contender"].startswith(("np.sort", "the kernel"))
    ]
    cells = [contest, duration(ours), *(map(duration, two) if two else [""]), "; ".join(peers)]
    return f"| {' | '.join(cells)} |\n"


def duration(row: dict[str, Any]) -> str:
    """The median of a contender."""
    milliseconds = row["median_seconds"] * 1e3
    return f"{milliseconds:,.{0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2}f} ms"


def times(ratio: float) -> str:
    """A ratio, in two digits at least."""
    return f"{ratio:,.{0 if ratio >= 10 else 1 if ratio >= 1 else 2}f}"
