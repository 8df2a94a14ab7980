"""CRPS of ensembles beyond conformance: the metric, slopes of ties, weights, far members, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.crps_ensemble import crps_ensemble


def forecasts(members: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    # halves, so that members tie with each other and with the target
    ensemble = torch.randn(3, 2, members, generator=generator, dtype=torch.float64)
    target = torch.randn(3, 2, generator=generator, dtype=torch.float64)
    return (2 * ensemble).round() / 2, (2 * target).round() / 2


@given(
    seed=st.integers(0, 2**16),
    members=st.integers(1, 7),
    alpha=st.floats(0, 1),
    weighted=st.booleans(),
    reduction=st.sampled_from(["mean", "sum", "none"]),
)
@settings(max_examples=30)
def test_equals_the_metric(seed, members, alpha, weighted, reduction):
    ensemble, target = forecasts(members, seed)
    options = {"alpha": alpha, "reduction": reduction}
    if weighted:
        options |= {"weight": torch.tensor([[1.0, 0.0]]).double(), "ensemble_weight": ensemble.abs() + 0.5}
    expected = metrics.crps_ensemble(ensemble, target, **options)
    found = crps_ensemble(ensemble, target, **options)
    torch.testing.assert_close(found, torch.as_tensor(expected, dtype=torch.float64))


@given(seed=st.integers(0, 2**16), alpha=st.floats(0, 1), weighted=st.booleans())
@settings(max_examples=30)
def test_slopes_count_members_on_each_side_and_ties_as_neither(seed, alpha, weighted):
    x, y = forecasts(seed=seed)
    weights = x.abs() + 0.5 if weighted else torch.ones_like(x)
    w = weights / weights.sum(-1, keepdim=True)
    x.requires_grad_()
    y.requires_grad_()
    options = {"ensemble_weight": weights} if weighted else {}
    slopes = torch.autograd.grad(crps_ensemble(x, y, alpha=alpha, reduction="sum", **options), [x, y])
    bracket = 1 - alpha + alpha / (1 - w.square().sum(-1, keepdim=True))
    sides = (w.unsqueeze(-2) * (x.unsqueeze(-1) - x.unsqueeze(-2)).sign()).sum(-1)
    towards = (x - y.unsqueeze(-1)).sign()
    torch.testing.assert_close(slopes[0], (w * towards - w * bracket * sides).detach())
    torch.testing.assert_close(slopes[1], -(w * towards).sum(-1).detach())


def test_members_far_from_zero_lose_no_digits():
    x, y = (value.float() for value in forecasts())
    assert torch.equal(crps_ensemble(x + 2.0**16, y + 2.0**16), crps_ensemble(x, y))


def test_a_member_with_all_the_weight_keeps_the_score_finite():
    x = torch.tensor([[1.0, 5.0]], requires_grad=True)
    loss = crps_ensemble(x, torch.zeros(1), ensemble_weight=torch.tensor([1.0, 1e-30]))
    (slope,) = torch.autograd.grad(loss, x)
    assert loss.item() == pytest.approx(-1.0)
    assert slope.isfinite().all()


def test_training_gives_an_ensemble_the_spread_of_the_truth():
    generator = torch.Generator().manual_seed(0)
    log_spread = torch.tensor(-2.0, requires_grad=True)
    optimizer = torch.optim.Adam([log_spread], lr=0.05)
    for _ in range(300):
        members = log_spread.exp() * torch.randn(500, 2, generator=generator)
        optimizer.zero_grad()
        crps_ensemble(members, 1.5 * torch.randn(500, generator=generator)).backward()
        optimizer.step()
    assert log_spread.exp().item() == pytest.approx(1.5, rel=0.15)


X, Y = forecasts()


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X[..., :0], Y, {}, ShapeError, "ensemble"),
        (X[:0], Y[:0], {}, ShapeError, "ensemble"),
        (X, Y[:2], {}, ShapeError, "target"),
        (X.long(), Y, {}, DtypeError, "ensemble"),
        (X, Y * math.nan, {}, InvalidInputError, "target"),
        (X, Y, {"alpha": 1.5}, InvalidInputError, "alpha"),
        (X, Y, {"weight": torch.ones(3)}, ShapeError, "weight"),
        (X, Y, {"weight": -Y.abs() - 1}, InvalidInputError, "weight"),
        (X, Y, {"weight": 0 * Y}, InvalidInputError, "weight"),
        (X, Y, {"weight": Y.long()}, DtypeError, "weight"),
        (X, Y, {"ensemble_weight": torch.ones(4)}, ShapeError, "ensemble_weight"),
        (X, Y, {"ensemble_weight": torch.zeros(5)}, InvalidInputError, "ensemble_weight"),
        (X, Y, {"reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        crps_ensemble(x, y, **options)
