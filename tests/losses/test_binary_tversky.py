"""Binary Tversky beyond conformance: its special cases, its exact metrics, its digits and its errors."""

import math

import pytest
import torch
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.imbalance.binary_tversky import binary_tversky
from lossary.losses.imbalance.self_adjusting_dice import self_adjusting_dice
from lossary.losses.segmentation.dice import dice
from lossary.metrics.binary_criteria import f_beta, jaccard


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(12, generator=generator, dtype=torch.float64)
    return logits, torch.rand(12, generator=generator) > 0.6


@pytest.mark.parametrize("level", ["example", "set"])
def test_halves_are_dice_with_twice_the_smoothing(level):
    logits, target = batch()
    shape = (-1, 1, 1) if level == "example" else (1, 1, -1)
    overlap = dice(
        logits.sigmoid().reshape(shape), target.double().reshape(shape), smooth=0.6, reduction="mean"
    )
    torch.testing.assert_close(binary_tversky(logits, target, smooth=0.3, level=level), overlap)


@pytest.mark.parametrize("level", ["example", "set"])
def test_halves_are_self_adjusting_dice_that_does_not_adjust(level):
    logits, target = batch(1)
    for reduction in ("mean", "sum", "none"):
        torch.testing.assert_close(
            binary_tversky(logits, target, smooth=0.5, level=level, reduction=reduction),
            self_adjusting_dice(logits, target, alpha=0.0, smooth=1.0, level=level, reduction=reduction),
        )


@pytest.mark.parametrize(
    ("alpha", "beta", "score"), [(0.5, 0.5, f_beta(1.0)), (0.2, 0.8, f_beta(2.0)), (1.0, 1.0, jaccard)]
)
def test_on_hard_predictions_the_set_level_is_one_minus_the_exact_metric(alpha, beta, score):
    target = torch.tensor([1, 1, 1, 0, 0, 0, 0])
    accepted = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    options = {"with_logits": False, "level": "set", "smooth": 1e-12}
    loss = binary_tversky(accepted, target, alpha=alpha, beta=beta, **options)
    assert loss.item() == pytest.approx(1 - score(2, 2, 1, 2))
    if alpha == beta == 0.5:
        assert score(2, 2, 1, 2) == metrics.f1_score(target.numpy(), accepted.numpy().astype(int))


def test_alpha_prices_false_positives_and_beta_false_negatives():
    alarm, miss = (torch.tensor([1.0]), torch.tensor([0])), (torch.tensor([0.0]), torch.tensor([1]))
    for (probability, target), dear, cheap in (
        (alarm, {"alpha": 2.0, "beta": 0.0}, {"alpha": 0.0, "beta": 2.0}),
        (miss, {"alpha": 0.0, "beta": 2.0}, {"alpha": 2.0, "beta": 0.0}),
    ):
        assert binary_tversky(probability, target, with_logits=False, **dear).item() == pytest.approx(2 / 3)
        assert binary_tversky(probability, target, with_logits=False, **cheap).item() == 0


def test_a_confident_hit_keeps_the_digits_of_its_loss():
    loss = binary_tversky(torch.tensor([30.0]), torch.tensor([1]))
    assert loss.item() == pytest.approx(0.25 * math.exp(-30), rel=1e-5)


def test_without_positives_only_false_alarms_count():
    logits = torch.tensor([0.0, 0.0], requires_grad=True)
    loss = binary_tversky(logits, torch.tensor([0, 0]), level="set")
    loss.backward()
    assert loss.item() == pytest.approx(0.5 / 1.5)
    assert (logits.grad > 0).all()


@pytest.mark.parametrize("level", ["example", "set"])
def test_empty_batch_gives_zero_with_a_graph(level):
    logits = torch.zeros(0, requires_grad=True)
    loss = binary_tversky(logits, torch.zeros(0), level=level)
    loss.backward()
    assert loss.item() == 0


LOGITS, TARGET = torch.tensor([0.3, 2.0, -1.0]), torch.tensor([1, 0, 0])


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS.unsqueeze(1), TARGET.unsqueeze(1), {}, ShapeError, "logits"),
        (torch.zeros(3, 2), TARGET, {}, ShapeError, "logits"),
        (LOGITS, TARGET[:2], {}, ShapeError, "target"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"with_logits": False}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"alpha": -0.1}, InvalidInputError, "alpha"),
        (LOGITS, TARGET, {"beta": -0.1}, InvalidInputError, "beta"),
        (LOGITS, TARGET, {"smooth": 0.0}, InvalidInputError, "smooth"),
        (LOGITS, TARGET, {"level": "batch"}, InvalidInputError, "level"),
        (LOGITS, TARGET, {"level": "set", "reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=rf"^{argument}: "):
        binary_tversky(logits, target, **options)
