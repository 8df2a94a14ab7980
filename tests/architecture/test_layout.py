"""Sizes and names of files, and one meaning for each name of the flat namespace."""

from collections import Counter
from pathlib import Path

import pytest
from lossary.naming import loss_names, pascal_case

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("python", "rust", "plugins", "tests", "docs", "examples", "benches")
GENERATED = {"python/lossary/losses/__init__.pyi"}
MAX_LINES = 400
BANNED = {
    "base",
    "common",
    "core",
    "engine",
    "factory",
    "handler",
    "helpers",
    "manager",
    "misc",
    "registry",
    "utils",
}


def source_files(root: Path) -> list[Path]:
    """Files that people write; build results and environments inside the folders are left out."""
    found = []
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            parts = path.relative_to(root).parts
            if path.suffix in {".py", ".pyi", ".rs"} and not any(
                part == "target" or part.startswith(".") for part in parts
            ):
                found.append(path)
    return found


def too_long(root: Path) -> list[str]:
    names = [path.relative_to(root).as_posix() for path in source_files(root)]
    return [
        name
        for name in names
        if name not in GENERATED and len((root / name).read_text(encoding="utf-8").splitlines()) > MAX_LINES
    ]


def badly_named(root: Path) -> list[str]:
    """Modules and packages with a name that says nothing; a crate may be called core."""
    bad = []
    for path in source_files(root):
        relative = path.relative_to(root)
        words = {part.removesuffix(path.suffix).strip("_") for part in relative.parts}
        if words & (BANNED if path.suffix != ".rs" else BANNED - {"core"}):
            bad.append(relative.as_posix())
    return bad


def test_no_file_is_too_long():
    assert too_long(ROOT) == []


def test_no_module_has_a_name_that_says_nothing():
    assert badly_named(ROOT) == []


def test_the_walk_sees_the_sources():
    names = {path.relative_to(ROOT).as_posix() for path in source_files(ROOT)}
    assert {"python/lossary/catalog.py", "rust/lossary-core/src/lib.rs", "docs/generate.py"} <= names


@pytest.mark.parametrize("name", ["python/a/long.py", "rust/a/src/long.rs", "tests/long.py"])
def test_a_file_that_is_too_long_would_be_seen(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n" * MAX_LINES)
    assert too_long(tmp_path) == []
    path.write_text("x = 1\n" * (MAX_LINES + 1))
    assert too_long(tmp_path) == [name]


@pytest.mark.parametrize(
    "name", ["python/a/utils.py", "python/a/_helpers.py", "python/core/a.py", "rust/a/misc.rs"]
)
def test_a_name_that_says_nothing_would_be_seen(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    assert badly_named(tmp_path) == [name]


def flat_names(losses: Path) -> Counter[str]:
    """How often each name of `lossary.losses` is defined: families, functions, classes."""
    families = [path.parent for path in losses.glob("*/__init__.py")]
    names = [name for family in families for name in loss_names([str(family)])]
    return Counter([*(family.name for family in families), *names, *map(pascal_case, names)])


def test_a_name_of_the_wheel_means_one_thing():
    counts = flat_names(ROOT / "python/lossary/losses")
    assert "dice" in counts
    assert [name for name, count in counts.items() if count > 1] == []


def test_a_name_with_two_meanings_would_be_seen(tmp_path):
    for name in ("contrastive/__init__.py", "ranking/__init__.py", "ranking/contrastive.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert flat_names(tmp_path)["contrastive"] == 2
