"""A training step of SphericalOutputLayer beside one of a dense layer under log-softmax, on one thread.

    python benches/spherical_layer.py                       # writes a record; the largest needs 8 GB
    python benches/spherical_layer.py --classes 100000 --dry-run

A step is the loss of a mini-batch, its gradient for the hidden vectors, and plain gradient descent on the
class vectors, in float32. Before it is timed, one step of the layer is compared with the same loss over all
logits. The layer writes itself out every 1,000 steps; `ours_ms` is without, `ours_with_fold_ms` with a
thousandth of it.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from lossary.losses import spherical_softmax
from lossary.training.spherical_output_layer import SphericalOutputLayer
from machine import describe, write
from torch.nn import functional

DIM, LR, TURNS = 256, 0.1, 5
BATCHES = (1, 32, 128)


def batch_of(size: int, num_classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Hidden vectors, and their classes, of which some come twice."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(size, DIM, generator=generator, requires_grad=True)
    target = torch.randint(num_classes, (size,), generator=generator)
    target[size // 2] = target[0]
    return hidden, target


def check(layer: SphericalOutputLayer, size: int) -> None:
    """Take a step of the layer, and the same one densely in float64, chunk by chunk.

    Raises:
        AssertionError: they differ.
    """
    before, num_classes = layer.dense_weight(), layer.class_factors.shape[0]
    hidden, target = batch_of(size, num_classes, seed=99)
    loss = layer(hidden, target)
    loss.backward()
    layer.step(LR)
    wide = hidden.detach().double().requires_grad_()
    logits = torch.cat([wide @ part.double().T for part in before.split(1 << 16)], dim=1)
    logits.retain_grad()
    wanted = spherical_softmax(logits, target)
    wanted.backward()
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-5, atol=0)
    torch.testing.assert_close(
        hidden.grad.double(), wide.grad, rtol=1e-4, atol=1e-5 * wide.grad.abs().max().item()
    )
    moved = layer.dense_weight()
    rows = torch.cat([target, torch.arange(0, num_classes, num_classes // 1000)])
    step = LR * logits.grad[:, rows].T @ wide.detach()
    torch.testing.assert_close(moved[rows].double(), before[rows].double() - step, rtol=1e-5, atol=1e-6)


def seconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def contest(layer: SphericalOutputLayer, weight: torch.Tensor, size: int, fold: float) -> dict[str, Any]:
    """Both steps by turns, and the medians."""
    num_classes = layer.class_factors.shape[0]
    optimizer = torch.optim.SGD([weight], lr=LR)
    batches = [batch_of(size, num_classes, seed) for seed in range(TURNS + 1)]

    def ours(hidden: torch.Tensor, target: torch.Tensor) -> None:
        layer(hidden, target).backward()
        layer.step(LR)

    def dense(hidden: torch.Tensor, target: torch.Tensor) -> None:
        functional.cross_entropy(hidden @ weight.T, target).backward()
        optimizer.step()
        optimizer.zero_grad()

    turns = []
    for each in batches:
        # A dense step leaves nothing of the layer in the caches, as no training loop does that has the layer.
        slow = seconds(lambda each=each: dense(*each))
        repeated = [seconds(lambda each=each: ours(*each)) for _ in range(25)]
        turns.append((statistics.median(repeated), slow))
    turns = turns[1:]  # the first one warms up
    ours_seconds, dense_seconds = (statistics.median(column) for column in zip(*turns, strict=True))
    with_fold = ours_seconds + fold / layer.fold_every
    return {
        "classes": num_classes,
        "dim": DIM,
        "batch": size,
        "ours_ms": ours_seconds * 1e3,
        "ours_with_fold_ms": with_fold * 1e3,
        "fold_ms": fold * 1e3,
        "dense_log_softmax_ms": dense_seconds * 1e3,
        "times_faster": statistics.median(slow / fast for fast, slow in turns),
        "times_faster_with_fold": dense_seconds / with_fold,
    }


def fold_seconds(num_classes: int, weight: torch.Tensor) -> float:
    """What a step that writes the layer out takes, of a batch of one."""
    layer = SphericalOutputLayer(DIM, num_classes, fold_every=1)
    layer.load_dense_weight(weight)
    hidden, target = batch_of(1, num_classes, seed=0)
    layer(hidden, target).backward()
    return seconds(lambda: layer.step(LR))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--dry-run", action="store_true", help="print, do not write the record")
    given = parser.parse_args()
    machine = describe("lossary", "torch")
    torch.set_num_threads(1)
    rows = []
    for num_classes in given.classes:
        generator = torch.Generator().manual_seed(0)
        layer = SphericalOutputLayer(DIM, num_classes, generator=generator)
        fold = fold_seconds(num_classes, layer.class_factors)
        for size in BATCHES:
            check(layer, size)
            weight = layer.dense_weight().requires_grad_()
            rows.append(contest(layer, weight, size, fold))
            print({name: round(value, 2) for name, value in rows[-1].items()}, flush=True)
    if not given.dry_run:
        write("spherical-layer", machine, rows)


if __name__ == "__main__":
    main()
