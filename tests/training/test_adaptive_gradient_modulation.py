"""Adaptive gradient modulation: recorded values, the split of logits, limits, a modality that is slowed."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.adaptive_gradient_modulation import (
    gradient_modulation_coefficients,
    shapley_modality_outputs,
)
from torch.nn import functional

FOLDER = Path(__file__).parents[1] / "goldens"
SPLITS = load_goldens(FOLDER / "053-shapley_modality_outputs.json")
STEPS = load_goldens(FOLDER / "053-gradient_modulation_coefficients.json")
LOGITS, TARGET = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])


def tensors(inputs):
    return {name: torch.from_numpy(array) for name, array in inputs.items()}


@pytest.mark.parametrize("case", SPLITS.cases, ids=str)
def test_goldens_of_outputs(case):
    inputs = tensors(case.inputs)
    found = shapley_modality_outputs(**inputs)
    for name, wanted in case.expected.items():
        wanted = torch.tensor(wanted, dtype=torch.float64)
        torch.testing.assert_close(getattr(found, name), wanted, rtol=case.rtol, atol=case.atol)
    torch.testing.assert_close(found.output1 + found.output2, inputs["full"])


@pytest.mark.parametrize("case", STEPS.cases, ids=str)
def test_goldens_of_coefficients(case):
    found = gradient_modulation_coefficients(**tensors(case.inputs), **case.params)
    assert found._asdict() == pytest.approx(case.expected, rel=case.rtol)


def test_gradients_of_the_split_are_halves():
    given = [LOGITS.clone().requires_grad_() for _ in range(3)]
    shapley_modality_outputs(*given).output1.sum().backward()
    assert [float(each.grad[0, 0]) for each in given] == [0.5, -0.5, 0.5]


def test_modalities_as_good_as_ever_are_left_alone():
    step = gradient_modulation_coefficients(LOGITS, LOGITS, TARGET, running1=0.3, running2=0.3, step=1)
    assert (step.coefficient1, step.coefficient2) == (1.0, 1.0)
    zero = gradient_modulation_coefficients(LOGITS, -LOGITS, TARGET, running1=0, running2=2, step=1, alpha=0)
    assert (zero.coefficient1, zero.coefficient2) == (1.0, 1.0)


def test_wildly_different_scores_give_finite_numbers():
    step = gradient_modulation_coefficients(
        1e4 * LOGITS, -1e4 * LOGITS, TARGET, running1=500.0, running2=0.0, step=3, floor=1e-30
    )
    assert all(math.isfinite(number) for number in step)


def test_in_a_loop_the_modality_that_runs_ahead_is_slowed():
    def train(alpha):
        generator = torch.Generator().manual_seed(0)
        weak, strong = (torch.zeros(2, 2, requires_grad=True) for _ in range(2))
        optimizer = torch.optim.SGD([weak, strong], lr=0.5)
        running1 = running2 = 0.0
        for step in range(10):
            target = torch.randint(2, (64,), generator=generator)
            sign = functional.one_hot(target, 2).float()
            inputs = [scale * sign + torch.randn(64, 2, generator=generator) for scale in (1.0, 3.0)]
            logits1, logits2 = inputs[0] @ weak, inputs[1] @ strong
            found = gradient_modulation_coefficients(
                logits1, logits2, target, running1=running1, running2=running2, step=step, alpha=alpha
            )
            running1, running2 = found.running1, found.running2
            logits1.register_hook(lambda grad, by=found.coefficient1: grad * by)
            logits2.register_hook(lambda grad, by=found.coefficient2: grad * by)
            optimizer.zero_grad()
            functional.cross_entropy(logits1 + logits2, target).backward()
            optimizer.step()
        return (weak.detach().norm() / strong.detach().norm()).item()

    assert train(alpha=1.0) > 1.1 * train(alpha=0.0)


OPTIONS = {"running1": 0.0, "running2": 0.0, "step": 0}


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: shapley_modality_outputs(LOGITS[0], LOGITS, LOGITS), ShapeError, "full"),
        (lambda: shapley_modality_outputs(LOGITS, LOGITS[:1], LOGITS), ShapeError, "without1"),
        (lambda: shapley_modality_outputs(LOGITS, LOGITS, TARGET), DtypeError, "without2"),
        (
            lambda: gradient_modulation_coefficients(LOGITS[:0], LOGITS[:0], TARGET[:0], **OPTIONS),
            ShapeError,
            "logits1: got no row",
        ),
        (
            lambda: gradient_modulation_coefficients(LOGITS, LOGITS[:1], TARGET, **OPTIONS),
            ShapeError,
            "logits2",
        ),
        (
            lambda: gradient_modulation_coefficients(LOGITS, LOGITS, TARGET + 1, **OPTIONS),
            InvalidInputError,
            "target",
        ),
        (
            lambda: gradient_modulation_coefficients(LOGITS, LOGITS, TARGET, **OPTIONS | {"step": -1}),
            InvalidInputError,
            "step",
        ),
        (
            lambda: gradient_modulation_coefficients(LOGITS, LOGITS, TARGET, **OPTIONS, floor=0.0),
            InvalidInputError,
            "floor",
        ),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
