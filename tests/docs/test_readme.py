"""Everything that the README and the guides show is executed."""

import ast
import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_print_what_the_page_shows(page: Path) -> None:
    pytest.importorskip("torch")
    session = "\n".join(blocks(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    assert not report, "".join(report)


def test_the_claim_of_speed_quotes_its_record() -> None:
    text = (ROOT / "README.md").read_text()
    record = re.search(r"benches/record/[\w.-]+\.json", text)
    assert record is not None
    found = json.loads((ROOT / record[0]).read_text())
    row = max(
        (row for row in found["rows"] if (row["metric"], row["data"]) == ("roc_auc_score", "float32")),
        key=lambda row: row["samples"],
    )
    claims = (
        f"On {row['samples']:,} float32 scores `roc_auc_score` takes {row['lossary_seconds']:.2f} s",
        f"{row['times_faster']:.0f} times faster than scikit-learn",
        f"with {found['machine']['peak_megabytes']['roc_auc_score float32']:.0f} MB beyond the input",
    )
    for claim in claims:
        assert claim in " ".join(text.split())


def test_the_speed_of_all_pairs_quotes_its_record() -> None:
    page = ROOT / "docs" / "training_for_auc.md"
    text = page.read_text()
    names = re.findall(r"\.\./(benches/record/[\w.-]+\.json)", text)
    times, errors = (json.loads((ROOT / name).read_text())["rows"] for name in names)
    contenders = (
        "lossary, 1 thread",
        "lossary, 2 threads",
        "torch, all pairs",
        "torch.compile, all pairs",
        "LibAUC",
    )
    lines = re.findall(r"^\| ([\w ]+) \| ([\d,]+) x [\d,]+ \| (.*) \|$", text, re.MULTILINE)
    assert len(lines) == 4
    for loss, count, cells in lines:
        name = loss.replace(" ", "_")
        group = f"{name} loss over all pairs of {count} and {count}, float64, value and gradient"
        found = {row["contender"]: row["median_seconds"] * 1e3 for row in times if row["group"] == group}
        for contender, cell in zip(contenders, cells.split(" | "), strict=False):
            if cell.strip("| "):
                shown = float(cell.removesuffix(" ms").replace(",", ""))
                assert shown == pytest.approx(found[contender], rel=0.04)
    value = max(row["error_of_value"] for row in errors if "error_of_value" in row)
    gradient = max(row["error_of_gradient"] for row in errors if "error_of_gradient" in row)
    memory = next(row["peak_megabytes"] for row in errors if "peak_megabytes" in row)
    for claim in (
        f"{value:.1e} of itself",
        f"within {gradient:.1e} of the largest",
        f"takes {memory:.0f} MB",
    ):
        assert claim in " ".join(text.split()), claim


@pytest.fixture
def readme_plugin(tmp_path: Path) -> Path:
    """The README's plugin, as its reader would write it down, installed in a directory."""
    readme = ROOT / "README.md"
    package = tmp_path / "lossary_margins"
    package.mkdir()
    hook, loss = blocks(readme, "python")
    (package / "__init__.py").write_text(hook)
    (package / "squared_margin.py").write_text(loss)
    entry = re.search(r'^margins = "(.*)"$', "".join(blocks(readme, "toml")), re.MULTILINE)
    assert entry is not None
    installed = tmp_path / "lossary_margins-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: lossary-margins\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[lossary]\nmargins = {entry[1]}\n")
    return tmp_path


def in_plugin(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(directory)}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment,
        check=False,
    )


def test_the_plugin_of_the_readme_is_listed(readme_plugin: Path) -> None:
    listed = in_plugin(readme_plugin, "-m", "lossary", "list", "--task", "margins")
    assert "squared_margin" in listed.stdout, listed.stderr


def test_the_plugin_of_the_readme_passes_conformance(readme_plugin: Path) -> None:
    pytest.importorskip("torch")
    verified = in_plugin(readme_plugin, "-m", "lossary", "verify", "squared_margin")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_plugin_of_the_readme_is_ten_statements() -> None:
    """Ten besides imports and the docstring; the closing of a class or function is its body's statements."""
    statements = [
        node
        for block in blocks(ROOT / "README.md", "python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    documentation = [
        node for node in statements if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    assert len(statements) - len(documentation) <= 10


def test_the_eval_command_of_the_readme_runs(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    command = next(
        line
        for block in blocks(ROOT / "README.md", "sh")
        for line in block.splitlines()
        if "lossary eval" in line
    )
    rng = np.random.default_rng(0)
    died = rng.random(500) < 0.2
    columns = {"died": died, "risk": (rng.random(500) + died) / 2, "survey_weight": rng.random(500) + 0.5}
    parquet.write_table(pa.table(columns), tmp_path / "predictions.parquet")
    result = in_plugin(tmp_path, "-m", "lossary", *command.split()[1:])
    assert result.returncode == 0, result.stderr
    assert "roc_auc_score" in result.stdout
