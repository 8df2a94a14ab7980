"""Correctness-aware calibration beyond conformance: what it moves, its balance, temperatures and errors."""

import math

import pytest
import torch
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.correctness_aware_calibration import (
    LOSS,
    correctness_aware_calibration,
    temperature_scale,
)


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(9, 4, generator=generator, dtype=torch.float64)
    target = torch.where(
        torch.arange(9) % 3 == 0, torch.randint(4, (9,), generator=generator), logits.argmax(1)
    )
    return logits, target


def test_equals_the_brier_score_of_the_top_label():
    logits, target = rows()
    confidence, predicted = logits.softmax(1).max(1)
    right = (predicted == target).long()
    exact = metrics.brier_score_loss(right.numpy(), confidence.numpy())
    assert correctness_aware_calibration(logits, target).item() == pytest.approx(exact)
    _, metric = LOSS.pairs_with
    assert metric.name == "top_label_brier_score"
    assert metric(logits=logits, target=target) == pytest.approx(exact)


def test_a_wrong_prediction_loses_confidence_and_a_right_one_gains():
    logits = torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]], requires_grad=True)
    correctness_aware_calibration(logits, torch.tensor([0, 1]), reduction="sum").backward()
    assert logits.grad[0, 0] < 0 < logits.grad[1, 0]


def test_the_true_class_of_a_wrong_prediction_does_not_matter():
    logits = torch.tensor([[2.0, 0.5, -1.0]])
    losses = [correctness_aware_calibration(logits, torch.tensor([label])) for label in (1, 2)]
    assert torch.equal(*losses)


def test_the_first_of_equal_logits_is_the_prediction_and_receives_the_gradient():
    logits = torch.tensor([[1.0, 1.0, 0.0]], requires_grad=True)
    correctness_aware_calibration(
        logits, torch.tensor([1])
    ).backward()  # class 0 is predicted, so it is wrong
    assert logits.grad[0, 0] > 0 > logits.grad[0, 1]


def test_correctness_is_that_of_the_original_logits_and_they_receive_no_gradient():
    original = torch.tensor([[2.0, 0.0], [2.0, 0.0]], requires_grad=True)
    logits = torch.tensor([[0.0, 2.0], [0.0, 2.0]], requires_grad=True)
    values = correctness_aware_calibration(
        logits, torch.tensor([0, 1]), original_logits=original, reduction="none"
    )
    confidence = torch.tensor([2.0, 0.0]).softmax(0)[0]
    torch.testing.assert_close(values, torch.stack([(1 - confidence) ** 2, confidence**2]))
    values.sum().backward()
    assert original.grad is None


def test_a_temperature_keeps_the_predictions_so_the_original_logits_change_nothing():
    logits, target = rows(1)
    scaled = temperature_scale(logits, 2.5)
    torch.testing.assert_close(
        correctness_aware_calibration(scaled, target, original_logits=logits),
        correctness_aware_calibration(scaled, target),
    )


def test_balanced_weighs_as_the_shares_of_right_and_wrong():
    logits, target = rows(2)
    values = correctness_aware_calibration(logits, target, reduction="none")
    right = logits.argmax(1) == target
    share = right.double().mean()
    weight = torch.where(right, 1 - share, share)
    assert 0 < share < 1
    torch.testing.assert_close(
        correctness_aware_calibration(logits, target, balanced=True), (weight * values).sum() / weight.sum()
    )


@pytest.mark.parametrize("target", [[0, 0], [1, 1]])
def test_balanced_is_the_plain_mean_where_all_are_right_or_all_wrong(target):
    logits, target = torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor(target)
    torch.testing.assert_close(
        correctness_aware_calibration(logits, target, balanced=True),
        correctness_aware_calibration(logits, target),
    )


def test_balanced_has_a_gradient_compiles_and_vectorizes():
    logits, target = (torch.stack(each) for each in zip(*(rows(seed) for seed in range(3)), strict=True))

    def loss(row, label):
        return correctness_aware_calibration(row, label, balanced=True)

    wanted = torch.stack([loss(*each) for each in zip(logits, target, strict=True)])
    torch.testing.assert_close(torch.func.vmap(loss)(logits, target), wanted)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(logits[0], target[0]), wanted[0])
    assert torch.autograd.gradcheck(lambda row: loss(row, target[0]), logits[0].requires_grad_())


def test_a_confident_right_prediction_keeps_the_digits_of_its_loss():
    loss = correctness_aware_calibration(torch.tensor([[30.0, 0.0]]), torch.tensor([0]))
    assert loss.item() == pytest.approx(math.exp(-60), rel=1e-5)


def test_a_single_class_is_always_right_and_sure():
    loss = correctness_aware_calibration(torch.tensor([[0.3], [2.0]]), torch.tensor([0, 0]))
    assert loss.item() == 0


@pytest.mark.parametrize("balanced", [False, True])
def test_empty_batch_gives_zero_with_a_graph(balanced):
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = correctness_aware_calibration(
        logits, torch.zeros(0, dtype=torch.int64), original_logits=logits.detach(), balanced=balanced
    )
    loss.backward()
    assert loss.item() == 0


def test_a_trained_temperature_makes_the_confidence_the_accuracy():
    logits = torch.tensor([4.0, 0.0], dtype=torch.float64).expand(4, 2)
    target = torch.tensor([0, 0, 0, 1])  # three of four are right: softmax([4, 0] / T) should be 3/4
    temperature = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([temperature], lr=20.0)
    for _ in range(200):
        optimizer.zero_grad()
        correctness_aware_calibration(temperature_scale(logits, temperature), target).backward()
        optimizer.step()
    assert temperature.item() == pytest.approx(4 / math.log(3), rel=1e-6)


def test_temperatures_of_rows_divide_their_rows():
    logits = torch.tensor([[2.0, 4.0], [2.0, 4.0]])
    scaled = temperature_scale(logits, torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert torch.equal(scaled, torch.tensor([[2.0, 4.0], [1.0, 2.0]]))


@pytest.mark.parametrize(
    ("temperature", "error"),
    [
        (0.0, InvalidInputError),
        (torch.tensor(-1.0), InvalidInputError),
        (torch.tensor([1.0, math.nan]), InvalidInputError),
        (torch.ones(3), ShapeError),
        (torch.ones(2, 1), ShapeError),
        (torch.tensor(2), DtypeError),
        ("2", DtypeError),
    ],
)
def test_bad_temperatures_are_named(temperature, error):
    with pytest.raises(error, match=r"^temperature: "):
        temperature_scale(torch.zeros(2, 3), temperature)


LOGITS, TARGET = torch.tensor([[0.3, 2.0], [1.0, -1.0]]), torch.tensor([1, 0])


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (torch.zeros(2, 0), TARGET, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:1], {}, ShapeError, "target"),
        (LOGITS, TARGET.float(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"original_logits": LOGITS[:1]}, ShapeError, "original_logits"),
        (LOGITS, TARGET, {"original_logits": LOGITS.long()}, DtypeError, "original_logits"),
        (LOGITS, TARGET, {"original_logits": LOGITS * math.nan}, InvalidInputError, "original_logits"),
        (LOGITS, TARGET, {"balanced": True, "reduction": "sum"}, InvalidInputError, "reduction"),
        (LOGITS, TARGET, {"balanced": True, "reduction": "none"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=rf"^{argument}: "):
        correctness_aware_calibration(logits, target, **options)
