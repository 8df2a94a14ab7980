"""MS-SSIM: its scales, how sides are halved, images that are not alike, the score of arrays, and errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import ms_ssim_score
from lossary_vision.ms_ssim import LOSS, ms_ssim
from lossary_vision.ssim import ssim
from torch.nn.functional import avg_pool2d

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "073-ms_ssim.json").read_text())["cases"]


def images(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator, dtype=torch.float64)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (target + 0.2 * noise).clamp(0, 1), target


@pytest.mark.parametrize("case", GOLDENS, ids=lambda case: case["id"])
def test_the_score_is_one_minus_the_golden_loss(case):
    prediction, target = (np.array(case["inputs"][name]["data"]) for name in ("prediction", "target"))
    score = ms_ssim_score(prediction, target, **case["params"])
    np.testing.assert_allclose(score, 1 - np.array(case["expected"]["loss"]), rtol=1e-10, atol=1e-12)


def test_one_scale_of_weight_one_is_ssim():
    prediction, target = images(2, 3, 12, 14)
    torch.testing.assert_close(ms_ssim(prediction, target, weights=(1.0,)), ssim(prediction, target))


def test_brightness_counts_at_the_coarsest_scale_alone():
    target = torch.full((1, 1, 12, 12), 0.4, dtype=torch.float64)
    loss = ms_ssim(target + 0.2, target, window_size=3, weights=(0.5, 0.25))
    similarity = (2 * 0.24 + 1e-4) / (0.36 + 0.16 + 1e-4)
    assert loss.item() == pytest.approx(1 - similarity**0.25)


def test_the_second_scale_is_that_of_the_pooled_images():
    prediction, target = images(1, 1, 12, 12)
    both = ms_ssim(prediction, target, window_size=3, weights=(1e-30, 1.0))
    pooled = (avg_pool2d(image, 2) for image in (prediction, target))
    torch.testing.assert_close(both, ssim(*pooled, window_size=3))


def test_an_odd_side_is_lengthened_by_zeros_that_count():
    prediction, target = images(1, 1, 9, 8)
    padded = (avg_pool2d(torch.nn.functional.pad(image, (0, 0, 1, 1)), 2) for image in (prediction, target))
    wanted = ssim(*padded, window_size=3)
    torch.testing.assert_close(ms_ssim(prediction, target, window_size=3, weights=(1e-30, 1.0)), wanted)


def test_where_a_scale_is_not_alike_at_all_the_loss_is_one_without_a_gradient():
    prediction, target = images(2, 1, 12, 12)
    prediction[1] = 1 - target[1]
    prediction.requires_grad_()
    options = {"window_size": 3, "weights": (0.5, 0.5)}
    loss = ms_ssim(prediction, target, **options, reduction="none")
    loss.sum().backward()
    assert loss[1].item() == 1 > loss[0].item()
    assert not prediction.grad[1].any()
    assert prediction.grad[0].any()


def test_nearly_equal_images_keep_their_digits_in_single_precision():
    target = 0.25 + 0.5 * torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    step = 2**-14 * (torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(1)) > 0.5)
    options = {"window_size": 3, "weights": (0.5, 0.5)}
    wanted = ms_ssim((target + step).double(), target.double(), **options).item()
    assert 0 < wanted < 1e-6
    assert ms_ssim(target + step, target, **options).item() == pytest.approx(wanted, rel=1e-3)


def test_volumes_of_one_slice_of_copies_are_alike_as_their_slices():
    prediction, target = images(1, 1, 12, 12)
    volumes = (image.unsqueeze(2).expand(1, 1, 12, 12, 12) for image in (prediction, target))
    options = {"window_size": 3, "weights": (0.5, 0.5)}
    torch.testing.assert_close(ms_ssim(*volumes, **options), ms_ssim(prediction, target, **options))


IMAGE, _ = images(1, 1, 20, 24)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "message"),
    [
        (
            IMAGE,
            IMAGE,
            {},
            ShapeError,
            "prediction: got images of 20 x 24; wanted sides of 161 or above, or fewer",
        ),
        (IMAGE, IMAGE, {"weights": (0.5, 0.5)}, ShapeError, "wanted sides of 21 or above"),
        (IMAGE, IMAGE[..., :20], {"weights": (1.0,)}, ShapeError, "target: got shape"),
        (IMAGE, IMAGE * math.inf, {"weights": (1.0,)}, InvalidInputError, "target: got"),
        (IMAGE, IMAGE, {"weights": ()}, InvalidInputError, "weights: got none"),
        (IMAGE, IMAGE, {"weights": (0.5, -0.5)}, InvalidInputError, "weights: got -0.5"),
        (IMAGE, IMAGE, {"weights": 0.5}, DtypeError, "weights: got float"),
        (IMAGE, IMAGE, {"weights": "11"}, DtypeError, "weights: got str"),
        (IMAGE, IMAGE, {"window_size": 4}, InvalidInputError, "window_size: got 4"),
        (IMAGE, IMAGE, {"weights": (1.0,), "reduction": "x"}, InvalidInputError, "reduction: got 'x'"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, message):
    with pytest.raises(error, match=message):
        ms_ssim(prediction, target, **options)


@pytest.mark.parametrize("side", [20, 21])
def test_the_least_side_is_what_the_window_needs_at_the_coarsest_scale(side):
    image = torch.rand(1, 1, side, 30, generator=torch.Generator().manual_seed(0))
    if side == 21:
        assert ms_ssim(image, image, weights=(0.5, 0.5)).item() == 0
    else:
        with pytest.raises(ShapeError, match="wanted sides of 21"):
            ms_ssim(image, image, weights=(0.5, 0.5))


def test_stands_for_one_minus_the_score():
    prediction, target = images(2, 3, 45, 47)
    (score,) = LOSS.pairs_with
    loss = ms_ssim(prediction, target, **score.options).item()
    assert score(prediction=prediction, target=target) == pytest.approx(1 - loss)
