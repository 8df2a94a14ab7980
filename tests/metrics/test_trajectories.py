"""Reports of trajectories: goldens, plain loops, collisions between steps, masks, errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import trajectory_report

GOLDENS = Path(__file__).parents[1] / "goldens" / "032-trajectory_report.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    inputs = {name: np.array(each["data"], each["dtype"]) for name, each in case["inputs"].items() if each}
    report = trajectory_report(**inputs, **case["params"])
    assert report._asdict() == pytest.approx(case["expected"], rel=case["rtol"])


@given(seed=st.integers(0, 2**16), radius=st.floats(0, 0.6))
@settings(max_examples=15)
def test_equals_plain_loops(seed, radius):
    random = np.random.default_rng(seed)
    prediction, target = random.normal(size=(5, 3, 4, 2)), random.normal(size=(5, 4, 2))
    scene = random.integers(-1, 2, 5)
    report = trajectory_report(prediction, target, scene=scene, radius=radius)
    errors = np.array([[np.hypot(*(path - truth).T).mean() for path in agent] for agent, truth in
                       zip(prediction, target, strict=True)])  # fmt: skip
    joint, most, chosen, mean = [], [], [], []
    for each in sorted(set(scene.tolist())):
        rows = np.flatnonzero(scene == each)
        averages = errors[rows].mean(axis=0)
        rates = [collided(prediction[rows, sample], radius) for sample in range(3)]
        joint.append(averages.min())
        most.append(max(rates))
        mean.append(np.mean(rates))
        chosen.append(rates[int(averages.argmin())])
    assert report.ade == pytest.approx(errors.min(axis=1).mean())
    assert report.jade == pytest.approx(np.mean(joint))
    assert report.collision_rate_max == pytest.approx(np.mean(most))
    assert report.collision_rate_mean == pytest.approx(np.mean(mean))
    assert report.collision_rate_best == pytest.approx(np.mean(chosen))


def collided(paths: np.ndarray, radius: float) -> float:
    """By many moments between the steps."""
    moments = np.linspace(0, 3, 601)
    fine = np.array([[np.interp(moments, range(4), axis) for axis in path.T] for path in paths])
    hit = [
        any(np.hypot(*(one - other)).min() < 2 * radius for other in np.delete(fine, row, 0))
        for row, one in enumerate(fine)
    ]
    return float(np.mean(hit))


def test_agents_that_cross_between_steps_collide():
    crossing = np.array([[[[0.0, 0.0], [2.0, 2.0]]], [[[0.0, 2.0], [2.0, 0.0]]]])
    truth = crossing[:, 0]
    assert trajectory_report(crossing, truth, radius=0.01).collision_rate_mean == 1
    assert trajectory_report(crossing, truth, radius=0.0).collision_rate_mean == 0
    apart = trajectory_report(crossing, truth, scene=[0, 1], radius=0.5)
    assert apart.collision_rate_max == 0


def test_the_final_step_is_the_last_that_counts():
    prediction, target = np.zeros((1, 1, 3, 2)), np.zeros((1, 3, 2))
    prediction[0, 0, :, 0] = [1, 2, 9]
    target[0, 2] = np.nan
    report = trajectory_report(prediction, target, mask=[[True, True, False]])
    assert (report.ade, report.fde) == (1.5, 2.0)


PREDICTION, TARGET = np.zeros((2, 3, 4, 2)), np.zeros((2, 4, 2))


@pytest.mark.parametrize(
    ("change", "error", "argument"),
    [
        ({"prediction": PREDICTION[0]}, ShapeError, "prediction"),
        ({"prediction": PREDICTION[:, :0]}, UndefinedMetricError, "prediction"),
        ({"prediction": PREDICTION + np.nan}, InvalidInputError, "prediction"),
        ({"prediction": 3}, DtypeError, "prediction"),
        ({"target": TARGET[:1]}, ShapeError, "target"),
        ({"target": TARGET + np.inf}, InvalidInputError, "target"),
        ({"mask": np.ones((2, 4))}, InvalidInputError, "mask"),
        ({"mask": np.ones((2, 3), bool)}, ShapeError, "mask"),
        ({"mask": np.zeros((2, 4), bool)}, UndefinedMetricError, "mask"),
        ({"scene": [1]}, ShapeError, "scene"),
        ({"scene": [0.5, 1]}, InvalidInputError, "scene"),
        ({"radius": -0.1}, InvalidInputError, "radius"),
    ],
)
def test_bad_input_is_named(change, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        trajectory_report(**{"prediction": PREDICTION, "target": TARGET} | change)
