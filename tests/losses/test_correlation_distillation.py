"""DIST beyond conformance: correlations of NumPy, what leaves them alone, what does not vary, errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distillation.correlation_distillation import correlation_distillation


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    logits = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return logits[0], 2 * logits[1]


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.5, 5.0))
@settings(max_examples=20)
def test_equals_the_correlations_of_numpy(seed, temperature):
    student, teacher = batch(seed)
    q, p = ((logits / temperature).softmax(1).numpy() for logits in (student, teacher))
    rows = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(q, p, strict=True)])
    columns = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(q.T, p.T, strict=True)])
    wanted = temperature**2 * (0.3 * (1 - rows) + 2.0 * (1 - columns))
    loss = correlation_distillation(student, teacher, beta=0.3, gamma=2.0, temperature=temperature)
    assert loss.item() == pytest.approx(wanted, rel=1e-5)


def test_it_is_all_but_zero_at_the_teacher():
    student, _ = batch(0)
    assert correlation_distillation(student, student).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("constant", ["student", "teacher"])
def test_what_does_not_vary_correlates_with_nothing(constant):
    student, teacher = batch(0)
    flat = torch.zeros_like(student)
    student, teacher = (flat, teacher) if constant == "student" else (student, flat)
    student.requires_grad_()
    loss = correlation_distillation(student, teacher)
    loss.backward()
    assert loss.item() == pytest.approx(2.0, abs=1e-6)
    assert student.grad.isfinite().all()


def test_one_row_has_the_full_term_of_the_batch_without_a_gradient():
    student, teacher = (logits[:1] for logits in batch(0))
    student = student.clone().requires_grad_()
    loss = correlation_distillation(student, teacher, beta=0.0)
    loss.backward()
    assert loss.item() == 1.0
    assert not student.grad.any()


def test_an_empty_batch_is_zero_with_a_graph():
    student = torch.zeros(0, 3, requires_grad=True)
    loss = correlation_distillation(student, torch.zeros(0, 3))
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("options", "argument"),
    [({"beta": -1.0}, "beta"), ({"gamma": math.nan}, "gamma"), ({"temperature": 0.0}, "temperature")],
)
def test_bad_options_are_named(options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}: "):
        correlation_distillation(*batch(0), **options)


def test_maps_are_refused():
    with pytest.raises(
        ShapeError, match=r"^student_logits: got shape \(2, 3, 4, 4\); wanted \(batch, classes\)"
    ):
        correlation_distillation(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4))
