"""Predict the next token of Python code among thousands, with an output layer whose cost ignores how many.

    python examples/spherical_layer/run.py            # about half a minute on one core

The text is the standard library of the Python that runs this. Two networks with the same body see the same
batches: one ends in a dense layer under log-softmax, the other in a SphericalOutputLayer.
"""

import argparse
import sysconfig
import time
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lossary.metrics import mean_reciprocal_rank, top_k_accuracy_score
from lossary.training.spherical_output_layer import SphericalOutputLayer
from lossary.training.spherical_sums import taylor_softmax_of_sums
from torch import Tensor, nn
from torch.nn import functional

CONTEXT, WIDTH, BATCH = 5, 64, 128
EMBEDDING_LR, BODY_LR = 1.0, 3e-3
DENSE_LR, SPHERICAL_LR = 1.0, 64.0  # the best of 1, 4, 16 and, for Taylor softmax, 64
TEST = 2000


class Text(NamedTuple):
    """Contexts of five tokens and the token after each."""

    contexts: Tensor
    following: Tensor


class Judged(NamedTuple):
    """What an output layer came to."""

    name: str
    milliseconds: float
    reciprocal_rank: float
    top_10: float


def tokens(files: int) -> Iterator[str]:
    """Tokens of the first files of the standard library; strings and numbers are one token each."""
    kinds = {tokenize.STRING: "<string>", tokenize.NUMBER: "<number>", tokenize.NEWLINE: "<line>"}
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:files]:
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type in (tokenize.NAME, tokenize.OP):
                    yield token.string
                elif token.type in kinds:
                    yield kinds[token.type]


def load(files: int) -> tuple[Text, Text, int]:
    """Text to train on, text to test on, and how many tokens there are."""
    words = list(tokens(files))
    known = {word: index for index, (word, _) in enumerate(Counter(words).most_common())}
    codes = torch.tensor([known[word] for word in words])
    windows = codes.unfold(0, CONTEXT + 1, 1)
    drawn = torch.randperm(len(windows), generator=torch.Generator().manual_seed(0))
    test, train = windows[drawn[:TEST]], windows[drawn[TEST:]]
    return Text(train[:, :-1], train[:, -1]), Text(test[:, :-1], test[:, -1]), len(known)


def body(num_classes: int) -> nn.Sequential:
    """From a context to the hidden vector, with a one at its end for the bias."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Embedding(num_classes, 32, sparse=True),
        nn.Flatten(),
        nn.Linear(32 * CONTEXT, WIDTH - 1),
        nn.Tanh(),
        nn.ConstantPad1d((0, 1), 1.0),
    )


class Dense:
    """A linear layer under log-softmax."""

    name = "dense, log-softmax"

    def __init__(self, num_classes: int) -> None:
        self.weight = torch.zeros(num_classes, WIDTH, requires_grad=True)
        self.optimizer = torch.optim.SGD([self.weight], lr=DENSE_LR)

    def loss(self, hidden: Tensor, following: Tensor) -> Tensor:
        """The mean loss of a mini-batch."""
        return functional.cross_entropy(hidden @ self.weight.T, following)

    def step(self) -> None:
        """Plain gradient descent on the class vectors."""
        self.optimizer.step()
        self.optimizer.zero_grad()

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of all classes."""
        return hidden @ self.weight.T


class Spherical:
    """The layer of this example, under Taylor softmax."""

    name = "SphericalOutputLayer, Taylor softmax"

    def __init__(self, num_classes: int) -> None:
        self.layer = SphericalOutputLayer(WIDTH, num_classes, loss=taylor_softmax_of_sums)
        self.layer.load_dense_weight(torch.zeros(num_classes, WIDTH))

    def loss(self, hidden: Tensor, following: Tensor) -> Tensor:
        """The mean loss of a mini-batch."""
        return self.layer(hidden, following)

    def step(self) -> None:
        """Plain gradient descent on the class vectors."""
        self.layer.step(SPHERICAL_LR)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of all classes."""
        return self.layer.logits(hidden)


def judge(head: Dense | Spherical, train: Text, test: Text, num_classes: int, steps: int) -> Judged:
    """Train a body and a head, and score them on the text kept apart."""
    network, generator = body(num_classes), torch.Generator().manual_seed(1)
    optimizers = (
        torch.optim.SGD(network[0].parameters(), lr=EMBEDDING_LR),
        torch.optim.Adam(network[2].parameters(), lr=BODY_LR),
    )
    started = time.perf_counter()
    for _ in range(steps):
        rows = torch.randint(len(train.following), (BATCH,), generator=generator)
        loss = head.loss(network(train.contexts[rows]), train.following[rows])
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        head.step()
    seconds = time.perf_counter() - started
    with torch.no_grad():
        logits = head.logits(network(test.contexts)).numpy()
    right, classes = test.following.numpy(), np.arange(num_classes)
    return Judged(
        head.name,
        seconds / steps * 1e3,
        mean_reciprocal_rank(right[:, None] == classes, logits),
        top_k_accuracy_score(right, logits, k=10, labels=classes),
    )


def main() -> None:
    """Train and score both, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=120, help="of the standard library")
    parser.add_argument("--steps", type=int, default=400, help="mini-batches of 128")
    given = parser.parse_args()
    torch.set_num_threads(1)
    train, test, num_classes = load(given.files)
    print(f"{len(train.following):,} tokens to train on, {num_classes:,} different ones")
    print(f"{'output layer':36} {'ms a step':>9} {'mean reciprocal rank':>21} {'top 10':>7}")
    for head in (Dense(num_classes), Spherical(num_classes)):
        found = judge(head, train, test, num_classes, given.steps)
        print(
            f"{found.name:36} {found.milliseconds:9.1f} {found.reciprocal_rank:21.3f} {found.top_10:7.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
