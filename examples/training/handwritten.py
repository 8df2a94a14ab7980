"""Handwritten digits that come with scikit-learn, and a network small enough to train in a second."""

from typing import NamedTuple

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional


class Images(NamedTuple):
    """Images of 64 pixels from 0 to 1, (images, 64), and the digits they show, (images,)."""

    pixels: Tensor
    digit: Tensor


def digits(*, seed: int = 0, test: float = 0.3) -> tuple[Images, Images]:
    """The 1,797 images of 8 x 8 pixels in random order: those to train on, and those to test on."""
    data = load_digits()
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(seed))
    pixels = torch.tensor(data.data / 16, dtype=torch.float32)[order]
    digit = torch.tensor(data.target)[order]
    start = round(test * len(order))
    return Images(pixels[start:], digit[start:]), Images(pixels[:start], digit[:start])


def network(*, seed: int = 0, width: int = 64, outputs: int = 10) -> nn.Sequential:
    """One hidden layer of ``width``; equal seeds give equal weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, outputs))


def batches(images: Images, size: int, steps: int, *, seed: int = 0) -> list[Images]:
    """One random batch for each step."""
    draws = torch.Generator().manual_seed(seed)
    rows = [torch.randint(len(images.digit), (size,), generator=draws) for _ in range(steps)]
    return [Images(images.pixels[drawn], images.digit[drawn]) for drawn in rows]


def accuracy(model: nn.Module, images: Images) -> float:
    """The share of images whose digit has the highest logit."""
    with torch.no_grad():
        return float((model(images.pixels).argmax(-1) == images.digit).double().mean())


def attacked(model: nn.Module, images: Images, *, reach: float = 0.1) -> Images:
    """The images with each pixel moved by ``reach`` at most, to raise the loss: one signed step."""
    pixels = images.pixels.clone().requires_grad_()
    (slope,) = torch.autograd.grad(functional.cross_entropy(model(pixels), images.digit), pixels)
    return Images((images.pixels + reach * slope.sign()).clamp(0, 1), images.digit)


def augmented(pixels: Tensor, draws: torch.Generator) -> Tensor:
    """Another view of each image: moved by up to a pixel each way, under noise."""
    moved = pixels.view(-1, 8, 8)
    for axis in (1, 2):
        far = torch.randint(-1, 2, (len(pixels), 1, 1), generator=draws)
        place = (torch.arange(8).view((1, 8, 1) if axis == 1 else (1, 1, 8)) - far) % 8
        moved = moved.gather(axis, place.expand_as(moved))
    return moved.flatten(1) + 0.2 * torch.randn(pixels.shape, generator=draws)
