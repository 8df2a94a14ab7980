"""Train on digits of which two in five have a wrong label, with and without nested dropout of the features.

    python examples/training/nested_dropout.py            # about eight seconds on one core

After 2,000 steps the plain network has learnt 38 to 45 % of the wrong labels by heart, at three seeds,
and 74 to 79 % of new images are right; with nested dropout 5 to 7 % and 82 to 88 %, of which 16 features
give all, and 4 give 51 to 65 %. It is no better than to stop early: the plain network was at 93 % after
500 steps (seed 0).
"""

from typing import NamedTuple

import torch
from handwritten import Images, accuracy, batches, digits
from lossary.training.nested_dropout import NestedDropout
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 64
LENGTHS = (4, 8, 16, 64)
WRONG = 0.4


class Judged(NamedTuple):
    """A network after training: shares of its answers.

    Attributes:
        right: of new images, from the first 4, 8, 16 and all 64 features.
        learnt_wrong: of the images with a wrong label, those whose wrong label it gives back.
    """

    right: tuple[float, ...]
    learnt_wrong: float


class Result(NamedTuple):
    """Both networks."""

    plain: Judged
    nested: Judged


def with_wrong_labels(images: Images, *, seed: int) -> tuple[Images, Tensor]:
    """The images with another digit in the place of some labels, and which those are."""
    draws = torch.Generator().manual_seed(seed)
    wrong = torch.rand(len(images.digit), generator=draws) < WRONG
    other = (images.digit + torch.randint(1, 10, images.digit.shape, generator=draws)) % 10
    return Images(images.pixels, images.digit.where(~wrong, other)), wrong


def network(*, std: float | None, seed: int) -> nn.Sequential:
    """Two hidden layers, and nested dropout of the second if ``std`` is given."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, FEATURES), nn.ReLU()]
        head = nn.Linear(FEATURES, 10)
    return nn.Sequential(*layers, NestedDropout(FEATURES, std=std) if std else nn.Identity(), head)


def trained(model: nn.Sequential, train: Images, *, steps: int, seed: int) -> nn.Sequential:
    """The network after training; lengths are drawn from torch's own generator."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for batch in batches(train, 64, steps, seed=seed):
            optimizer.zero_grad()
            functional.cross_entropy(model(batch.pixels), batch.digit).backward()
            optimizer.step()
    return model.eval()


def judge(model: nn.Sequential, train: Images, wrong: Tensor, test: Images) -> Judged:
    """Score it on new images, and on those whose labels are wrong."""
    body, head = model[:4], model[5]
    cut = [nn.Sequential(body, NestedDropout(FEATURES, length=length), head).eval() for length in LENGTHS]
    return Judged(
        tuple(accuracy(each, test) for each in cut),
        accuracy(model, Images(train.pixels[wrong], train.digit[wrong])),
    )


def compare(*, seed: int = 0, steps: int = 2000, std: float = 8.0) -> Result:
    """Train both on the same labels in the same batches."""
    clean, test = digits(seed=seed)
    train, wrong = with_wrong_labels(clean, seed=seed)
    models = [trained(network(std=each, seed=seed), train, steps=steps, seed=seed) for each in (None, std)]
    return Result(*(judge(model, train, wrong, test) for model in models))


def main() -> None:
    """Print a line for each."""
    torch.set_num_threads(1)
    result = compare()
    print(f"{'right by the first':22} {'4':>6} {'8':>6} {'16':>6} {'64':>6} {'wrong labels learnt':>20}")
    for name, found in (("plain", result.plain), ("nested dropout", result.nested)):
        print(f"{name:22} {' '.join(f'{share:6.3f}' for share in found.right)} {found.learnt_wrong:20.3f}")


if __name__ == "__main__":
    main()
