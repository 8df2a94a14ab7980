"""The packages of this folder, importable, and copies of their losses with edits."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CONFORMANT = HERE / "packages" / "conformant"

Write = Callable[..., str]
Load = Callable[..., object]


@pytest.fixture
def goldens() -> Path:
    return HERE / "goldens"


@pytest.fixture
def write_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """``write_package(name, loss=text, ...)``: a loss package on disk and on the path; returns its name."""
    written: list[str] = []

    def write(name: str, **losses: str) -> str:
        folder = tmp_path / "packages" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text((CONFORMANT / "__init__.py").read_text())
        for loss, text in losses.items():
            (folder / f"{loss}.py").write_text(text)
        monkeypatch.syspath_prepend(folder.parent)
        invalidate_caches()
        written.append(name)
        return name

    yield write
    for module in [module for module in sys.modules if module.partition(".")[0] in written]:
        del sys.modules[module]


@pytest.fixture
def load_loss(write_package: Write) -> Load:
    """``load_loss(package, loss, *edits)``: the spec of a good loss's copy after (old, new) edits."""

    def load(package: str, loss: str, *edits: tuple[str, str]) -> object:
        text = (CONFORMANT / f"{loss}.py").read_text()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        return import_module(f"{write_package(package, **{loss: text})}.{loss}").LOSS

    return load
