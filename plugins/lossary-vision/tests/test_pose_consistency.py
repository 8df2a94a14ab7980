"""Pose consistency: angles between the boxes of a group, flips, groups that do not count, and errors."""

import math
from itertools import combinations

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.pose_consistency import LOSS, pose_consistency


def turned(*degrees: float) -> torch.Tensor:
    """Rotations about the vertical axis."""
    rows = []
    for angle in map(math.radians, degrees):
        cos, sin = math.cos(angle), math.sin(angle)
        rows.append([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    return torch.tensor(rows, dtype=torch.float64)


def rotations(seed: int) -> torch.Tensor:
    return LOSS.example_inputs(torch.Generator().manual_seed(seed))["rotation"].double()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "group", [[0] * 7, [0, 0, 1, 1, 1, 0, 2], [3, -1, 3, -1, 3, 3, 8], [5, 4, 3, 2, 1, 0, 5], [*range(7)]]
)
def test_equals_the_formula_read_literally(seed, group):
    rotation, means = rotations(seed), []
    for each in set(group):
        members = [index for index, own in enumerate(group) if own == each]
        values = [
            1 - abs((torch.trace(rotation[i] @ rotation[j].T).item() - 1) / 2)
            for i, j in combinations(members, 2)
        ]
        if values:
            means.append(sum(values) / len(values))
    wanted = sum(means) / len(means) if means else 0.0
    found = pose_consistency(rotation, torch.tensor(group)).item()
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("degrees", "value"), [(0, 0.0), (60, 0.5), (90, 1.0), (120, 0.5), (180, 0.0)])
def test_a_pair_costs_one_minus_the_absolute_cosine_of_its_angle(degrees, value):
    loss = pose_consistency(turned(20, 20 + degrees), torch.zeros(2, dtype=torch.int64))
    assert loss.item() == pytest.approx(value, abs=1e-12)


def test_turning_the_whole_image_changes_nothing():
    rotation, group = rotations(0), torch.tensor([0, 0, 0, 1, 1, 2, 1])
    world = rotations(1)[0]
    torch.testing.assert_close(pose_consistency(rotation @ world, group), pose_consistency(rotation, group))


def test_single_boxes_count_nothing_and_get_no_gradient():
    rotation = torch.cat([turned(0, 60), rotations(0)[:2]]).requires_grad_()
    loss = pose_consistency(rotation, torch.tensor([5, 5, 1, 2]))
    loss.backward()
    assert loss.item() == pytest.approx(0.5)
    assert not rotation.grad[2:].any()


def test_images_count_alike_however_many_boxes_they_show():
    rotation = torch.cat([turned(0, 0, 0, 0, 0), turned(0, 90)])
    assert pose_consistency(rotation, torch.tensor([0] * 5 + [1] * 2)).item() == pytest.approx(0.5)


@pytest.mark.parametrize("boxes", [0, 1, 3])
def test_without_a_pair_it_is_zero_with_a_graph(boxes):
    rotation = rotations(0)[:boxes].requires_grad_()
    loss = pose_consistency(rotation, torch.arange(boxes))
    loss.backward()
    assert loss.item() == 0
    assert not rotation.grad.any()


@pytest.mark.parametrize(
    ("rotation", "group", "error", "message"),
    [
        (torch.ones(2, 3), torch.zeros(2, dtype=torch.int64), ShapeError, "rotation: got shape"),
        (torch.ones(2, 3, 4), torch.zeros(2, dtype=torch.int64), ShapeError, "rotation: got shape"),
        (rotations(0), torch.zeros(6, dtype=torch.int64), ShapeError, "group: got shape"),
        (rotations(0), torch.zeros(7), DtypeError, "group: got dtype"),
        (torch.eye(3).long()[None], torch.zeros(1, dtype=torch.int64), DtypeError, "rotation: got dtype"),
        (rotations(0) * math.nan, torch.zeros(7, dtype=torch.int64), InvalidInputError, "rotation: got 63"),
    ],
)
def test_bad_input_is_named(rotation, group, error, message):
    with pytest.raises(error, match=message):
        pose_consistency(rotation, group)
