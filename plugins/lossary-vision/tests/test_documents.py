"""What a reader is shown runs: the README."""

import doctest
from pathlib import Path

PACK = Path(__file__).parents[1]


def test_readme_runs():
    result = doctest.testfile(str(PACK / "README.md"), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0
