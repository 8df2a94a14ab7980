"""How often intervals hold the true value: normal scores of known areas, many data sets.

python benches/interval_coverage.py [--replications 10000] [--resampled 1000] [--dry-run]
"""

import argparse
import math
from statistics import NormalDist
from typing import Any

import numpy as np
from lossary.metrics import Confidence, average_precision_score, roc_auc_score
from machine import describe, write
from numpy.typing import NDArray

AREAS = (0.6, 0.8, 0.95)
SIZES = ((200, 0.3), (200, 0.1), (5000, 0.3), (5000, 0.1))
CLOSED = ("delong_newcombe", "delong_logit", "delong", "newcombe")
DRAWN = ("bca", "percentile")
LEVEL = 0.95


def samples(area: float, count: int, share: float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and normal scores, of one variance, whose true area is given."""
    positives = round(count * share)
    y_true = np.repeat([1, 0], [positives, count - positives])
    shift = math.sqrt(2) * NormalDist().inv_cdf(area)
    return y_true, np.random.default_rng(seed).normal(size=count) + shift * y_true


def average_precision(area: float, share: float) -> float:
    """The average precision of the same scores without end, by the midpoint rule over recall."""
    normal, shift = NormalDist(), math.sqrt(2) * NormalDist().inv_cdf(area)
    cuts = 20_000
    total = 0.0
    for index in range(cuts):
        recall = (index + 0.5) / cuts
        false = 1 - normal.cdf(normal.inv_cdf(1 - recall) + shift)
        total += share * recall / (share * recall + (1 - share) * false)
    return total / cuts


def cover(
    metric: Any, truth: float, case: tuple[float, int, float], method: str, count: int
) -> dict[str, Any]:
    """Coverage, misses on either side and mean width over ``count`` data sets."""
    below = above = width = 0.0
    for seed in range(count):
        settings = Confidence(level=LEVEL, method=method, seed=seed, stratified=True)
        interval = metric(*samples(*case, seed), confidence=settings)
        below += interval.low > truth
        above += interval.high < truth
        width += interval.high - interval.low
    return {
        "metric": metric.__name__,
        "method": method,
        "area": case[0],
        "samples": case[1],
        "positives": case[2],
        "replications": count,
        "coverage": 1 - (below + above) / count,
        "too_high": below / count,
        "too_low": above / count,
        "width": width / count,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--replications", type=int, default=10_000, help="data sets for the closed formulas")
    parser.add_argument("--resampled", type=int, default=1000, help="data sets for the bootstrap")
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    found = describe("lossary", "numpy")
    rows = []
    for count, share in SIZES:
        for area in AREAS:
            case = (area, count, share)
            plans = [(roc_auc_score, area, method, given.replications) for method in CLOSED]
            plans += [(roc_auc_score, area, method, given.resampled) for method in DRAWN]
            precision = average_precision(area, share)
            plans += [(average_precision_score, precision, method, given.resampled) for method in DRAWN]
            for metric, truth, method, replications in plans:
                row = cover(metric, truth, case, method, replications)
                rows.append(row)
                print(
                    f"{row['metric']:24} {method:16} area {area:4} n {count:5} positives {share:3.0%}"
                    f" coverage {row['coverage']:.2%} ({row['too_high']:.1%} {row['too_low']:.1%})"
                    f" width {row['width']:.4f}",
                    flush=True,
                )
    if not given.dry_run:
        write("coverage", found, rows)


if __name__ == "__main__":
    main()
