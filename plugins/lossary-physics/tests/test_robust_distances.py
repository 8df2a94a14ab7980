"""The Cauchy, pseudo-Huber and Geman-McClure distances: known slopes, small and large errors, weights."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.cauchy_distance import cauchy_distance
from lossary_physics.geman_mcclure_distance import geman_mcclure_distance
from lossary_physics.pseudo_huber_distance import pseudo_huber_distance

DISTANCES = [cauchy_distance, pseudo_huber_distance, geman_mcclure_distance]


def latents(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.randn(2, 4, 2, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return drawn[0], drawn[1]


@given(seed=st.integers(0, 2**16), scale=st.floats(0.01, 10.0))
@settings(max_examples=20)
def test_slopes_are_the_known_ones(seed, scale):
    prediction, target = latents(seed)
    prediction.requires_grad_()
    error = prediction.detach() - target
    squared = error.square().sum((1, 2), keepdim=True)
    for distance, wanted in (
        (cauchy_distance, 2 * error / (2 * scale**2 + squared)),
        (pseudo_huber_distance, error / (squared + scale**2).sqrt()),
        (geman_mcclure_distance, 16 * scale**2 * error / (squared + 4 * scale**2) ** 2),
    ):
        loss = distance(prediction, target, scale=scale, reduction="sum")
        torch.testing.assert_close(torch.autograd.grad(loss, prediction)[0], wanted)


@pytest.mark.parametrize("distance", DISTANCES)
def test_small_errors_keep_their_digits_and_cost_alike(distance):
    prediction = torch.full((1, 1), 1e-6)
    cost = distance(prediction, torch.zeros(1, 1), scale=1.0).item()
    assert cost == pytest.approx(1e-12 / 2, rel=1e-5)


def test_an_outlier_costs_ever_less_from_one_to_the_next():
    error, nothing = torch.full((1, 1), 1e4), torch.zeros(1, 1)
    cauchy, huber, bounded = (distance(error, nothing, scale=1.0).item() for distance in DISTANCES)
    assert huber == pytest.approx(1e4 - 1, rel=1e-4)
    assert cauchy == pytest.approx(math.log1p(1e8 / 2), rel=1e-5)
    assert bounded == pytest.approx(2.0, rel=1e-5)
    assert bounded < cauchy < huber


@pytest.mark.parametrize("distance", DISTANCES)
def test_one_norm_for_each_sample_whatever_its_shape(distance):
    prediction, target = latents(0)
    flat = distance(prediction.flatten(1), target.flatten(1), reduction="none")
    torch.testing.assert_close(distance(prediction, target, reduction="none"), flat)
    numbers = distance(prediction[:, 0, 0], target[:, 0, 0], reduction="none")
    torch.testing.assert_close(numbers, distance(prediction[:, 0, :1], target[:, 0, :1], reduction="none"))


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_mean_of_weighted_values_is_over_the_samples(distance):
    prediction, target = latents(1)
    weight = torch.tensor([0.0, 1.0, 2.0, 5.0], dtype=torch.float64)
    values = distance(prediction, target, reduction="none")
    torch.testing.assert_close(distance(prediction, target, weight), (weight * values).mean())


@pytest.mark.parametrize("distance", DISTANCES)
def test_both_sides_receive_opposite_gradients_and_weights_none(distance):
    prediction, target = (tensor.requires_grad_() for tensor in latents(0))
    weight = torch.ones(4, dtype=torch.float64, requires_grad=True)
    distance(prediction, target, weight).backward()
    torch.testing.assert_close(prediction.grad, -target.grad)
    assert weight.grad is None


def test_the_middle_of_a_sample_with_outliers_is_found_by_the_robust_ones():
    generator = torch.Generator().manual_seed(0)
    points = torch.cat(
        [torch.randn(80, 1, generator=generator), 50 + torch.randn(20, 1, generator=generator)]
    )
    places = torch.linspace(-5, 60, 651)

    def best(distance) -> float:
        costs = [distance(place.expand(100, 1), points, scale=1.0).item() for place in places]
        return places[costs.index(min(costs))].item()

    assert abs(best(cauchy_distance)) < 0.3
    assert abs(best(geman_mcclure_distance)) < 0.3


PREDICTION, TARGET = latents(0)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((PREDICTION[:0], TARGET[:0]), {}, ShapeError, "prediction"),
        ((PREDICTION.sum(), TARGET.sum()), {}, ShapeError, "prediction"),
        ((PREDICTION, TARGET[:, :1]), {}, ShapeError, "target"),
        ((PREDICTION, TARGET.long()), {}, DtypeError, "target"),
        ((PREDICTION, TARGET * math.inf), {}, InvalidInputError, "target"),
        ((PREDICTION, TARGET, torch.ones(3)), {}, ShapeError, "weight"),
        ((PREDICTION, TARGET, torch.ones(4).long()), {}, DtypeError, "weight"),
        ((PREDICTION, TARGET, -torch.ones(4)), {}, InvalidInputError, "weight: got -1"),
        ((PREDICTION, TARGET), {"scale": 0.0}, InvalidInputError, "scale"),
        ((PREDICTION, TARGET), {"scale": 1e-20}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(distance, inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        distance(*inputs, **options)
