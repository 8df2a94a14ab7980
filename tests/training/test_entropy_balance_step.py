"""Entropy balance: recorded values, which teacher is cooled, where it ends, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.entropy_balance_step import entropy_balance_step

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "133-entropy_balance_step.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_values(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = entropy_balance_step(**inputs, **case.params)
    assert found._asdict() == pytest.approx(case.expected, rel=case.rtol)


def teachers() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(20, 5, generator=generator), 4 * torch.randn(20, 5, generator=generator)


def entropy(logits: torch.Tensor, temperature: float) -> float:
    return torch.distributions.Categorical(logits=logits / temperature).entropy().mean().item()


def test_repeated_steps_make_two_teachers_equally_sure():
    robust, clean = teachers()
    temperatures = {"robust_temperature": 2.0, "clean_temperature": 2.0}
    for _ in range(300):
        temperatures = entropy_balance_step(robust, clean, **temperatures, learning_rate=0.01)._asdict()
    gap = entropy(robust, temperatures["robust_temperature"]) - entropy(
        clean, temperatures["clean_temperature"]
    )
    assert abs(gap) < 0.01
    assert temperatures["robust_temperature"] < 2.0 < temperatures["clean_temperature"]


def test_equal_teachers_and_empty_batches_move_nothing():
    robust, _ = teachers()
    for logits in (robust, robust[:0]):
        found = entropy_balance_step(logits, logits, robust_temperature=2.0, clean_temperature=2.0)
        assert found == (2.0, 2.0)


def test_temperatures_stay_within_their_bounds():
    robust, clean = teachers()
    found = entropy_balance_step(robust, clean, learning_rate=5.0, minimum=0.5, maximum=3.0)
    assert found == (0.5, 3.0)


ROBUST, CLEAN = teachers()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((ROBUST[0], CLEAN[0]), {}, ShapeError, "robust_teacher_logits"),
        ((ROBUST[:, :0], CLEAN[:, :0]), {}, ShapeError, "robust_teacher_logits"),
        ((ROBUST, CLEAN[:3]), {}, ShapeError, "clean_teacher_logits"),
        ((ROBUST.long(), CLEAN), {}, DtypeError, "robust_teacher_logits"),
        ((ROBUST, CLEAN * math.nan), {}, InvalidInputError, "clean_teacher_logits"),
        ((ROBUST, CLEAN), {"robust_temperature": 0.0}, InvalidInputError, "robust_temperature"),
        ((ROBUST, CLEAN), {"clean_temperature": -1.0}, InvalidInputError, "clean_temperature"),
        ((ROBUST, CLEAN), {"learning_rate": -1.0}, InvalidInputError, "learning_rate"),
        ((ROBUST, CLEAN), {"minimum": 0.0}, InvalidInputError, "minimum"),
        ((ROBUST, CLEAN), {"maximum": 0.5}, InvalidInputError, "maximum: got 0.5; wanted at least 1.0"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        entropy_balance_step(*inputs, **options)
