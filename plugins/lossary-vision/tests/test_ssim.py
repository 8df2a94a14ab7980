"""SSIM: the textbook formula, other implementations, near and flat images, the score of arrays, errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import ssim_score
from lossary_vision.ssim import LOSS, ssim

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "073-ssim.json").read_text())["cases"]


def images(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator, dtype=torch.float64)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (target + 0.2 * noise).clamp(0, 1), target


def literally(x: np.ndarray, y: np.ndarray, size: int, weights: np.ndarray, correction: float = 1.0) -> float:
    """The similarity of one channel, position by position."""
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for corner in np.ndindex(*(side - size + 1 for side in x.shape)):
        window = tuple(slice(place, place + size) for place in corner)
        mean_x, mean_y = (weights * x[window]).sum(), (weights * y[window]).sum()
        var_x, var_y = (
            correction * (weights * (each[window] - mean) ** 2).sum()
            for each, mean in ((x, mean_x), (y, mean_y))
        )
        cov = correction * (weights * (x[window] - mean_x) * (y[window] - mean_y)).sum()
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        values.append(luminance * (2 * cov + c2) / (var_x + var_y + c2))
    return float(np.mean(values))


@pytest.mark.parametrize("space", [(6, 8), (5, 4, 6)])
@pytest.mark.parametrize("sample_covariance", [False, True])
def test_is_the_textbook_formula_of_uniform_windows(space, sample_covariance):
    prediction, target = images(1, 1, *space)
    count = 3 ** len(space)
    wanted = literally(
        prediction[0, 0].numpy(),
        target[0, 0].numpy(),
        3,
        np.full((3,) * len(space), 1 / count),
        count / (count - 1) if sample_covariance else 1.0,
    )
    options = {"window": "uniform", "window_size": 3, "sample_covariance": sample_covariance}
    assert ssim(prediction, target, **options).item() == pytest.approx(1 - wanted, rel=1e-10)


def test_is_the_textbook_formula_of_gaussian_windows():
    prediction, target = images(1, 1, 7, 6)
    side = np.exp(-0.5 * (np.arange(-2, 3) / 0.8) ** 2)
    weights = np.outer(side, side) / side.sum() ** 2
    wanted = literally(prediction[0, 0].numpy(), target[0, 0].numpy(), 5, weights)
    assert ssim(prediction, target, window_size=5, sigma=0.8).item() == pytest.approx(1 - wanted, rel=1e-10)


@pytest.mark.parametrize("case", GOLDENS, ids=lambda case: case["id"])
def test_the_score_is_one_minus_the_golden_loss(case):
    prediction, target = (np.array(case["inputs"][name]["data"]) for name in ("prediction", "target"))
    score = ssim_score(prediction, target, **case["params"])
    np.testing.assert_allclose(score, 1 - np.array(case["expected"]["loss"]), rtol=1e-10)


def test_nearly_equal_images_keep_their_digits_in_single_precision():
    target = 0.25 + 0.5 * torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    step = 2**-14 * (torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(1)) > 0.5)
    prediction = target + step
    wanted = ssim(prediction.double(), target.double()).item()
    assert 0 < wanted < 1e-6
    assert ssim(prediction, target).item() == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("level", [0.0, 0.5, 1e4])
def test_flat_images_differ_by_their_brightness_alone(level):
    target = torch.full((1, 1, 12, 12), level)
    prediction = target + 0.5
    wanted = 0.25 / (level**2 + (level + 0.5) ** 2 + 1e-4)
    assert ssim(prediction, target).item() == pytest.approx(wanted, rel=1e-4)


def test_equal_images_cost_nothing_and_have_no_gradient():
    _, target = images(2, 3, 12, 13)
    prediction = target.clone().requires_grad_()
    loss = ssim(prediction, target)
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad.abs().max().item() < 1e-12


def test_the_range_of_the_data_is_a_unit():
    prediction, target = images(2, 2, 12, 12)
    torch.testing.assert_close(
        ssim(255 * prediction, 255 * target, data_range=255.0), ssim(prediction, target)
    )


def test_blur_costs_more_than_a_change_of_brightness_of_the_same_squared_error():
    _, target = images(1, 1, 24, 24)
    blurred = torch.nn.functional.avg_pool2d(target, 3, stride=1, padding=1, count_include_pad=False)
    brighter = target + (blurred - target).square().mean().sqrt()
    assert ssim(blurred, target) > 1.5 * ssim(brighter, target)


def test_descent_restores_the_image():
    prediction, target = images(1, 1, 12, 12)
    prediction.requires_grad_()
    start = ssim(prediction, target, window_size=5).item()
    for _ in range(40):
        (gradient,) = torch.autograd.grad(ssim(prediction, target, window_size=5), prediction)
        prediction = (prediction - gradient).detach().requires_grad_()
    assert ssim(prediction, target, window_size=5).item() < 0.2 * start


IMAGE, _ = images(1, 1, 12, 12)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "message"),
    [
        (IMAGE, IMAGE[..., :11], {}, ShapeError, "target: got shape"),
        (IMAGE[0], IMAGE[0], {}, ShapeError, "prediction: got shape"),
        (IMAGE[:, :0], IMAGE[:, :0], {}, ShapeError, "prediction: got shape"),
        (IMAGE[..., :10], IMAGE[..., :10], {}, ShapeError, "prediction: got images of 12 x 10"),
        (IMAGE * math.nan, IMAGE, {}, InvalidInputError, "prediction: got .*values that are NaN"),
        (IMAGE.to(torch.complex64), IMAGE, {}, DtypeError, "prediction: got dtype"),
        (IMAGE, IMAGE, {"window": "box"}, InvalidInputError, "window: got 'box'"),
        (IMAGE, IMAGE, {"window_size": 8}, InvalidInputError, "window_size: got 8"),
        (IMAGE, IMAGE, {"window_size": 7.0}, DtypeError, "window_size: got float"),
        (
            IMAGE,
            IMAGE,
            {"window_size": 1, "sample_covariance": True},
            InvalidInputError,
            "window_size: got 1",
        ),
        (IMAGE, IMAGE, {"sample_covariance": 1}, DtypeError, "sample_covariance: got int"),
        (IMAGE, IMAGE, {"data_range": 0.0}, InvalidInputError, "data_range: got 0"),
        (IMAGE, IMAGE, {"sigma": -1.5}, InvalidInputError, "sigma: got -1.5"),
        (IMAGE, IMAGE, {"reduction": "median"}, InvalidInputError, "reduction: got 'median'"),
    ],
)
def test_bad_input_is_named(prediction, target, options, error, message):
    with pytest.raises(error, match=message):
        ssim(prediction, target, **options)


def test_a_batch_without_an_image_is_zero():
    assert ssim(IMAGE[:0], IMAGE[:0]).item() == 0


@pytest.mark.parametrize("space", [(24, 20), (12, 13, 14)])
def test_stands_for_one_minus_the_score(space):
    prediction, target = images(2, 3, *space)
    (score,) = LOSS.pairs_with
    loss = ssim(prediction, target, **score.options).item()
    assert score(prediction=prediction, target=target) == pytest.approx(1 - loss)
