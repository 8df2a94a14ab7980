"""Energies of quantum wells by networks that see the equation alone, beside the analytic ones.

Run: python examples/quantum_well/run.py --output quantum_well
"""

import argparse
import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lossary.metrics import relative_l2_error
from solving import State, grid_of, solve
from wells import WELLS, Well


def main() -> None:
    """Learn every state of every well; print and write what comes out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("quantum_well"), help="Folder for result.json.")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # networks this small only wait for their threads
    load = os.getloadavg()[0]
    start = time.process_time()  # of one thread: what others do on the machine does not count
    rows = [row for well in WELLS for row in judged(well, solve(well, len(well.levels)))]
    seconds = time.process_time() - start
    result = {"torch": version("torch"), "load_before": round(load, 2), "cpu_seconds": round(seconds, 1)}
    (output / "result.json").write_text(
        json.dumps(result | {"states": rows}, indent=1) + "\n", encoding="utf-8"
    )
    for row in rows:
        print(" ".join(f"{cell:>14}" for cell in cells(row)))
    print(f"{seconds:.1f} s of one core")


def judged(well: Well, states: list[State]) -> list[dict[str, Any]]:
    """The energy of each state beside the analytic one, and the error of its wavefunction up to its sign."""
    points, rows = grid_of(well), []
    for number, (state, level) in enumerate(zip(states, well.levels, strict=False)):
        exact = well.state(number, points)
        exact = exact / torch.trapezoid(exact.square(), points).sqrt()
        error = min(relative_l2_error(exact, sign * state.wavefunction) for sign in (1, -1))
        rows.append(
            {
                "well": well.name,
                "state": number + 1,
                "analytic": level,
                "learned": state.energy,
                "relative_error": abs(state.energy / level - 1),
                "relative_l2_error": error,
            }
        )
    return rows


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table, as the README shows it."""
    return [
        row["well"],
        str(row["state"]),
        f"{row['analytic']:.5f}",
        f"{row['learned']:.5f}",
        f"{row['relative_error']:.1e}",
        f"{row['relative_l2_error']:.1e}",
    ]


if __name__ == "__main__":
    main()
