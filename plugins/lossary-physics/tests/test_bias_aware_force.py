"""Bias-aware force: weights by loops, what they react to, padding, both norms, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.bias_aware_force import bias_aware_force


def labels(batch: int = 4, atoms: int = 3, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    energies = torch.randn(2, batch, generator=generator, dtype=torch.float64)
    forces = torch.randn(3, batch, atoms, 3, generator=generator, dtype=torch.float64)
    return [*energies, *forces]


def by_loops(energy, energy_target, force, force_target, teacher, *, temperature, normalizer, share, norm):
    total = 0.0
    for n in range(len(energy)):
        doubt = (teacher[n] - force_target[n]).abs().mean().item()
        error = force[n] - force_target[n]
        misfit = error.abs().mean() if norm == "l1" else error.square().sum(1).sqrt().mean()
        weight = math.exp(-doubt / temperature) / normalizer
        total += (1 - share) * abs(energy[n] - energy_target[n]).item() + share * weight * misfit.item()
    return total / len(energy)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize(("temperature", "normalizer", "share"), [(1.0, 1.0, 0.999), (0.3, 0.2, 0.6)])
def test_equals_plain_loops(norm, temperature, normalizer, share):
    options = {"temperature": temperature, "normalizer": normalizer, "norm": norm}
    wanted = by_loops(*labels(), share=share, **options)
    assert bias_aware_force(*labels(), force_weight=share, **options).item() == pytest.approx(wanted)


def test_a_perfect_teacher_leaves_the_plain_error():
    energy, energy_target, force, force_target, _ = labels()
    found = bias_aware_force(energy, energy_target, force, force_target, force_target, force_weight=1.0)
    torch.testing.assert_close(found, (force - force_target).abs().mean())


def test_a_doubted_structure_pulls_less():
    energy, energy_target, force, force_target, _ = labels(2)
    teacher = force_target.clone()
    teacher[1] += 2.0
    leaf = force.requires_grad_()
    bias_aware_force(energy, energy_target, leaf, force_target, teacher, temperature=0.5).backward()
    ratio = leaf.grad[1].abs().mean() / leaf.grad[0].abs().mean()
    torch.testing.assert_close(ratio, torch.tensor(math.exp(-2 / 0.5), dtype=torch.float64))


def test_the_weights_leave_the_energy_alone():
    energy, energy_target, force, force_target, teacher = labels()
    found = bias_aware_force(energy, energy_target, force, force_target, 1e3 * teacher, force_weight=0.25)
    torch.testing.assert_close(found, 0.75 * (energy - energy_target).abs().mean())


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_padding_counts_nothing(norm):
    energy, energy_target, *forces = labels()
    wanted = bias_aware_force(energy, energy_target, *forces, norm=norm)
    padded = [torch.cat([force, torch.full((4, 2, 3), 7.0 * k)], 1) for k, force in enumerate(forces)]
    mask = torch.tensor([True, True, True, False, False]).expand(4, 5)
    torch.testing.assert_close(bias_aware_force(energy, energy_target, *padded, mask, norm=norm), wanted)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_at_the_labels_value_and_gradient_are_zero(norm):
    energy, _, force, _, teacher = labels()
    leaf = force.clone().requires_grad_()
    loss = bias_aware_force(energy, energy, leaf, force, teacher, norm=norm)
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()


ENERGY, ENERGY_TARGET, FORCE, FORCE_TARGET, TEACHER = labels()
NO_ATOM = torch.ones(4, 3, dtype=torch.bool)
NO_ATOM[2] = False


@pytest.mark.parametrize(
    ("changed", "error", "argument"),
    [
        ({"force": FORCE[:, :0]}, ShapeError, "force"),
        ({"force": FORCE[..., :2]}, ShapeError, "force"),
        ({"force": FORCE[:0], "energy": ENERGY[:0]}, ShapeError, "force"),
        ({"energy": ENERGY[:3]}, ShapeError, "energy"),
        ({"energy_target": ENERGY[:3]}, ShapeError, "energy_target"),
        ({"teacher_force": TEACHER[:, :2]}, ShapeError, "teacher_force"),
        ({"force_target": FORCE_TARGET * math.nan}, InvalidInputError, "force_target"),
        ({"atom_mask": NO_ATOM}, InvalidInputError, "atom_mask: got a structure without an atom"),
        ({"atom_mask": NO_ATOM.double()}, DtypeError, "atom_mask"),
        ({"atom_mask": NO_ATOM[:, :2]}, ShapeError, "atom_mask"),
        ({"temperature": 0.0}, InvalidInputError, "temperature"),
        ({"normalizer": -1.0}, InvalidInputError, "normalizer"),
        ({"force_weight": 1.1}, InvalidInputError, "force_weight: got 1.1; wanted a number from 0 to 1"),
        ({"force_weight": -0.1}, InvalidInputError, "force_weight"),
        ({"norm": "rmse"}, InvalidInputError, "norm"),
    ],
)
def test_bad_input_is_named(changed, error, argument):
    arguments = {
        "energy": ENERGY,
        "energy_target": ENERGY_TARGET,
        "force": FORCE,
        "force_target": FORCE_TARGET,
        "teacher_force": TEACHER,
    }
    with pytest.raises(error, match=f"^{argument}"):
        bias_aware_force(**arguments | changed)
