"""Classifier energies: recorded values, their difference, large energies, errors."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.classifier_energy import classifier_energy
from torch.nn import functional

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "121-classifier_energy.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_values(case):
    found = classifier_energy(**{name: torch.from_numpy(value) for name, value in case.inputs.items()})
    for name, wanted in case.expected.items():
        torch.testing.assert_close(
            getattr(found, name),
            torch.tensor(wanted, dtype=torch.float64),
            rtol=case.rtol,
            atol=case.atol,
        )


def test_the_energies_differ_by_the_cross_entropy():
    logits, target = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 4
    energy = classifier_energy(logits, target)
    torch.testing.assert_close(energy.joint - energy.marginal, energy.cross_entropy)
    wanted = functional.cross_entropy(logits, target, reduction="none")
    torch.testing.assert_close(energy.cross_entropy, wanted)


def test_the_cross_entropy_of_large_energies_keeps_its_digits():
    energy = classifier_energy(torch.tensor([[1e6, 1e6]]), torch.tensor([0]))
    assert energy.cross_entropy.item() == pytest.approx(math.log(2))
    assert energy.marginal.item() == pytest.approx(-1e6)


def test_descent_on_the_joint_energy_makes_an_input_more_typical():
    weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    target, inputs = torch.tensor([2]), torch.zeros(1, 3, requires_grad=True)
    before = classifier_energy(inputs @ weights, target)
    (slope,) = torch.autograd.grad(before.joint.sum(), inputs)
    after = classifier_energy((inputs - 0.1 * slope) @ weights, target)
    assert after.joint < before.joint


def test_an_empty_batch_has_no_energies():
    energy = classifier_energy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
    assert [value.shape for value in energy] == [(0,)] * 3


@pytest.mark.parametrize(
    ("logits", "target", "error", "argument"),
    [
        (torch.zeros(3), torch.zeros(3).long(), ShapeError, "logits"),
        (torch.zeros(3, 0), torch.zeros(3).long(), ShapeError, "logits"),
        (torch.zeros(3, 2).long(), torch.zeros(3).long(), DtypeError, "logits"),
        (torch.full((3, 2), math.nan), torch.zeros(3).long(), InvalidInputError, "logits"),
        (torch.zeros(3, 2), torch.zeros(2).long(), ShapeError, "target"),
        (torch.zeros(3, 2), torch.zeros(3), DtypeError, "target"),
        (torch.zeros(3, 2), torch.full((3,), 2), InvalidInputError, "target"),
    ],
)
def test_bad_input_is_named(logits, target, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        classifier_energy(logits, target)
