"""A pytest plugin for a process that runs scikit-learn's tests: its metrics of our names become ours.

It is loaded before the tests are imported, so lists of functions that they build while they are imported hold
ours too. Both libraries warn with one class, or `pytest.warns` of the tests would miss ours.
"""

import json
import os
from pathlib import Path

import lossary.errors
import lossary.metrics
import pytest
import sklearn.exceptions

sklearn.exceptions.UndefinedMetricWarning = lossary.errors.UndefinedMetricWarning

import sklearn.metrics  # noqa: E402 - after the class of the warnings is settled
import sklearn.metrics._classification  # noqa: E402 - some tests import from there

SHARED = sorted(set(lossary.metrics.__all__) & set(sklearn.metrics.__all__))
for name in SHARED:
    for module in (sklearn.metrics, sklearn.metrics._classification):
        if hasattr(module, name):
            setattr(module, name, getattr(lossary.metrics, name))

_substituted: set[str] = set()
_failures: dict[str, str] = {}
_skipped: dict[str, str] = {}
_passed: list[str] = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which functions the tests really got."""
    for module in {item.module for item in session.items}:
        _substituted.update(
            name for name in SHARED if getattr(module, name, None) is getattr(lossary.metrics, name)
        )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the outcome of a test."""
    name = report.nodeid.split("::", 1)[1]
    if report.skipped:
        _skipped[name] = report.longreprtext
    elif not report.passed:
        _failures[name] = report.longreprtext or report.outcome
    elif report.when == "call":
        _passed.append(name)


def pytest_sessionfinish() -> None:
    """Write what happened where the parent process looks for it."""
    outcome = {
        "substituted": sorted(_substituted),
        "passed": _passed,
        "failures": _failures,
        "skipped": _skipped,
    }
    Path(os.environ["LOSSARY_OUTCOME"]).write_text(json.dumps(outcome))
