"""Parameter repulsion: the three kinds, several tensors, where the gradient vanishes or explodes, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_language.parameter_repulsion import ParameterRepulsion, parameter_repulsion
from torch import nn

HERE, THERE = torch.tensor([1.0, 2.0, -1.0]), torch.tensor([0.0, 2.0, 1.0])  # at a squared distance of 5


@pytest.mark.parametrize(
    ("kind", "wanted"), [("exponential", math.exp(-1.0)), ("negative", -1.0), ("inverse", 0.2 / 5)]
)
def test_each_kind_is_its_formula(kind, wanted):
    assert parameter_repulsion(HERE, THERE, kind=kind, alpha=0.2).item() == pytest.approx(wanted)


@pytest.mark.parametrize("kind", ["exponential", "negative", "inverse"])
def test_a_step_down_leads_away(kind):
    leaf = HERE.clone().requires_grad_()
    parameter_repulsion(leaf, THERE, kind=kind, alpha=0.2).backward()
    moved = HERE - 0.1 * leaf.grad
    assert (moved - THERE).norm() > (HERE - THERE).norm()


def test_parameters_of_a_network_are_one_vector():
    torch.manual_seed(0)
    network, adapted = nn.Linear(3, 2), nn.Linear(3, 2)
    flat = [nn.utils.parameters_to_vector(each.parameters()) for each in (network, adapted)]
    loss = parameter_repulsion(network.parameters(), adapted.parameters(), alpha=0.5)
    torch.testing.assert_close(loss, parameter_repulsion(*flat, alpha=0.5))
    torch.testing.assert_close(
        ParameterRepulsion(alpha=0.5)(network.parameters(), adapted.parameters()), loss
    )
    loss.backward()
    assert all(parameter.grad.any() for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in adapted.parameters())


def test_several_half_precision_tensors_are_added_in_single():
    here, there = torch.full((70_000,), 2.0, dtype=torch.float16), torch.zeros(70_000, dtype=torch.float16)
    loss = parameter_repulsion([here, here], [there, there], kind="inverse", alpha=5e5)
    assert loss.dtype == torch.float16
    assert loss.item() == pytest.approx(5e5 / 560_000, rel=1e-3)


def test_equal_parameters_have_no_way_to_go():
    leaf = HERE.clone().requires_grad_()
    loss = parameter_repulsion(leaf, HERE)
    loss.backward()
    assert loss.item() == 1
    assert not leaf.grad.any()


@pytest.mark.parametrize("scale", [1e25, 1e-25])
@pytest.mark.parametrize("kind", ["exponential", "inverse"])
def test_distances_beyond_all_numbers_have_finite_gradients(kind, scale):
    leaf = (HERE * scale).requires_grad_()
    parameter_repulsion(leaf, THERE * scale, kind=kind).backward()
    assert leaf.grad.isfinite().all()


@pytest.mark.parametrize(
    ("parameters", "reference", "options", "error", "argument"),
    [
        ([HERE], [HERE, THERE], {}, ShapeError, "reference: got 2 tensors"),
        ([HERE], [HERE[:2]], {}, ShapeError, "reference: got shape"),
        ([], [], {}, ShapeError, "parameters: got none"),
        (3.0, HERE, {}, DtypeError, "parameters: got float"),
        ([1.0], [HERE], {}, DtypeError, "parameters: got float"),
        (HERE, THERE.long(), {}, DtypeError, "reference: got dtype"),
        (HERE * math.nan, THERE, {}, InvalidInputError, "parameters: got 3 values"),
        (HERE, THERE, {"alpha": 0.0}, InvalidInputError, "alpha: got"),
        (HERE, THERE, {"epsilon": 0.0}, InvalidInputError, "epsilon: got"),
        (HERE, THERE, {"kind": "cosine"}, InvalidInputError, "kind: got"),
    ],
)
def test_bad_input_is_named(parameters, reference, options, error, argument):
    with pytest.raises(error, match=argument):
        parameter_repulsion(parameters, reference, **options)
