"""The two binary distillations and the dual head beyond conformance: formulas, slopes, large gaps, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distillation.binary_kl_distillation import binary_kl_distillation
from lossary.losses.distillation.binary_kl_norm_distillation import binary_kl_norm_distillation
from lossary.losses.distillation.dual_head_distillation import dual_head_distillation
from torch.nn import functional

LOSSES = [binary_kl_distillation, binary_kl_norm_distillation]


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)
    return logits[0], logits[1], logits[2]


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.5, 10.0))
@settings(max_examples=25)
def test_equal_the_formulas_read_literally(seed, temperature):
    student, teacher, _ = batch(seed)
    p, q = (teacher / temperature).sigmoid(), (student / temperature).sigmoid()
    kl = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
    options = {"temperature": temperature, "reduction": "none"}
    torch.testing.assert_close(
        binary_kl_distillation(student, teacher, **options), temperature**2 * kl.sum(1)
    )
    r = ((student - teacher) / temperature).sigmoid()
    coin = 0.5 * (0.5 / r).log() + 0.5 * (0.5 / (1 - r)).log()
    torch.testing.assert_close(
        binary_kl_norm_distillation(student, teacher, **options), temperature**2 * coin.sum(1)
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_at_the_teacher_value_and_gradient_are_zero(loss):
    student = batch(0)[0].requires_grad_()
    value = loss(student, student.detach())
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(student.grad, torch.zeros_like(student), rtol=0, atol=1e-12)


def test_a_gap_of_any_size_pulls_with_half_a_temperature_at_most():
    student = torch.tensor([[1e4, -1e4, 3.0, 0.0]], requires_grad=True)
    binary_kl_norm_distillation(student, torch.zeros(1, 4), temperature=3.0).backward()
    torch.testing.assert_close(student.grad, torch.tensor([[1.5, -1.5, 1.5 * math.tanh(0.5), 0.0]]))


def test_a_saturated_student_is_still_pulled_to_a_teacher_that_disagrees():
    student = torch.tensor([[200.0]], requires_grad=True)
    loss = binary_kl_distillation(student, torch.tensor([[-200.0]]), temperature=1.0)
    loss.backward()
    assert loss.item() == pytest.approx(200)
    assert student.grad.item() == pytest.approx(1)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_without_rows_or_classes_it_is_zero_with_a_graph(loss, shape):
    student = torch.zeros(shape, requires_grad=True)
    value = loss(student, torch.zeros(shape))
    value.backward()
    assert value.item() == 0
    assert student.grad.shape == shape


@given(seed=st.integers(0, 2**16), gamma=st.floats(0.0, 2.0), alpha=st.floats(0.0, 2.0))
@settings(max_examples=20)
def test_the_dual_head_is_the_weighted_sum_of_its_parts(seed, gamma, alpha):
    student, auxiliary, teacher = batch(seed)
    target = torch.tensor([0, 1, 2, 3, 0])
    wanted = gamma * functional.cross_entropy(student, target)
    wanted = wanted + alpha * binary_kl_norm_distillation(auxiliary, teacher, temperature=3.0)
    options = {"gamma": gamma, "alpha": alpha, "temperature": 3.0}
    torch.testing.assert_close(dual_head_distillation(student, auxiliary, teacher, target, **options), wanted)


def test_an_empty_batch_of_the_dual_head_is_zero_with_a_graph():
    student, auxiliary = (torch.zeros(0, 3, requires_grad=True) for _ in range(2))
    loss = dual_head_distillation(student, auxiliary, torch.zeros(0, 3), torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert student.grad is not None
    assert auxiliary.grad is not None


@pytest.mark.parametrize("loss", LOSSES)
def test_bad_input_is_named(loss):
    student, teacher, _ = batch(0)
    with pytest.raises(ShapeError, match=r"^teacher_logits: "):
        loss(student, teacher[:, :2])
    with pytest.raises(InvalidInputError, match=r"^temperature: "):
        loss(student, teacher, temperature=-1.0)


@pytest.mark.parametrize(
    ("changed", "argument"),
    [
        ({"auxiliary_logits": torch.zeros(5, 3)}, "auxiliary_logits"),
        ({"auxiliary_logits": torch.full((5, 4), math.nan)}, "auxiliary_logits"),
        ({"target": torch.tensor([0, 1, 2, 4, 0])}, "target"),
        ({"gamma": -1.0}, "gamma"),
        ({"alpha": -1.0}, "alpha"),
    ],
)
def test_bad_input_of_the_dual_head_is_named(changed, argument):
    student, auxiliary, teacher = batch(0)
    inputs = {
        "student_logits": student,
        "auxiliary_logits": auxiliary,
        "teacher_logits": teacher,
        "target": torch.tensor([0, 1, 2, 3, 0]),
    }
    with pytest.raises(InvalidInputError, match=f"^{argument}: "):
        dual_head_distillation(**inputs | changed)
