"""Detect handwritten digits that overlap: which loss of boxes, and which suppression of double detections?

Run: python examples/detection/run.py --output detection
"""

import argparse
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NEEDS = ("lossary", "lossary_vision", "torch", "mlxtend")
LOSSES = ("smooth_l1", "giou", "ciou")


def main() -> None:
    """Run as the command line asks."""
    missing = [package for package in NEEDS if find_spec(package) is None]
    if missing:
        sys.exit(f"needs {', '.join(missing)}: pip install lossary-vision mlxtend")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("detection"), help="folder for result.json")
    parser.add_argument("--seeds", type=int, default=2, help="how many detectors for each loss")
    parser.add_argument("--steps", type=int, default=250, help="of training each")
    parser.add_argument("--scenes", type=int, default=400, help="to train on, and half as many to test on")
    given = parser.parse_args()
    result = compare(given.seeds, given.steps, given.scenes)
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows(result)))


def compare(seeds: int, steps: int, count: int) -> dict[str, Any]:
    """Train a detector for each loss and seed, and judge it after each suppression.

    No digit of the test scenes is in a scene that was trained on.
    """
    from importlib.metadata import version

    import lossary
    import torch
    from detecting import detections, trained
    from judging import OVERLAPS, SUPPRESSIONS, average_precision, suppressed
    from scenes import digits, scenes
    from torch.nn import functional

    torch.set_num_threads(1)
    start = time.process_time()
    images = digits()
    test = scenes(images[4000:], count // 2, seed=1)
    values: dict[str, list[float]] = {}
    for seed in range(seeds):
        train = scenes(images[:4000], count, seed=2 + seed)
        for name in LOSSES:
            loss = functional.smooth_l1_loss if name == "smooth_l1" else lossary.get(name).function
            found = detections(trained(train, loss, steps=steps, seed=seed), test)
            for how in SUPPRESSIONS:
                kept = suppressed(found, how)
                for overlap in OVERLAPS:
                    key = f"{name}, {how}, {overlap}"
                    values.setdefault(key, []).append(average_precision(kept, test, overlap))
    settings = {"seeds": seeds, "steps": steps, "scenes": count}
    versions = {name: version(name) for name in ("lossary", "lossary-vision", "torch", "numpy")}
    return versions | settings | {"cpu_seconds": round(time.process_time() - start, 1), "values": values}


def rows(result: dict[str, Any]) -> list[list[str]]:
    """The table of the README: means over the seeds."""
    by_setting: dict[tuple[str, str], list[str]] = {}
    for key, values in result["values"].items():
        loss, how, _ = key.split(", ")
        by_setting.setdefault((loss, how), []).append(f"{sum(values) / len(values):.3f}")
    return [[f"`{loss}`", how, *means] for (loss, how), means in by_setting.items()]


if __name__ == "__main__":
    main()
