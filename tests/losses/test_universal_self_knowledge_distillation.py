"""USKD beyond conformance: the soft labels read literally, what has a gradient, its metrics, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distillation.universal_self_knowledge_distillation import (
    LOSS,
    universal_self_knowledge_distillation,
)


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    return logits[0], logits[1], torch.randint(4, (5,), generator=generator)


def by_loops(logits, weak_logits, target, *, alpha, beta, mu, rank_scale) -> torch.Tensor:
    q, w = logits.softmax(1), weak_logits.softmax(1)
    squares = torch.stack([q[i, y] ** 2 for i, y in enumerate(target.tolist())]).detach()
    total = torch.zeros((), dtype=logits.dtype)
    for i, y in enumerate(target.tolist()):
        total = total - alpha * (squares[i] + 1 - squares.mean()) * q[i, y].log()
        v = q[i].log() if rank_scale == "log_probability" else q[i]
        score = (w[i] / (1 - w[i, y] + 1e-6) + v / (1 - v[y] + 1e-6)).tolist()
        best_first = sorted(range(4), key=lambda c: (-score[c], c))
        shares = {c: 1 / (place + 1) for place, c in enumerate(best_first) if c != y}
        rest = 1 - q[i, y]
        for c, share in shares.items():
            total = total - beta * share / sum(shares.values()) * (q[i, c] / rest).log()
        for c in range(4):
            total = total - mu * (0.9 * (c == y) + 0.025) * w[i, c].log()
    return total / len(target)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
@pytest.mark.parametrize("rank_scale", ["log_probability", "probability"])
def test_value_and_gradient_equal_loops_with_constant_labels(rank_scale, seed):
    logits, weak_logits, target = batch(seed)
    leaves = [logits.requires_grad_(), weak_logits.requires_grad_()]
    options = {"alpha": 0.7, "beta": 0.4, "mu": 0.2, "rank_scale": rank_scale}
    loss = universal_self_knowledge_distillation(logits, weak_logits, target, **options)
    wanted = by_loops(logits, weak_logits, target, **options)
    torch.testing.assert_close(loss, wanted)
    for gradient, expected in zip(
        torch.autograd.grad(loss, leaves), torch.autograd.grad(wanted, leaves), strict=True
    ):
        torch.testing.assert_close(gradient, expected)


def test_the_weak_classifier_learns_from_its_own_term_alone():
    logits, weak_logits, target = batch(0)
    weak_logits.requires_grad_()
    universal_self_knowledge_distillation(logits, weak_logits, target, mu=0.0).backward()
    assert not weak_logits.grad.any()


def test_equal_scores_are_ranked_by_class():
    zeros = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    universal_self_knowledge_distillation(
        zeros, zeros.detach(), torch.tensor([1]), alpha=0.0, beta=1.0
    ).backward()
    shares = torch.tensor([1.0, 0.0, 1 / 3, 1 / 4], dtype=torch.float64)  # the target has the second place
    wanted = torch.tensor([1 / 3, 0.0, 1 / 3, 1 / 3], dtype=torch.float64) - shares / shares.sum()
    torch.testing.assert_close(zeros.grad[0], wanted)


def test_certain_networks_have_a_finite_loss_and_gradient():
    logits = torch.tensor([[1e3, 0.0, -1e3], [-1e3, 1e3, 0.0]], requires_grad=True)
    weak_logits = (-logits.detach()).requires_grad_()
    loss = universal_self_knowledge_distillation(logits, weak_logits, torch.tensor([0, 0]))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()
    assert weak_logits.grad.isfinite().all()


def test_an_empty_batch_is_zero_with_a_graph():
    logits, weak_logits = (torch.zeros(0, 3, requires_grad=True) for _ in range(2))
    loss = universal_self_knowledge_distillation(logits, weak_logits, torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0


def test_the_metrics_are_those_of_the_network():
    inputs = {
        "logits": torch.tensor([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0]]),
        "weak_logits": torch.zeros(2, 3),
        "target": torch.tensor([0, 2]),
    }
    accuracy, top_two, calibration = (metric(**inputs) for metric in LOSS.pairs_with)
    assert (accuracy, top_two) == (0.5, 1.0)
    assert 0 < calibration < 1


LOGITS, WEAK, TARGET = batch(0)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((LOGITS[:, :1], WEAK[:, :1], TARGET), {}, ShapeError, "logits: got .* at least 2 classes"),
        ((LOGITS, WEAK[:, :2], TARGET), {}, ShapeError, "weak_logits"),
        ((LOGITS, WEAK * math.nan, TARGET), {}, InvalidInputError, "weak_logits"),
        ((LOGITS, WEAK, torch.zeros(5, 4, dtype=torch.long)), {}, ShapeError, "target"),
        ((LOGITS, WEAK, torch.zeros(5, 4)), {}, DtypeError, "target"),
        ((LOGITS, WEAK, TARGET), {"alpha": -1.0}, InvalidInputError, "alpha"),
        ((LOGITS, WEAK, TARGET), {"beta": -1.0}, InvalidInputError, "beta"),
        ((LOGITS, WEAK, TARGET), {"mu": -1.0}, InvalidInputError, "mu"),
        ((LOGITS, WEAK, TARGET), {"rank_scale": "logits"}, InvalidInputError, "rank_scale"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        universal_self_knowledge_distillation(*inputs, **options)
