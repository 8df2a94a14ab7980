"""`judge`: run a test module of scikit-learn, in a process of its own, on our functions."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., None]:
    """Run a module of scikit-learn's tests with our metrics in the place of theirs.

    Arguments: the module; functions that must have been substituted (all that both libraries have are); why
    each of some tests cannot apply; and what some functions may be skipped for. Fails if another test fails
    or is skipped, or one that cannot apply passes or is not there.
    """

    run = cache(lambda module: _run(module, tmp_path))

    def check(
        module: str,
        functions: set[str],
        cannot_apply: Mapping[str, str],
        may_skip: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        outcome = run(module)
        assert functions <= set(outcome["substituted"]), functions - set(outcome["substituted"])
        failures = outcome["failures"] | {
            name: reason
            for name, reason in outcome["skipped"].items()
            if name.partition("[")[0] not in may_skip
        }
        unexpected = [f"{name}\n{failures[name]}" for name in failures.keys() - cannot_apply.keys()]
        assert not unexpected, f"{len(unexpected)} tests fail\n" + "\n".join(unexpected)
        assert outcome["passed"], "no test ran"
        stale = cannot_apply.keys() - failures.keys()
        assert not stale, f"listed, but they pass or are not there: {sorted(stale)}"

    return check


def _run(module: str, folder: Path) -> dict:
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\n")  # else options of a project above the installed tests would count
    report = folder / "outcome.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {
        "LOSSARY_OUTCOME": str(report),
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH")))
        ),
    }
    plugins = ("-p", "substitution", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", "-q", "-c", settings, *plugins, "--pyargs", module)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout + done.stderr
    outcome: dict = json.loads(report.read_text())
    return outcome
