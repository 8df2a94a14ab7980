"""Find bad positive pairs by their losses while a contrastive network learns, and count them less.

    python examples/training/dynamic_bad_pair_weights.py            # about 10 seconds on one core

Two views of each digit make a pair. We spoil one pair in ten: its second view is of another digit.
`DynamicBadPairMining` keeps the losses of every pair, and from the eleventh epoch on weighs down those of
which they have been suspiciously high (or low). Good pairs keep their weight, and the two images of a faulty
one are pulled together less; retrieval by digit gets no better for it here.
"""

from typing import NamedTuple

import torch
from handwritten import Images, augmented, digits, network
from lossary.losses.contrastive_learning.nt_xent import nt_xent
from lossary.metrics import retrieval_report
from lossary.training.dynamic_bad_pair_weights import DynamicBadPairMining
from torch import Tensor, nn
from torch.nn import functional

BATCH, WARMUP, FAULTY = 64, 10, 0.1


class Pairs(NamedTuple):
    """The images of which each pair has its views, and whether they are of two digits."""

    first: Tensor
    second: Tensor
    is_faulty: Tensor


class Embedded(NamedTuple):
    """What weights came to."""

    good: float  # mean weight of good pairs in the last epoch
    faulty: float
    pulled: float  # mean cosine of the two images of a faulty pair
    map_at_r: float  # of other images by digit


class Result(NamedTuple):
    """All pairs counted alike, and weighed."""

    alike: Embedded
    weighed: Embedded


def spoiled(images: Images, seed: int) -> Pairs:
    """One pair per image, of which one in ten is faulty."""
    draws = torch.Generator().manual_seed(seed)
    is_faulty = torch.rand(len(images.digit), generator=draws) < FAULTY
    differs = (images.digit.unsqueeze(1) != images.digit).float()
    other = images.pixels[torch.multinomial(differs, 1, generator=draws).squeeze(1)]
    return Pairs(images.pixels, other.where(is_faulty.unsqueeze(1), images.pixels), is_faulty)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    mining: DynamicBadPairMining,
    pairs: Pairs,
    epochs: range,
) -> Tensor:
    """Some epochs, each with draws of its own; the weights of the pairs in the last one."""
    weights = torch.ones(len(pairs.first))
    for epoch in epochs:
        draws = torch.Generator().manual_seed(epoch)
        for rows in torch.randperm(len(weights), generator=draws).split(BATCH):
            views = (model(augmented(side[rows], draws)) for side in (pairs.first, pairs.second))
            loss = nt_xent(*views, temperature=0.2, reduction="none").view(2, -1).mean(0)
            weights[rows] = mining(loss.detach(), rows, epoch)
            optimizer.zero_grad()
            (weights[rows] * loss).mean().backward()
            optimizer.step()
    return weights


def embed(*, warmup: int, seed: int, epochs: int) -> Embedded:
    """Train, with weights after a warm-up."""
    images, test = digits(seed=seed)
    pairs = spoiled(images, seed)
    model = network(seed=seed, width=128, outputs=32)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    # Unbounded, the density of a narrow normal may exceed 1 and count a bad pair more.
    mining = DynamicBadPairMining(len(pairs.first), epochs, warmup, bounded=True)
    weights = train(model, optimizer, mining, pairs, range(epochs))
    with torch.no_grad():
        first, second = (model(side[pairs.is_faulty]) for side in (pairs.first, pairs.second))
        found = retrieval_report(model(test.pixels), test.digit)
    return Embedded(
        float(weights[~pairs.is_faulty].mean()),
        float(weights[pairs.is_faulty].mean()),
        float(functional.cosine_similarity(first, second).mean()),
        found["map_at_r"],
    )


def compare(*, seed: int = 0, epochs: int = 40) -> Result:
    """A warm-up that never ends, and one of ten epochs."""
    return Result(*(embed(warmup=warmup, seed=seed, epochs=epochs) for warmup in (epochs, WARMUP)))


def main() -> None:
    """Print a line for each."""
    torch.set_num_threads(1)
    print(f"{'weight of pairs:':17} {'good':>6} {'faulty':>7} {'pulled':>7} {'MAP@R':>7}")
    for name, found in compare()._asdict().items():
        print(f"{name:17} {found[0]:6.3f} {found[1]:7.3f} {found[2]:7.3f} {found[3]:7.3f}")


if __name__ == "__main__":
    main()
