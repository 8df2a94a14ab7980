"""SVM hinge beyond conformance: its two terms, a trained machine, the empty batch and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError
from lossary.losses.classification.binary_hinge import binary_hinge
from lossary.losses.classification.svm_hinge import svm_hinge

LOGITS, TARGET = torch.tensor([0.3, -2.0, 0.1]), torch.tensor([1, 0, 0])
WEIGHT = torch.tensor([[1.0, -2.0], [0.5, 0.0]])


@given(
    seed=st.integers(0, 2**16),
    regularization=st.floats(0, 10),
    margin=st.floats(0.1, 3),
    squared=st.booleans(),
)
@settings(max_examples=25)
def test_is_the_hinge_and_half_the_squared_length_of_the_weights(seed, regularization, margin, squared):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(7, generator=generator, dtype=torch.float64)
    weight = torch.randn(3, 2, generator=generator, dtype=torch.float64)
    target = torch.randint(2, (7,), generator=generator)
    options = {"margin": margin, "squared": squared}
    wanted = binary_hinge(logits, target, **options) + regularization / 2 * torch.linalg.norm(weight) ** 2
    loss = svm_hinge(logits, target, weight, regularization=regularization, **options)
    torch.testing.assert_close(loss, wanted)


def test_without_a_penalty_it_is_the_hinge():
    assert svm_hinge(LOGITS, TARGET, WEIGHT, regularization=0.0) == binary_hinge(LOGITS, TARGET)


def test_two_points_give_the_machine_with_the_widest_street():
    # Points (2, 0) and (-2, 0): the hinge is 0 from a weight of 1/2 on, and a smaller weight pays more of it.
    points, target = torch.tensor([[2.0, 0.0], [-2.0, 0.0]]).double(), torch.tensor([1, 0])
    weight = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.01)
    for _ in range(800):
        optimizer.zero_grad()
        svm_hinge(points @ weight, target, weight, regularization=1.0).backward()
        optimizer.step()
    assert weight.tolist() == pytest.approx([0.5, 0.0], abs=0.02)


def test_an_empty_batch_gives_zero_without_the_penalty():
    logits = torch.zeros(0, requires_grad=True)
    loss = svm_hinge(logits, torch.zeros(0), WEIGHT)
    loss.backward()
    assert loss.item() == 0


def test_the_dtype_is_that_of_the_logits():
    assert svm_hinge(LOGITS, TARGET, WEIGHT.double()).dtype == torch.float32


@pytest.mark.parametrize(
    ("weight", "options", "error", "argument"),
    [
        (WEIGHT.long(), {}, DtypeError, "weight"),
        (WEIGHT * math.nan, {}, InvalidInputError, "weight"),
        (WEIGHT, {"regularization": -1.0}, InvalidInputError, "regularization"),
        (WEIGHT, {"margin": -1.0}, InvalidInputError, "margin"),
    ],
)
def test_bad_input_is_named(weight, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        svm_hinge(LOGITS, TARGET, weight, **options)
