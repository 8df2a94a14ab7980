"""What every record says of the machine, and where records go."""

import json
import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lossary

RECORD = Path(__file__).parent / "record"


def describe(*packages: str) -> dict[str, Any]:
    """Processor, threads, versions of these packages and the load before the measurement."""
    model, vectors = platform.processor(), []
    if (info := Path("/proc/cpuinfo")).exists():
        text = info.read_text()
        model = re.search(r"model name\s*:\s*(.*)", text)[1]
        vectors = [name for name in ("avx2", "avx512f") if re.search(rf"\b{name}\b", text)]
    return {
        "cpu": model,
        "vectors": vectors,
        "cores": os.cpu_count(),
        "threads": lossary.get_num_threads(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
        "load_before": os.getloadavg()[0],
    }


def write(subject: str, machine: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Write ``record/<date>-<machine>-<subject>.json``."""
    machine["load_after"] = os.getloadavg()[0]
    slug = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")
    path = RECORD / f"{datetime.now(UTC):%Y-%m-%d}-{slug}-{machine['cores']}core-{subject}.json"
    path.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    print(f"wrote {path}")
