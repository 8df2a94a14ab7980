"""Train a ranking of rare positives from small batches, with a queue of the scores of earlier batches.

    python examples/training/score_queue.py            # about 6 seconds on one core

Digits, "is it an 8?", with all but 25 of the eights taken out of the training images: a batch of 16 has an
eight one time in four, and else no pair to rank. `mann_whitney` of the batch alone idles there;
`ScoreQueue` ranks every batch against the scores of the last thousand images.

Scores enter the queue less the mean of their batch. A batch of negatives alone would otherwise find that
lowering all scores, of positives too, does as well against remembered ones as ranking: without that line the
ROC AUC falls below that of the batch alone.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from handwritten import Images, batches, digits, network
from lossary.losses.auc.mann_whitney import mann_whitney
from lossary.metrics import average_precision_score, roc_auc_score
from lossary.training.score_queue import ScoreQueue
from torch import Tensor, nn

BATCH, EIGHTS, SIZE = 16, 25, 1000


class Ranked(NamedTuple):
    """How a criterion fared."""

    idle: float  # share of the batches from which nothing was learnt
    roc_auc: float
    average_precision: float


class Result(NamedTuple):
    """The same batches, ranked alone and with the queue."""

    batch: Ranked
    queue: Ranked


def rare_eights(images: Images) -> Images:
    """The images without most eights; labels say whether it is one."""
    is_eight = images.digit == 8
    keep = ~is_eight | (is_eight.cumsum(0) <= EIGHTS)
    return Images(images.pixels[keep], is_eight[keep])


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    criterion: Callable[[Tensor, Tensor], Tensor],
    drawn: Iterable[Images],
) -> list[float]:
    """One step for each batch; the losses."""
    losses = []
    for pixels, is_eight in drawn:
        score = model(pixels).squeeze(1)
        loss = criterion(score - score.mean(), is_eight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def rank(criterion: Callable[[Tensor, Tensor], Tensor], *, seed: int, steps: int) -> Ranked:
    """Train with a criterion and rank other images, among which eights are not rare."""
    images, test = digits(seed=seed)
    model = network(seed=seed, outputs=1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = train(model, optimizer, criterion, batches(rare_eights(images), BATCH, steps, seed=seed))
    with torch.no_grad():
        score = model(test.pixels).squeeze(1)
    is_eight = test.digit == 8
    return Ranked(
        losses.count(0.0) / steps,
        float(roc_auc_score(is_eight, score)),
        float(average_precision_score(is_eight, score)),
    )


def compare(*, seed: int = 0, steps: int = 500) -> Result:
    """The batch alone, and the queue."""
    criteria = mann_whitney, ScoreQueue(SIZE)
    return Result(*(rank(criterion, seed=seed, steps=steps) for criterion in criteria))


def main() -> None:
    """Print a line for each."""
    torch.set_num_threads(1)
    print(f"{'':6} {'idle batches':>13} {'ROC AUC':>8} {'average precision':>18}")
    for name, found in compare()._asdict().items():
        print(f"{name:6} {found.idle:13.3f} {found.roc_auc:8.4f} {found.average_precision:18.4f}")


if __name__ == "__main__":
    main()
