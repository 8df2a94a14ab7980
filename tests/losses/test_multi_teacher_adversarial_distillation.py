"""Multi-teacher adversarial distillation beyond conformance: its two terms, temperatures, metrics, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.robustness.multi_teacher_adversarial_distillation import (
    LOSS,
    multi_teacher_adversarial_distillation,
)
from torch.nn import functional


def batch(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(4, 5, 4, generator=generator, dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16),
    share=st.floats(0.0, 1.0),
    robust_temperature=st.floats(0.5, 10.0),
    clean_temperature=st.floats(0.5, 10.0),
)
@settings(max_examples=25)
def test_equals_two_divergences_of_torch(seed, share, robust_temperature, clean_temperature):
    attacked, natural, robust, clean = batch(seed)
    terms = [
        functional.kl_div(student.log_softmax(1), (teacher / temperature).softmax(1), reduction="batchmean")
        for student, teacher, temperature in (
            (attacked, robust, robust_temperature),
            (natural, clean, clean_temperature),
        )
    ]
    found = multi_teacher_adversarial_distillation(
        attacked,
        natural,
        robust,
        clean,
        adversarial_weight=share,
        robust_temperature=robust_temperature,
        clean_temperature=clean_temperature,
    )
    torch.testing.assert_close(found, share * terms[0] + (1 - share) * terms[1])


def test_it_is_zero_where_the_student_is_as_sure_as_its_softened_teachers():
    _, _, robust, clean = batch(0)
    loss = multi_teacher_adversarial_distillation(
        robust / 2 + 1, clean / 5, robust, clean, robust_temperature=2.0, clean_temperature=5.0
    )
    assert loss.item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("temperature", [1e-30, 1e30])
def test_extreme_temperatures_stay_finite(temperature):
    logits = batch(0).float()
    loss = multi_teacher_adversarial_distillation(
        *logits, robust_temperature=temperature, clean_temperature=temperature
    )
    assert loss.isfinite()


def test_the_metrics_ask_each_teacher():
    student = torch.tensor([[2.0, 1.0], [2.0, 1.0]])
    inputs = {"student_adversarial_logits": student, "student_natural_logits": student}
    inputs |= {"robust_teacher_logits": student, "clean_teacher_logits": student.flip(1)}
    assert [metric(**inputs) for metric in LOSS.pairs_with] == [1.0, 0.0]


A, B, C, D = batch(0)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((A[0], B[0], C[0], D[0]), {}, ShapeError, "student_adversarial_logits"),
        ((A, B[:3], C, D), {}, ShapeError, "student_natural_logits"),
        ((A, B, C[:, :2], D), {}, ShapeError, "robust_teacher_logits"),
        ((A, B, C, D.long()), {}, DtypeError, "clean_teacher_logits"),
        ((A, B, C, D * math.inf), {}, InvalidInputError, "clean_teacher_logits"),
        ((A, B, C, D), {"adversarial_weight": 1.1}, InvalidInputError, "adversarial_weight"),
        ((A, B, C, D), {"adversarial_weight": -0.1}, InvalidInputError, "adversarial_weight"),
        ((A, B, C, D), {"robust_temperature": 0.0}, InvalidInputError, "robust_temperature"),
        ((A, B, C, D), {"clean_temperature": 0.0}, InvalidInputError, "clean_temperature"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        multi_teacher_adversarial_distillation(*inputs, **options)
