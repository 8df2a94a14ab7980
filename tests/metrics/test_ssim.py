"""SSIM and MS-SSIM: the textbook formula, scikit-image, other dtypes, batches, and errors."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import ms_ssim_score, ssim_score


def images(*shape: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    target = generator.random(shape)
    return np.clip(target + 0.2 * generator.normal(size=shape), 0, 1), target


def literally(x: np.ndarray, y: np.ndarray, weights: np.ndarray, correction: float = 1.0) -> np.ndarray:
    """The two factors of the similarity of one channel, position by position."""
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for corner in np.ndindex(*(side - len(weights) + 1 for side in x.shape)):
        window = tuple(slice(place, place + len(weights)) for place in corner)
        mean_x, mean_y = (weights * x[window]).sum(), (weights * y[window]).sum()
        var_x, var_y = (
            correction * (weights * (each[window] - mean) ** 2).sum()
            for each, mean in ((x, mean_x), (y, mean_y))
        )
        cov = correction * (weights * (x[window] - mean_x) * (y[window] - mean_y)).sum()
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        values.append((luminance, (2 * cov + c2) / (var_x + var_y + c2)))
    return np.array(values)


def gaussian(size: int, sigma: float, axes: int) -> np.ndarray:
    side = np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)
    weights = np.ones(())
    for _ in range(axes):
        weights = np.multiply.outer(weights, side / side.sum())
    return weights


def halved(image: np.ndarray) -> np.ndarray:
    image = np.pad(image, [(side % 2, side % 2) for side in image.shape])
    half = tuple(side // 2 for side in image.shape)
    starts = product((0, 1), repeat=image.ndim)
    parts = [
        image[tuple(slice(at, at + 2 * n, 2) for at, n in zip(start, half, strict=True))] for start in starts
    ]
    return np.mean([part[tuple(map(slice, half))] for part in parts], axis=0)


@given(
    seed=st.integers(0, 2**16),
    space=st.one_of(st.tuples(*[st.integers(5, 9)] * 2), st.tuples(*[st.integers(5, 6)] * 3)),
    size=st.sampled_from([1, 3, 5]),
    sigma=st.floats(0.3, 3),
)
@settings(max_examples=25, deadline=None)
def test_is_the_textbook_formula_of_gaussian_windows(seed, space, size, sigma):
    x, y = images(1, 1, *space, seed=seed)
    wanted = literally(x[0, 0], y[0, 0], gaussian(size, sigma, len(space))).prod(axis=1).mean()
    assert ssim_score(x, y, window_size=size, sigma=sigma) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("space", [(6, 8), (5, 4, 6)])
@pytest.mark.parametrize("sample_covariance", [False, True])
def test_is_the_textbook_formula_of_uniform_windows(space, sample_covariance):
    x, y = images(1, 1, *space)
    count = 3 ** len(space)
    weights = np.full((3,) * len(space), 1 / count)
    correction = count / (count - 1) if sample_covariance else 1.0
    wanted = literally(x[0, 0], y[0, 0], weights, correction).prod(axis=1).mean()
    options = {"window": "uniform", "window_size": 3, "sample_covariance": sample_covariance}
    assert ssim_score(x, y, **options) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("space", [(21, 18), (11, 12, 13)])
def test_scales_are_those_of_halved_images(space):
    x, y = images(1, 1, *space)
    weights, factors, pair = (0.2, 0.3, 0.4), [], (x[0, 0], y[0, 0])
    for _ in weights:
        factors.append(literally(*pair, gaussian(3, 1.5, len(space))))
        pair = tuple(map(halved, pair))
    means = [factors[0][:, 1].mean(), factors[1][:, 1].mean(), factors[2].prod(axis=1).mean()]
    wanted = math.prod(mean**weight for mean, weight in zip(means, weights, strict=True))
    assert ms_ssim_score(x, y, window_size=3, weights=weights) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("window", "options"),
    [
        ({}, {"gaussian_weights": True, "use_sample_covariance": False, "sigma": 1.5}),
        ({"window": "uniform", "window_size": 7, "sample_covariance": True}, {}),
    ],
    ids=["gaussian", "its_default"],
)
@pytest.mark.parametrize("shape", [(24, 20), (300, 280)])
def test_equals_scikit_image(window, options, shape):
    metrics = pytest.importorskip("skimage.metrics")
    x, y = images(2, 3, *shape)
    wanted = [
        metrics.structural_similarity(a, b, data_range=1.0, channel_axis=0, **options)
        for a, b in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(ssim_score(x, y, reduction="none", **window), wanted, rtol=1e-9)


def test_one_scale_of_weight_one_is_ssim():
    x, y = images(2, 3, 12, 14)
    assert ms_ssim_score(x, y, weights=[1.0]) == pytest.approx(ssim_score(x, y))


def test_where_a_scale_is_not_alike_at_all_the_score_is_0():
    x, y = images(2, 1, 12, 12)
    x[1] = 1 - y[1]
    found = ms_ssim_score(x, y, window_size=3, weights=(0.5, 0.5), reduction="none")
    assert found[1] == 0 < found[0]


def test_flat_images_differ_by_their_brightness_alone():
    for level in (0.0, 0.5, 1e4):
        y = np.full((1, 1, 12, 12), level)
        assert ssim_score(y + 0.5, y) == pytest.approx(1 - 0.25 / (level**2 + (level + 0.5) ** 2 + 1e-4))


def test_equal_images_have_exactly_1():
    x, _ = images(2, 3, 300, 140)
    assert ssim_score(x, x) == 1
    assert ms_ssim_score(x, x, weights=(0.5, 0.5)) == 1


def test_8_bits_booleans_lists_and_half_precision_are_read():
    generator = np.random.default_rng(0)
    eight = generator.integers(0, 256, (2, 1, 12, 12), dtype=np.uint8)
    shifted = np.minimum(eight, 245) + np.uint8(10)
    score = ssim_score(eight, shifted, data_range=255)
    assert 0.9 < score < 1
    for dtype in (np.uint16, np.int64, np.float16, np.float32, np.float64):
        assert ssim_score(eight.astype(dtype), shifted.astype(dtype), data_range=255) == score
    assert ssim_score(eight.tolist(), shifted / 1.0, data_range=255) == score
    mask = eight > 99
    assert ssim_score(mask, ~mask) == ssim_score(mask / 1.0, 1 - mask)


def test_strides_do_not_matter_and_the_images_are_left_alone():
    x, y = images(2, 3, 24, 26)
    before = x.copy(), y.copy()
    wanted = ssim_score(x.copy(), y.copy(), reduction="none")
    for image in (x, y):
        image.flags.writeable = False
    assert np.array_equal(ssim_score(x, y, reduction="none"), wanted)
    last = (np.ascontiguousarray(np.moveaxis(image, 1, -1)) for image in (x, y))
    assert np.array_equal(
        ssim_score(*(np.moveaxis(image, -1, 1) for image in last), reduction="none"), wanted
    )
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])


def test_the_score_is_the_mean_over_images_and_channels():
    x, y = images(3, 2, 12, 13)
    each = [
        [ssim_score(x[n : n + 1, c : c + 1], y[n : n + 1, c : c + 1]) for c in range(2)] for n in range(3)
    ]
    assert ssim_score(x, y, reduction="none") == pytest.approx(np.mean(each, axis=1))
    assert ssim_score(x, y) == pytest.approx(np.mean(each))
    assert ssim_score(x[:0], y[:0], reduction="none").shape == (0,)


IMAGE = images(1, 1, 12, 20)[0]
SPOILT = np.where(np.arange(20) == 7, np.nan, IMAGE)
HUGE = np.where(np.arange(20) == 7, 1e200, IMAGE)


@pytest.mark.parametrize("function", [ssim_score, ms_ssim_score])
@pytest.mark.parametrize(
    ("prediction", "target", "options", "error", "message"),
    [
        (IMAGE, IMAGE[..., :11], {}, ShapeError, "target: got shape"),
        (IMAGE[0], IMAGE[0], {}, ShapeError, "prediction: got shape"),
        (IMAGE[:, :0], IMAGE[:, :0], {}, ShapeError, "prediction: got shape"),
        (IMAGE[..., :10], IMAGE[..., :10], {}, ShapeError, "prediction: got images of 12 x 10"),
        (SPOILT, IMAGE, {}, InvalidInputError, r"prediction: got nan at \(0, 0, 0, 7\)"),
        (IMAGE, SPOILT - math.inf, {}, InvalidInputError, r"target: got -inf at \(0, 0, 0, 0\)"),
        (IMAGE, HUGE, {}, InvalidInputError, "target: got values .* beyond 1e70"),
        (IMAGE * 1j, IMAGE, {}, InvalidInputError, "prediction: got dtype"),
        (IMAGE, "image", {}, DtypeError, "target: got str"),
        (IMAGE, IMAGE, {"window_size": 8}, InvalidInputError, "window_size: got 8"),
        (IMAGE, IMAGE, {"window_size": 0}, InvalidInputError, "window_size: got 0"),
        (IMAGE, IMAGE, {"window_size": 7.0}, DtypeError, "window_size: got 7.0"),
        (IMAGE, IMAGE, {"data_range": 0.0}, InvalidInputError, "data_range: got 0"),
        (IMAGE, IMAGE, {"data_range": "1"}, DtypeError, "data_range: got '1'"),
        (IMAGE, IMAGE, {"sigma": -1.5}, InvalidInputError, "sigma: got -1.5"),
        (IMAGE, IMAGE, {"k1": math.nan}, InvalidInputError, "k1: got nan"),
        (IMAGE, IMAGE, {"k2": 1e31}, InvalidInputError, "k2: got 1e"),
        (IMAGE, IMAGE, {"reduction": "median"}, InvalidInputError, "reduction: got 'median'"),
        (IMAGE, IMAGE, {"reduction": "none", "confidence": 0.9}, InvalidInputError, "confidence: got"),
        (IMAGE[:0], IMAGE[:0], {}, UndefinedMetricError, "prediction: got a batch of no images"),
    ],
)
def test_bad_input_is_named(function, prediction, target, options, error, message):
    options = options if function is ssim_score else {"weights": (1.0,)} | options
    with pytest.raises(error, match=message):
        function(prediction, target, **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"window": "box"}, InvalidInputError, "window: got 'box'"),
        ({"window_size": 1, "sample_covariance": True}, InvalidInputError, "window_size: got 1"),
        ({"sample_covariance": 1}, DtypeError, "sample_covariance: got 1"),
    ],
)
def test_bad_windows_are_named(options, error, message):
    with pytest.raises(error, match=message):
        ssim_score(IMAGE, IMAGE, **options)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ((), InvalidInputError, "weights: got none"),
        ((0.5, -0.5), InvalidInputError, "weights: got -0.5"),
        (0.5, DtypeError, "weights: got float"),
        ("11", DtypeError, "weights: got str"),
        ((1.0, 1.0), ShapeError, "prediction: got images of 12 x 20; wanted sides of 21 or above, or fewer"),
        ((1.0,) * 40, ShapeError, "prediction: got images of 12 x 20"),
    ],
)
def test_bad_weights_are_named(weights, error, message):
    with pytest.raises(error, match=message):
        ms_ssim_score(IMAGE, IMAGE, weights=weights)


@pytest.mark.parametrize("side", [20, 21])
def test_the_least_side_is_what_the_window_needs_at_the_coarsest_scale(side):
    image = np.ones((1, 1, side, 30))
    if side == 21:
        assert ms_ssim_score(image, image, weights=(0.5, 0.5)) == 1
    else:
        with pytest.raises(ShapeError, match="wanted sides of 21"):
            ms_ssim_score(image, image, weights=(0.5, 0.5))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"target": np.ones(8)}, ShapeError, "9 pixels"),
        ({"target": np.ones(9, np.float32)}, DtypeError, "another dtype"),
        ({"space": [9]}, ShapeError, "other axes"),
        ({"window_size": 2}, InvalidInputError, "window_size: got"),
        ({"weights": [-1.0]}, InvalidInputError, "weights: got"),
        ({"target": np.full(9, np.inf)}, InvalidInputError, "target: got values .* position 0"),
    ],
)
def test_the_kernel_refuses_what_the_function_never_sends(change, error, message):
    options = {
        "window": "gaussian",
        "window_size": 3,
        "sigma": 1.5,
        "data_range": 1.0,
        "k1": 0.01,
        "k2": 0.03,
    }
    options |= {"sample_covariance": False, "weights": None} | change
    pair = np.ones(9), options.pop("target", np.ones(9)), options.pop("space", [3, 3])
    with pytest.raises(error, match=message):
        _kernels.ssim(*pair, **options)
