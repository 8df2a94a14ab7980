"""The network and its training: Dice first, then Dice alone or with a term for the topology."""

from collections.abc import Callable
from copy import deepcopy

import torch
from digits import Images
from lossary.losses import betti_matching, dice, soft_cldice
from torch import Tensor, nn

WARM_UP = 6  # epochs of Dice alone: one model, from which all losses go on
EPOCHS = 4  # after it
BATCH = 25
LEARNING_RATES = (0.003, 0.002)  # of Adam in the warm-up, and after it

Loss = Callable[[Tensor, Tensor], Tensor]

BASELINE = "dice"
TERMS: dict[str, Loss] = {
    "dice + soft_cldice": lambda maps, target: soft_cldice(maps, target, iterations=3),
    "dice + betti_matching": betti_matching,
}
LOSSES = [BASELINE, *TERMS]
ALPHAS = (0.03, 0.1, 0.3, 1.0)  # that a term may be multiplied by


class Network(nn.Module):
    """Convolutions of 3 x 3 at two scales; a pixel of the result sees 18 x 18 of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(*_convolution(1, 16))
        self.coarse = nn.Sequential(
            nn.MaxPool2d(2),
            *_convolution(16, 32),
            *_convolution(32, 32),
            *_convolution(32, 16),
            nn.Upsample(scale_factor=2),
        )
        self.both = nn.Sequential(*_convolution(32, 8), nn.Conv2d(8, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities of ink, of the shape of the images."""
        fine = self.fine(images)
        return torch.sigmoid(self.both(torch.cat([fine, self.coarse(fine)], 1)))


def _convolution(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]


def warmed_up(images: Images, *, seed: int) -> Network:
    """A network after `WARM_UP` epochs of Dice; the seed draws its first weights and the batches."""
    torch.manual_seed(seed)
    model = Network()
    _train(model, images, dice, seed=seed, epochs=WARM_UP, learning_rate=LEARNING_RATES[0])
    return model


def continued(model: Network, images: Images, loss: str, alpha: float, *, seed: int) -> Network:
    """The network after `EPOCHS` more of ``dice + alpha * term``, in batches that all losses share."""
    trained = deepcopy(model)
    term = TERMS.get(loss)

    def value(maps: Tensor, target: Tensor) -> Tensor:
        overlap = dice(maps, target)
        return overlap if term is None else overlap + alpha * term(maps, target)

    _train(trained, images, value, seed=seed + 1_000_000, epochs=EPOCHS, learning_rate=LEARNING_RATES[1])
    return trained


def _train(
    model: Network, images: Images, loss: Loss, *, seed: int, epochs: int, learning_rate: float
) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.randperm(len(images.target), generator=generator).split(BATCH):
            value = loss(model(images.degraded[batch]), images.target[batch])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()


@torch.no_grad()
def restored(model: Network, images: Images) -> Tensor:
    """Its maps of all images."""
    return torch.cat([model(batch) for batch in images.degraded.split(100)])
