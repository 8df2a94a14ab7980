"""Representation forgetting: bounds, signs, slopes, sides without a row, far reconstructions, errors."""

import math

import pytest
import torch
from lossary.errors import ShapeError
from lossary_language.representation_forgetting import example_inputs, representation_forgetting


def inputs() -> dict[str, torch.Tensor]:
    example = example_inputs(torch.Generator().manual_seed(0))
    return {name: value.double() for name, value in example.items()}


def test_swapping_the_sides_changes_the_sign():
    kept, kept_features, lost, lost_features = inputs().values()
    forward = representation_forgetting(kept, kept_features, lost, lost_features)
    torch.testing.assert_close(-forward, representation_forgetting(lost, lost_features, kept, kept_features))


def test_each_row_is_between_one_and_e():
    near, far = torch.zeros(1, 3), torch.full((1, 3), 1e6)
    none = torch.zeros(0, 3)
    assert representation_forgetting(near, near, none, none).item() == 1
    assert representation_forgetting(near, far, none, none).item() == pytest.approx(math.e)


def test_reconstruction_and_features_have_opposite_slopes():
    given = {name: value.requires_grad_() for name, value in inputs().items()}
    representation_forgetting(**given).backward()
    for side in ("remaining", "forgotten"):
        torch.testing.assert_close(given[side].grad, -given[f"{side}_reconstruction"].grad)


def test_squares_beyond_all_numbers_stay_finite():
    far = torch.full((1, 3), 1e30, requires_grad=True)
    near = torch.zeros(1, 3)
    loss = representation_forgetting(near, far, near, near)
    loss.backward()
    assert loss.item() == pytest.approx(math.e - 1)
    assert not far.grad.any()


def test_no_row_gives_zero_with_a_graph():
    none = torch.zeros(0, 3, requires_grad=True)
    loss = representation_forgetting(none, none, none, none)
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("remaining", (4,)),
        ("remaining_reconstruction", (3, 5)),
        ("forgotten", (4, 4)),
        ("forgotten_reconstruction", (4, 4)),
    ],
)
def test_shapes_that_do_not_fit_are_named(name, shape):
    with pytest.raises(ShapeError, match=f"{name}: got shape"):
        representation_forgetting(**inputs() | {name: torch.ones(shape)})
