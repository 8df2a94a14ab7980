"""The wheel in an environment of its own: what a user gets from pip, tried from another directory."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel() -> Path:
    wheels = sorted((ROOT / "dist").glob("lossary-*.whl"))
    if not wheels:
        pytest.skip("no wheel under dist/: `make test` builds it")
    return wheels[-1]


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and its two dependencies, and nothing else."""
    home = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(home, with_pip=True, symlinks=os.name != "nt")
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    return python


@pytest.fixture
def run(python: Path, tmp_path: Path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [python, *arguments], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
        )

    return run


def test_the_wheel_is_portable_and_typed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "abi3" in wheel.name or f"cp{sys.version_info.major}{sys.version_info.minor}t" in wheel.name
    assert {"lossary/py.typed", "lossary/_kernels.pyi", "lossary/losses/__init__.pyi"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "plugins/")) or "__pycache__" in name]


def test_metrics_work_without_extras(run) -> None:
    result = run("-c", "import lossary; print(lossary.metrics.roc_auc_score([0, 1, 1], [0.1, 0.4, 0.2]))")
    assert (result.stdout, result.stderr) == ("1.0\n", "")


def test_names_need_no_torch(run) -> None:
    result = run("-c", "import lossary; print('dice' in lossary.names(), lossary.problems())")
    assert (result.stdout, result.stderr) == ("True ()\n", "")


def test_create_says_which_extra_to_install(run) -> None:
    result = run("-c", "import lossary; lossary.create('dice')")
    assert "MissingExtraError" in result.stderr
    assert "pip install 'lossary[torch]'" in result.stderr


def test_the_flat_namespace_says_which_extra_to_install(run) -> None:
    result = run("-c", "from lossary.losses import dice")
    assert "MissingExtraError" in result.stderr
    assert "pip install 'lossary[torch]'" in result.stderr


def test_the_command_says_which_extra_to_install(run) -> None:
    result = run("-m", "lossary", "list")
    assert result.returncode == 2
    assert "pip install 'lossary[eval]'" in result.stderr
    assert result.stderr.count("\n") == 1
