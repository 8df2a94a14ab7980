"""Bone length consistency beyond conformance: a loop, rigid motions, bones of no length, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.robustness.bone_length_consistency import bone_length_consistency

PARENTS = torch.tensor([0, 0, 1, 1])


def bodies(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randn(2, 3, 4, 3, generator=generator, dtype=torch.float64)
    return prediction, torch.rand(2, 3, 4, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), epsilon=st.floats(1e-12, 1.0))
@settings(max_examples=20)
def test_equals_a_loop_over_bones(seed, epsilon):
    prediction, reference = bodies(seed)
    wanted = [
        (math.sqrt(((body[j] - body[parent]) ** 2).sum().item() + epsilon) - lengths[j].item()) ** 2
        for body, lengths in zip(prediction.flatten(0, 1), reference.flatten(0, 1), strict=True)
        for j, parent in enumerate(PARENTS.tolist())
    ]
    found = bone_length_consistency(prediction, reference, PARENTS, epsilon=epsilon)
    assert found.item() == pytest.approx(sum(wanted) / len(wanted))


def test_rigid_motions_cost_nothing():
    prediction, _ = bodies(0)
    bone = prediction - prediction[:, :, PARENTS]
    reference = (bone.square().sum(-1) + 1e-10).sqrt()
    turn, _ = torch.linalg.qr(bodies(1)[0][0, 0, :3])
    moved = prediction @ turn.T + torch.tensor([3.0, -1.0, 2.0])
    assert bone_length_consistency(moved, reference, PARENTS).item() == pytest.approx(0, abs=1e-20)


def test_joints_in_one_place_have_no_slope():
    prediction = torch.ones(1, 1, 2, 3, requires_grad=True)
    bone_length_consistency(prediction, torch.ones(1, 1, 2), torch.tensor([0, 0])).backward()
    torch.testing.assert_close(prediction.grad, torch.zeros(1, 1, 2, 3))


PREDICTION, REFERENCE = bodies(0)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((PREDICTION[..., :2], REFERENCE, PARENTS), {}, ShapeError, "prediction"),
        ((PREDICTION[0], REFERENCE[0], PARENTS), {}, ShapeError, "prediction"),
        ((PREDICTION, REFERENCE[:, :2], PARENTS), {}, ShapeError, "reference_length"),
        ((PREDICTION, REFERENCE, PARENTS[:3]), {}, ShapeError, "parents"),
        ((PREDICTION, REFERENCE, PARENTS - 1), {}, InvalidInputError, "parents: got joint -1; .* 0 to 3"),
        ((PREDICTION, REFERENCE, PARENTS + 3), {}, InvalidInputError, "parents"),
        ((PREDICTION, REFERENCE, PARENTS.double()), {}, DtypeError, "parents"),
        ((PREDICTION, REFERENCE * math.nan, PARENTS), {}, InvalidInputError, "reference_length"),
        ((PREDICTION, REFERENCE, PARENTS), {"epsilon": 0.0}, InvalidInputError, "epsilon"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        bone_length_consistency(*inputs, **options)
