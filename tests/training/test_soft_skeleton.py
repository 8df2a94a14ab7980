"""The soft skeleton: recorded maps and gradients, loops in plain Python, masks, and errors."""

from itertools import product
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.soft_skeleton import soft_skeleton

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "054-soft_skeleton.json")


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def neighbours(values: torch.Tensor, offsets: list[tuple[int, ...]], pick) -> torch.Tensor:
    """``pick`` over the voxels at the offsets from each voxel that are inside of the image."""
    result = torch.empty_like(values)
    for place in product(*map(range, values.shape)):
        near = [tuple(p + o for p, o in zip(place, offset, strict=True)) for offset in offsets]
        inside = [p for p in near if all(0 <= q < size for q, size in zip(p, values.shape, strict=True))]
        result[place] = pick(values[p].item() for p in inside)
    return result


def by_loops(values: torch.Tensor, iterations: int) -> torch.Tensor:
    axes = values.ndim
    block = list(product((-1, 0, 1), repeat=axes))
    cross = [offset for offset in block if sum(map(abs, offset)) <= 1]
    eroded = [values]
    for _ in range(iterations + 1):
        eroded.append(neighbours(eroded[-1], cross, min))
    skeleton = torch.zeros_like(values)
    for k in range(iterations + 1):
        removed = (eroded[k] - neighbours(eroded[k + 1], block, max)).clamp(min=0)
        skeleton = 1 - (1 - skeleton) * (1 - removed)
    return skeleton


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_maps_and_gradients(case):
    prediction = torch.from_numpy(case.inputs["prediction"]).requires_grad_()
    skeleton = soft_skeleton(prediction, **case.params)
    skeleton.sum().backward()
    tolerance = {"rtol": case.rtol, "atol": case.atol}
    wanted = torch.tensor(case.expected["skeleton"], dtype=torch.float64)
    torch.testing.assert_close(skeleton.detach(), wanted, **tolerance)
    torch.testing.assert_close(prediction.grad, torch.from_numpy(case.grad["prediction"]), **tolerance)


@pytest.mark.parametrize("shape", [(6, 7), (1, 5), (3, 4, 5), (2, 1, 3)])
@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_equals_plain_loops(shape, iterations):
    values = image(*shape)
    skeleton = soft_skeleton(values[None, None], iterations=iterations)
    torch.testing.assert_close(skeleton[0, 0], by_loops(values, iterations))


@given(seed=st.integers(0, 2**16), iterations=st.integers(0, 4), cut=st.floats(0.1, 0.9))
@settings(max_examples=25)
def test_the_skeleton_of_a_mask_is_a_mask_inside_of_it(seed, iterations, cut):
    mask = (image(1, 2, 7, 8, seed=seed) > cut).double()
    skeleton = soft_skeleton(mask, iterations=iterations)
    assert ((skeleton == 0) | (skeleton == 1)).all()
    assert (skeleton <= mask).all()


@given(seed=st.integers(0, 2**16), iterations=st.integers(0, 4))
@settings(max_examples=15)
def test_turns_with_the_image(seed, iterations):
    maps = image(1, 1, 4, 5, 3, seed=seed)
    skeleton = soft_skeleton(maps, iterations=iterations)
    turned = soft_skeleton(maps.flip(2).transpose(3, 4), iterations=iterations)
    torch.testing.assert_close(turned, skeleton.flip(2).transpose(3, 4))


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_grows_with_the_iterations_and_stays_within_zero_and_one(seed):
    maps = image(1, 1, 6, 7, seed=seed)
    skeletons = torch.cat([soft_skeleton(maps, iterations=iterations) for iterations in range(5)])
    assert (skeletons[0] >= 0).all()
    assert (skeletons[-1] <= 1).all()
    assert (skeletons.diff(dim=0) >= 0).all()


def test_a_volume_of_one_slice_is_an_image():
    maps = image(2, 2, 6, 7)
    torch.testing.assert_close(soft_skeleton(maps.unsqueeze(2)).squeeze(2), soft_skeleton(maps))


def test_maps_do_not_see_each_other():
    maps = image(2, 3, 5, 5)
    single = torch.stack([soft_skeleton(each[None, None])[0, 0] for each in maps.flatten(0, 1)])
    torch.testing.assert_close(soft_skeleton(maps).flatten(0, 1), single)


def test_a_thin_line_is_its_own_skeleton():
    line = torch.zeros(1, 1, 5, 9)
    line[:, :, 2, 1:8] = 1
    torch.testing.assert_close(soft_skeleton(line), line)


def test_a_thick_bar_is_thinned_to_its_middle_once_the_iterations_reach_its_radius():
    bar = torch.zeros(1, 1, 9, 15)
    bar[:, :, 2:7, 2:13] = 1  # five rows: a radius of 2
    skeletons = [soft_skeleton(bar, iterations=iterations)[0, 0] for iterations in range(5)]
    assert not skeletons[0][4, 4:11].any()
    assert skeletons[2][:, 7].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    torch.testing.assert_close(skeletons[2], skeletons[4])


def test_an_image_without_contrast_has_no_skeleton():
    for value in (0.0, 0.3, 1.0):
        assert not soft_skeleton(torch.full((1, 1, 4, 4), value)).any()


def test_gradient_equals_finite_differences():
    maps = image(1, 1, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: soft_skeleton(values, iterations=2), maps)
    volume = image(1, 1, 3, 3, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: soft_skeleton(values, iterations=1), volume)


def test_half_precision_is_computed_in_single_precision():
    maps = image(1, 1, 6, 6).bfloat16()
    skeleton = soft_skeleton(maps)
    assert skeleton.dtype == torch.bfloat16
    torch.testing.assert_close(skeleton, soft_skeleton(maps.float()).bfloat16())


def test_the_input_is_untouched():
    maps = image(1, 1, 4, 4)
    before = maps.clone()
    soft_skeleton(maps)
    assert maps.equal(before)


@pytest.mark.parametrize("shape", [(2, 1, 5, 6), (2, 1, 3, 4, 3)])
def test_compiles_without_a_graph_break_and_maps_over_batches(shape):
    maps = image(*shape)
    wanted = soft_skeleton(maps, iterations=2)
    compiled = torch.compile(soft_skeleton, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(maps, iterations=2), wanted)
    mapped = torch.func.vmap(lambda each: soft_skeleton(each, iterations=2))(torch.stack([maps, maps]))
    torch.testing.assert_close(mapped[1], wanted)


def test_no_image_gives_none():
    assert soft_skeleton(torch.zeros(0, 2, 3, 3)).shape == (0, 2, 3, 3)


MAPS = image(1, 1, 3, 3)


@pytest.mark.parametrize(
    ("prediction", "options", "error", "argument"),
    [
        (MAPS[0], {}, ShapeError, "prediction"),
        (MAPS[..., :0], {}, ShapeError, "prediction"),
        (MAPS[:, :0], {}, ShapeError, "prediction"),
        (MAPS.long(), {}, DtypeError, "prediction"),
        (MAPS + 1, {}, InvalidInputError, "prediction"),
        (MAPS * float("nan"), {}, InvalidInputError, "prediction"),
        (MAPS, {"iterations": -1}, InvalidInputError, "iterations"),
        (MAPS, {"iterations": 2.0}, DtypeError, "iterations"),
        (MAPS, {"iterations": True}, DtypeError, "iterations"),
    ],
)
def test_bad_input_is_named(prediction, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        soft_skeleton(prediction, **options)
