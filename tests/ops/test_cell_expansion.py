"""Sums of a smooth kernel over all pairs, for each way that samples may lie on the line."""

import pytest
import torch
from lossary.ops import cell_expansion
from lossary.ops.cell_expansion import convolve, softplus_derivative


def normal(size: int) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(size), dtype=torch.float64)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_each_order_is_the_slope_of_the_one_before(order):
    z = torch.linspace(-40, 40, 201, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.nn.functional.softplus(z, threshold=50).sum(), z, create_graph=True)
    for _ in range(order):
        (slope,) = torch.autograd.grad(slope.sum(), z, create_graph=True)
    torch.testing.assert_close(
        softplus_derivative(order + 1, z.detach()), slope.detach(), rtol=1e-9, atol=1e-15
    )


@pytest.mark.parametrize("z", [-700.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 1e9])
def test_all_orders_are_finite_and_small_ones_keep_their_digits(z):
    values = [softplus_derivative(order, torch.tensor(z).double()).item() for order in range(4)]
    assert all(abs(value) <= max(z, 1.0) for value in values)
    if z <= -40:
        assert values == pytest.approx([torch.tensor(z).double().exp().item()] * 4, rel=1e-13, abs=0)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(
    "score",
    [
        normal(1500) / 10,  # narrow cells
        normal(1500) * 3,  # wide ones
        normal(1500) * 100,  # some of them nodes, some samples
        normal(1500) * 5000,  # samples alone
        torch.cat([normal(700) * 1e-3, normal(700) * 1e5 + 1e9]),
        normal(1),
    ],
    ids=["narrow", "wide", "mixed", "sparse", "clusters", "one"],
)
@pytest.mark.parametrize("unit", [1.0, 0.083, 7.3])
def test_equals_the_sum_over_all_pairs(order, score, unit):
    positive, mass = torch.arange(score.numel()) % 3 == 0, torch.sin(torch.arange(score.numel()).double())
    z = (score - score.unsqueeze(1)) * unit  # from a positive, the row, to a negative
    masses = (mass * positive).unsqueeze(1), mass * ~positive
    slopes = softplus_derivative(order + 1, z)
    of_positives, of_negatives = (slopes * masses[1]).sum(1), (slopes * masses[0]).sum(0)
    terms = masses[0] * softplus_derivative(order, z) * masses[1]
    value, slope = convolve(score, positive, mass, unit, order)
    assert value.item() == pytest.approx(terms.sum().item(), rel=1e-13, abs=1e-13 * terms.abs().sum().item())
    torch.testing.assert_close(
        slope, torch.where(positive, of_positives, of_negatives), rtol=0, atol=1e-13 * mass.abs().sum().item()
    )


def test_small_tiles_and_blocks_change_nothing(monkeypatch):
    score, positive, mass = normal(1000) * 40, torch.arange(1000) % 2 == 0, normal(1000).abs()
    expected = convolve(score, positive, mass, 1.0, 0)
    monkeypatch.setattr(cell_expansion, "_PAIRS_PER_TILE", 400)
    monkeypatch.setitem(cell_expansion._BLOCK, "cpu", 100)
    torch.testing.assert_close(convolve(score, positive, mass, 1.0, 0), expected, rtol=1e-12, atol=0)
