"""Bias-aware force: a force field is trained on cheap labels, less where a good teacher disagrees with them.

The teacher is a model fitted to the few accurate labels there are. For structures without labels,
forces are kT times a score, and `implicit_score_matching` trains them with the ``temperature`` kT, which is
0.9936 kcal/mol at 500 K.
"""

from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_mask,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


@full_precision
def bias_aware_force(
    energy: Float[Tensor, "batch"],
    energy_target: Float[Tensor, "batch"],
    force: Float[Tensor, "batch atoms 3"],
    force_target: Float[Tensor, "batch atoms 3"],
    teacher_force: Float[Tensor, "batch atoms 3"],
    atom_mask: Bool[Tensor, "batch atoms"] | None = None,
    *,
    temperature: float = 1.0,
    normalizer: float = 1.0,
    force_weight: float = 0.999,
    norm: Literal["l1", "l2"] = "l1",
) -> Float[Tensor, ""]:
    r"""Errors of energies and forces, the forces of each structure weighted by the trust in its labels.

    .. math::
        L = \frac{1 - \lambda}{N} \sum_n |E_n - \hat E_n| + \frac{\lambda}{N} \sum_n w_n f_n, \qquad
        w_n = \frac{1}{c} \exp \Big( -\frac{1}{\gamma} \operatorname{mean} |F^T_n - \hat F_n| \Big)

    f is the mean error of the forces of a structure. The weights are constants for the gradient.

    Args:
        energy: E, the model's.
        energy_target: the cheap label. It receives no gradient.
        force: F, the model's, padded to one number of atoms.
        force_target: the cheap label. It receives no gradient.
        teacher_force: F^T, that of the teacher. It receives no gradient.
        atom_mask: True for atoms, False for padding; each structure has an atom. None means no padding.
        temperature: gamma; a large one trusts all labels alike.
        normalizer: c; the mean weight of the data makes losses of different data comparable.
        force_weight: lambda, from 0 to 1.
        norm: f is the mean over atoms and axes of the absolute error ("l1"), or the mean over atoms of the
            length of the error ("l2").

    Returns:
        A scalar.

    Raises:
        ShapeError: there is no structure or no atom; shapes do not fit.
        DtypeError: a tensor is not floating, or the mask not of bool.
        InvalidInputError: a value is NaN or infinite; a structure has no atom in ``atom_mask``;
            ``temperature`` or ``normalizer`` is not above 0; ``force_weight`` is outside [0, 1]; ``norm`` is
            unknown.

    Differs from the official code: the weights always count. There they do nothing under the default loss,
        the unweighted "rmse", and a flag of the published script sets all to 1.

    Source: Bukharin, Liu, Wang, Zuo, Gao, Yan and Zhao, Machine Learning Force Fields with Data Cost
        Aware Training, ICML 2023.

    Example:
        >>> import torch
        >>> energy, force = torch.zeros(1), torch.zeros(1, 1, 3)
        >>> label = torch.tensor([[[3.0, 0.0, 0.0]]])  # mean error 1, and the teacher errs by 1 as well
        >>> loss = bias_aware_force(energy, torch.ones(1), force, label, force, force_weight=0.5)
        >>> loss  # (1 + exp(-1)) / 2
        tensor(0.6839)
    """
    check_positive("temperature", temperature)
    check_positive("normalizer", normalizer)
    check_non_negative("force_weight", force_weight)
    if force_weight > 1:
        raise InvalidInputError(f"force_weight: got {force_weight!r}; wanted a number from 0 to 1")
    check_choice("norm", norm, ("l1", "l2"))
    check_floating("energy", energy)
    check_ndim("energy", energy, "batch")
    check_floating("force", force)
    check_ndim("force", force, "batch atoms 3")
    if 0 in force.shape or force.shape[2] != 3:
        raise ShapeError(
            f"force: got shape {tuple(force.shape)}; wanted (batch, atoms, 3), one at least of each"
        )
    check_shape("energy", energy, (force.shape[0],), like="axis 0 of force")
    check_shape("energy_target", energy_target, tuple(energy.shape), like="energy")
    for name, value in (("force_target", force_target), ("teacher_force", teacher_force)):
        check_shape(name, value, tuple(force.shape), like="force")
    tensors = (energy, energy_target, force, force_target, teacher_force)
    names = ("energy", "energy_target", "force", "force_target", "teacher_force")
    for name, value in zip(names, tensors, strict=True):
        check_floating(name, value)
        check_finite(name, value)

    dtype = energy.dtype
    label = force_target.detach().to(dtype)
    doubt = (teacher_force.detach().to(dtype) - label).abs().mean(2)  # (batch, atoms)
    error = force.to(dtype) - label
    misfit = error.abs().mean(2) if norm == "l1" else torch.linalg.vector_norm(error, dim=2)
    weight = torch.exp(-_atom_mean(doubt, atom_mask) / temperature) / normalizer
    of_forces = (weight * _atom_mean(misfit, atom_mask)).mean()
    of_energies = (energy - energy_target.detach().to(dtype)).abs().mean()
    return (1 - force_weight) * of_energies + force_weight * of_forces


BiasAwareForce = loss_module(bias_aware_force)


def _atom_mean(values: Tensor, atom_mask: Tensor | None) -> Tensor:
    """The mean over the atoms of each structure."""
    if atom_mask is None:
        return values.mean(1)
    check_mask("atom_mask", atom_mask)
    check_shape("atom_mask", atom_mask, tuple(values.shape), like="atoms of force")
    if checks_values(atom_mask) and not bool(atom_mask.any(1).all()):
        raise InvalidInputError("atom_mask: got a structure without an atom; wanted one at least in each")
    return values.where(atom_mask, 0.0).sum(1) / atom_mask.sum(1).clamp(min=1)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four structures of three atoms, with cheap labels and a teacher, one with an atom less."""
    force, force_target, teacher_force = torch.randn(3, 4, 3, 3, generator=generator)
    energy, energy_target = torch.randn(2, 4, generator=generator)
    atom_mask = torch.ones(4, 3, dtype=torch.bool, device="cpu")
    atom_mask[1, 2] = False
    return {
        "energy": energy,
        "energy_target": energy_target,
        "force": force,
        "force_target": force_target,
        "teacher_force": teacher_force,
        "atom_mask": atom_mask,
    }


LOSS = LossSpec(
    function=bias_aware_force,
    module=BiasAwareForce,
    paper=Paper(
        title="Machine Learning Force Fields with Data Cost Aware Training",
        authors="Bukharin, Liu, Wang, Zuo, Gao, Yan and Zhao",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2306.03109",
    ),
    differentiable=("energy", "force"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "the exact metrics are mean absolute errors of energies and of forces against accurate labels, which "
        "are no input"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("asteroid",),
)
