"""Branch disagreement beyond conformance: symmetry, masks, both gradients, its exact metric, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation.branch_disagreement import LOSS, branch_disagreement

SHAPES = [(2, 3), (2, 3, 20), (2, 3, 4, 5), (2, 2, 3, 4, 2)]
DISTANCES = ["squared", "absolute"]


def branches(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.rand(2, *shape, generator=generator, dtype=torch.float64)
    return first, second


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_mean_distance_of_each_image(shape):
    first, second = branches(*shape)
    axes = tuple(range(1, len(shape)))
    squared = branch_disagreement(first, second, reduction="none")
    torch.testing.assert_close(squared, ((first - second) ** 2).mean(axes))
    absolute = branch_disagreement(first, second, distance="absolute", reduction="none")
    torch.testing.assert_close(absolute, (first - second).abs().mean(axes))


def test_of_all_voxels_the_squared_form_is_the_mean_squared_error():
    first, second = branches(2, 3, 4, 5)
    torch.testing.assert_close(
        branch_disagreement(first, second), torch.nn.functional.mse_loss(first, second)
    )


@given(seed=st.integers(0, 2**16), distance=st.sampled_from(DISTANCES))
@settings(max_examples=25)
def test_the_branches_are_alike_and_receive_opposite_gradients(seed, distance):
    leaves = [branch.requires_grad_() for branch in branches(2, 2, 5, seed=seed)]
    loss = branch_disagreement(*leaves, distance=distance)
    torch.testing.assert_close(loss, branch_disagreement(*leaves[::-1], distance=distance))
    first, second = torch.autograd.grad(loss, leaves)
    assert first.any()
    torch.testing.assert_close(first, -second)


@pytest.mark.parametrize("distance", DISTANCES)
def test_branches_that_agree_cost_nothing(distance):
    leaf = branches(2, 2, 5)[0].requires_grad_()
    loss = branch_disagreement(leaf, leaf.detach(), distance=distance)
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()


def test_a_detached_branch_draws_the_other_alone():
    first, second = (branch.requires_grad_() for branch in branches(2, 2, 5))
    branch_disagreement(first, second.detach()).backward()
    assert first.grad.any()
    assert second.grad is None


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_mask_leaves_its_voxels_as_the_whole_image(distance):
    first, second = branches(2, 3, 4, 5)
    mask = torch.zeros(4, 5, dtype=torch.bool)
    mask[1:3, 2:] = True
    wanted = branch_disagreement(
        first[..., 1:3, 2:], second[..., 1:3, 2:], distance=distance, reduction="none"
    )
    for shape in ((4, 5), (1, 1, 4, 5), (2, 1, 4, 5), (2, 3, 4, 5)):
        found = branch_disagreement(first, second, mask.expand(shape), distance=distance, reduction="none")
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32])
def test_a_mask_may_have_any_dtype(dtype):
    first, second = branches(2, 3, 5)
    mask = torch.tensor([1, 0, 0, 1, 1])
    torch.testing.assert_close(
        branch_disagreement(first, second, mask.to(dtype)), branch_disagreement(first, second, mask > 0)
    )


def test_a_mask_of_ones_changes_nothing():
    first, second = branches(2, 3, 5)
    ones = torch.ones(2, 1, 5, dtype=torch.bool)
    torch.testing.assert_close(branch_disagreement(first, second, ones), branch_disagreement(first, second))


def test_an_image_without_a_voxel_that_counts_is_zero_and_left_out_of_the_mean():
    first, second = (branch.requires_grad_() for branch in branches(2, 3, 5))
    mask = torch.tensor([True, False]).reshape(2, 1, 1)
    values = branch_disagreement(first, second, mask, reduction="none")
    alone = branch_disagreement(first[:1], second[:1])
    assert values[1].item() == 0
    torch.testing.assert_close(values[0], alone)
    torch.testing.assert_close(branch_disagreement(first, second, mask), alone)
    (gradient,) = torch.autograd.grad(values.sum(), first)
    assert gradient[0].any()
    assert not gradient[1].any()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_an_empty_mask_gives_zero_with_a_graph(reduction):
    first, second = (branch.requires_grad_() for branch in branches(2, 3, 5))
    loss = branch_disagreement(first, second, torch.zeros(5, dtype=torch.bool), reduction=reduction)
    loss.sum().backward()
    assert not loss.any()
    assert not first.grad.any()


def test_maps_without_a_voxel_give_zero():
    empty = torch.zeros(2, 3, 0, requires_grad=True)
    loss = branch_disagreement(empty, empty)
    loss.backward()
    assert loss.item() == 0


def test_its_exact_metric_is_the_overlap_of_the_hard_maps_where_they_count():
    first, second = branches(2, 1, 4, 5)
    mask = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(1)) > 0.4
    (metric,) = LOSS.pairs_with
    for chosen in (mask, torch.ones_like(mask)):
        score = metrics.f1_score((first > 0.5)[chosen].numpy(), (second > 0.5)[chosen].numpy())
        assert metric(prediction1=first, prediction2=second, mask=chosen) == score
        assert metric(prediction1=second, prediction2=first, mask=chosen) == score
    assert metric(prediction1=first, prediction2=second) == score


def test_compiles_and_maps_over_batches_without_a_mask():
    first, second = branches(3, 2, 3, 5)
    compiled = torch.compile(branch_disagreement, fullgraph=True, backend="aot_eager")
    wanted = torch.stack([branch_disagreement(*pair) for pair in zip(first, second, strict=True)])
    torch.testing.assert_close(compiled(first[0], second[0], distance="squared"), wanted[0])
    torch.testing.assert_close(torch.func.vmap(branch_disagreement)(first, second), wanted)


FIRST, SECOND = branches(2, 3, 4)


@pytest.mark.parametrize(
    ("first", "second", "mask", "options", "error", "argument"),
    [
        (FIRST[0, 0], SECOND[0, 0], None, {}, ShapeError, "prediction1"),
        (FIRST, SECOND[:, :2], None, {}, ShapeError, "prediction2"),
        (FIRST.long(), SECOND, None, {}, DtypeError, "prediction1"),
        (FIRST, SECOND.long(), None, {}, DtypeError, "prediction2"),
        (FIRST + 1, SECOND, None, {}, InvalidInputError, "prediction1"),
        (FIRST, SECOND * math.nan, None, {}, InvalidInputError, "prediction2"),
        (FIRST, SECOND, torch.ones(3), {}, ShapeError, "mask"),
        (FIRST, SECOND, torch.ones(1, 2, 3, 4), {}, ShapeError, "mask"),
        (FIRST, SECOND, torch.full((4,), 0.5), {}, InvalidInputError, "mask"),
        (FIRST, SECOND, [True] * 4, {}, DtypeError, "mask"),
        (FIRST, SECOND, None, {"distance": "cosine"}, InvalidInputError, "distance"),
        (FIRST, SECOND, None, {"reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(first, second, mask, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        branch_disagreement(first, second, mask, **options)
