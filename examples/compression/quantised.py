"""A small network for digits, and how its weights are put on a few levels, row by row."""

from dataclasses import dataclass

import numpy as np
import torch
from lossary.numerics import integer_bit_allocation
from lossary_compression.average_perturbation_hessian import average_perturbation_hessian
from lossary_compression.hessian_weighted_reconstruction import hessian_weighted_reconstruction
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 64  # of the images and of each layer, so that every row has as many weights
LAYERS = 3  # that are quantised; the last one, to the classes, is not
MOST_BITS = 8
SHIFT = 1e-6  # of a block's output, for the importance; all is in float64
TEMPERATURE = 20.0  # of the predictions there, as in the authors' code


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 numbers from 0 to 1, and their classes, of three parts."""

    train: tuple[Tensor, Tensor]
    calibration: Tensor
    test: tuple[Tensor, Tensor]


def digits(seed: int) -> Digits:
    """1,797 digits of 8 by 8 pixels: 800 to train on, 300 to quantise by, the rest to test."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(images))
    rows, classes = torch.from_numpy(images[order] / 16), torch.from_numpy(labels[order])
    return Digits((rows[:800], classes[:800]), rows[800:1100], (rows[1100:], classes[1100:]))


def trained(data: Digits, *, epochs: int) -> nn.Sequential:
    """Blocks of a linear layer and a ReLU, and a linear layer to the ten classes."""
    blocks = [nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU()) for _ in range(LAYERS)]
    network = nn.Sequential(*blocks, nn.Linear(WIDTH, 10)).double()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(epochs):
        optimizer.zero_grad()
        functional.cross_entropy(network(data.train[0]), data.train[1]).backward()
        optimizer.step()
    return network.requires_grad_(requires_grad=False)


def on_levels(weight: Tensor, bits: Tensor) -> Tensor:
    """Each row on 2^bits evenly spaced values within its range; the gradient passes as if it were not."""
    levels = torch.exp2(bits.double()).unsqueeze(1)
    step = 2 * weight.detach().abs().amax(1, keepdim=True) / levels
    middle = (levels - 1) / 2
    nearest = (weight / step + middle).round().clamp(torch.zeros_like(levels), levels - 1)
    return weight + ((nearest - middle) * step - weight).detach()


def divergence(truth: Tensor, logits: Tensor) -> Tensor:
    """Mean KL divergence of predictions from those of the network as it was."""
    before, after = truth.log_softmax(1), logits.log_softmax(1)
    return functional.kl_div(after, before, log_target=True, reduction="batchmean")


def sensitivity(network: nn.Sequential, images: Tensor) -> Tensor:
    """How much noise in proportion to its range in one row moves the predictions, for each row of each layer.

    The expected KL divergence to second order: the variance over classes of the derivatives of the logits,
    times the squared length of the row's input, times the squared range.
    """
    found, before = [], images
    for index in range(LAYERS):
        layer = network[index][0]
        after = layer(before)
        rest = nn.Sequential(nn.ReLU(), *network[index + 1 :])
        slopes = torch.func.vmap(torch.func.jacrev(rest))(after)  # (images, classes, rows)
        shares = rest(after).softmax(1).unsqueeze(2)
        variance = (shares * slopes.square()).sum(1) - (shares * slopes).sum(1).square()
        moved = (variance * before.square().sum(1, keepdim=True)).mean(0)
        found.append(moved * layer.weight.abs().amax(1).square())
        before = after.relu()
    return torch.stack(found)


def allocated(network: nn.Sequential, images: Tensor, average: int) -> Tensor:
    """The bits of each row, (layers, rows), that make the sum of these losses least."""
    costs, total = sensitivity(network, images).flatten(), average * LAYERS * WIDTH
    bits = integer_bit_allocation(costs, total_bits=total, maximum=MOST_BITS).bits
    return torch.from_numpy(bits).reshape(LAYERS, WIDTH)


def importance_of(network: nn.Sequential, block: int, output: Tensor) -> Tensor:
    """How much the predictions mind each value of a block's output."""
    rest = network[block + 1 :]
    truth = rest(output) / TEMPERATURE

    def gradient(shift: float) -> Tensor:
        point = (output + shift).requires_grad_()
        return torch.autograd.grad(divergence(truth, rest(point) / TEMPERATURE), point)[0]

    return average_perturbation_hessian(gradient(SHIFT), gradient(-SHIFT))


def quantised(
    network: nn.Sequential, images: Tensor, bits: Tensor, *, steps: int = 0, weighted: bool = False
) -> nn.Sequential:
    """The network on few levels, block by block; with steps each is fitted to give what it gave before.

    Args:
        network: as it was trained.
        images: to fit by; no classes are needed.
        bits: of each row, (layers, rows).
        steps: of the fit of weights and biases; 0 rounds them as they are.
        weighted: whether the fit minds each value as much as the network does, or all alike.
    """
    blocks: list[nn.Module] = []
    before = after = images
    for index in range(LAYERS):
        layer = network[index][0]
        target = functional.relu(layer(before))
        weight, bias = layer.weight.clone().requires_grad_(), layer.bias.clone().requires_grad_()
        importance = torch.ones_like(target[:1])
        if weighted:
            importance = importance_of(network, index, target)
            importance = importance / importance.mean()
        optimizer = torch.optim.Adam([weight, bias], lr=2e-3)
        for _ in range(steps):
            optimizer.zero_grad()
            output = functional.relu(functional.linear(after, on_levels(weight, bits[index]), bias))
            hessian_weighted_reconstruction(output, target, importance).backward()
            optimizer.step()
        new = nn.Linear(WIDTH, WIDTH).double().requires_grad_(requires_grad=False)
        new.weight.copy_(on_levels(weight.detach(), bits[index]))
        new.bias.copy_(bias.detach())
        blocks.append(nn.Sequential(new, nn.ReLU()))
        before, after = target, blocks[-1](after)
    return nn.Sequential(*blocks, network[LAYERS])
