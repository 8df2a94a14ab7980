"""Threshold-adaptive loose: full and small weights, what decides between them, confidence, and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_vision.threshold_adaptive_loose import threshold_adaptive_loose


def joints(seed: int = 0) -> torch.Tensor:
    return torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


PREDICTION, TARGET, THRESHOLD = joints(), joints(1), torch.full((4,), 0.5, dtype=torch.float64)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("distance", ["l1", "l2"])
@pytest.mark.parametrize("criterion", ["squared", "euclidean"])
@pytest.mark.parametrize("loose_weight", [0.0, 0.3])
def test_equals_the_formula_read_literally(seed, distance, criterion, loose_weight):
    prediction, target = joints(seed), joints(seed + 1)
    generator = torch.Generator().manual_seed(seed)
    confidence, threshold = (
        torch.rand(shape, generator=generator, dtype=torch.float64) for shape in ((3, 4), 4)
    )
    wanted = [0.0] * 3
    for n in range(3):
        for j in range(4):
            difference = prediction[n, j] - target[n, j]
            square = difference.square().sum().item()
            error = confidence[n, j].item() * (math.sqrt(square) if criterion == "euclidean" else square)
            weight = 1.0 if error > threshold[j].item() else loose_weight
            value = square if distance == "l2" else difference.abs().sum().item()
            wanted[n] += confidence[n, j].item() * weight * value
    options = {"distance": distance, "criterion": criterion, "loose_weight": loose_weight}
    found = threshold_adaptive_loose(prediction, target, threshold, confidence, **options, reduction="none")
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64))


def test_a_loose_weight_of_one_is_the_plain_distance():
    plain = (PREDICTION - TARGET).abs().sum()
    torch.testing.assert_close(
        threshold_adaptive_loose(PREDICTION, TARGET, THRESHOLD, loose_weight=1.0), plain
    )
    torch.testing.assert_close(threshold_adaptive_loose(PREDICTION, TARGET, 0 * THRESHOLD), plain)


def test_an_error_of_exactly_the_threshold_is_within():
    prediction = torch.tensor([[[0.5, 0.0]]], requires_grad=True)
    loss = threshold_adaptive_loose(prediction, torch.zeros(1, 1, 2), torch.tensor([0.25]))
    loss.backward()
    assert loss.item() == pytest.approx(0.05 * 0.5)
    torch.testing.assert_close(prediction.grad, torch.tensor([[[0.05, 0.0]]]))


def test_each_joint_has_its_own_threshold():
    prediction, target = torch.full((1, 2, 1), 0.5), torch.zeros(1, 2, 1)
    loss = threshold_adaptive_loose(prediction, target, torch.tensor([0.2, 0.3]), loose_weight=0.1)
    assert loss.item() == pytest.approx(0.5 + 0.05)


def test_without_confidence_a_joint_does_not_count():
    prediction = PREDICTION.clone().requires_grad_()
    confidence = torch.ones(3, 4)
    confidence[1, 2] = 0
    threshold_adaptive_loose(prediction, TARGET, THRESHOLD, confidence).backward()
    assert not prediction.grad[1, 2].any()
    assert prediction.grad[0].all()


def test_at_the_target_the_gradient_is_zero_and_finite():
    for options in ({}, {"criterion": "euclidean"}, {"distance": "l2"}):
        prediction = TARGET.clone().requires_grad_()
        threshold_adaptive_loose(prediction, TARGET, THRESHOLD, **options).backward()
        assert not prediction.grad.any()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((PREDICTION[0], TARGET[0], THRESHOLD), {}, ShapeError, "prediction: got shape"),
        ((PREDICTION, TARGET[:2], THRESHOLD), {}, ShapeError, "target: got shape"),
        ((PREDICTION, TARGET, THRESHOLD[:3]), {}, ShapeError, "threshold: got shape"),
        ((PREDICTION, TARGET, -THRESHOLD), {}, InvalidInputError, "threshold: got -0.5"),
        ((PREDICTION, TARGET, THRESHOLD, torch.ones(3)), {}, ShapeError, "confidence: got shape"),
        ((PREDICTION, TARGET, THRESHOLD, -torch.ones(3, 4)), {}, InvalidInputError, "confidence: got -1"),
        ((PREDICTION, TARGET, THRESHOLD), {"loose_weight": -1.0}, InvalidInputError, "loose_weight: got -1"),
        ((PREDICTION, TARGET, THRESHOLD), {"distance": "l3"}, InvalidInputError, "distance: got 'l3'"),
        ((PREDICTION, TARGET, THRESHOLD), {"criterion": "l1"}, InvalidInputError, "criterion: got 'l1'"),
        ((PREDICTION, TARGET.long(), THRESHOLD), {}, DtypeError, "target: got dtype"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        threshold_adaptive_loose(*arguments, **options)
