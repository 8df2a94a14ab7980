"""Box dimension prior: what is free, how the rest is priced, and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.box_dimension_prior import box_dimension_prior

MEAN, STD = torch.tensor([[2.0, 1.0, 4.0]]), torch.tensor([[0.5, 0.25, 1.0]])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0, 2.5])
def test_inside_the_margin_is_free_and_beyond_each_deviation_costs_one(seed, margin):
    generator = torch.Generator().manual_seed(seed)
    deviations = 6 * torch.rand(4, 3, generator=generator, dtype=torch.float64) - 3
    mean, std = MEAN.double().expand(4, 3), STD.double().expand(4, 3)
    wanted = (deviations.abs() - margin).clamp(min=0).sum(1)
    found = box_dimension_prior(mean + deviations * std, mean, std, margin=margin, reduction="none")
    torch.testing.assert_close(found, wanted)


def test_the_gradient_is_one_over_the_deviation_beyond_the_margin_and_zero_within():
    dimensions = torch.tensor([[3.5, 1.1, 1.0]], requires_grad=True)  # 3, 0.4 and -3 deviations
    box_dimension_prior(dimensions, MEAN, STD).backward()
    torch.testing.assert_close(dimensions.grad, torch.tensor([[2.0, 0.0, -1.0]]))


def test_without_a_margin_the_mean_alone_is_free():
    assert box_dimension_prior(MEAN, MEAN, STD, margin=0.0).item() == 0
    assert box_dimension_prior(MEAN + 0.01, MEAN, STD, margin=0.0).item() == pytest.approx(0.07, rel=1e-4)


def test_prior_receives_no_gradient():
    mean, std = MEAN.clone().requires_grad_(), STD.clone().requires_grad_()
    box_dimension_prior((MEAN + 5).requires_grad_(), mean, std).backward()
    assert mean.grad is None
    assert std.grad is None


@pytest.mark.parametrize(
    ("dimensions", "mean", "std", "margin", "error", "message"),
    [
        (MEAN[0], MEAN[0], STD[0], 1.0, ShapeError, "dimensions: got shape"),
        (MEAN, MEAN[:, :2], STD, 1.0, ShapeError, "mean: got shape"),
        (MEAN, MEAN, STD[0], 1.0, ShapeError, "std: got shape"),
        (MEAN, MEAN, STD * math.nan, 1.0, InvalidInputError, "std: got 3 values that are NaN"),
        (MEAN, MEAN, 0 * STD, 1.0, InvalidInputError, "std: got 0; wanted values above 0"),
        (MEAN, MEAN, STD, -0.5, InvalidInputError, "margin: got -0.5"),
        (MEAN, MEAN, STD, "1", DtypeError, "margin: got str"),
        (MEAN.long(), MEAN, STD, 1.0, DtypeError, "dimensions: got dtype"),
    ],
)
def test_bad_input_is_named(dimensions, mean, std, margin, error, message):
    with pytest.raises(error, match=message):
        box_dimension_prior(dimensions, mean, std, margin=margin)
