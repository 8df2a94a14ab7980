"""Uncertain distances: the best scale, the slope at zero, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.uncertainty_weighted_norm import LOSS, uncertainty_weighted_norm

PREDICTION = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
ZEROS = torch.zeros(2)


def test_scales_of_one_give_the_mean_distance():
    assert uncertainty_weighted_norm(PREDICTION, ZEROS, torch.zeros(2, 2)).item() == 3.0


def test_the_best_scale_is_the_distance():
    log_scale = torch.tensor([math.log(5.0), 0.0], requires_grad=True)
    loss = uncertainty_weighted_norm(PREDICTION, log_scale, torch.zeros(2, 2))
    (gradient,) = torch.autograd.grad(loss, log_scale)
    torch.testing.assert_close(gradient, ZEROS)


def test_at_the_target_only_the_scale_has_a_gradient():
    leaf, log_scale = PREDICTION.clone().requires_grad_(), torch.zeros(2, requires_grad=True)
    uncertainty_weighted_norm(leaf, log_scale, PREDICTION, reduction="sum").backward()
    assert not leaf.grad.any()
    assert log_scale.grad.tolist() == [1.0, 1.0]


def test_the_exact_metric_is_one_where_larger_errors_are_expected():
    (metric,) = LOSS.pairs_with
    inputs = {"prediction": PREDICTION, "target": torch.zeros(2, 2)}
    assert metric(**inputs, log_scale=torch.tensor([1.0, 0.0])) == 1
    assert metric(**inputs, log_scale=torch.tensor([0.0, 1.0])) == -1


@pytest.mark.parametrize(
    ("arguments", "error", "argument"),
    [
        ((PREDICTION, ZEROS[:1], PREDICTION), ShapeError, "log_scale"),
        ((PREDICTION, ZEROS, PREDICTION[:1]), ShapeError, "target"),
        ((PREDICTION[:, :0], ZEROS, PREDICTION[:, :0]), ShapeError, "prediction"),
        ((PREDICTION, ZEROS.int(), PREDICTION), DtypeError, "log_scale"),
        ((PREDICTION, ZEROS * math.nan, PREDICTION), InvalidInputError, "log_scale"),
    ],
)
def test_bad_input_is_named(arguments, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        uncertainty_weighted_norm(*arguments)
