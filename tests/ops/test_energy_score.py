"""The energy score operator: the kernel beside torch's operations, derivatives of both orders, transforms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops.energy_score import _by_torch, energy_values

OPERATOR = torch.ops.lossary.energy_score.default
POWERS = [1.0, 1.5, 2.0, 3.0, math.inf]


def forecasts(*shape: int, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = (shape, (*shape[:-2], shape[-1]))
    return [torch.randn(size, generator=generator, dtype=torch.float64) for size in shapes]


@given(
    seed=st.integers(0, 2**16),
    points=st.sampled_from([1, 8, 9]),
    members=st.integers(1, 7),
    dim=st.sampled_from([1, 2, 5, 17, 40]),
    alpha=st.floats(0, 1),
    beta=st.sampled_from([0.4, 1.0, 1.8]),
    p=st.sampled_from(POWERS),
)
@settings(max_examples=60, deadline=None)
def test_the_kernel_and_torch_agree(seed, points, members, dim, alpha, beta, p):
    given = forecasts(points, members, dim, seed=seed)
    for dtype, tolerance in {torch.float64: 1e-10, torch.float32: 1e-4}.items():
        leaves = [value.to(dtype).requires_grad_() for value in given]
        values = energy_values(*leaves, alpha=alpha, beta=beta, p=p)
        wanted = _by_torch(*leaves, alpha, beta, p)
        assert values.dtype == dtype
        torch.testing.assert_close(values, wanted, rtol=tolerance, atol=tolerance)
        slopes, wanted = (torch.autograd.grad(each.sum(), leaves) for each in (values, wanted))
        torch.testing.assert_close(slopes, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("p", POWERS)
@pytest.mark.parametrize("beta", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("members", [1, 3])
def test_derivatives_are_those_of_finite_differences(members, p, beta):
    leaves = [value.requires_grad_() for value in forecasts(2, members, 3)]

    def value(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return energy_values(x, y, alpha=0.6, beta=beta, p=p)

    assert torch.autograd.gradcheck(value, leaves)
    assert torch.autograd.gradgradcheck(value, leaves)
    only_members = torch.autograd.functional.hvp(
        lambda x: value(x, leaves[1].detach()).sum(), leaves[0].detach(), torch.ones_like(leaves[0])
    )[1]
    assert only_members.isfinite().all()


@pytest.mark.parametrize("p", POWERS)
@pytest.mark.parametrize("beta", [0.5, 1.0, 1.5])
def test_members_that_meet_have_finite_derivatives(p, beta):
    x = torch.ones(2, 3, 2, requires_grad=True)
    values = energy_values(x, torch.ones(2, 2), alpha=1.0, beta=beta, p=p)
    (slope,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    assert not slope.any()
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    assert not curvature.any()


def test_without_gradients_the_values_are_the_same_bits():
    x, y = forecasts(11, 4, 3)
    values = energy_values(x.requires_grad_(), y, alpha=1.0)
    with torch.no_grad():
        plain = energy_values(x, y, alpha=1.0)
    assert not plain.requires_grad
    assert torch.equal(plain, values)


@pytest.mark.parametrize("in_dims", [(0, 0), (1, None), (None, 0), (3, 1)])
def test_transforms_give_what_single_calls_give(in_dims):
    x, y = forecasts(3, 4, 5, 2)

    def value(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return energy_values(x, y, alpha=0.8)

    def slope(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.func.grad(lambda leaf: value(leaf, y).sum())(x)

    def curvature(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.func.grad(lambda leaf: slope(leaf, y).square().sum())(x)

    given = [
        each[0] if axis is None else each.movedim(0, axis) for each, axis in zip((x, y), in_dims, strict=True)
    ]
    single = [
        [each[0 if axis is None else example] for each, axis in zip((x, y), in_dims, strict=True)]
        for example in range(3)
    ]
    for function in (value, slope, curvature):
        found = torch.func.vmap(function, in_dims=in_dims)(*given)
        torch.testing.assert_close(found, torch.stack([function(*each) for each in single]))
    with torch.no_grad():
        found = torch.func.vmap(value, in_dims=in_dims)(*given)
    torch.testing.assert_close(found, torch.stack([value(*each) for each in single]))


def test_it_compiles_and_is_a_sound_operator():
    leaves = [value.requires_grad_() for value in forecasts(3, 4, 2)]
    compiled = torch.compile(energy_values, fullgraph=True, backend="aot_eager")
    values, again = energy_values(*leaves, alpha=1.0), compiled(*leaves, alpha=1.0)
    assert torch.equal(again, values)
    torch.testing.assert_close(*(torch.autograd.grad(each.sum(), leaves) for each in (again, values)))
    for with_slopes in (False, True):
        torch.library.opcheck(
            OPERATOR,
            (*(leaf.detach() for leaf in leaves), 0.5, 1.0, 2.0, with_slopes),
            test_utils=("test_schema", "test_faketensor"),
        )


def test_no_points_have_no_values():
    x = torch.zeros(0, 3, 2, requires_grad=True)
    values = energy_values(x, torch.zeros(0, 2), alpha=1.0)
    values.sum().backward()
    assert values.shape == (0,)
    assert x.grad.shape == x.shape


def test_nan_passes_through_where_it_is():
    x, y = forecasts(3, 4, 2)
    y[1, 0] = math.nan
    x.requires_grad_()
    values = energy_values(x, y, alpha=1.0)
    values.sum().backward()
    assert values.isnan().tolist() == [False, True, False]
    assert x.grad.isnan().flatten(1).any(-1).tolist() == [False, True, False]


def test_two_dtypes_meet_in_the_wider():
    x, y = forecasts(3, 4, 2)
    values = energy_values(x.float().requires_grad_(), y.requires_grad_(), alpha=1.0)
    assert values.dtype == torch.float64
    values.sum().backward()
    torch.testing.assert_close(values, energy_values(x.float().double(), y, alpha=1.0))


def test_inputs_may_be_views_with_gaps():
    ensemble, target = forecasts(1, 3, 1)
    views = [torch.stack([value, value], -1)[..., 0] for value in (ensemble, target)]
    found = energy_values(*views, alpha=1.0)
    torch.testing.assert_close(found, energy_values(ensemble, target, alpha=1.0))
