"""Reconstruction that cares where the network does, and the importance that says where."""

from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_compression.average_perturbation_hessian import average_perturbation_hessian
from lossary_compression.hessian_weighted_reconstruction import hessian_weighted_reconstruction
from torch.nn import functional

GOLDENS = Path(__file__).parent / "goldens"


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    "case", load_goldens(GOLDENS / "052-average_perturbation_hessian.json").cases, ids=lambda case: case.id
)
def test_golden_importance(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = average_perturbation_hessian(**inputs, **case.params)
    torch.testing.assert_close(
        found, torch.tensor(case.expected["importance"], dtype=torch.float64), rtol=case.rtol, atol=case.atol
    )


def test_importance_is_the_sum_of_rows_of_the_hessian():
    hessian = drawn(4, 4)
    hessian = hessian + hessian.T
    step = 1e-3

    def gradient(shift: float) -> torch.Tensor:
        point = (torch.ones(1, 4, dtype=torch.float64) + shift).requires_grad_()
        (found,) = torch.autograd.grad(0.5 * (point @ hessian * point).sum(), point)
        return found

    found = average_perturbation_hessian(gradient(step), gradient(-step), step=step)
    torch.testing.assert_close(found, hessian.sum(0, keepdim=True).abs())


def test_what_the_network_ignores_has_no_importance():
    head = drawn(3, 5)
    head[1] = 0.0  # the second of three values reaches no class
    output = drawn(6, 3, seed=1)
    before = functional.log_softmax(output @ head, 1)

    def gradient(shift: float) -> torch.Tensor:
        point = (output + shift).requires_grad_()
        after = functional.log_softmax(point @ head, 1)
        divergence = functional.kl_div(after, before, log_target=True, reduction="batchmean")
        return torch.autograd.grad(divergence, point)[0]

    importance = average_perturbation_hessian(gradient(1e-6), gradient(-1e-6))
    assert importance[0, 1] == 0
    assert importance[0, [0, 2]].min() > 0
    moved = output + torch.tensor([0.0, 5.0, 0.0], dtype=torch.float64)
    assert hessian_weighted_reconstruction(moved, output, importance) == 0


def test_equal_importance_is_the_mean_squared_error():
    prediction, target = drawn(3, 2, 4), drawn(3, 2, 4, seed=1)
    ones = torch.ones(1, 1, 1, dtype=torch.float64)
    torch.testing.assert_close(
        hessian_weighted_reconstruction(prediction, target, ones), functional.mse_loss(prediction, target)
    )
    assert hessian_weighted_reconstruction(prediction, target, 0 * ones) == 0


def test_importance_of_each_sample_equals_a_loop():
    prediction, target, importance = drawn(3, 4), drawn(3, 4, seed=1), drawn(3, 4, seed=2)
    values = [
        abs(float(importance[n, d])) * float(prediction[n, d] - target[n, d]) ** 2
        for n in range(3)
        for d in range(4)
    ]
    loss = hessian_weighted_reconstruction(prediction, target, importance)
    assert loss.item() == pytest.approx(sum(values) / 12, rel=1e-12)


def test_only_the_prediction_is_trained():
    prediction, target, importance = (drawn(3, 4, seed=seed).requires_grad_() for seed in range(3))
    hessian_weighted_reconstruction(prediction, target, importance).backward()
    assert prediction.grad is not None
    assert target.grad is None
    assert importance.grad is None


@pytest.mark.parametrize("shape", [(), (4,), (2, 4), (1, 3), (3, 4, 1)])
def test_importance_must_broadcast_to_the_prediction(shape):
    with pytest.raises(ShapeError, match="importance: got shape"):
        hessian_weighted_reconstruction(torch.ones(3, 4), torch.ones(3, 4), torch.ones(shape))


def test_gradients_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match="gradient_minus"):
        average_perturbation_hessian(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(ShapeError, match=r"gradient_plus: got shape \(0, 3\)"):
        average_perturbation_hessian(torch.ones(0, 3), torch.ones(0, 3))
    with pytest.raises(DtypeError, match="gradient_plus"):
        average_perturbation_hessian(torch.ones(2, dtype=torch.int64), torch.ones(2))
    with pytest.raises(InvalidInputError, match="gradient_minus: got 1 values"):
        average_perturbation_hessian(torch.ones(2), torch.tensor([1.0, torch.nan]))
    with pytest.raises(InvalidInputError, match="step"):
        average_perturbation_hessian(torch.ones(2), torch.ones(2), step=0.0)
