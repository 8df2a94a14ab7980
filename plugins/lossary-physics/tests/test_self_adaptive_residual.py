"""Self-adaptive residuals: masks, the reversed gradient, what one optimizer makes of both, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.physics_residual import physics_residual
from lossary_physics.self_adaptive_residual import self_adaptive_residual

RESIDUAL, WEIGHT = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([1.5, 0.5, -1.0])
MASKS = {"square": torch.square, "sigmoid": torch.sigmoid, "identity": torch.clone}


@pytest.mark.parametrize("mask", MASKS)
def test_values_are_masked_and_the_slope_of_weights_is_reversed(mask):
    weight = WEIGHT.clone().requires_grad_()
    found = self_adaptive_residual(RESIDUAL, weight, mask=mask, reduction="none")
    wanted = MASKS[mask](weight) * RESIDUAL.square()
    torch.testing.assert_close(found, wanted)
    (slope,) = torch.autograd.grad(found.sum(), weight)
    torch.testing.assert_close(slope, -torch.autograd.grad(wanted.sum(), weight)[0])


def test_weights_of_one_are_the_plain_residual():
    torch.testing.assert_close(self_adaptive_residual(RESIDUAL, torch.ones(3)), physics_residual(RESIDUAL))


def test_one_optimizer_fits_the_network_and_weighs_the_stubborn_point():
    place, weight = torch.zeros(1, requires_grad=True), torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([place, weight], lr=0.1)
    for _ in range(40):
        residual = torch.cat([place - 1, place - 1, place + 3])  # no place fits all
        optimizer.zero_grad()
        self_adaptive_residual(residual, weight, mask="sigmoid").backward()
        optimizer.step()
    assert weight[2] > weight[0] > 0
    assert place.item() < -0.4  # equal weights end at -1/3


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((RESIDUAL[:0], WEIGHT[:0]), {}, ShapeError, "residual"),
        ((RESIDUAL.unsqueeze(0), WEIGHT), {}, ShapeError, "residual"),
        ((RESIDUAL, WEIGHT[:2]), {}, ShapeError, "point_weight"),
        ((RESIDUAL, WEIGHT.long()), {}, DtypeError, "point_weight"),
        ((RESIDUAL * math.nan, WEIGHT), {}, InvalidInputError, "residual"),
        ((RESIDUAL, WEIGHT), {"mask": "cube"}, InvalidInputError, "mask"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        self_adaptive_residual(*inputs, **options)
