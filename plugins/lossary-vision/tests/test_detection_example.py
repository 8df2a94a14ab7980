"""The example of detection: boxes hold the ink, detectors learn, and the README shows what is recorded."""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from lossary_vision.giou import giou

pytest.importorskip("mlxtend")

FOLDER = Path(__file__).parents[3] / "examples" / "detection"
NAMES = ("scenes", "detecting", "judging", "run")


@pytest.fixture
def example(monkeypatch):
    """The modules of the example, by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    modules = {name: import_module(name) for name in NAMES}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield modules
    torch.set_num_threads(threads)
    for name in NAMES:
        del sys.modules[name]  # other examples have files of these names


def test_boxes_hold_the_ink_of_a_scene(example):
    drawn = example["scenes"].scenes(example["scenes"].digits()[:50], 3, seed=0)
    for image, boxes in zip(drawn.images[:, 0], drawn.boxes, strict=True):
        assert 3 <= len(boxes) < 7
        outside = image.clone()
        for left, top, right, bottom in boxes.int().tolist():
            outside[top:bottom, left:right] = 0.0
        assert outside.max() <= 0.5  # ink is above half of the darkest pixel of a digit


def test_precision_counts_digits_found_twice_or_not_at_all(example):
    judging, scenes = example["judging"], example["scenes"]
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 60.0, 60.0]])
    scene = scenes.Scenes(torch.zeros(1, 1, 96, 96), [boxes])
    twice = np.array([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 9.0]])
    found = judging.Detections(twice, np.array([0.9, 0.8]), np.zeros(2, int))
    assert (
        judging.average_precision(found, scene, 0.5) == 0.5
    )  # the first digit at precision 1, the other never
    assert len(judging.suppressed(found, "hard").score) == 1


def test_a_short_training_finds_digits(example):
    scenes, detecting, judging = example["scenes"], example["detecting"], example["judging"]
    digits = scenes.digits()
    train, test = scenes.scenes(digits[:4000], 80, seed=0), scenes.scenes(digits[4000:], 20, seed=1)
    precision = []
    for steps in (1, 60):
        found = detecting.detections(detecting.trained(train, giou, steps=steps, seed=0), test)
        precision.append(judging.average_precision(judging.suppressed(found, "Gaussian"), test, 0.5))
    assert precision[0] < 0.05 < precision[1]


def test_the_table_of_the_readme_is_that_of_the_record(example):
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = example["run"].rows(json.loads((FOLDER / "result.json").read_text(encoding="utf-8")))
    assert len(rows) == 9
    for row in rows:
        assert f"| {' | '.join(row)} |\n" in readme
