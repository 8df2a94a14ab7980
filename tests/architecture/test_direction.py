"""The direction rule of ARCHITECTURE.md: who may import whom, from the import statements of every file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "lossary"
ABOVE_LOSSES = {f"lossary.{name}" for name in ("catalog", "discovery", "conformance", "evaluation", "cli")}
WITH_TORCH = {f"lossary.{name}" for name in ("authoring", "losses", "training", "ops")}
FORBIDDEN = {
    "metrics": {"torch", "jaxtyping", "lossary.plugin", *WITH_TORCH, *ABOVE_LOSSES},
    "numerics": {"torch", "jaxtyping", "lossary.plugin", *WITH_TORCH, *ABOVE_LOSSES},
    "streaming": {"torch", "jaxtyping", "lossary.plugin", *WITH_TORCH, *ABOVE_LOSSES},
    "authoring": {"lossary._kernels", "lossary.losses", "lossary.training", *ABOVE_LOSSES},
    "losses": {"lossary._kernels", *ABOVE_LOSSES},
    "training": {"lossary._kernels", *ABOVE_LOSSES},
    "ops": {"lossary.losses", "lossary.training", *ABOVE_LOSSES},
    "evaluation": {"torch", "lossary.cli", "lossary.conformance", "lossary.plugin", *WITH_TORCH},
    "conformance": {"lossary._kernels", "lossary.losses", "lossary.cli"},
    "discovery.py": {"torch", *WITH_TORCH},
    "catalog.py": {"lossary.losses"},
    "errors.py": {"lossary"},
    "naming.py": {"lossary"},
}


def imports(source: str) -> Iterator[str]:
    """Every module that a file may import, inside functions too; ``from a import b`` gives a and a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def violations(source: str, forbidden: set[str]) -> set[str]:
    return {
        name
        for name in imports(source)
        if name.startswith(".") or any(name == bad or name.startswith(f"{bad}.") for bad in forbidden)
    }


def files_of(part: str) -> list[Path]:
    path = PACKAGE / part
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


CASES = [(part, path) for part in FORBIDDEN for path in files_of(part)]
PACKS = sorted((ROOT / "plugins").glob("*/src/**/*.py"))


@pytest.mark.parametrize(("part", "path"), CASES, ids=[str(path.relative_to(PACKAGE)) for _, path in CASES])
def test_imports_point_one_way(part, path):
    assert violations(path.read_text(encoding="utf-8"), FORBIDDEN[part]) == set()


@pytest.mark.parametrize("path", PACKS, ids=[str(path.relative_to(ROOT)) for path in PACKS])
def test_packs_use_what_any_plugin_may_use(path):
    assert violations(path.read_text(encoding="utf-8"), {"lossary._kernels", *ABOVE_LOSSES}) == set()


@pytest.mark.parametrize(
    "line",
    [
        "import torch.nn",
        "from torch import nn",
        "def late():\n    import torch",
        "from lossary import authoring",
        "from lossary.authoring.spec import LossSpec",
        "from . import curves",
    ],
)
def test_an_import_against_the_direction_would_be_seen(line):
    assert violations(line, FORBIDDEN["metrics"])


def test_an_import_along_the_direction_is_none():
    assert (
        violations("import torchvision_like, numpy\nfrom lossary import _kernels", FORBIDDEN["metrics"])
        == set()
    )


def test_the_package_has_no_part_without_a_rule():
    whole = {"__init__.py", "__main__.py", "cli", "extras.py", "plugin.py", "settings.py"}
    parts = {
        path.name for path in PACKAGE.iterdir() if path.suffix in {".py", ""} and path.name != "__pycache__"
    }
    assert parts - whole <= set(FORBIDDEN)


LOSS_PACKAGES = [*PACKAGE.glob("losses/*/__init__.py"), *(ROOT / "plugins").glob("*/src/*/__init__.py")]


def beyond_the_hook(source: str) -> set[str]:
    """What a loss package imports apart from the marker of its hook."""
    return set(imports(source)) - {"lossary.plugin", "lossary.plugin.hookimpl"}


@pytest.mark.parametrize("path", LOSS_PACKAGES, ids=[path.parent.name for path in LOSS_PACKAGES])
def test_a_loss_package_imports_its_hook_and_nothing_else(path):
    assert beyond_the_hook(path.read_text(encoding="utf-8")) == set()


def test_a_loss_package_that_imports_its_losses_would_be_seen():
    source = "from lossary.plugin import hookimpl\nfrom lossary_physics.causal_residual import LOSS"
    assert "lossary_physics.causal_residual" in beyond_the_hook(source)
