"""Label-distributionally robust loss beyond conformance: its limits, weights, normalisations and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.label_distributionally_robust import label_distributionally_robust
from torch.nn import functional


def rows(seed: int = 0, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(6, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (6,), generator=generator)


def gaps(logits: torch.Tensor, target: torch.Tensor, margin: float) -> torch.Tensor:
    onehot = functional.one_hot(target, logits.shape[1])
    return logits - logits.gather(1, target.unsqueeze(1)) + margin * (1 - onehot)


def test_at_one_without_a_margin_it_is_cross_entropy_less_a_constant():
    logits, target = rows()
    torch.testing.assert_close(
        label_distributionally_robust(logits, target, margin=0.0, reduction="none"),
        functional.cross_entropy(logits, target, reduction="none") - math.log(5),
    )


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.05, 50.0), margin=st.floats(0.0, 3.0))
@settings(max_examples=25)
def test_value_and_gradient_are_those_of_the_softmax_weights(seed, temperature, margin):
    logits, target = rows(seed)
    logits.requires_grad_()
    values = label_distributionally_robust(
        logits, target, temperature=temperature, margin=margin, reduction="none"
    )
    distance = gaps(logits.detach(), target, margin)
    weight = (distance / temperature).softmax(1)
    divergence = torch.xlogy(weight, 5 * weight).sum(1)
    torch.testing.assert_close(values.detach(), (weight * distance).sum(1) - temperature * divergence)
    values.sum().backward()
    torch.testing.assert_close(logits.grad, weight - functional.one_hot(target, 5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [1e-30, 1e-6])
def test_a_low_temperature_gives_the_largest_gap(dtype, temperature):
    logits, target = rows(1)
    logits = logits.to(dtype)
    loss = label_distributionally_robust(
        logits, target, temperature=temperature, margin=1.0, reduction="none"
    )
    torch.testing.assert_close(loss, gaps(logits, target, 1.0).amax(1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [1e7, 1e30])
def test_a_high_temperature_gives_the_mean_gap(dtype, temperature):
    logits, target = rows(2)
    logits = logits.to(dtype).requires_grad_()
    values = label_distributionally_robust(logits, target, temperature=temperature, reduction="none")
    torch.testing.assert_close(
        values.detach(), gaps(logits.detach(), target, 0.1).mean(1), rtol=1e-5, atol=1e-5
    )
    values.sum().backward()
    torch.testing.assert_close(
        logits.grad, (0.2 - functional.one_hot(target, 5)).to(dtype), rtol=1e-5, atol=1e-5
    )


def test_many_classes_keep_the_digits_of_a_confident_row():
    logits = torch.zeros(1, 100_000)
    logits[0, 7] = 30.0
    loss = label_distributionally_robust(logits, torch.tensor([7]), margin=0.0)
    assert loss.item() == pytest.approx(math.log1p(99_999 * math.exp(-30)) - math.log(100_000), rel=1e-6)


def test_softplus_mean_is_that_of_the_normalised_scores():
    logits, target = rows(3)
    positive = functional.softplus(logits)
    torch.testing.assert_close(
        label_distributionally_robust(logits, target, normalize="softplus_mean"),
        label_distributionally_robust(positive / positive.mean(1, keepdim=True), target),
    )


def test_absolute_mean_is_that_of_the_normalised_scores():
    logits, target = rows(3)
    torch.testing.assert_close(
        label_distributionally_robust(logits, target, normalize="absolute_mean"),
        label_distributionally_robust(logits / logits.abs().mean(1, keepdim=True), target),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_row_whose_softplus_underflows_is_normalised_all_the_same(dtype):
    logits = torch.tensor([[-900.0, -901.0], [-39.5, -40.5]], dtype=dtype, requires_grad=True)
    target = torch.tensor([0, 0])
    values = label_distributionally_robust(logits, target, normalize="softplus_mean", reduction="none")
    share = 2 * torch.tensor([1.0, 0.0], dtype=dtype).softmax(0)
    wanted = label_distributionally_robust(share.unsqueeze(0), target[:1])
    torch.testing.assert_close(values.detach(), wanted.expand(2))
    values.sum().backward()
    assert logits.grad.isfinite().all()
    assert logits.grad.all()


@pytest.mark.parametrize("normalize", ["none", "softplus_mean", "absolute_mean"])
def test_zeros_a_single_class_and_an_empty_batch_have_a_finite_gradient(normalize):
    for logits in (torch.zeros(2, 3), torch.ones(3, 1), torch.ones(0, 4)):
        logits.requires_grad_()
        loss = label_distributionally_robust(
            logits, torch.zeros(len(logits), dtype=torch.int64), margin=0.0, normalize=normalize
        )
        loss.backward()
        assert loss.item() == 0
        assert logits.grad.isfinite().all()


LOGITS, TARGET = rows()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (LOGITS, TARGET.double(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 5, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"temperature": 0.0}, InvalidInputError, "temperature"),
        (LOGITS, TARGET, {"margin": -0.1}, InvalidInputError, "margin"),
        (LOGITS, TARGET, {"normalize": "mean"}, InvalidInputError, "normalize"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        label_distributionally_robust(logits, target, **options)
