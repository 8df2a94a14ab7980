"""Golden gradients of what a loss does not differentiate: zeros agree with it, anything else does not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from lossary.conformance import run

GOLDENS = Path(__file__).parent / "goldens" / "squared_error.json"


@pytest.mark.parametrize(("slope", "status"), [(0.0, "passed"), (0.5, "failed")])
def test_a_gradient_of_the_target_may_be_recorded_as_zero_alone(
    load_loss: Callable, tmp_path: Path, slope: float, status: str
) -> None:
    goldens = json.loads(GOLDENS.read_text(encoding="utf-8"))
    for case in goldens["cases"]:
        if case.get("grad"):
            wanted = case["inputs"]["target"]["data"]
            case["grad"]["target"] = [[slope for _ in row] for row in wanted]
    (tmp_path / GOLDENS.name).write_text(json.dumps(goldens), encoding="utf-8")
    (outcome,) = run(load_loss("good", "squared_error"), goldens=tmp_path, checks=["goldens"])
    assert outcome.status == status
    assert ("lacks ['target']" in outcome.detail) is (status == "failed")
