"""A network on two or three bits a weight: bits where they matter, and blocks fitted to what they gave.

Run: python examples/compression/run.py --output compression
"""

import argparse
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ways import AVERAGES, WAYS, rows

NEEDS = ("lossary", "lossary_compression", "torch", "sklearn")


def main() -> None:
    """Run as the command line asks."""
    missing = [package for package in NEEDS if find_spec(package) is None]
    if missing:
        sys.exit(f"needs {', '.join(missing)}: pip install lossary-compression scikit-learn")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("compression"), help="folder for result.json")
    parser.add_argument("--seeds", type=int, default=5, help="how many networks")
    parser.add_argument("--epochs", type=int, default=150, help="of training each")
    parser.add_argument("--steps", type=int, default=150, help="of the fit of a block")
    given = parser.parse_args()
    result = compare(given.seeds, given.epochs, given.steps)
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(" | ".join(row) for row in rows(result)))


def compare(seeds: int, epochs: int, steps: int) -> dict[str, Any]:
    """Quantise a network for each seed in every way; test rows are used for nothing but the values."""
    from importlib.metadata import version

    import torch
    from lossary.metrics import accuracy_score
    from quantised import LAYERS, WIDTH, allocated, digits, divergence, quantised, trained

    torch.set_num_threads(1)
    start = time.process_time()
    values: dict[str, dict[str, list[float]]] = {}

    def judge(name: str, network: Any) -> None:
        logits = network(data.test[0])
        entry = values.setdefault(name, {"divergence": [], "accuracy": []})
        entry["divergence"].append(divergence(whole(data.test[0]), logits).item())
        entry["accuracy"].append(float(accuracy_score(data.test[1], logits.argmax(1))))

    for seed in range(seeds):
        torch.manual_seed(seed)
        data = digits(seed)
        whole = trained(data, epochs=epochs)
        judge("whole", whole)
        for average in AVERAGES:
            same = torch.full((LAYERS, WIDTH), average)
            bits = allocated(whole, data.calibration, average)
            ways = [(same, 0, False), (bits, 0, False), (bits, steps, False), (bits, steps, True)]
            for name, (chosen, fit, weighted) in zip(WAYS, ways, strict=True):
                network = quantised(whole, data.calibration, chosen, steps=fit, weighted=weighted)
                judge(f"{average} bits: {name}", network)
    settings = {"seeds": seeds, "epochs": epochs, "steps": steps}
    versions = {name: version(name) for name in ("lossary", "torch", "numpy")}
    return versions | settings | {"cpu_seconds": round(time.process_time() - start, 1), "values": values}


if __name__ == "__main__":
    main()
