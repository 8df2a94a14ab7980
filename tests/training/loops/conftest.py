"""The loops under examples/training, imported as a reader runs them: from their own folder."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

FOLDER = Path(__file__).parents[3] / "examples" / "training"


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import the script of this name; what was imported is forgotten, as other folders have such names."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in [script.stem for script in FOLDER.glob("*.py")]:
        sys.modules.pop(name, None)
