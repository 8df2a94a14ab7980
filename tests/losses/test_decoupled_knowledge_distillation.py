"""Decoupled and normalized distillation beyond conformance: formulas, identities, certainty, two classes."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distillation.decoupled_knowledge_distillation import decoupled_knowledge_distillation
from lossary.losses.distillation.knowledge_distillation import knowledge_distillation
from lossary.losses.distillation.normalized_knowledge_distillation import normalized_knowledge_distillation

LOSSES = [decoupled_knowledge_distillation, normalized_knowledge_distillation]


def batch(seed: int, *, rows: int = 5, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(2, rows, classes, generator=generator, dtype=torch.float64)
    return logits[0], logits[1], torch.randint(classes, (rows,), generator=generator)


def without(probability: torch.Tensor, target: int) -> torch.Tensor:
    """The probabilities of the other classes among themselves."""
    others = torch.cat([probability[:target], probability[target + 1 :]])
    return others / others.sum()


def kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return (p * (p / q).log()).sum()


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.5, 8.0), beta=st.floats(0.0, 10.0))
@settings(max_examples=20)
def test_decoupled_equals_the_formula_read_literally(seed, temperature, beta):
    student, teacher, target = batch(seed)
    values = []
    for s, t, y in zip(student, teacher, target.tolist(), strict=True):
        q, p = (s / temperature).softmax(0), (t / temperature).softmax(0)
        pair_q, pair_p = torch.stack([q[y], 1 - q[y]]), torch.stack([p[y], 1 - p[y]])
        values.append(0.7 * kl(pair_p, pair_q) + beta * kl(without(p, y), without(q, y)))
    options = {"alpha": 0.7, "beta": beta, "temperature": temperature}
    loss = decoupled_knowledge_distillation(student, teacher, target, **options)
    torch.testing.assert_close(loss, temperature**2 * torch.stack(values).mean())


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.5, 8.0))
@settings(max_examples=20)
def test_normalized_equals_the_formula_read_literally(seed, temperature):
    student, teacher, target = batch(seed)
    values = []
    for s, t, y in zip(student, teacher, target.tolist(), strict=True):
        q, p = without((s / temperature).softmax(0), y), without((t / temperature).softmax(0), y)
        own = -t.softmax(0)[y] * s.softmax(0)[y].log()
        values.append(own - 1.5 * temperature**2 * (p * q.log()).sum())
    loss = normalized_knowledge_distillation(student, teacher, target, temperature=temperature)
    torch.testing.assert_close(loss, torch.stack(values).mean())


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_plain_distillation_weighs_the_others_by_what_the_teacher_leaves_them(seed):
    student, teacher, target = batch(seed, rows=1)
    left = 1 - teacher.softmax(1)[0, target[0]].item()
    loss = decoupled_knowledge_distillation(student, teacher, target, beta=left, temperature=1.0)
    torch.testing.assert_close(loss, knowledge_distillation(student, teacher, temperature=1.0))


def test_decoupled_is_zero_at_the_teacher_and_normalized_is_not():
    _, teacher, target = batch(0)
    for loss, at_teacher in zip(LOSSES, (0.0, None), strict=True):
        student = teacher.clone().requires_grad_()
        value = loss(student, teacher, target)
        value.backward()
        if at_teacher is not None:
            assert value.item() == pytest.approx(at_teacher, abs=1e-12)
            torch.testing.assert_close(student.grad, torch.zeros_like(teacher), rtol=0, atol=1e-12)
        else:
            assert value.item() > 0.1


def test_of_two_classes_nothing_is_left_within_the_others():
    student, teacher, target = batch(1, classes=2)
    inputs = student.requires_grad_(), teacher, target
    assert decoupled_knowledge_distillation(*inputs, alpha=0.0).item() == 0
    torch.testing.assert_close(
        normalized_knowledge_distillation(*inputs, gamma=9.0),
        normalized_knowledge_distillation(*inputs, gamma=0.0),
    )
    torch.testing.assert_close(
        decoupled_knowledge_distillation(*inputs, temperature=2.0),
        knowledge_distillation(student, teacher, temperature=2.0),
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_certain_networks_that_disagree_have_a_finite_loss_and_gradient(loss):
    student = torch.tensor([[1e3, 0.0, -1e3], [-1e3, 1e3, 0.0]], requires_grad=True)
    value = loss(student, -student.detach(), torch.tensor([0, 0]))
    value.backward()
    assert value.isfinite()
    assert student.grad.isfinite().all()
    assert student.grad.any()


def test_what_a_sure_teacher_thinks_of_the_other_classes_still_counts():
    teacher = torch.tensor([[40.0, 2.0, 0.0]])
    student = torch.tensor([[40.0, 0.0, 0.0]])
    loss = decoupled_knowledge_distillation(student, teacher, torch.tensor([0]), beta=1.0, temperature=1.0)
    p = 1 / (1 + math.exp(-2))
    assert loss.item() == pytest.approx(p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p)), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_bad_input_is_named(loss):
    student, teacher, target = batch(0)
    with pytest.raises(ShapeError, match=r"^student_logits: got shape \(5, 1\); wanted at least 2 classes"):
        loss(student[:, :1], teacher[:, :1], torch.zeros(5, dtype=torch.long))
    with pytest.raises(InvalidInputError, match=r"^target: got class 4"):
        loss(student, teacher, target.clamp(max=0) + 4)
    with pytest.raises(InvalidInputError, match=r"^temperature: "):
        loss(student, teacher, target, temperature=0.0)
    option = "gamma" if loss is normalized_knowledge_distillation else "beta"
    with pytest.raises(InvalidInputError, match=f"^{option}: "):
        loss(student, teacher, target, **{option: -1.0})
