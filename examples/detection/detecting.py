"""A small detector without anchors: cells of a grid say whether a digit is there and how far it reaches."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scenes import SIDE, Scenes
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4
CELLS = SIDE // STRIDE
CENTRAL = 0.5  # the share of a box, in width and height, whose cells answer for it
BATCH = 16
LEARNING_RATE = 3e-3
BOX_WEIGHT = 2.0  # of the loss of boxes beside that of presence

BoxLoss = Callable[[Tensor, Tensor], Tensor]


class Answers(NamedTuple):
    """What cells should say.

    Attributes:
        has_digit: 1 where a cell lies in the middle of a digit, else 0, (scenes, cells, cells).
        box: the box of the smallest such digit, zeros where there is none, (scenes, cells, cells, 4).
    """

    has_digit: Tensor
    box: Tensor


class Detections(NamedTuple):
    """What a detector finds in scenes, before suppression: a row for each cell of each.

    Attributes:
        box: (found, 4), left, top, right, bottom.
        score: the probability of a digit, (found,).
        scene: which scene, (found,).
    """

    box: np.ndarray
    score: np.ndarray
    scene: np.ndarray


class Detector(nn.Module):
    """Five convolutions; for each cell a logit and the distances to the four sides of the box."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=2, dilation=2), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=3, dilation=3), nn.ReLU(),
            nn.Conv2d(32, 5, 3, padding=1),
        )  # fmt: skip

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, (scenes, cells, cells), and boxes in pixels, (scenes, cells, cells, 4)."""
        found = self.layers(images).permute(0, 2, 3, 1)
        reach = functional.softplus(found[..., 1:] + 2.0) * STRIDE
        centers = _centers(images.device)
        return found[..., 0], torch.cat([centers - reach[..., :2], centers + reach[..., 2:]], -1)


def answers(given: Scenes) -> Answers:
    """Which cells answer for which box; where several would, the smallest."""
    has_digit = torch.zeros(len(given.boxes), CELLS, CELLS)
    box = torch.zeros(len(given.boxes), CELLS, CELLS, 4)
    centers = _centers(given.images.device)
    for index, of_scene in enumerate(given.boxes):
        sides = of_scene[:, 2:] - of_scene[:, :2]
        for one in of_scene[sides.prod(1).argsort(descending=True)]:
            middle, half = (one[:2] + one[2:]) / 2, (one[2:] - one[:2]) / 2
            inside = ((centers - middle).abs() <= CENTRAL * half).all(-1)
            has_digit[index][inside] = 1.0
            box[index][inside] = one
    return Answers(has_digit, box)


def trained(given: Scenes, box_loss: BoxLoss, *, steps: int, seed: int) -> Detector:
    """A detector after so many steps of Adam.

    Args:
        given: the scenes to learn from.
        box_loss: the mean loss of predicted boxes, (boxes, 4), and their targets.
        steps: each on a batch of 16 scenes.
        seed: of the first weights and the batches.
    """
    torch.manual_seed(seed)
    detector, wanted = Detector(), answers(given)
    optimizer = torch.optim.Adam(detector.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(given.images), (BATCH,))
        logits, boxes = detector(given.images[batch])
        has_digit = wanted.has_digit[batch]
        of_digits = has_digit.bool()
        loss = functional.binary_cross_entropy_with_logits(logits, has_digit)
        loss = loss + BOX_WEIGHT * box_loss(boxes[of_digits], wanted.box[batch][of_digits])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return detector


@torch.no_grad()
def detections(detector: Detector, given: Scenes, *, least: float = 0.05) -> Detections:
    """All cells with a probability of at least ``least``."""
    logits, boxes = detector(given.images)
    probability = logits.sigmoid()
    kept = probability >= least
    scene = kept.nonzero()[:, 0]
    return Detections(boxes[kept].double().numpy(), probability[kept].double().numpy(), scene.numpy())


def _centers(device: torch.device) -> Tensor:
    """Of the cells in pixels, (cells, cells, 2): x, y."""
    along = (torch.arange(CELLS, device=device) + 0.5) * STRIDE
    y, x = torch.meshgrid(along, along, indexing="ij")
    return torch.stack([x, y], -1)
