from pathlib import Path

from lossary.conformance import conformance_tests

test_conformance = conformance_tests("lossary_example", goldens=Path(__file__).parent / "goldens")
