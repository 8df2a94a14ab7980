"""The Betti matching operator: its terms against a plain sum over pairs, and what it promises to torch."""

import math

import lossary
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.betti_matching import betti_matching
from torch.autograd.functional import hessian
from torch.func import grad, jacrev, vmap

OPERATOR = torch.ops.lossary.betti_matching.default
CURVATURE = torch.ops.lossary.betti_matching_curvature_product.default
WEIGHTS = [(2.0, 1.0, 0.5), (1.5, 0.75, 0.25), (1.0, 0.5, 2.0)]
SHAPES = [(7,), (4, 5), (1, 6), (3, 2, 4), (3, 1, 4)]


def sample(count: int, *shape: int, levels: int | None = None, seed: int = 0) -> torch.Tensor:
    """Predictions and targets; with few levels most voxels are tied."""
    maps = torch.rand(2, count, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return maps if levels is None else (maps * levels).round() / levels


def pair_by_pair(
    maps: torch.Tensor,
    weights: list[tuple[float, float, float]],
    *,
    filtration: str = "superlevel",
    essential_weight: float = 2.0,
    persistence_threshold: float = 0.0,
    unmatched: str = "diagonal",
) -> torch.Tensor:
    """One term after the other, each map by itself, with torch's own gradient."""
    sign = -1 if filtration == "superlevel" else 1
    shape, costs = list(maps.shape[2:]), []
    for of_prediction, of_target in zip(*maps.flatten(2), strict=True):
        arrays = [(sign * side.detach()).contiguous().numpy() for side in (of_prediction, of_target)]
        ((dimensions, (own, other)),) = _kernels.betti_matching(*arrays, shape)
        cost = essential_weight * (of_prediction[own] - of_target[other]) ** 2
        for (both, *alone), (matched, *rest) in zip(weights, dimensions, strict=True):
            for birth, death, target_birth, target_death in matched:
                cost = cost + both * (of_prediction[birth] - of_target[target_birth]) ** 2
                cost = cost + both * (of_prediction[death] - of_target[target_death]) ** 2
            for side, (image, weight, rows) in enumerate(
                zip((of_prediction, of_target), alone, rest, strict=True)
            ):
                for birth, death in rows:
                    length = (image[birth] - image[death]).abs()
                    if side == 0 and length <= persistence_threshold:
                        continue
                    if unmatched == "diagonal":
                        cost = cost + weight * length**2
                    else:
                        low = image if sign == 1 else 1 - image
                        cost = cost + 2 * weight * ((low[birth] - 1) ** 2 + low[death] ** 2)
        costs.append(cost)
    return torch.stack(costs) if costs else maps.new_zeros(0)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.sampled_from(SHAPES),
    count=st.integers(1, 3),
    levels=st.sampled_from([None, 1, 3]),
    seed=st.integers(0, 2**16),
    filtration=st.sampled_from(["superlevel", "sublevel"]),
    unmatched=st.sampled_from(["diagonal", "one_zero"]),
    essential_weight=st.sampled_from([0.0, 2.0]),
    persistence_threshold=st.sampled_from([0.0, 0.3]),
)
def test_costs_and_gradients_equal_a_sum_over_pairs(shape, count, levels, seed, **options):
    maps = sample(count, *shape, levels=levels, seed=seed).requires_grad_()
    weights = WEIGHTS[: len(shape)]
    actual, wanted = betti_matching(maps, weights, **options), pair_by_pair(maps, weights, **options)
    torch.testing.assert_close(actual, wanted, rtol=1e-12, atol=1e-14)
    factor = torch.arange(1.0, count + 1, dtype=torch.float64)
    slopes = [torch.autograd.grad((costs * factor).sum(), maps)[0] for costs in (actual, wanted)]
    torch.testing.assert_close(*slopes, rtol=1e-12, atol=1e-14)


def test_without_a_map_there_is_no_cost_but_a_graph():
    maps = sample(0, 4, 5).requires_grad_()
    costs = betti_matching(maps, WEIGHTS[:2])
    costs.sum().backward()
    assert costs.shape == (0,)
    assert maps.grad.shape == maps.shape


def test_float32_sums_as_exactly_as_float64():
    narrow = sample(2, 40, 40).float()
    wide = narrow.double()
    costs, wanted = (betti_matching(maps.requires_grad_(), WEIGHTS[:2]) for maps in (narrow, wide))
    costs.sum().backward()
    wanted.sum().backward()
    assert costs.dtype == narrow.grad.dtype == torch.float32
    torch.testing.assert_close(costs, wanted.float(), rtol=2e-7, atol=0)
    torch.testing.assert_close(narrow.grad, wide.grad.float(), rtol=2e-7, atol=1e-7)


def test_a_threshold_is_compared_in_float64():
    lengths = torch.tensor([0.3, 0.7])  # in float32 0.3 is above 0.3
    maps = torch.zeros(2, 2, 3)
    maps[0, :, 0], maps[0, :, 2] = 1.0, lengths
    costs = betti_matching(maps, [(0, 1, 1)], essential_weight=0, persistence_threshold=0.3)
    torch.testing.assert_close(costs, lengths.square())


def test_takes_views_and_leaves_them_alone():
    storage = sample(2, 5, 4).transpose(2, 3).contiguous()
    before = storage.clone()
    costs = betti_matching(storage.transpose(2, 3), WEIGHTS[:2])
    torch.testing.assert_close(costs, betti_matching(storage.transpose(2, 3).contiguous(), WEIGHTS[:2]))
    assert torch.equal(storage, before)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_a_map_without_numbers_has_none_and_spoils_no_other(bad, side):
    maps = sample(3, 4, 5)
    wanted = betti_matching(maps, WEIGHTS[:2])
    maps[side, 1, 2, 2] = bad
    maps.requires_grad_()
    costs = betti_matching(maps, WEIGHTS[:2])
    costs.sum().backward()
    assert costs[1].isnan()
    assert maps.grad[:, 1].isnan().any()
    assert torch.equal(costs[[0, 2]], wanted[[0, 2]])
    assert maps.grad[:, [0, 2]].isfinite().all()


def test_any_number_of_threads_gives_the_same_bits():
    maps = sample(9, 24, 24, levels=16)
    try:
        results = []
        for threads in (1, 2, 3):
            lossary.set_num_threads(threads)
            results.append(OPERATOR(maps, [2.0, 1.0, 1.0] * 2, "superlevel", 2.0, 0.0, "diagonal"))
    finally:
        lossary.set_num_threads(None)
    for costs, gradient in results[1:]:
        assert torch.equal(costs, results[0][0])
        assert torch.equal(gradient, results[0][1])


@pytest.mark.parametrize(
    ("shape", "change", "error", "message"),
    [
        ((4, 5), {"weights": WEIGHTS}, InvalidInputError, "weights: got 3; wanted 2"),
        ((4, 5), {"filtration": "bothlevel"}, InvalidInputError, "filtration: got 'bothlevel'"),
        ((4, 5), {"unmatched": "zero_one"}, InvalidInputError, "unmatched: got 'zero_one'"),
        ((4, 0), {}, ShapeError, "shape: axis 1 has length 0"),
        ((2, 2, 2, 2), {"weights": [*WEIGHTS, (1, 1, 1)]}, ShapeError, "shape: got 4 axes"),
    ],
)
def test_bad_input_is_refused(shape, change, error, message):
    with pytest.raises(error, match=f"^{message}"):
        betti_matching(sample(1, *shape), **{"weights": WEIGHTS[:2]} | change)


OPTIONS = ([2.0, 1.0, 0.5, 1.5, 0.75, 0.25], "superlevel", 2.0, 0.1, "one_zero")


def test_operators_pass_opcheck():
    maps = sample(2, 4, 5)
    torch.library.opcheck(OPERATOR, (maps, *OPTIONS))
    torch.library.opcheck(CURVATURE, (maps, *OPTIONS, maps + 1))


# torch's own check reads .grad of a tensor that is no leaf
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_operators_with_gradients_pass_opcheck():
    maps = sample(2, 4, 5).requires_grad_()
    torch.library.opcheck(OPERATOR, (maps, *OPTIONS))
    torch.library.opcheck(CURVATURE, (maps.detach(), *OPTIONS, maps.detach().clone().requires_grad_()))


def test_bare_operator_has_the_same_gradient():
    maps = sample(2, 4, 5).requires_grad_()
    costs, gradient = OPERATOR(maps, *OPTIONS)
    (slope,) = torch.autograd.grad(costs.sum(), maps)
    assert torch.equal(slope, gradient)


def cost(maps: torch.Tensor) -> torch.Tensor:
    return betti_matching(maps, WEIGHTS[:2], unmatched="one_zero").sum()


@pytest.mark.parametrize("shape", [(6,), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("unmatched", ["diagonal", "one_zero"])
def test_derivatives_equal_finite_differences(shape, unmatched):
    def costs(maps: torch.Tensor) -> torch.Tensor:
        return betti_matching(maps, WEIGHTS[: len(shape)], unmatched=unmatched)

    maps = sample(2, *shape).requires_grad_()
    assert torch.autograd.gradcheck(costs, maps)
    assert torch.autograd.gradgradcheck(costs, maps)


def test_costs_are_quadratic():
    maps = sample(1, 3, 4)
    second = hessian(cost, maps)
    torch.testing.assert_close(second, jacrev(jacrev(cost))(maps))
    step = 1e-4 * torch.sin(torch.arange(24.0, dtype=torch.float64)).reshape(maps.shape)  # moves no feature
    curved = 0.5 * torch.einsum("abcdefgh,abcd,efgh->", second, step, step)
    torch.testing.assert_close(cost(maps + step), cost(maps) + (grad(cost)(maps) * step).sum() + curved)
    third = jacrev(jacrev(jacrev(lambda scale: cost(scale * maps))))(torch.ones((), dtype=torch.float64))
    assert third.item() == 0


def test_vmap_and_grad_commute():
    stacked = torch.stack([sample(2, 4, 5, seed=seed) for seed in range(3)], dim=2)
    wanted = torch.stack([grad(cost)(maps) for maps in stacked.unbind(2)])
    torch.testing.assert_close(vmap(grad(cost), in_dims=2)(stacked), wanted)
    torch.testing.assert_close(grad(lambda batch: vmap(cost)(batch).sum())(stacked.movedim(2, 0)), wanted)
    nested = vmap(vmap(cost))(torch.stack([stacked.movedim(2, 0)] * 2))
    assert nested.shape == (2, 3)
    torch.testing.assert_close(nested[1, 2], cost(stacked.select(2, 2)))


def test_exported_graph_can_be_trained():
    class Criterion(torch.nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return cost(maps)

    maps = sample(2, 4, 5)
    exported = torch.export.export(Criterion(), (maps,)).module()
    maps.requires_grad_()
    torch.testing.assert_close(torch.autograd.grad(exported(maps), maps)[0], grad(cost)(maps.detach()))


def test_one_compiled_graph_serves_maps_of_any_features():
    compiled = torch.compile(cost, fullgraph=True, backend="aot_eager")
    for seed, levels in enumerate([None, 1, 3]):
        maps = sample(2, 4, 5, levels=levels, seed=seed).requires_grad_()
        wanted, slopes = cost(maps), grad(cost)(maps.detach())
        value = compiled(maps)
        torch.testing.assert_close(value, wanted)
        torch.testing.assert_close(torch.autograd.grad(value, maps)[0], slopes)
    constant = torch.full((2, 2, 4, 5), 0.5, dtype=torch.float64)
    assert compiled(constant).item() == 0
