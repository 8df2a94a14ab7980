"""`site`: a folder of distributions on the path, written by hand, as ``pip install`` would leave it."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from lossary.catalog import Catalog
from lossary.discovery import PluginProblem, discover
from lossary.naming import pascal_case

HOOK = """\
from lossary.plugin import hookimpl


@hookimpl
def lossary_loss_packages():
    return [__name__]
"""


class Site:
    """Distributions in one folder."""

    hook = HOOK

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(
        self,
        distribution: str,
        *,
        entries: Mapping[str, str],
        files: Mapping[str, str],
        version: str = "1.0",
        requires: str = "",
    ) -> None:
        """Install a distribution: its metadata and its files."""
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        if requires:
            metadata += f"Requires-Dist: {requires}\n"
        points = "[lossary]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        info = f"{distribution.replace('-', '_')}-{version}.dist-info"
        self.write({f"{info}/METADATA": metadata, f"{info}/entry_points.txt": points, **files})

    def add_good(self, family: str = "good", loss: str = "tidy") -> None:
        """Install a plugin as it should be, with one loss."""
        package = f"{family}_losses"
        files = {f"{package}/__init__.py": HOOK, f"{package}/{loss}.py": self.loss(loss)}
        self.add(f"{family}-dist", entries={family: package}, files=files)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()

    @staticmethod
    def loss(name: str, *, options: str = "") -> str:
        """A loss file; ``options`` are further arguments of its LossSpec."""
        return f'''
from lossary.authoring import LossSpec, Paper, loss_module


def {name}(prediction, target, *, scale=1.0):
    """Squared distance."""
    return scale * (prediction - target).square().mean()


{pascal_case(name)} = loss_module({name})

LOSS = LossSpec(
    function={name},
    module={pascal_case(name)},
    paper=Paper(title="Squares", authors="Gauss", venue="Perthes", year=1809, url="https://example.org"),
    differentiable=("prediction",),
    example_inputs=lambda generator: {{}},
    unpaired_reason="a test",
    {options}
)
'''

    def catalog(self, *plugins: str) -> Catalog:
        """What discovery finds of these plugins and of the wheel, whatever else is installed."""
        return Catalog(*discover({"lossary", *plugins}))

    def problem(self, plugin: str) -> PluginProblem:
        """The one problem of a plugin; everybody else must still work beside it."""
        self.add_good()
        catalog = self.catalog(plugin, "good")
        assert catalog.names(task="good") == ("tidy",)
        assert {"auc", "segmentation"} <= set(catalog.tasks())
        (problem,) = catalog.problems
        return problem

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these distributions on its path."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOSSARY_")}
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**inherited, "PYTHONPATH": str(self.root), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
