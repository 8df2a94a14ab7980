"""Adaptive label-distributionally robust loss beyond conformance: temperatures, its module and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.adaptive_label_distributionally_robust import (
    AdaptiveLabelDistributionallyRobust,
    adaptive_label_distributionally_robust,
    adaptive_label_distributionally_robust_terms,
)
from lossary.losses.classification.label_distributionally_robust import label_distributionally_robust

PLAIN = {"normalize": "none"}


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(6, 5, generator=generator, dtype=torch.float64)
    temperature = 5 + 5 * torch.rand(6, generator=generator, dtype=torch.float64)
    return logits, torch.randint(5, (6,), generator=generator), temperature


@given(
    seed=st.integers(0, 2**16),
    reference=st.floats(0.1, 20.0),
    alpha=st.floats(1.01, 5.0),
    normalize=st.sampled_from(["none", "softplus_mean", "absolute_mean"]),
)
@settings(max_examples=25)
def test_temperatures_stay_between_their_bounds(seed, reference, alpha, normalize):
    logits, target, temperature = rows(seed)
    new = adaptive_label_distributionally_robust_terms(
        logits, target, temperature, reference_temperature=reference, alpha=alpha, normalize=normalize
    ).temperature
    assert (new > reference * (1 - 1 / alpha)).all()
    assert (new <= reference * (1 + 1e-12)).all()


def test_each_row_is_the_robust_loss_at_its_new_temperature_less_the_price():
    logits, target, temperature = rows()
    options = {"reference_temperature": 2.0, "alpha": 1.5, "margin": 0.3, "normalize": "softplus_mean"}
    terms = adaptive_label_distributionally_robust_terms(logits, target, temperature, **options)
    robust = [
        label_distributionally_robust(
            logits[[row]], target[[row]], temperature=value, margin=0.3, normalize="softplus_mean"
        )
        for row, value in enumerate(terms.temperature.tolist())
    ]
    price = 1.5 * math.log(5) / 4.0 * (terms.temperature - 2.0).square()
    torch.testing.assert_close(terms.loss, (torch.stack(robust) - price).mean())


def test_a_confident_row_is_colder_than_an_undecided_one():
    logits = torch.tensor([[9.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    new = adaptive_label_distributionally_robust_terms(
        logits, torch.tensor([0, 1, 2]), torch.ones(3), reference_temperature=1.0, **PLAIN
    ).temperature
    assert new[0] < new[1] < new[2]
    assert new[2].item() == pytest.approx(1.0)


def test_the_new_temperature_depends_neither_on_the_target_nor_on_the_margin():
    logits, target, temperature = rows(1)
    one = adaptive_label_distributionally_robust_terms(logits, target, temperature)
    other = adaptive_label_distributionally_robust_terms(logits, (target + 1) % 5, temperature, margin=2.0)
    assert torch.equal(one.temperature, other.temperature)


def test_the_gradient_is_that_at_fixed_temperatures():
    logits, target, temperature = rows(2)
    logits.requires_grad_()
    terms = adaptive_label_distributionally_robust_terms(logits, target, temperature, **PLAIN)
    (gradient,) = torch.autograd.grad(terms.loss, logits)
    assert not terms.temperature.requires_grad
    onehot = torch.nn.functional.one_hot(target, 5)
    gaps = logits.detach() - logits.detach().gather(1, target.unsqueeze(1)) + 0.1 * (1 - onehot)
    weight = (gaps / terms.temperature.unsqueeze(1)).softmax(1)
    torch.testing.assert_close(gradient, (weight - onehot) / 6)


@pytest.mark.parametrize("normalize", ["none", "softplus_mean", "absolute_mean"])
def test_a_single_class_and_an_empty_batch_give_zero_with_a_graph(normalize):
    for logits in (torch.ones(3, 1, requires_grad=True), torch.ones(0, 4, requires_grad=True)):
        count = len(logits)
        terms = adaptive_label_distributionally_robust_terms(
            logits, torch.zeros(count, dtype=torch.int64), torch.full((count,), 4.0), normalize=normalize
        )
        terms.loss.backward()
        assert terms.loss.item() == 0
        assert terms.temperature.tolist() == pytest.approx([10.0] * count)
        assert logits.grad.isfinite().all()


def test_the_module_reads_and_writes_the_rows_of_the_batch():
    logits, target, _ = rows(3)
    criterion = AdaptiveLabelDistributionallyRobust(20, margin=0.5).double()
    index = torch.tensor([3, 1, 4, 15, 9, 2])
    first = adaptive_label_distributionally_robust_terms(
        logits, target, torch.full((6,), 10.0, dtype=torch.float64), margin=0.5
    )
    torch.testing.assert_close(criterion(logits, target, index), first.loss)
    torch.testing.assert_close(criterion.temperature[index], first.temperature)
    others = [row for row in range(20) if row not in index.tolist()]
    assert (criterion.temperature[others] == 10).all()
    second = adaptive_label_distributionally_robust(logits, target, first.temperature, margin=0.5)
    torch.testing.assert_close(criterion(logits, target, index), second)


def test_evaluation_writes_nothing():
    logits, target, _ = rows(3)
    criterion = AdaptiveLabelDistributionallyRobust(6).eval()
    criterion(logits, target, torch.arange(6))
    assert (criterion.temperature == 10).all()


def test_the_last_of_a_sample_that_comes_twice_wins():
    logits = torch.tensor([[9.0, 0.0], [0.0, 0.0]])
    criterion = AdaptiveLabelDistributionallyRobust(3)
    criterion(logits, torch.tensor([0, 0]), torch.tensor([1, 1]))
    assert criterion.temperature[1].item() == pytest.approx(10.0)
    criterion(logits.flip(0), torch.tensor([0, 0]), torch.tensor([1, 1]))
    assert criterion.temperature[1].item() < 9.98


def test_the_module_keeps_its_temperatures_in_single_precision_and_in_its_state():
    logits, target, _ = rows(4)
    first, second = AdaptiveLabelDistributionallyRobust(6), AdaptiveLabelDistributionallyRobust(6)
    loss = first(logits.bfloat16(), target, torch.arange(6))
    assert loss.dtype == torch.bfloat16
    wide = AdaptiveLabelDistributionallyRobust(6)
    wide(logits.bfloat16().float(), target, torch.arange(6))
    assert torch.equal(first.temperature, wide.temperature)
    second.load_state_dict(first.state_dict())
    assert torch.equal(second.temperature, first.temperature)
    assert "num_samples=6, reference_temperature=10.0, alpha=2.0" in repr(first)


LOGITS, TARGET, TEMPERATURE = rows()


@pytest.mark.parametrize(
    ("temperature", "options", "error", "argument"),
    [
        (TEMPERATURE[:3], {}, ShapeError, "temperature"),
        (TEMPERATURE.long(), {}, DtypeError, "temperature"),
        (TEMPERATURE * 0, {}, InvalidInputError, "temperature: got 0; wanted values above 0"),
        (TEMPERATURE * math.nan, {}, InvalidInputError, "temperature"),
        (TEMPERATURE, {"alpha": 1.0}, InvalidInputError, "alpha: got 1.0; wanted a number above 1"),
        (TEMPERATURE, {"reference_temperature": 0.0}, InvalidInputError, "reference_temperature"),
        (TEMPERATURE, {"margin": -1.0}, InvalidInputError, "margin"),
        (TEMPERATURE, {"normalize": None}, InvalidInputError, "normalize"),
    ],
)
def test_bad_input_is_named(temperature, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        adaptive_label_distributionally_robust(LOGITS, TARGET, temperature, **options)


def test_the_module_names_bad_options_and_rows():
    with pytest.raises(InvalidInputError, match=r"^num_samples"):
        AdaptiveLabelDistributionallyRobust(0)
    with pytest.raises(InvalidInputError, match=r"^alpha"):
        AdaptiveLabelDistributionallyRobust(4, alpha=0.5)
    criterion = AdaptiveLabelDistributionallyRobust(6)
    with pytest.raises(InvalidInputError, match=r"^index: got 6; wanted dataset rows from 0 to 5"):
        criterion(LOGITS, TARGET, torch.arange(1, 7))
    with pytest.raises(ShapeError, match=r"^index: .*the rows of logits"):
        criterion(LOGITS, TARGET, torch.arange(3))
