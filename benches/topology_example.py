"""Topology of restored digits after Dice alone and with two terms for it: the record of examples/topology.

python benches/topology_example.py [--seeds 5] [--dry-run]
"""

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
from machine import describe, write

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "topology"))

from digits import load
from judging import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="degradations, and networks per loss")
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    machine = describe("lossary", "numpy", "torch", "mlxtend")
    torch.set_num_threads(1)
    started = time.process_time()
    found = run(*load(), seeds=given.seeds, finished=lambda text: print(text, flush=True))
    machine["processor_seconds"] = round(time.process_time() - started)
    rows = [asdict(each) for each in (*found.choices, *found.outcomes)]
    print(*rows, sep="\n")
    if not given.dry_run:
        write("topology", machine, rows)


if __name__ == "__main__":
    main()
