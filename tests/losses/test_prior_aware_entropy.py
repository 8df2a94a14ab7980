"""Prior-aware entropy beyond conformance: its two terms, their directions and shares, extremes and errors."""

import math

import lossary
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation.prior_aware_entropy import PriorAwareEntropy, prior_aware_entropy

SHAPES = [(2, 3, 20), (2, 3, 4, 5), (2, 2, 3, 4, 2)]


def images(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randn(shape, generator=generator, dtype=torch.float64).softmax(1)
    return prediction, torch.randn(shape[:2], generator=generator, dtype=torch.float64).softmax(1)


def one_hot(*classes: int, num_classes: int = 3) -> torch.Tensor:
    """One image of a row of voxels."""
    return torch.nn.functional.one_hot(torch.tensor(classes), num_classes).double().T[None]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("direction", ["prediction", "prior"])
def test_equals_entropy_and_divergence_read_literally(shape, direction):
    prediction, prior = images(*shape)
    voxels = math.prod(shape[2:])
    entropy = torch.special.entr(prediction).sum() / (shape[0] * voxels)
    share = prediction.flatten(2).sum(2) / voxels
    first, second = (share, prior) if direction == "prediction" else (prior, share)
    divergence = (first * (first / second).log()).sum(1).mean()
    loss = prior_aware_entropy(prediction, prior, prior_weight=0.3, direction=direction)
    torch.testing.assert_close(loss, entropy + 0.3 * divergence, rtol=1e-7, atol=1e-8)


def test_without_a_weight_of_the_prior_it_is_the_entropy():
    prediction, prior = images(2, 3, 5)
    entropy = torch.special.entr(prediction).sum(1).mean()
    for ratio in (prior, prior.flip(1)):
        loss = prior_aware_entropy(prediction, ratio, prior_weight=0.0)
        torch.testing.assert_close(loss, entropy, rtol=1e-7, atol=1e-8)


def test_a_confident_prediction_with_the_shares_of_the_prior_costs_nothing():
    prediction = one_hot(0, 0, 1, 2)
    loss = prior_aware_entropy(prediction, torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64))
    assert loss.item() == pytest.approx(0, abs=1e-9)


def test_one_class_everywhere_is_no_way_out():
    prior = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    loss = prior_aware_entropy(one_hot(0, 0, 0, 0), prior)
    assert loss.item() == pytest.approx(math.log(2))


@given(seed=st.integers(0, 2**16), weight=st.floats(0, 10))
@settings(max_examples=25)
def test_one_ratio_for_all_images_is_that_ratio_for_each(seed, weight):
    prediction, prior = images(3, 4, 5, seed=seed)
    each = prior_aware_entropy(prediction, prior[:1].expand(3, 4), prior_weight=weight)
    torch.testing.assert_close(prior_aware_entropy(prediction, prior[0], prior_weight=weight), each)


@given(seed=st.integers(0, 2**16), proportion=st.sampled_from(["mean", "max_normalized"]))
@settings(max_examples=25)
def test_classes_and_voxels_have_no_order(seed, proportion):
    prediction, prior = images(2, 3, 6, seed=seed)
    order = torch.randperm(3, generator=torch.Generator().manual_seed(seed))
    weights = torch.tensor([0.2, 1.0, 0.7], dtype=torch.float64)
    loss = prior_aware_entropy(prediction, prior, class_weight=weights, proportion=proportion)
    moved = prior_aware_entropy(
        prediction[:, order].flip(2), prior[:, order], class_weight=weights[order], proportion=proportion
    )
    torch.testing.assert_close(moved, loss)


def test_shares_of_confident_predictions_are_the_same_by_both_rules():
    prediction, prior = one_hot(0, 2, 2, 1), images(1, 3, 4)[1]
    losses = [prior_aware_entropy(prediction, prior, proportion=rule) for rule in ("mean", "max_normalized")]
    torch.testing.assert_close(*losses, rtol=1e-8, atol=1e-8)


def test_max_normalized_shares_weigh_a_voxel_by_its_doubt():
    # 0.9 and 0.1 become 1 and 1/9, one half twice becomes 1 and 1: shares of 18/28 and 10/28
    prediction = torch.tensor([[[0.9, 0.5], [0.1, 0.5]]], dtype=torch.float64)
    prior = torch.tensor([18 / 28, 10 / 28], dtype=torch.float64)
    options = {"class_weight": [0.0, 0.0], "proportion": "max_normalized"}
    assert prior_aware_entropy(prediction, prior, **options).item() == pytest.approx(0, abs=1e-9)
    assert prior_aware_entropy(prediction, prior, class_weight=[0.0, 0.0]).item() > 1e-3


def test_a_class_that_should_be_absent_is_punished_by_its_share():
    prior = torch.tensor([1.0, 0.0], dtype=torch.float64)
    loss = prior_aware_entropy(one_hot(0, 0, 0, 1, num_classes=2), prior)
    expected = 0.75 * math.log(0.75) + 0.25 * (math.log(0.25) - math.log(1e-10))
    assert loss.item() == pytest.approx(expected)


def test_weights_of_classes_come_as_a_sequence_or_as_a_tensor():
    prediction, prior = images(2, 3, 4)
    wanted = -(prediction * prediction.log()).mean((0, 2)) @ torch.tensor([0.1, 0.9, 0.5]).double()
    for weights in ([0.1, 0.9, 0.5], (0.1, 0.9, 0.5), torch.tensor([0.1, 0.9, 0.5])):
        loss = prior_aware_entropy(prediction, prior, class_weight=weights, prior_weight=0.0)
        torch.testing.assert_close(loss, wanted, rtol=1e-6, atol=1e-8)


def test_weights_given_to_the_module_as_a_tensor_move_with_it():
    module = PriorAwareEntropy(class_weight=torch.tensor([0.1, 0.9, 0.5])).double()
    assert module.class_weight.dtype == torch.float64
    prediction, prior = images(2, 3, 4)
    expected = prior_aware_entropy(prediction, prior, class_weight=module.class_weight)
    torch.testing.assert_close(module(prediction, prior), expected)


def test_an_empty_batch_has_the_plain_value_zero():
    prediction = torch.zeros(0, 3, 4, requires_grad=True)
    loss = prior_aware_entropy(prediction, torch.full((3,), 1 / 3))
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize("proportion", ["mean", "max_normalized"])
@pytest.mark.parametrize("direction", ["prediction", "prior"])
def test_gradients_at_certainty_are_finite(proportion, direction):
    prediction = one_hot(0, 0, 1).float().requires_grad_()
    prior = torch.tensor([0.5, 0.0, 0.5])
    prior_aware_entropy(prediction, prior, proportion=proportion, direction=direction).backward()
    assert prediction.grad.isfinite().all()


def adapted_share(prior_weight: float) -> float:
    """The share of the first class once the entropy has made every voxel certain."""
    logits = torch.randn(1, 2, 100, generator=torch.Generator().manual_seed(0)).requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss = prior_aware_entropy(logits.softmax(1), torch.tensor([0.8, 0.2]), prior_weight=prior_weight)
        loss.backward()
        optimizer.step()
    prediction = logits.detach().softmax(1)
    assert prediction.amax(1).min() > 0.95
    return prediction[0, 0].mean().item()


def test_adaptation_follows_the_prior():
    assert adapted_share(0.0) < 0.6
    assert adapted_share(5.0) == pytest.approx(0.8, abs=0.05)


def test_probabilities_rounded_to_bfloat16_are_probabilities():
    prediction, prior = (value.bfloat16().float() for value in images(2, 40, 300))
    assert prior_aware_entropy(prediction, prior).isfinite()


def test_is_found_by_the_name_of_the_first_version():
    assert lossary.get("adaent").function is prior_aware_entropy


PREDICTION, PRIOR = images(2, 3, 4)


@pytest.mark.parametrize(
    ("prediction", "prior", "options", "error", "argument"),
    [
        (PREDICTION[0, 0], PRIOR, {}, ShapeError, "prediction"),
        (PREDICTION[..., :0], PRIOR, {}, ShapeError, "prediction"),
        (PREDICTION[:, :0], PRIOR[:, :0], {}, ShapeError, "prediction"),
        (PREDICTION.long(), PRIOR, {}, DtypeError, "prediction"),
        (PREDICTION * 2, PRIOR, {}, InvalidInputError, "prediction"),
        (PREDICTION / 2, PRIOR, {}, InvalidInputError, "prediction: got classes that add up to 0.5"),
        (PREDICTION * 0.99, PRIOR, {}, InvalidInputError, "prediction"),
        (PREDICTION, PRIOR[:1], {}, ShapeError, "class_ratio"),
        (PREDICTION, PRIOR[0, :2], {}, ShapeError, "class_ratio"),
        (PREDICTION, -PRIOR, {}, InvalidInputError, "class_ratio"),
        (PREDICTION, PRIOR * math.nan, {}, InvalidInputError, "class_ratio"),
        (PREDICTION, PRIOR.long(), {}, DtypeError, "class_ratio"),
        (PREDICTION, PRIOR, {"class_weight": [1.0, 2.0]}, ShapeError, "class_weight"),
        (PREDICTION, PRIOR, {"class_weight": [1.0, 2.0, -1.0]}, InvalidInputError, "class_weight"),
        (PREDICTION, PRIOR, {"class_weight": -torch.ones(3)}, InvalidInputError, "class_weight"),
        (PREDICTION, PRIOR, {"class_weight": torch.ones(3).long()}, DtypeError, "class_weight"),
        (PREDICTION, PRIOR, {"class_weight": 1.0}, DtypeError, "class_weight"),
        (PREDICTION, PRIOR, {"prior_weight": -1.0}, InvalidInputError, "prior_weight"),
        (PREDICTION, PRIOR, {"proportion": "median"}, InvalidInputError, "proportion"),
        (PREDICTION, PRIOR, {"direction": "both"}, InvalidInputError, "direction"),
        (PREDICTION, PRIOR, {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(prediction, prior, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        prior_aware_entropy(prediction, prior, **options)
