"""The generated files are fresh, and every public metric is documented."""

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from lossary import metrics, numerics

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    pytest.importorskip("torch")
    pytest.importorskip("jaxtyping")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.syspath_prepend(ROOT / "docs")  # as for a script
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    monkeypatch.undo()


def test_generated_files_are_fresh(generate, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    files = generate.generated_files()
    stale = [path.name for path, text in files.items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run: python docs/generate.py"
    names = [path.relative_to(ROOT).as_posix() for path in files]
    assert names[:9] == [
        "python/lossary/losses/__init__.pyi",
        "README.md",
        "docs/losses.md",
        "docs/metrics.md",
        "docs/numerics.md",
        "docs/training.md",
        "docs/papers.md",
        "docs/speed.md",
        "docs/gallery/README.md",
    ]
    assert "docs/gallery/segmentation.md" in names


def test_a_stale_file_fails_the_check_and_is_then_written(generate, monkeypatch, capsys, tmp_path):
    path = tmp_path / "page.md"
    path.write_text("old")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "all_losses", lambda root: {})
    monkeypatch.setattr(generate, "generated_files", lambda: {path: "new"})
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert path.read_text() == "old"
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert path.read_text() == "new"
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0
    assert capsys.readouterr().out == "stale: page.md\nwritten: page.md\n"


def test_pictures_are_drawn_only_where_files_are_written(generate, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "generated_files", dict)
    monkeypatch.setattr(generate, "all_losses", lambda root: {})
    monkeypatch.setattr(generate, "draw", lambda specs, root, missing_only: [root / f"{missing_only}.svg"])
    cases = (
        (["--check"], ""),
        (["--missing-pictures"], "picture: True.svg\n"),
        ([], "picture: False.svg\n"),
    )
    for words, shown in cases:
        monkeypatch.setattr(sys, "argv", ["generate.py", *words])
        assert generate.main() == 0
        assert capsys.readouterr().out == shown


def test_a_readme_without_markers_is_an_error(generate):
    with pytest.raises(ValueError, match=r"README\.md: got no <!-- losses:begin -->"):
        generate.with_table("# lossary\n", "| a |\n")


def test_the_table_replaces_what_is_between_the_markers(generate):
    readme = f"before\n{generate.BEGIN}old\n{generate.END}after\n"
    once = generate.with_table(readme, "| a |\n")
    assert once == f"before\n{generate.BEGIN}\n| a |\n\n{generate.END}after\n"
    assert generate.with_table(once, "| a |\n") == once


def test_the_packs_are_listed_whether_or_not_they_are_installed(generate, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    packs = [f"lossary_{name}" for name in ("compression", "language", "physics", "vision")]
    assert generate.pack_packages(ROOT) == packs


def test_the_stub_wraps_long_lines(generate, tmp_path, monkeypatch):
    name = "a_name_of_a_loss_that_is_really_long_and_goes_on"
    (tmp_path / "long_family").mkdir()
    (tmp_path / "long_family" / "__init__.py").touch()
    (tmp_path / "long_family" / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    text = generate.stub(generate.Catalog.from_packages(["long_family"]))
    assert f"from long_family.{name} import (\n    {name} as {name},\n)\n" in text
    assert max(map(len, text.splitlines())) <= generate.LINE_LENGTH


def undocumented(module: ModuleType, page: str) -> set[str]:
    """Public names without a docstring, a row in the page, or (functions) an example that runs."""
    missing = set()
    for name in module.__all__:
        value = getattr(module, name)
        doc = inspect.getdoc(value) or ""
        if not doc or f"| `{name}` |" not in page or (inspect.isfunction(value) and ">>>" not in doc):
            missing.add(name)
    return missing


@pytest.mark.parametrize("module", [metrics, numerics], ids=["metrics", "numerics"])
def test_every_public_name_is_documented_and_every_function_has_an_example(module):
    page = ROOT / "docs" / f"{module.__name__.rpartition('.')[2]}.md"
    assert undocumented(module, page.read_text(encoding="utf-8")) == set()


def test_a_metric_without_documentation_would_be_seen():
    def bare():
        """One line."""

    def full():
        """One line.

        >>> 1
        1
        """

    module = ModuleType("made_up")
    module.bare, module.full, module.__all__ = bare, full, ["bare", "full"]
    page = "| `bare` | x |\n| `full` | x |\n"
    assert undocumented(module, page) == {"bare"}
    assert undocumented(module, "| `bare` | x |\n") == {"bare", "full"}
