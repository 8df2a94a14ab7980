"""f-distillation beyond conformance: its steps, weights, large samples, a generator that learns, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.f_distillation import f_distillation
from lossary.training.f_divergence_weight import f_divergence_weight


def batch(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return list(torch.randn(3, 4, 2, 3, generator=generator, dtype=torch.float64))


@given(seed=st.integers(0, 2**16), normalize=st.booleans(), divergence=st.sampled_from(["kl", "js", "jf"]))
@settings(max_examples=20)
def test_the_gradient_is_the_weighted_step_and_the_value_half_its_mean_square(seed, normalize, divergence):
    x, teacher, student = batch(seed)
    log_ratio = x[:, 0, 0]
    weights = f_divergence_weight(log_ratio, divergence=divergence, normalize=normalize)
    scale = weights / ((x - teacher).abs().mean((1, 2)) + 1e-6)
    step = scale[:, None, None] * (student - teacher)
    x.requires_grad_()
    loss = f_distillation(x, teacher, student, log_ratio.detach(), divergence=divergence, normalize=normalize)
    (slope,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(loss.detach(), step.square().mean() / 2)
    torch.testing.assert_close(slope, step / step.numel())


def test_without_a_ratio_it_is_that_of_the_reverse_divergence():
    x, teacher, student = batch()
    plain = f_distillation(x, teacher, student)
    weighted = f_distillation(x, teacher, student, x[:, 0, 0], divergence="reverse_kl", normalize=False)
    torch.testing.assert_close(plain, weighted)


def test_small_steps_of_large_samples_keep_their_digits():
    x = torch.full((1, 2), 1e6, requires_grad=True)
    teacher, student = torch.zeros(1, 2), torch.full((1, 2), 1.0)
    loss = f_distillation(x, teacher, student)
    (slope,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(slope, torch.full_like(slope, 0.5e-6), rtol=1e-5, atol=0)
    assert loss.item() == pytest.approx(0.5e-12, rel=1e-5)


def test_a_generator_finds_the_mean_of_its_teacher():
    generator = torch.Generator().manual_seed(0)
    mean = torch.zeros(2, requires_grad=True)
    wanted = torch.tensor([2.0, -1.0])
    optimizer = torch.optim.SGD([mean], lr=0.5)
    for _ in range(200):
        sample = mean + torch.randn(64, 2, generator=generator)
        # estimates of a clean sample half way to the mean of each distribution, whose deviations are 1
        teacher, student = ((sample.detach() + centre) / 2 for centre in (wanted, mean.detach()))
        log_ratio = ((sample - mean).square() - (sample - wanted).square()).sum(1).detach() / 2
        optimizer.zero_grad()
        f_distillation(sample, teacher, student, log_ratio).backward()
        optimizer.step()
    torch.testing.assert_close(mean.detach(), wanted, rtol=0, atol=0.1)


X, T, S = batch()
R = torch.zeros(4)


@pytest.mark.parametrize(
    ("given_inputs", "options", "error", "argument"),
    [
        ((X[:0], T[:0], S[:0]), {}, ShapeError, "sample"),
        ((X, T[:3], S), {}, ShapeError, "teacher_prediction"),
        ((X, T, S[..., :1]), {}, ShapeError, "student_prediction"),
        ((X, T, S, R[:3]), {}, ShapeError, "log_ratio"),
        ((X, T, S.long()), {}, DtypeError, "student_prediction"),
        ((X * math.nan, T, S), {}, InvalidInputError, "sample"),
        ((X, T, S, R * math.nan), {}, InvalidInputError, "log_ratio"),
        ((X, T, S, R), {"divergence": "total_variation"}, InvalidInputError, "divergence"),
        ((X, T, S, R), {"ratio_range": (2.0, 1.0)}, InvalidInputError, "ratio_range"),
        ((X, T, S, R), {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(given_inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        f_distillation(*given_inputs, **options)
