"""Betti matching beyond conformance: its options by hand, patches, degenerate maps, training, errors."""

import math

import lossary
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation.betti_matching import LOSS, BettiMatching, betti_matching
from lossary.losses.segmentation.dice import dice
from lossary.metrics import betti_matching_error

SHAPES = [(1, 2, 6, 7), (2, 1, 3, 4, 3)]


def maps(*shape: int, levels: int | None = None, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A prediction and a soft target; with few levels most voxels are tied."""
    both = torch.rand(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    prediction, target = both if levels is None else (both * levels).round() / levels
    return prediction, target


def image(*rows: list[float]) -> torch.Tensor:
    return torch.tensor([[rows]], dtype=torch.float64)


RING = torch.ones(1, 1, 5, 5, dtype=torch.float64)
RING[..., 1:4, 1:4] = 0
BROKEN = RING.clone()
BROKEN[..., 2, 0] = 0.25


def test_a_gap_in_a_ring_costs_what_it_moves_the_loop():
    # The loop is there in both maps, but born at 0.25 and not at 1.
    assert betti_matching(BROKEN, RING).item() == 2 * 0.75**2
    assert betti_matching(BROKEN, RING, dimensions=(0,)).item() == 0
    assert betti_matching(BROKEN, RING, dimensions=[1]).item() == 2 * 0.75**2


def test_the_same_shape_elsewhere_is_another_feature():
    prediction, target = image([1.0, 0.0, 0.5, 0.0, 0.0]), image([1.0, 0.0, 0.0, 0.0, 0.75])
    assert betti_matching(prediction, target).item() == 0.5**2 + 0.75**2
    weights = (1.0, 0.5, 0.25)
    assert betti_matching(prediction, target, weights=weights).item() == 0.5 * 0.5**2 + 0.25 * 0.75**2


def test_each_weight_scales_its_own_features():
    prediction, target = maps(2, 2, 6, 7)

    def loss(*weights: float, **options: object) -> torch.Tensor:
        return betti_matching(prediction, target, weights=weights, **options)

    parts = loss(1, 0, 0), loss(0, 1, 0), loss(0, 0, 1)
    assert all(part > 0 for part in parts)
    torch.testing.assert_close(loss(0.5, 2, 3), 0.5 * parts[0] + 2 * parts[1] + 3 * parts[2])
    of_dimension = [loss(1, 1, 1, dimensions=[k]) for k in (0, 1)]
    torch.testing.assert_close(
        loss(1, 1, 1, dimension_weights=(0.5, 3)), 0.5 * of_dimension[0] + 3 * of_dimension[1]
    )
    torch.testing.assert_close(loss(1, 1, 1, dimension_weights=(0.5, 3), dimensions={1}), 3 * of_dimension[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_low_structures_are_the_high_ones_of_the_inverse(shape):
    prediction, target = maps(*shape)
    inverse = 1 - prediction, 1 - target
    for options in ({}, {"relative": True}, {"unmatched": "one_zero"}):
        low = betti_matching(prediction, target, filtration="sublevel", **options)
        torch.testing.assert_close(low, betti_matching(*inverse, **options))
        both = betti_matching(prediction, target, filtration="bothlevel", **options)
        torch.testing.assert_close(both, low + betti_matching(prediction, target, **options))


def test_an_empty_prediction_of_one_component_costs_its_essential_birth():
    target = image([0.0, 1.0, 0.0])
    empty = torch.zeros_like(target)
    assert betti_matching(empty, target).item() == 2
    assert betti_matching(empty, target, include_essential=False).item() == 0


def test_relative_closes_what_the_border_cuts():
    bay = image([1.0, 0.0, 1.0], [1.0, 1.0, 1.0])
    filled = torch.ones_like(bay)
    assert betti_matching(bay, filled, dimensions=[1]).item() == 0
    assert betti_matching(bay, filled, dimensions=[1], relative=True).item() == 1  # a loop from 1 to 0


def test_short_features_of_the_prediction_are_ignored():
    prediction, target = image([1.0, 0.5, 0.75, 0.0, 0.5]), image([1.0, 0.5, 0.75, 0.5, 0.5])
    flat = torch.zeros_like(prediction)
    assert betti_matching(prediction, flat, include_essential=False).item() == 0.25**2 + 0.5**2
    ignoring = {"include_essential": False, "persistence_threshold": 0.25}
    assert betti_matching(prediction, flat, **ignoring).item() == 0.5**2
    assert betti_matching(flat, target, **ignoring).item() == 0.25**2  # those of the target stay


def test_one_zero_goes_on_where_the_diagonal_stops():
    prediction = image([1.0, 0.5, 0.75]).requires_grad_()
    flat = torch.zeros_like(prediction)
    loss = betti_matching(prediction, flat, include_essential=False, unmatched="one_zero")
    assert loss.item() == 2 * (0.75**2 + 0.5**2)
    loss.backward()
    assert prediction.grad.flatten().tolist() == [0, -4 * 0.5, 4 * 0.75]


@pytest.mark.parametrize("shape", [(1, 2, 12, 14), (2, 1, 4, 5, 4)])
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("options", [{}, {"include_essential": False}, {"dimensions": (1,)}])
def test_of_hard_maps_is_the_exact_metric(shape, relative, options):
    prediction, target = ((each > 0.3).double() for each in maps(*shape))
    target[0, 0] = 0  # an empty map
    loss = betti_matching(prediction, target, relative=relative, reduction="none", **options)
    found = betti_matching_error(prediction.numpy(), target.numpy(), relative=relative, **options)
    assert found.error > 0
    assert loss.tolist() == found.per_image.tolist()


def test_its_metrics_take_soft_maps():
    prediction, target = maps(2, 2, 6, 7)
    wanted = betti_matching_error(prediction.numpy(), target.numpy()).error
    assert LOSS.pairs_with[0](prediction=prediction, target=target) == wanted > 0


@given(shape=st.sampled_from(SHAPES), seed=st.integers(0, 2**16), levels=st.sampled_from([None, 2]))
@settings(max_examples=15, deadline=None)
def test_each_map_is_an_instance_of_its_own(shape, seed, levels):
    prediction, target = maps(*shape, seed=seed, levels=levels)
    values = betti_matching(prediction, target, reduction="none")
    assert values.shape == shape[:2]
    for n, c in ((n, c) for n in range(shape[0]) for c in range(shape[1])):
        one = betti_matching(prediction[n : n + 1, c : c + 1], target[n : n + 1, c : c + 1])
        torch.testing.assert_close(values[n, c], one)


@given(shape=st.sampled_from(SHAPES), seed=st.integers(0, 2**16), levels=st.sampled_from([1, 2, 4]))
@settings(max_examples=20, deadline=None)
def test_ties_have_one_answer_and_no_cost_at_the_target(shape, seed, levels):
    prediction, target = maps(*shape, seed=seed, levels=levels)
    assert betti_matching(target, target, filtration="bothlevel").item() == 0
    loss = betti_matching(prediction, target)
    assert loss == betti_matching(prediction.clone(), target.clone())
    assert loss >= 0


def test_axes_of_one_voxel_do_not_count():
    prediction, target = maps(1, 1, 5, 6)
    flat = betti_matching(prediction, target)
    torch.testing.assert_close(betti_matching(prediction.unsqueeze(2), target.unsqueeze(2)), flat)
    torch.testing.assert_close(betti_matching(prediction.unsqueeze(4), target.unsqueeze(4)), flat)
    point = torch.full((1, 1, 1, 1), 0.25)
    assert betti_matching(point, point + 0.5).item() == 2 * 0.5**2


def test_both_maps_are_alike_and_the_target_receives_a_gradient_if_it_requires_one():
    prediction, target = (each.requires_grad_() for each in maps(1, 1, 5, 6))
    betti_matching(prediction, target).backward()
    betti_matching(mirrored := target.detach().requires_grad_(), prediction.detach()).backward()
    torch.testing.assert_close(target.grad, mirrored.grad)
    assert not betti_matching(*maps(1, 1, 5, 6)).requires_grad


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64])
def test_masks_of_any_dtype_are_targets(dtype):
    prediction, target = maps(1, 2, 6, 7, levels=1)
    prediction = prediction.float().requires_grad_()
    loss = betti_matching(prediction, target.to(dtype))
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss == betti_matching(prediction, target.float())


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_constant_maps_keep_a_graph(value, relative):
    prediction = torch.full((1, 1, 4, 4), value, requires_grad=True)
    loss = betti_matching(prediction, torch.full((1, 1, 4, 4), 0.5), relative=relative)
    loss.backward()
    assert loss.item() == 2 * (value - 0.5) ** 2
    assert prediction.grad.sum().item() == 4 * (value - 0.5)


@pytest.mark.parametrize("shape", [(0, 2, 3, 3), (2, 0, 3, 3), (0, 0, 2, 3, 3)])
@pytest.mark.parametrize("options", [{}, {"relative": True, "filtration": "bothlevel"}, {"patch_size": 2}])
def test_no_map_gives_zero_with_a_graph(shape, options):
    empty = torch.zeros(shape, requires_grad=True)
    loss = betti_matching(empty, empty.detach(), **options)
    loss.backward()
    assert loss.item() == 0
    assert betti_matching(empty, empty.detach(), reduction="none", **options).shape == shape[:2]


@pytest.mark.parametrize(
    ("shape", "patch_size", "starts", "sides"),
    [
        ((2, 1, 6, 8), 3, [(0, 3), (0, 3, 5)], (3, 3)),  # the last column of patches is moved back
        ((1, 2, 6, 8), (6, 4), [(0,), (0, 4)], (6, 4)),
        ((1, 1, 6, 8), (4, 100), [(0, 2), (0,)], (4, 8)),
        ((1, 1, 3, 4, 5), 2, [(0, 1), (0, 2), (0, 2, 3)], (2, 2, 2)),
    ],
)
@pytest.mark.parametrize("options", [{}, {"relative": True, "filtration": "bothlevel"}])
def test_patches_equal_the_mean_over_slices(shape, patch_size, starts, sides, options):
    prediction, target = maps(*shape)
    prediction.requires_grad_()
    corners = torch.cartesian_prod(*map(torch.tensor, starts)).tolist()
    slices = [
        (..., *(slice(start, start + side) for start, side in zip(corner, sides, strict=True)))
        for corner in corners
    ]
    each = [betti_matching(prediction[own], target[own], reduction="none", **options) for own in slices]
    wanted = torch.stack(each).mean(0)
    values = betti_matching(prediction, target, patch_size=patch_size, reduction="none", **options)
    torch.testing.assert_close(values, wanted)
    slopes = [torch.autograd.grad(result.sum(), prediction)[0] for result in (values, wanted)]
    torch.testing.assert_close(*slopes)


def test_one_patch_is_the_whole_map():
    prediction, target = maps(2, 1, 6, 8)
    assert betti_matching(prediction, target, patch_size=8) == betti_matching(prediction, target)


def test_any_number_of_threads_gives_the_same_bits():
    prediction, target = maps(2, 3, 20, 20)
    prediction.requires_grad_()
    results = []
    try:
        for threads in (1, 2, 3):
            lossary.set_num_threads(threads)
            loss = betti_matching(prediction, target, filtration="bothlevel")
            results.append((loss, *torch.autograd.grad(loss, prediction)))
    finally:
        lossary.set_num_threads(None)
    for loss, gradient in results[1:]:
        assert loss == results[0][0]
        assert torch.equal(gradient, results[0][1])


@pytest.mark.parametrize(
    "options",
    [
        {"filtration": "bothlevel", "relative": True},
        {"unmatched": "one_zero", "persistence_threshold": 0.05, "dimensions": (1,)},
        {"patch_size": 3, "weights": (1.0, 0.5, 2.0)},
    ],
)
@pytest.mark.parametrize("shape", [(1, 2, 4, 5), (1, 1, 3, 4, 3)])
def test_options_have_derivatives_and_compile(shape, options):
    prediction, target = maps(*shape)

    def loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return betti_matching(prediction, target, **options)

    leaves = prediction.clone().requires_grad_(), target.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, leaves)
    assert torch.autograd.gradgradcheck(loss, leaves, fast_mode=True)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(prediction, target), loss(prediction, target))


def test_training_closes_a_gap():
    target = torch.zeros(1, 1, 5, 12)
    target[..., 2, :] = 1
    logits = torch.where(target > 0, 2.0, -2.0)
    logits[..., 2, 6] = -2.0
    logits.requires_grad_()
    criterion = BettiMatching()
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        prediction = logits.sigmoid()
        (dice(prediction, target) + 0.5 * criterion(prediction, target)).backward()
        optimizer.step()
    assert criterion((logits > 0).float(), target).item() == 0


PREDICTION, TARGET = maps(1, 2, 4, 4)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "argument"),
    [
        (PREDICTION, TARGET[:, :1], {}, ShapeError, "target"),
        (PREDICTION[0], TARGET[0], {}, ShapeError, "prediction"),
        (PREDICTION[..., None, None], TARGET[..., None, None], {}, ShapeError, "prediction"),
        (PREDICTION[..., :0], TARGET[..., :0], {}, ShapeError, "prediction"),
        (PREDICTION.long(), TARGET, {}, DtypeError, "prediction"),
        (PREDICTION, TARGET.cfloat(), {}, DtypeError, "target"),
        (PREDICTION * math.nan, TARGET, {}, InvalidInputError, "prediction"),
        (PREDICTION, TARGET * math.inf, {}, InvalidInputError, "target"),
        (PREDICTION - 1, TARGET, {}, InvalidInputError, "prediction"),
        (PREDICTION, TARGET.round().long() * 2, {}, InvalidInputError, "target"),
        (PREDICTION, TARGET, {"filtration": "upper"}, InvalidInputError, "filtration"),
        (PREDICTION, TARGET, {"unmatched": "zero"}, InvalidInputError, "unmatched"),
        (PREDICTION, TARGET, {"reduction": "median"}, InvalidInputError, "reduction"),
        (PREDICTION, TARGET, {"dimensions": ()}, InvalidInputError, "dimensions"),
        (PREDICTION, TARGET, {"dimensions": (0, 2)}, InvalidInputError, "dimensions"),
        (PREDICTION, TARGET, {"dimensions": (-1,)}, InvalidInputError, "dimensions"),
        (PREDICTION, TARGET, {"dimensions": (1.0,)}, DtypeError, "dimensions"),
        (PREDICTION, TARGET, {"dimensions": 1}, DtypeError, "dimensions"),
        (PREDICTION, TARGET, {"weights": (1, 1)}, InvalidInputError, "weights"),
        (PREDICTION, TARGET, {"weights": (1, 1, -1)}, InvalidInputError, "weights"),
        (PREDICTION, TARGET, {"weights": 1.0}, DtypeError, "weights"),
        (PREDICTION, TARGET, {"dimension_weights": (1, 1, 1)}, InvalidInputError, "dimension_weights"),
        (PREDICTION, TARGET, {"dimension_weights": (1, "1")}, DtypeError, "dimension_weights"),
        (PREDICTION, TARGET, {"persistence_threshold": -0.1}, InvalidInputError, "persistence_threshold"),
        (PREDICTION, TARGET, {"patch_size": 0}, InvalidInputError, "patch_size"),
        (PREDICTION, TARGET, {"patch_size": (2, 2, 2)}, InvalidInputError, "patch_size"),
        (PREDICTION, TARGET, {"patch_size": 2.0}, DtypeError, "patch_size"),
        (PREDICTION, TARGET, {"patch_size": "4"}, DtypeError, "patch_size"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}:"):
        betti_matching(prediction, target, **options)
