"""Writes the record of a side-by-side run: `make bench`, or

pytest -c benches/side_by_side/pytest.ini benches/side_by_side --benchmark-json=times.json
"""

from itertools import groupby
from typing import Any

import machine

PEERS = ("lossary", "numpy", "numba", "scikit-learn", "scipy", "scors", "torch", "torchmetrics")
STARTED = machine.describe(*PEERS)


def pytest_benchmark_update_json(benchmarks: Any, output_json: dict[str, Any]) -> None:  # noqa: ARG001
    """Medians, and the ratio of each to the fastest form of lossary on one thread, group by group."""
    rows = []
    for group, members in groupby(output_json["benchmarks"], key=lambda row: row["group"]):
        medians = {row["extra_info"]["contender"]: row["stats"]["median"] for row in members}
        ours = next(iter(medians.values()))
        rows += [
            {
                "group": group,
                "contender": contender,
                "median_seconds": median,
                "times_lossary": round(median / ours, 3),
            }
            for contender, median in medians.items()
        ]
    machine.write("side-by-side", STARTED, rows)
