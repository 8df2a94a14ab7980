"""Motion derivative consistency beyond conformance: NumPy's differences, what is free, errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.robustness.motion_derivative_consistency import motion_derivative_consistency


def motions(seed: int, frames: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    found = torch.randn(2, 3, frames, 2, generator=generator, dtype=torch.float64)
    return found[0], found[1]


@given(seed=st.integers(0, 2**16), order=st.integers(1, 4))
@settings(max_examples=20)
def test_equals_the_differences_of_numpy(seed, order):
    prediction, target = motions(seed)
    wanted = sum(
        np.mean((np.diff(prediction.numpy(), k, axis=1) - np.diff(target.numpy(), k, axis=1)) ** 2)
        for k in range(1, order + 1)
    )
    found = motion_derivative_consistency(prediction, target, order=order)
    assert found.item() == pytest.approx(wanted)


def test_a_drift_costs_its_velocity_alone():
    _, target = motions(0)
    drift = 0.5 * torch.arange(6.0, dtype=torch.float64).unsqueeze(1)
    assert motion_derivative_consistency(target + drift, target).item() == pytest.approx(0.25)


def test_the_target_receives_no_gradient():
    prediction, target = (motion.requires_grad_() for motion in motions(0))
    motion_derivative_consistency(prediction, target).backward()
    assert target.grad is None


PREDICTION, TARGET = motions(0)


@pytest.mark.parametrize(
    ("prediction", "target", "order", "error", "argument"),
    [
        (PREDICTION[:, :3], TARGET[:, :3], 3, ShapeError, "prediction: got .* more than 3 frames"),
        (PREDICTION[0], TARGET[0], 1, ShapeError, "prediction"),
        (PREDICTION, TARGET[:, :5], 1, ShapeError, "target"),
        (PREDICTION, TARGET.long(), 1, DtypeError, "target"),
        (PREDICTION * math.nan, TARGET, 1, InvalidInputError, "prediction"),
        (PREDICTION, TARGET, 0, InvalidInputError, "order"),
        (PREDICTION, TARGET, 1.0, DtypeError, "order"),
    ],
)
def test_bad_input_is_named(prediction, target, order, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        motion_derivative_consistency(prediction, target, order=order)
