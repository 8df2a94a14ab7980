"""Golden files: numbers that a loss or a metric must reproduce, with where they come from.

A file is ``<name>.json`` or ``<digits>-<name>.json``::

    {"loss": "dice", "provenance": "...", "cases": [{"id": "two_empty_maps", "params": {"smooth": 1.0},
     "inputs": {"prediction": {"dtype": "float64", "shape": [1, 2], "data": [[0.0, 1.0]]}},
     "expected": {"loss": 0.0}, "grad": {"prediction": [[0.0, 0.0]]}, "rtol": 1e-6}]}

Reading them needs NumPy only, so that tests of metrics run without torch.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossary.errors import InvalidInputError

RTOL = 1e-6
ATOL = 1e-9


@dataclass(frozen=True)
class GoldenCase:
    """One call and its numbers.

    Attributes:
        id: what the case shows.
        params: options, by name.
        inputs: arrays (or None), by name.
        expected: outputs as in the file (numbers, nested lists, dicts), by name.
        grad: gradient of the sum of the loss, by input; empty when the file gives none.
        rtol: relative tolerance of outputs and gradients; 0 means exact.
        atol: absolute tolerance.
    """

    id: str
    params: Mapping[str, Any]
    inputs: Mapping[str, np.ndarray | None]
    expected: Mapping[str, Any]
    grad: Mapping[str, np.ndarray]
    rtol: float
    atol: float

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class Goldens:
    """The contents of one golden file: whose numbers, from where, and the cases."""

    name: str
    provenance: str
    cases: tuple[GoldenCase, ...]


def load_goldens(path: str | Path) -> Goldens:
    """Read a golden file.

    Args:
        path: the JSON file.

    Returns:
        Its cases, with NumPy arrays as inputs.

    Raises:
        InvalidInputError: the file is missing, is no JSON, or lacks a part.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        cases = tuple(_case(entry) for entry in content["cases"])
        goldens = Goldens(content["loss"], content.get("provenance", ""), cases)
    except OSError as error:
        raise InvalidInputError(f"path: got {path} ({error.strerror}); wanted a golden file") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"path: got {path} ({type(error).__name__}: {error}); wanted a golden file"
        ) from error
    if not goldens.cases:
        raise InvalidInputError(f"path: got {path} without a case; wanted a golden file")
    return goldens


def find_goldens(directory: str | Path, name: str) -> tuple[Path, ...]:
    """Golden files of one loss or metric in a directory, sorted; several sources may give one each.

    Raises:
        InvalidInputError: the directory does not exist.
    """
    check_directory(directory)
    wanted = re.compile(rf"(\d+-)?{re.escape(name)}\.json")
    return tuple(sorted(path for path in Path(directory).iterdir() if wanted.fullmatch(path.name)))


def check_directory(goldens: str | Path | None) -> None:
    """Raise InvalidInputError unless ``goldens`` is a directory, or None."""
    if goldens is not None and not Path(goldens).is_dir():
        raise InvalidInputError(f"goldens: got {goldens}; wanted an existing directory")


def _case(entry: dict[str, Any]) -> GoldenCase:
    inputs = {name: _array(value) for name, value in entry["inputs"].items()}
    rtol = float(entry.get("rtol", RTOL))
    return GoldenCase(
        id=entry["id"],
        params={name: _array(value) for name, value in entry.get("params", {}).items()},
        inputs=inputs,
        expected=entry["expected"],
        grad={
            name: np.asarray(value, dtype=np.float64).reshape(np.shape(inputs[name]))
            for name, value in (entry.get("grad") or {}).items()
        },
        rtol=rtol,
        atol=float(entry.get("atol", ATOL if rtol else 0.0)),
    )


def _array(value: Any) -> Any:
    """Decode ``{dtype, shape, data}``; NumPy itself reads "nan", "inf" and null inside ``data``."""
    if not (isinstance(value, dict) and {"dtype", "shape", "data"} <= value.keys()):
        return value
    return np.array(value["data"], dtype=value["dtype"]).reshape(value["shape"])
