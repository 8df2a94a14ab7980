"""Every check of lossary on every loss of this pack."""

from pathlib import Path

from lossary.conformance import conformance_tests

test_conformance = conformance_tests("lossary_language", goldens=Path(__file__).parent / "goldens")
