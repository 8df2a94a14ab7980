"""Births and deaths, and Betti numbers, against GUDHI and CubicalRipser on random images.

    python benches/topology_agreement.py          # a thousand images of one, two and three axes

Images have few levels, so that most voxels tie, or none that tie. Values are compared: of features that are
born at one level, which dies is each package's own choice, and their voxels differ.
"""

import argparse

import cripser
import gudhi
import numpy as np
from lossary.metrics import betti_numbers, persistence_pairs

LARGEST = {1: 200, 2: 24, 3: 9}
LEVELS = (2, 3, 10, None)


def random_image(generator: np.random.Generator, axes: int) -> np.ndarray:
    """An image of random size, of a few levels or of real numbers."""
    image = generator.normal(size=generator.integers(1, LARGEST[axes] + 1, axes))
    levels = LEVELS[generator.integers(len(LEVELS))]
    return image if levels is None else generator.integers(0, levels, image.shape).astype(float)


def ours(image: np.ndarray) -> list[list[tuple[float, float]]]:
    """Sorted values of birth and death in each dimension, with the component that never dies."""
    pairs = persistence_pairs(image)
    found = [[*zip(each.birth_value, each.death_value, strict=True)] for each in pairs[: image.ndim]]
    found[0].append((image.min(), np.inf))
    return [sorted(each) for each in found]


def of_gudhi(image: np.ndarray, **cells: np.ndarray) -> list[list[tuple[float, float]]]:
    found = gudhi.CubicalComplex(**(cells or {"vertices": image})).persistence(min_persistence=0)
    return [sorted(pair for dimension, pair in found if dimension == wanted) for wanted in range(image.ndim)]


def of_cubical_ripser(image: np.ndarray) -> list[list[tuple[float, float]]]:
    # CubicalRipser 0.0.37 joins nothing in images of two axes of which one has length 1.
    rows = cripser.computePH(np.atleast_1d(image.squeeze()), maxdim=image.ndim - 1)[:, :3]
    rows[rows[:, 2] > 1e300, 2] = np.inf
    return [
        sorted((low, high) for dimension, low, high in rows if dimension == wanted and low < high)
        for wanted in range(image.ndim)
    ]


def numbers_of_gudhi(mask: np.ndarray, construction: str) -> list[int]:
    cells = "vertices" if construction == "V" else "top_dimensional_cells"
    levels = np.where(mask, 0.0, 1.0)
    return [sum(low <= 0 < high for low, high in pairs) for pairs in of_gudhi(levels, **{cells: levels})]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    generator = np.random.default_rng(given.seed)
    differences = 0
    for axes in (1, 2, 3):
        pairs, bad = 0, {"GUDHI": 0, "CubicalRipser": 0, "numbers": 0}
        for _ in range(given.images):
            image = random_image(generator, axes)
            found = ours(image)
            pairs += sum(map(len, found))
            bad["GUDHI"] += found != of_gudhi(image)
            bad["CubicalRipser"] += found != of_cubical_ripser(image)
            mask = image <= np.median(image)
            bad["numbers"] += any(
                betti_numbers(mask, construction=each).betti_numbers.tolist() != numbers_of_gudhi(mask, each)
                for each in ("V", "T")
            )
        told = ", ".join(f"{name} {count}" for name, count in bad.items())
        print(f"{axes} axes: {given.images} images, {pairs} pairs; images that differ: {told}")
        differences += sum(bad.values())
    raise SystemExit(bool(differences))


if __name__ == "__main__":
    main()
