"""Persistence pairs beside GUDHI and CubicalRipser, Betti matching, and skeletons beside scikit-image."""

from collections.abc import Callable
from typing import Any

import cripser
import gudhi
import numpy as np
from contest import Contest, benchmark_of, one_and_two
from gudhi.sklearn.cubical_persistence import CubicalPersistence
from lossary import metrics
from lossary.metrics import PersistencePairs
from scipy.ndimage import gaussian_filter
from skimage.morphology import skeletonize

SEED = 54
KINDS = ("noise", "smooth", "binary")
PLANE, VOLUME = (512, 512), (64, 64, 64)
SIGMA = {2: 4, 3: 2}


def smooth(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A smooth image from 0 to 1."""
    image = gaussian_filter(generator.random(shape), SIGMA[len(shape)])
    return (image - image.min()) / np.ptp(image)


def image(kind: str, shape: tuple[int, ...], seed: int = SEED) -> np.ndarray:
    """Noise, a smooth image, or the mask of one."""
    generator = np.random.default_rng(seed)
    if kind == "noise":
        return generator.random(shape)
    found = smooth(generator, shape)
    return (found < 0.5).astype(float) if kind == "binary" else found


def features(found: Any) -> np.ndarray:
    """Dimension, birth and death of the features that die, sorted."""
    if isinstance(found, PersistencePairs):
        records = [each for each in found[:3] if each is not None]
        rows = [
            np.column_stack([np.full(len(each.birth), dimension), each.birth_value, each.death_value])
            for dimension, each in enumerate(records)
        ]
        found = np.concatenate(rows)
    else:
        found = found[(found[:, 1] < found[:, 2]) & (found[:, 2] < 1e300), :3]
    return found[np.lexsort(found.T[::-1])]


def of_cubical_ripser(given: np.ndarray) -> np.ndarray:
    return cripser.computePH(given, maxdim=given.ndim - 1)


def of_gudhi(given: np.ndarray) -> Callable[[], Any]:
    return lambda: gudhi.CubicalComplex(vertices=given).persistence(min_persistence=0)


def of_gudhi_in_two_axes(given: np.ndarray) -> Callable[[], Any]:
    """Its quickest form for images: values alone, without voxels, of pixels that touch across corners."""
    transform = CubicalPersistence(homology_dimensions=[0, 1]).fit_transform
    return lambda: transform([given])


def pairs(kind: str, shape: tuple[int, ...]) -> Contest:
    """All pairs of an image, with their voxels."""
    yardsticks = {"GUDHI, any dimension": of_gudhi}
    if len(shape) == 2:
        yardsticks["GUDHI, 2-D, no voxels"] = of_gudhi_in_two_axes
    return Contest(
        f"persistence pairs, {kind}, {'x'.join(map(str, shape))}",
        lambda: image(kind, shape),
        lambda given: features(of_cubical_ripser(given)),
        one_and_two(metrics.persistence_pairs)
        | {"CubicalRipser": lambda given: lambda: of_cubical_ripser(given)},
        yardsticks,
        read=features,
        samples=int(np.prod(shape)),
    )


def of_prediction(found: Any) -> np.ndarray:
    """The features of the first prediction, matched or not, as `features` has them."""
    if isinstance(found, list):
        found = found[0][0]
    rows = []
    for dimension, each in enumerate(record for record in found[:3] if record is not None):
        for kind in ("matched", "unmatched"):
            levels = [getattr(each, f"{kind}_prediction_{end}_value") for end in ("birth", "death")]
            rows.append(np.column_stack([np.full(len(levels[0]), dimension), *levels]))
    together = np.concatenate(rows)
    return together[np.lexsort(together.T[::-1])]


def matching(kind: str, space: tuple[int, ...], images: int = 1) -> Contest:
    """The features that predictions and targets share; peers have their barcodes alone."""
    shape = space if images == 1 else (images, 1, *space)
    batch = "" if images == 1 else f"{images} of "
    seeds = range(SEED, SEED + 2 * images)
    return Contest(
        f"Betti matching, {kind}, {batch}{'x'.join(map(str, space))}",
        lambda: np.stack([image(kind, space, seed) for seed in seeds]).reshape(2, *shape),
        lambda given: features(of_cubical_ripser(given.reshape(-1, *space)[0])),
        one_and_two(lambda given: metrics.betti_matching_pairs(*given)),
        read=of_prediction,
        samples=images * int(np.prod(space)),
    )


def thinning(shape: tuple[int, ...]) -> Contest:
    """The centre lines of a mask; in volumes scikit-image loses some parts, so that answers can differ."""
    peer = {"scikit-image": lambda given: lambda: skeletonize(given) > 0}
    is_plane = len(shape) == 2
    return Contest(
        f"skeleton, {'x'.join(map(str, shape))}",
        lambda: image("binary", shape) > 0,
        lambda given: skeletonize(given) > 0 if is_plane else metrics.skeletonize(given),
        one_and_two(metrics.skeletonize) | (peer if is_plane else {}),
        {} if is_plane else peer,
        samples=int(np.prod(shape)),
    )


CONTESTS = [
    *(pairs(kind, shape) for shape in (PLANE, VOLUME) for kind in KINDS),
    *(matching(kind, shape) for shape in (PLANE, VOLUME) for kind in KINDS),
    *(matching(kind, (256, 256), images=8) for kind in KINDS),
    *(thinning(shape) for shape in ((1024, 1024), (96, 96, 96))),
]

test_time = benchmark_of(CONTESTS)
