"""Aggregate response beyond conformance: both levels, the logistic form, private means and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.aggregate_response import (
    aggregate_response,
    bag_mean,
    private_bag_response,
)
from torch.nn import functional

BAG = torch.tensor([2, 0, 1, 0, 2, 2, 0, 1, 0])


def bags(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = 2 * torch.randn(9, generator=generator, dtype=torch.float64)
    return prediction, BAG, torch.rand(3, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), weight=st.floats(0.0, 1.0))
@settings(max_examples=25)
def test_the_square_is_the_bag_loss_plus_the_variance_within_bags(seed, weight):
    prediction, bag, response = bags(seed)
    members = [prediction[bag == index] for index in range(3)]
    of_bags = torch.stack([(y - f.mean()) ** 2 for y, f in zip(response, members, strict=True)]).mean()
    within = torch.stack([f.var(correction=0) for f in members]).mean()
    torch.testing.assert_close(
        aggregate_response(prediction, bag, response, instance_weight=weight), of_bags + weight * within
    )


@given(seed=st.integers(0, 2**16), weight=st.floats(0.0, 1.0))
@settings(max_examples=25)
def test_the_logistic_form_equals_its_formula(seed, weight):
    prediction, bag, response = bags(seed)
    expected = 0.0
    for index, y in enumerate(response):
        f = prediction[bag == index]
        single = functional.binary_cross_entropy_with_logits(f, y.expand_as(f))
        expected += (1 - weight) * functional.binary_cross_entropy(f.sigmoid().mean(), y) + weight * single
    loss = aggregate_response(prediction, bag, response, instance_weight=weight, loss="logistic")
    torch.testing.assert_close(loss, expected / 3)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_logistic_form_is_finite_for_any_logits(weight):
    prediction = torch.tensor([-500.0, -300.0, 400.0], requires_grad=True)
    loss = aggregate_response(
        prediction,
        torch.tensor([0, 0, 1]),
        torch.tensor([1.0, 0.0]),
        instance_weight=weight,
        loss="logistic",
    )
    loss.backward()
    single = (500 + 300) / 2
    wanted = (single if weight else 300 + math.log(2)) / 2 + 400 / 2
    assert loss.item() == pytest.approx(wanted, rel=1e-5)
    assert prediction.grad.isfinite().all()


def test_the_logistic_form_differentiates_compiles_and_vectorises():
    prediction, bag, response = bags(1)

    def loss(f, y):
        return aggregate_response(f, bag, y, instance_weight=0.3, loss="logistic")

    leaf = prediction.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda f: loss(f, response), leaf)
    assert torch.autograd.gradgradcheck(lambda f: loss(f, response), leaf)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(prediction, response), loss(prediction, response))
    stacked = torch.stack([prediction, -prediction]), torch.stack([response, 1 - response])
    torch.testing.assert_close(torch.func.vmap(loss)(*stacked)[1], loss(-prediction, 1 - response))


@pytest.mark.parametrize("loss", ["square", "logistic"])
def test_of_singletons_both_levels_are_the_same(loss):
    prediction, _, _ = bags(2)
    response = torch.linspace(0, 1, 9, dtype=torch.float64)
    bag = torch.arange(8, -1, -1)
    whole = aggregate_response(prediction, bag, response, loss=loss)
    torch.testing.assert_close(
        aggregate_response(prediction, bag, response, instance_weight=1.0, loss=loss), whole
    )


@pytest.mark.parametrize("loss", ["square", "logistic"])
def test_without_samples_and_bags_it_is_zero_with_a_graph(loss):
    prediction = torch.zeros(0, requires_grad=True)
    value = aggregate_response(
        prediction, torch.zeros(0, dtype=torch.int64), torch.zeros(0), instance_weight=0.5, loss=loss
    )
    value.backward()
    assert value.item() == 0


def test_private_means_are_clipped_and_carry_laplace_noise_of_the_stated_scale():
    response = torch.tensor([10.0, -10.0, 1.0, 4.0], dtype=torch.float64).repeat(1000)
    bag = torch.arange(1000).repeat_interleave(4)
    options = {"clip": 2.0, "epsilon": 0.5, "generator": torch.Generator().manual_seed(0)}
    noise = private_bag_response(response, bag, 1000, **options) - (2 - 2 + 1 + 2) / 4
    scale = 2 * 2.0 / (4 * 0.5)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.3)
    assert noise.abs().mean().item() == pytest.approx(scale, rel=0.1)  # of Laplace, the mean distance
    assert noise.square().mean().item() == pytest.approx(2 * scale**2, rel=0.2)


def test_private_means_repeat_with_the_generator():
    response, bag, _ = bags(3)
    first, second = (
        private_bag_response(
            response, bag, 3, clip=1.0, epsilon=1.0, generator=torch.Generator().manual_seed(5)
        )
        for _ in range(2)
    )
    assert torch.equal(first, second)


PREDICTION, _, RESPONSE = bags()


@pytest.mark.parametrize(
    ("prediction", "bag", "response", "options", "error", "argument"),
    [
        (PREDICTION.unsqueeze(1), BAG, RESPONSE, {}, ShapeError, "prediction"),
        (PREDICTION * math.nan, BAG, RESPONSE, {}, InvalidInputError, "prediction"),
        (PREDICTION, BAG[:3], RESPONSE, {}, ShapeError, "bag"),
        (PREDICTION, BAG.double(), RESPONSE, {}, DtypeError, "bag"),
        (PREDICTION, BAG - 1, RESPONSE, {}, InvalidInputError, "bag: got bag -1; wanted 0 to 2"),
        (PREDICTION, BAG + 1, RESPONSE, {}, InvalidInputError, "bag: got bag 3; wanted 0 to 2"),
        (PREDICTION, BAG % 2, RESPONSE, {}, InvalidInputError, "bag: bag 2 is empty"),
        (PREDICTION, BAG, RESPONSE.sum(), {}, ShapeError, "bag_response"),
        (PREDICTION, BAG, RESPONSE + 1, {"loss": "logistic"}, InvalidInputError, "bag_response"),
        (PREDICTION, BAG, RESPONSE, {"instance_weight": 1.5}, InvalidInputError, "instance_weight"),
        (PREDICTION, BAG, RESPONSE, {"loss": "absolute"}, InvalidInputError, "loss"),
    ],
)
def test_bad_input_is_named(prediction, bag, response, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        aggregate_response(prediction, bag, response, **options)


def test_the_means_name_what_is_wrong():
    with pytest.raises(InvalidInputError, match=r"^bag: bag 3 is empty"):
        bag_mean(PREDICTION, BAG, 4)
    with pytest.raises(InvalidInputError, match=r"^values: "):
        bag_mean(PREDICTION * math.nan, BAG, 3)
    with pytest.raises(InvalidInputError, match=r"^clip: "):
        private_bag_response(PREDICTION, BAG, 3, clip=0.0, epsilon=1.0)
    with pytest.raises(InvalidInputError, match=r"^epsilon: "):
        private_bag_response(PREDICTION, BAG, 3, clip=1.0, epsilon=-1.0)
