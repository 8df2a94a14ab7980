"""Metrics of lossary against scikit-learn's: same process, same minute, turn by turn, answers compared first.

    python benches/bench_metrics.py                 # all sizes, writes a record
    python benches/bench_metrics.py --largest 1e6   # quicker
    python benches/bench_metrics.py --only roc_auc_score --dry-run

Each row holds the medians of the wall times, and the median of the ratios of neighbouring turns.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import lossary
import numpy as np
import sklearn.metrics
from machine import describe, write

SIZES = (100, 10_000, 1_000_000, 10_000_000)

PEAK = """
import re, sys
from pathlib import Path
import numpy as np
from lossary.metrics import roc_auc_score
generator = np.random.default_rng(0)
count = int(sys.argv[1])
y_true = np.empty(count, np.bool_)
for start in range(0, count, 100_000):  # in pieces, so that the inputs are the peak so far
    y_true[start : start + 100_000] = generator.random(min(count - start, 100_000)) < 0.3
y_score = generator.random(count, dtype=np.float32)
def peak():  # not getrusage: its maximum starts from that of the parent process
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
roc_auc_score(y_true[:1000], y_score[:1000])
before = peak()
roc_auc_score(y_true, y_score)
print(peak() - before)
"""


def samples(count: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """30 % positives, whose normal scores are shifted by one half."""
    generator = np.random.default_rng(count)
    y_true = generator.random(count) < 0.3
    y_true[:2] = False, True
    return y_true, (generator.normal(size=count) + 0.5 * y_true).astype(dtype)


def jobs(largest: float) -> list[tuple[str, str, int, tuple[Any, ...], dict[str, Any]]]:
    """Metric, shape of the data, size, arguments and options."""
    found = []
    for count in SIZES:
        if count > largest:
            continue
        found += [
            ("roc_auc_score", dtype, count, samples(count, dtype), {}) for dtype in ("float32", "float64")
        ]
        y_true, y_score = samples(count, "float64")
        y_pred = (y_score > 0.5).astype(np.int64)
        labels = y_true.astype(np.int64)
        found.append(("f1_score", "int64 labels", count, (labels, y_pred), {}))
        if count == 1_000_000:
            weight = {"sample_weight": np.random.default_rng(1).random(count)}
            proba = 1 / (1 + np.exp(-y_score))
            found += [
                ("roc_auc_score", "float64 weighted", count, (y_true, y_score), weight),
                ("roc_auc_score", "101 values", count, (y_true, np.round(proba, 2)), {}),
                ("roc_curve", "float64", count, (y_true, y_score), {}),
                ("average_precision_score", "float64", count, (y_true, y_score), {}),
                ("confusion_matrix", "int64 labels", count, (labels, y_pred), {}),
                ("brier_score_loss", "float64", count, (y_true, proba), {}),
            ]
    return found


def assert_equal(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, tuple):
        for one, other in zip(ours, theirs, strict=True):
            assert_equal(one, other)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


def clock(call: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def compare(name: str, args: tuple[Any, ...], options: dict[str, Any], turns: int) -> dict[str, float]:
    """Check that both give the same, then time them turn by turn."""

    def ours() -> Any:
        return getattr(lossary.metrics, name)(*args, **options)

    def theirs() -> Any:
        return getattr(sklearn.metrics, name)(*args, **options)

    assert_equal(ours(), theirs())
    repeats = [max(1, min(2000, int(0.05 / clock(call, 1)))) for call in (ours, theirs)]
    pairs = [(clock(ours, repeats[0]), clock(theirs, repeats[1])) for _ in range(turns)]
    return {
        "lossary_seconds": statistics.median(own for own, _ in pairs),
        "scikit_learn_seconds": statistics.median(other for _, other in pairs),
        "times_faster": statistics.median(other / own for own, other in pairs),
    }


def peak_megabytes(count: int) -> float:
    """Memory beyond the input that roc_auc_score takes on float32, in a process of its own (Linux)."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(count)], check=True, capture_output=True, text=True
    )
    return int(done.stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=float, default=max(SIZES))
    parser.add_argument("--only", help="name of one metric")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    found = describe("lossary", "numpy", "scikit-learn")
    rows = []
    for name, data, count, args, options in jobs(given.largest):
        if given.only in (None, name):
            row = {"metric": name, "data": data, "samples": count}
            # small calls are quick and jittery: more turns
            row |= compare(name, args, options, given.turns * (5 if count <= 10_000 else 1))
            rows.append(row)
            print(f"{name:24} {data:17} {count:>9,} {row['lossary_seconds'] * 1e6:>13,.1f} us ", end="")
            print(f"{row['times_faster']:>7.1f} times faster")
    if given.only in (None, "roc_auc_score"):
        count = int(min(given.largest, max(SIZES)))
        found["peak_megabytes"] = {"roc_auc_score float32": peak_megabytes(count), "samples": count}
        print(
            f"memory beyond the input at {count:,}: {found['peak_megabytes']['roc_auc_score float32']:.1f} MB"
        )
    if not given.dry_run:
        write("metrics", found, rows)


if __name__ == "__main__":
    main()
