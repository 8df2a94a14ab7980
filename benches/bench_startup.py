"""What starting costs: imports, listing and the command line, in processes of their own.

python benches/bench_startup.py
"""

import argparse
import statistics
import subprocess
import sys
import time

from machine import describe, write

CASES = {
    "python": "pass",
    "numpy": "import numpy",
    "lossary": "import lossary",
    "lossary.names()": "import lossary; lossary.names()",
    "lossary --help": "from lossary.cli import main; main(['--help'])",
}


def seconds(code: str) -> float:
    """Wall time of a process that runs this code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    found = describe("lossary", "numpy", "pluggy", "typer")
    walls: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(given.turns):  # turn by turn, so that a noisy minute meets all of them
        for name, code in CASES.items():
            walls[name].append(seconds(code))
    rows = [{"case": name, "seconds": statistics.median(times)} for name, times in walls.items()]
    beyond = statistics.median(
        ours - numpy for ours, numpy in zip(walls["lossary"], walls["numpy"], strict=True)
    )
    rows.append({"case": "lossary beyond numpy", "seconds": beyond})
    for row in rows:
        print(f"{row['case']:22} {row['seconds'] * 1e3:8.1f} ms")
    if not given.dry_run:
        write("startup", found, rows)


if __name__ == "__main__":
    main()
