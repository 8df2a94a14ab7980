"""Writes the records of a side-by-side run, one for each file: `make bench`, or

pytest -c benches/side_by_side/pytest.ini benches/side_by_side --benchmark-json=times.json
"""

from itertools import groupby
from pathlib import Path
from typing import Any

import machine

PEERS = (
    "choix", "cripser", "ensemble-boxes", "gudhi", "libauc", "lossary", "numpy", "numba", "properscoring",
    "pytorch-metric-learning", "scikit-image", "scikit-learn", "scipy", "scoringrules", "scors", "torch",
    "torchmetrics",
)  # fmt: skip
STARTED = machine.describe(*PEERS)


def pytest_benchmark_update_json(benchmarks: Any, output_json: dict[str, Any]) -> None:  # noqa: ARG001
    """Medians, and the ratio of each to the fastest form of lossary on one thread, group by group."""
    for script, benchmarks_of_script in groupby(
        output_json["benchmarks"], key=lambda row: Path(row["fullname"].partition("::")[0]).stem
    ):
        rows = []
        for group, members in groupby(benchmarks_of_script, key=lambda row: row["group"]):
            contenders = list(members)
            ours = contenders[0]["stats"]["median"]
            for found in contenders:
                median, samples = found["stats"]["median"], found["extra_info"]["samples"]
                row = {
                    "group": group,
                    "contender": found["extra_info"]["contender"],
                    "median_seconds": median,
                    "times_lossary": round(median / ours, 3),
                    "rounds": found["stats"]["rounds"],
                }
                rows.append(row if samples is None else row | {"samples_per_second": round(samples / median)})
        subject = script.removeprefix("bench_").replace("_", "-")
        machine.write(f"side-by-side-{subject}", STARTED, rows)
