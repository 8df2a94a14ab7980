"""Errors and memory of the losses over all pairs.

    python benches/all_pairs_accuracy.py          # writes a record; about five minutes
    python benches/all_pairs_accuracy.py --dry-run

10,000 positives and 10,000 negatives are compared with sums over all pairs in extended precision (64 bits of
mantissa), for temperatures from 1 to 0.01 and classes that overlap, part, or lie the wrong way round. For a
million of each, where no sum over all pairs can be had, single derivatives are compared with sums over the
other class.
"""

import argparse
import subprocess
import sys
from typing import Any

import numpy as np
from lossary import _kernels
from machine import describe, write

SURROGATES = ("logistic", "squared_hinge")
TEMPERATURES = (1.0, 0.1, 0.01)
GAPS = (1.0, 4.0, -4.0)
MANY = 1_000_000
SAMPLED = 50
BLOCK = 64

PEAK = """
import re, sys
from pathlib import Path
import numpy as np
from lossary import _kernels

def kilobytes(of):
    return int(re.search(of + r":\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

count, surrogate = int(sys.argv[1]), sys.argv[2]
generator = np.random.default_rng(0)
target = generator.permutation(2 * count) < count
score = generator.normal(size=2 * count) + target
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
before = kilobytes("VmRSS")
_kernels.all_pairs(score, target, None, 2 * count, surrogate, 1.0, 1.0, 1.0)
print(kilobytes("VmHWM") - before)
"""


def samples(count: int, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """As many positives as negatives; normal scores, their means ``gap`` apart."""
    generator = np.random.default_rng(count)
    target = generator.permutation(2 * count) < count
    return generator.normal(size=2 * count) + gap * target, target


def loss_and_slope(difference: np.ndarray, surrogate: str) -> tuple[np.ndarray, np.ndarray]:
    """The surrogate of differences over the temperature, and its derivative."""
    if surrogate == "squared_hinge":
        short = np.maximum(1 - difference, 0)
        return short**2, -2 * short
    tail = np.exp(-np.abs(difference))
    loss = np.log1p(tail) + np.maximum(-difference, 0)
    return loss, -np.where(difference > 0, tail, 1) / (1 + tail)


def brute_force(
    score: np.ndarray, target: np.ndarray, surrogate: str, temperature: float
) -> tuple[np.longdouble, np.ndarray]:
    """The mean over all pairs and its gradient, in extended precision."""
    positives, negatives = (score[mask].astype(np.longdouble) for mask in (target, ~target))
    value = np.longdouble(0)
    pull, push = np.zeros_like(positives), np.zeros_like(negatives)
    for start in range(0, len(positives), BLOCK):
        rows = slice(start, start + BLOCK)
        difference = (positives[rows, None] - negatives) / np.longdouble(temperature)
        loss, slope = loss_and_slope(difference, surrogate)
        value += loss.sum()
        pull[rows] = slope.sum(1)
        push -= slope.sum(0)
    pairs = np.longdouble(len(positives)) * len(negatives)
    gradient = np.empty(len(score), np.longdouble)
    gradient[target], gradient[~target] = pull, push
    return value / pairs, gradient / pairs / np.longdouble(temperature)


def few(count: int, surrogate: str, temperature: float, gap: float) -> dict[str, Any]:
    score, target = samples(count, gap)
    value, gradient = brute_force(score, target, surrogate, temperature)
    found = _kernels.all_pairs(score, target, None, len(score), surrogate, 1.0, 1.0, temperature)
    return {
        "error_of_value": float(abs(found[0] - value) / abs(value)),
        "error_of_gradient": float(np.abs(found[1] - gradient).max() / np.abs(gradient).max()),
    }


def many(surrogate: str, temperature: float, gap: float) -> dict[str, Any]:
    score, target = samples(MANY, gap)
    _, gradient = _kernels.all_pairs(score, target, None, len(score), surrogate, 1.0, 1.0, temperature)
    largest, worst = np.abs(gradient).max(), 0.0
    others = {side: score[target != side].astype(np.longdouble) for side in (False, True)}
    for place in np.random.default_rng(1).integers(len(score), size=SAMPLED):
        sign = 1 if target[place] else -1
        difference = sign * (np.longdouble(score[place]) - others[bool(target[place])])
        _, slope = loss_and_slope(difference / np.longdouble(temperature), surrogate)
        wanted = sign * slope.sum() / np.longdouble(MANY) ** 2 / np.longdouble(temperature)
        worst = max(worst, float(abs(gradient[place] - wanted) / largest))
    return {"derivatives_compared": SAMPLED, "error_of_gradient": worst}


def peak_megabytes(surrogate: str) -> float:
    """Memory beyond the input, the gradient included, in a process of its own (Linux)."""
    command = [sys.executable, "-c", PEAK, str(MANY), surrogate]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--count", type=int, default=10_000, help="positives, and negatives, of the full comparison"
    )
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    machine = describe("lossary", "numpy")
    rows = []
    for surrogate in SURROGATES:
        for temperature in TEMPERATURES:
            for gap in GAPS:
                case = {"surrogate": surrogate, "temperature": temperature, "gap": gap}
                rows.append(case | {"samples": 2 * given.count} | few(given.count, **case))
                print(rows[-1], flush=True)
            case = {"surrogate": surrogate, "temperature": temperature, "gap": 1.0}
            rows.append(case | {"samples": 2 * MANY} | many(**case))
            print(rows[-1], flush=True)
        rows.append(
            {"surrogate": surrogate, "samples": 2 * MANY, "peak_megabytes": peak_megabytes(surrogate)}
        )
        print(rows[-1], flush=True)
    if not given.dry_run:
        write("all-pairs-accuracy", machine, rows)


if __name__ == "__main__":
    main()
