"""Weights of f-divergences: goldens, second derivatives of generators, bounds, no gradient, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.f_divergence_weight import f_divergence_weight

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "140-f_divergence_weight.json")

# generators f with the constant of r^2 f''(r)
GENERATORS = {
    "kl": (lambda r: r * r.log(), 1.0),
    "reverse_kl": (lambda r: -r.log(), 1.0),
    "jensen_shannon": (lambda r: (r * r.log() - (1 + r) * ((1 + r) / 2).log()) / 2, 0.5),
    "squared_hellinger": (lambda r: 1 - r.sqrt(), 0.25),
    "softened_reverse_kl": (lambda r: (1 + r) * ((1 + r) / (2 * r)).log(), 1.0),
    "jeffreys": (lambda r: (r - 1) * r.log(), 1.0),
    "neyman_chi2": (lambda r: (1 - r).square() / r, 2.0),
    "pearson_chi2": (lambda r: (r - 1).square(), 2.0),
}


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_weights(case):
    found = f_divergence_weight(torch.from_numpy(case.inputs["log_ratio"]), **case.params)
    wanted = torch.tensor(case.expected["weight"], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("divergence", GENERATORS)
@given(log_ratio=st.lists(st.floats(-2, 2.9), min_size=1, max_size=5))
@settings(max_examples=10)
def test_is_the_second_derivative_of_the_generator(divergence, log_ratio):
    f, constant = GENERATORS[divergence]
    logs = torch.tensor(log_ratio, dtype=torch.float64)
    ratios = logs.exp()
    second = torch.func.vmap(torch.func.grad(torch.func.grad(f)))(ratios)
    found = f_divergence_weight(logs, divergence=divergence, normalize=False)
    torch.testing.assert_close(constant * found, second * ratios.square(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("alpha", "name"), [(0.0, "reverse_kl"), (1.0, "kl"), (0.5, "squared_hellinger"), (2, "pearson_chi2")]
)
def test_powers_have_names(alpha, name):
    logs = torch.linspace(-2, 2, 5)
    torch.testing.assert_close(
        f_divergence_weight(logs, divergence="alpha", alpha=alpha), f_divergence_weight(logs, divergence=name)
    )


def test_extreme_ratios_are_set_to_the_bounds_and_weights_have_no_gradient():
    logs = torch.tensor([-1e30, 0.0, 1e30], requires_grad=True)
    found = f_divergence_weight(logs, divergence="kl", normalize=False)
    torch.testing.assert_close(found, torch.tensor([0.1, 1.0, 20.0]))
    assert not found.requires_grad
    wide = f_divergence_weight(logs, divergence="kl", normalize=False, log_clip=2.0, ratio_range=(1e-9, 1e9))
    torch.testing.assert_close(wide, torch.tensor([math.exp(-2), 1.0, math.exp(2)]))


def test_normalized_weights_have_a_mean_of_one_in_any_dtype():
    logs = torch.linspace(-2, 2, 7)
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        found = f_divergence_weight(logs.to(dtype))
        assert found.dtype == dtype
        assert found.mean().item() == pytest.approx(1.0, abs=1e-2)


def test_they_turn_a_step_towards_the_modes_that_are_missing():
    logs = torch.tensor([3.0, -3.0])  # much more likely for the teacher, and much less
    for divergence in ("kl", "jensen_shannon", "jeffreys"):
        more, less = f_divergence_weight(logs, divergence=divergence)
        assert more > less
    assert (
        f_divergence_weight(logs, divergence="reverse_kl")[0]
        == f_divergence_weight(logs, divergence="rkl")[1]
    )


L = torch.zeros(3)


@pytest.mark.parametrize(
    ("logs", "options", "error", "argument"),
    [
        (L[:0], {}, ShapeError, "log_ratio"),
        (L.unsqueeze(0), {}, ShapeError, "log_ratio"),
        (L.long(), {}, DtypeError, "log_ratio"),
        (L * math.nan, {}, InvalidInputError, "log_ratio"),
        (L, {"divergence": "l2"}, InvalidInputError, "divergence: got 'l2'; wanted one of 'kl'"),
        (L, {"divergence": "total_variation"}, InvalidInputError, "divergence"),
        (L, {"divergence": "alpha"}, InvalidInputError, "alpha: got None"),
        (L, {"alpha": 0.5}, InvalidInputError, "alpha"),
        (L, {"ratio_range": (0.0, 1.0)}, InvalidInputError, "ratio_range"),
        (L, {"ratio_range": (2.0, 1.0)}, InvalidInputError, "ratio_range"),
        (L, {"ratio_range": 2.0}, InvalidInputError, "ratio_range"),
        (L, {"log_clip": 0.0}, InvalidInputError, "log_clip"),
        (L, {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(logs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        f_divergence_weight(logs, **options)
