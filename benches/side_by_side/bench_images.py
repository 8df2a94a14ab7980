"""Structural similarity beside scikit-image, and at several scales beside the plain formula in SciPy."""

from typing import Any

import numpy as np
from contest import Call, Contest, benchmark_of, one_and_two
from lossary.metrics import ms_ssim_score, ssim_score
from lossary.metrics.ssim import WEIGHTS
from scipy.ndimage import correlate1d
from skimage.metrics import structural_similarity

SEED = 73

Pair = tuple[np.ndarray, np.ndarray]


def images(dtype: Any, *shape: int) -> Pair:
    """Smooth images with noise, channels first."""
    generator = np.random.default_rng(SEED)
    waves = (np.sin(np.arange(side) / 17) for side in shape[1:])
    target = 127 + 50 * np.multiply.outer(*waves) + 25 * generator.normal(size=shape)
    prediction = target + 15 * generator.normal(size=shape)
    scale = 1 if dtype == np.uint8 else 255
    return tuple((np.clip(image, 0, 255) / scale).astype(dtype) for image in (prediction, target))  # type: ignore[return-value]


def data_range(given: Pair) -> float:
    return 255.0 if given[0].dtype == np.uint8 else 1.0


def by_scikit_image(given: Pair) -> Call:
    options: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return lambda: structural_similarity(*given, data_range=data_range(given), channel_axis=0, **options)


def by_formula(given: Pair) -> float:
    """MS-SSIM by filters of whole images."""
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    taps /= taps.sum()
    c1, c2 = (0.01 * data_range(given)) ** 2, (0.03 * data_range(given)) ** 2

    def mean(image: np.ndarray) -> np.ndarray:
        filtered = correlate1d(correlate1d(image, taps, axis=-1), taps, axis=-2)
        return filtered[..., 5:-5, 5:-5]

    x, y = (image.astype(np.float64) for image in given)
    product = np.ones(len(x))
    for scale, weight in enumerate(WEIGHTS, 1):
        mean_x, mean_y = mean(x), mean(y)
        variances = mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2
        value = (2 * (mean(x * y) - mean_x * mean_y) + c2) / (variances + c2)
        if scale == len(WEIGHTS):
            value *= (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        product *= np.maximum(value.mean(axis=(1, 2)), 0) ** weight
        x, y = (
            (each[:, ::2] + each[:, 1::2])[..., ::2] + (each[:, ::2] + each[:, 1::2])[..., 1::2]
            for each in (x, y)
        )
        x, y = x / 4, y / 4
    return float(product.mean())


def similarity(dtype: Any, *shape: int) -> Contest:
    return Contest(
        f"SSIM, {' x '.join(map(str, shape))}, {np.dtype(dtype).name}",
        lambda: images(dtype, *shape),
        lambda given: by_scikit_image(given)(),
        one_and_two(lambda given: ssim_score(given[0][None], given[1][None], data_range=data_range(given)))
        | {"scikit-image": by_scikit_image},
        tolerance=1e-5 if dtype == np.float32 else 1e-9,  # the peer filters singles as singles
        rounds=5,
        samples=int(np.prod(shape)),
    )


def scales(dtype: Any, *shape: int) -> Contest:
    return Contest(
        f"MS-SSIM, {' x '.join(map(str, shape))}, {np.dtype(dtype).name}",
        lambda: images(dtype, *shape),
        by_formula,
        one_and_two(lambda given: ms_ssim_score(given[0][None], given[1][None], data_range=data_range(given)))
        | {"SciPy": lambda given: lambda: by_formula(given)},
        tolerance=1e-9,
        rounds=5,
        samples=int(np.prod(shape)),
    )


CONTESTS = [
    similarity(np.float64, 1, 256, 256),
    similarity(np.float64, 1, 2048, 2048),
    similarity(np.float32, 1, 2048, 2048),
    similarity(np.uint8, 1, 2048, 2048),
    similarity(np.uint8, 3, 4096, 4096),
    scales(np.float64, 1, 2048, 2048),
    scales(np.uint8, 3, 2048, 2048),
]

test_time = benchmark_of(CONTESTS)
