"""The CRPS operator: the kernel beside torch's operations, slopes, transforms, what passes through."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops.crps import _by_torch, crps_values

OPERATOR = torch.ops.lossary.crps.default


def forecasts(*shape: int, seed: int = 0, weighted: bool = False) -> list[torch.Tensor | None]:
    generator = torch.Generator().manual_seed(seed)
    ensemble, target, weights = (
        torch.randn(size, generator=generator, dtype=torch.float64) for size in (shape, shape[:-1], shape)
    )
    shares = (weights.abs() + 0.1) / (weights.abs() + 0.1).sum(-1, keepdim=True)
    # halves, so that members tie with each other and with the target
    return [(2 * ensemble).round() / 2, (2 * target).round() / 2, shares if weighted else None]


@given(
    seed=st.integers(0, 2**16),
    members=st.sampled_from([1, 2, 7, 16, 50, 513]),
    points=st.sampled_from([1, 16, 17]),
    alpha=st.floats(0, 1),
    weighted=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_kernel_and_torch_agree(seed, members, points, alpha, weighted):
    ensemble, target, weights = forecasts(points, members, seed=seed, weighted=weighted)
    for dtype, tolerance in {torch.float64: 1e-10, torch.float32: 2e-5}.items():
        leaves = [value.to(dtype).requires_grad_() for value in (ensemble, target)]
        shares = None if weights is None else weights.to(dtype)
        values = crps_values(*leaves, alpha=alpha, ensemble_weight=shares)
        wanted = _by_torch(*leaves, shares, alpha)
        assert values.dtype == dtype
        torch.testing.assert_close(values, wanted, rtol=tolerance, atol=tolerance)
        slopes, wanted = (torch.autograd.grad(each.sum(), leaves) for each in (values, wanted))
        torch.testing.assert_close(slopes, wanted, rtol=tolerance, atol=tolerance)


def test_one_row_of_weights_is_that_of_each_point():
    ensemble, target, weights = forecasts(3, 4, 5, weighted=True)
    ensemble.requires_grad_()
    row = weights[0, 0].clone().requires_grad_()
    each = crps_values(ensemble, target, alpha=0.3, ensemble_weight=row)
    expanded = crps_values(ensemble, target, alpha=0.3, ensemble_weight=row.expand(3, 4, 5))
    assert torch.equal(each, expanded)
    torch.testing.assert_close(each, _by_torch(ensemble, target, row, 0.3))
    each.sum().backward()
    assert row.grad is None


def test_without_gradients_the_values_are_the_same_bits():
    for weighted in (False, True):
        ensemble, target, weights = forecasts(40, 7, weighted=weighted)
        values = crps_values(ensemble.requires_grad_(), target, alpha=1.0, ensemble_weight=weights)
        with torch.no_grad():
            plain = crps_values(ensemble, target, alpha=1.0, ensemble_weight=weights)
        assert not plain.requires_grad
        assert torch.equal(plain, values)


def test_second_derivatives_are_zero():
    ensemble, target, _ = forecasts(4, 6)
    leaves = [ensemble.requires_grad_(), target.requires_grad_()]
    scale = torch.ones(4, dtype=torch.float64, requires_grad=True)
    values = crps_values(*leaves, alpha=1.0)
    slopes = torch.autograd.grad((scale * values).sum(), leaves, create_graph=True)
    assert torch.equal(*torch.autograd.grad(slopes[1].sum(), scale, retain_graph=True), slopes[1].detach())
    for curvature in torch.autograd.grad(slopes[0].square().sum(), leaves):
        assert not curvature.any()
    apart = [torch.randn(3, 5, dtype=torch.float64), torch.randn(3, dtype=torch.float64)]
    apart = [leaf.requires_grad_() for leaf in apart]
    assert torch.autograd.gradcheck(lambda x, y: crps_values(x, y, alpha=0.5), apart)
    assert torch.autograd.gradgradcheck(lambda x, y: crps_values(x, y, alpha=0.5), apart)


@pytest.mark.parametrize("in_dims", [(0, 0, 0), (1, 0, None), (0, None, 0), (None, 0, None), (2, 1, 1)])
@pytest.mark.parametrize("row", [False, True])
def test_transforms_give_what_single_calls_give(in_dims, row):
    batch, points, members = 3, 4, 5
    ensemble, target, weights = forecasts(batch, points, members, weighted=True)
    weights = weights[:, 0] if row else weights

    def value(x: torch.Tensor, y: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return crps_values(x, y, alpha=0.8, ensemble_weight=w)

    def slope(x: torch.Tensor, y: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return torch.func.grad(lambda leaf: value(leaf, y, w).sum())(x)

    single = [
        [
            each[0 if axis is None else example]
            for each, axis in zip((ensemble, target, weights), in_dims, strict=True)
        ]
        for example in range(batch)
    ]
    given = [
        each[0] if axis is None else each.movedim(0, min(axis, each.ndim - 1))
        for each, axis in zip((ensemble, target, weights), in_dims, strict=True)
    ]
    axes = tuple(
        None if axis is None else min(axis, each.ndim - 1)
        for each, axis in zip((ensemble, target, weights), in_dims, strict=True)
    )
    for function in (value, slope):
        found = torch.func.vmap(function, in_dims=axes)(*given)
        torch.testing.assert_close(found, torch.stack([function(*each) for each in single]))
    with torch.no_grad():
        found = torch.func.vmap(value, in_dims=axes)(*given)
    torch.testing.assert_close(found, torch.stack([value(*each) for each in single]))


@pytest.mark.parametrize("weighted", [False, True])
def test_it_compiles_and_is_a_sound_operator(weighted):
    ensemble, target, weights = forecasts(3, 5, weighted=weighted)
    leaves = [ensemble.requires_grad_(), target.requires_grad_()]
    compiled = torch.compile(crps_values, fullgraph=True, backend="aot_eager")
    values = crps_values(*leaves, alpha=1.0, ensemble_weight=weights)
    again = compiled(*leaves, alpha=1.0, ensemble_weight=weights)
    assert torch.equal(again, values)
    slopes = [torch.autograd.grad(each.sum(), leaves) for each in (again, values)]
    torch.testing.assert_close(*slopes)
    for with_slopes in (False, True):
        torch.library.opcheck(
            OPERATOR,
            (ensemble.detach(), target.detach(), weights, 0.5, with_slopes),
            test_utils=("test_schema", "test_faketensor"),
        )


def test_no_points_have_no_values():
    ensemble = torch.zeros(0, 3, requires_grad=True)
    values = crps_values(ensemble, torch.zeros(0), alpha=1.0)
    values.sum().backward()
    assert values.shape == (0,)
    assert ensemble.grad.shape == (0, 3)


def test_nan_passes_through_where_it_is():
    ensemble, target, _ = forecasts(3, 4)
    ensemble[1, 2] = math.nan
    ensemble.requires_grad_()
    values = crps_values(ensemble, target, alpha=1.0)
    values.sum().backward()
    assert values.isnan().tolist() == [False, True, False]
    assert ensemble.grad.isnan().any(-1).tolist() == [False, True, False]


def test_other_dtypes_go_through_torch():
    ensemble, target, _ = forecasts(3, 4)
    narrow = crps_values(ensemble.bfloat16(), target.bfloat16(), alpha=0.0)
    assert narrow.dtype == torch.bfloat16
    torch.testing.assert_close(narrow.double(), crps_values(ensemble, target, alpha=0.0), rtol=0.1, atol=0.1)


def test_inputs_may_be_views_with_gaps():
    ensemble, target, _ = forecasts(3, 1)
    weight = torch.ones(2, dtype=torch.float64)[::2]
    views = [torch.stack([value, value], -1)[..., 0] for value in (ensemble, target)]
    found = crps_values(*views, alpha=1.0, ensemble_weight=weight)
    torch.testing.assert_close(found, crps_values(ensemble, target, alpha=1.0))
