"""Knowledge distillation beyond conformance: the divergence read literally, extremes, its metrics, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distillation.knowledge_distillation import LOSS, knowledge_distillation
from torch.nn import functional


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    return logits[0], logits[1], torch.randint(4, (5,), generator=generator)


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.2, 20.0))
@settings(max_examples=25)
def test_equals_the_divergence_of_torch(seed, temperature):
    student, teacher, _ = batch(seed)
    log_q, log_p = ((logits / temperature).log_softmax(1) for logits in (student, teacher))
    wanted = temperature**2 * functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(1)
    loss = knowledge_distillation(student, teacher, temperature=temperature, reduction="none")
    torch.testing.assert_close(loss, wanted)


@given(seed=st.integers(0, 2**16), alpha=st.floats(0.0, 1.0))
@settings(max_examples=20)
def test_with_a_target_it_is_shared_with_cross_entropy(seed, alpha):
    student, teacher, target = batch(seed)
    wanted = torch.lerp(
        functional.cross_entropy(student, target), knowledge_distillation(student, teacher), alpha
    )
    torch.testing.assert_close(knowledge_distillation(student, teacher, target, alpha=alpha), wanted)


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_it_is_zero_with_no_gradient_at_the_teacher_up_to_a_constant(shift):
    _, teacher, _ = batch(0)
    student = (teacher + shift).requires_grad_()
    loss = knowledge_distillation(student, teacher)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(student.grad, torch.zeros_like(teacher), rtol=0, atol=1e-12)


def test_a_class_that_the_teacher_rules_out_costs_nothing_where_its_probability_underflows():
    teacher = torch.tensor([[0.0, -1e4, -1e4]])
    student = torch.tensor([[0.0, 0.0, -1e4]], requires_grad=True)
    loss = knowledge_distillation(student, teacher, temperature=1.0)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert student.grad.isfinite().all()


def test_the_largest_temperatures_stay_finite():
    student, teacher, _ = (value.float() for value in batch(0))
    for temperature in (1e3, 1e10, 1e30):
        assert knowledge_distillation(student, teacher, temperature=temperature).isfinite()


def test_the_metrics_look_at_the_target_and_at_the_teacher():
    student = torch.tensor([[2.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    teacher = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    inputs = {"student_logits": student, "teacher_logits": teacher, "target": torch.tensor([1, 1])}
    accuracy, agreement, top_two, calibration = (metric(**inputs) for metric in LOSS.pairs_with)
    assert (accuracy, agreement, top_two) == (0.5, 0.5, 1.0)
    assert 0 < calibration < 1


STUDENT, TEACHER, TARGET = batch(0)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((STUDENT, TEACHER[:4]), {}, ShapeError, "teacher_logits"),
        ((STUDENT[0], TEACHER[0]), {}, ShapeError, "student_logits"),
        ((STUDENT[:, :0], TEACHER[:, :0]), {}, ShapeError, "student_logits: got .* at least a class"),
        ((STUDENT, TEACHER.long()), {}, DtypeError, "teacher_logits"),
        ((STUDENT, TEACHER * math.inf), {}, InvalidInputError, "teacher_logits"),
        ((STUDENT, TEACHER, TARGET[:3]), {}, ShapeError, "target"),
        ((STUDENT, TEACHER, TARGET + 4), {}, InvalidInputError, "target"),
        ((STUDENT, TEACHER, TARGET.float()), {}, DtypeError, "target"),
        ((STUDENT, TEACHER), {"temperature": 0.0}, InvalidInputError, "temperature"),
        ((STUDENT, TEACHER), {"alpha": 1.5}, InvalidInputError, "alpha"),
        ((STUDENT, TEACHER), {"alpha": -0.5}, InvalidInputError, "alpha"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        knowledge_distillation(*inputs, **options)
