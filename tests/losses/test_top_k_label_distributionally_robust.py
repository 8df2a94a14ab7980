"""Top-k label-distributionally robust loss beyond conformance: its special cases, its weights and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError
from lossary.losses.classification.label_distributionally_robust import label_distributionally_robust
from lossary.losses.classification.top_k_label_distributionally_robust import (
    top_k_label_distributionally_robust,
)
from torch.nn import functional


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(6, 5, generator=generator, dtype=torch.float64)
    return logits, torch.randint(5, (6,), generator=generator)


def gaps(logits: torch.Tensor, target: torch.Tensor, margin: float) -> torch.Tensor:
    onehot = functional.one_hot(target, logits.shape[1])
    return logits - logits.gather(1, target.unsqueeze(1)) + margin * (1 - onehot)


def capped_weights(row: torch.Tensor, k: int, temperature: float) -> torch.Tensor:
    """min(1/k, c e^(d / T)) with the c that makes them add up to one, by bisection."""
    low, high = -200.0, 200.0
    scaled = (row - row.max()) / temperature
    for _ in range(200):
        middle = (low + high) / 2
        total = (scaled + middle).exp().clamp(max=1 / k).sum()
        low, high = (middle, high) if total < 1 else (low, middle)
    return (scaled + high).exp().clamp(max=1 / k)


@pytest.mark.parametrize("k", [1, 2, 4, 5])
def test_at_temperature_zero_it_is_the_mean_of_the_largest_gaps(k):
    logits, target = rows()
    expected = gaps(logits, target, 1.0).topk(k).values.mean(1)
    torch.testing.assert_close(
        top_k_label_distributionally_robust(logits, target, k=k, reduction="none"), expected
    )


def test_one_at_temperature_zero_is_crammer_and_singer():
    logits, target = rows(1)
    loss = top_k_label_distributionally_robust(logits, target, k=1, reduction="none")
    others = logits.scatter(1, target.unsqueeze(1), -math.inf).amax(1)
    own = logits.gather(1, target.unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(loss, (1 + others - own).relu())


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.05, 50.0), margin=st.floats(0.0, 3.0))
@settings(max_examples=25)
def test_one_is_the_loss_without_a_cap(seed, temperature, margin):
    logits, target = rows(seed)
    options = {"temperature": temperature, "margin": margin, "reduction": "none"}
    torch.testing.assert_close(
        top_k_label_distributionally_robust(logits, target, k=1, **options),
        label_distributionally_robust(logits, target, **options),
    )


@pytest.mark.parametrize("temperature", [0.0, 0.1, 10.0])
def test_all_classes_are_the_mean_gap(temperature):
    logits, target = rows(2)
    loss = top_k_label_distributionally_robust(logits, target, k=5, temperature=temperature, reduction="none")
    torch.testing.assert_close(loss, gaps(logits, target, 1.0).mean(1))


@given(seed=st.integers(0, 2**16), k=st.integers(2, 4), temperature=st.floats(0.05, 20.0))
@settings(max_examples=20)
def test_value_and_gradient_are_those_of_the_capped_weights(seed, k, temperature):
    logits, target = rows(seed)
    logits.requires_grad_()
    values = top_k_label_distributionally_robust(
        logits, target, k=k, temperature=temperature, reduction="none"
    )
    distance = gaps(logits.detach(), target, 1.0)
    weight = torch.stack([capped_weights(row, k, temperature) for row in distance])
    divergence = torch.xlogy(weight, 5 * weight).sum(1)
    torch.testing.assert_close(
        values.detach(), (weight * distance).sum(1) - temperature * divergence, rtol=1e-6, atol=1e-7
    )
    values.sum().backward()
    torch.testing.assert_close(logits.grad, weight - functional.one_hot(target, 5), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_temperature_runs_into_its_limits(dtype):
    logits, target = rows(3)
    logits = logits.to(dtype)
    for temperature in (1e-30, 1e-6):
        torch.testing.assert_close(
            top_k_label_distributionally_robust(logits, target, k=3, temperature=temperature),
            top_k_label_distributionally_robust(logits, target, k=3),
            rtol=1e-5,
            atol=1e-5,
        )
    torch.testing.assert_close(
        top_k_label_distributionally_robust(logits, target, k=3, temperature=1e8),
        gaps(logits, target, 1.0).mean(),
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("k", [1, 3])
def test_with_a_temperature_it_is_twice_differentiable_compiles_and_vectorises(k):
    logits, target = rows(4)

    def loss(values, labels):
        return top_k_label_distributionally_robust(values, labels, k=k, temperature=2.0, reduction="none")

    leaf = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda values: loss(values, target), leaf)
    assert torch.autograd.gradgradcheck(lambda values: loss(values, target), leaf, fast_mode=True)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(logits, target), loss(logits, target))
    stacked = torch.stack([logits, -logits]), torch.stack([target, target])
    torch.testing.assert_close(torch.func.vmap(loss)(*stacked)[1], loss(-logits, target))


def test_of_equal_gaps_the_first_take_the_gradient():
    logits = torch.tensor([[0.0, 1.0, 1.0, 1.0]], requires_grad=True)
    top_k_label_distributionally_robust(logits, torch.tensor([0])).backward()
    assert logits.grad.tolist() == [[-1.0, 0.5, 0.5, 0.0]]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_single_class_and_an_empty_batch_give_zero_with_a_graph(temperature):
    for logits, k in ((torch.ones(3, 1, requires_grad=True), 1), (torch.ones(0, 4, requires_grad=True), 2)):
        target = torch.zeros(len(logits), dtype=torch.int64)
        loss = top_k_label_distributionally_robust(logits, target, k=k, temperature=temperature)
        loss.backward()
        assert loss.item() == 0
        assert not logits.grad.any()


LOGITS, TARGET = rows()


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"k": 0}, InvalidInputError, "k: got 0; wanted 1 to 5, the number of classes"),
        ({"k": 6}, InvalidInputError, "k"),
        ({"k": 2.0}, DtypeError, "k"),
        ({"temperature": -1.0}, InvalidInputError, "temperature"),
        ({"margin": -1.0}, InvalidInputError, "margin"),
    ],
)
def test_bad_options_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        top_k_label_distributionally_robust(LOGITS, TARGET, **options)
