"""Train a small character model, make copies of it forget, and judge them as TOFU does."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import lossary
import torch
from facts import IGNORED, WORDINGS, Alphabet, Fact, Rows
from lossary_language.sequence_log_prob import sequence_log_prob
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

BATCH = 48


class CharacterModel(nn.Module):
    """A recurrent network that predicts the next character."""

    def __init__(self, alphabet: int, width: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(alphabet, 32)
        self.memory = nn.GRU(32, width, batch_first=True)
        self.output = nn.Linear(width, alphabet)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the character after each one."""
        states, _ = self.memory(self.embedding(tokens))
        logits: Tensor = self.output(states)
        return logits


@dataclass(frozen=True)
class Outcome:
    """What one model still knows."""

    p_value: float
    statistic: float
    forget_accuracy: float
    retain_accuracy: float
    retain_log_loss: float


def train(alphabet: Alphabet, facts: list[Fact], *, epochs: int, seed: int = 0) -> CharacterModel:
    """A model that has learned the facts."""
    torch.manual_seed(seed)
    model = CharacterModel(len(alphabet))
    rows = alphabet.rows(facts)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    batches = -(-len(rows.tokens) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * batches)
    for _ in range(epochs):
        for part in torch.randperm(len(rows.tokens)).split(BATCH):
            optimizer.zero_grad()
            retained(model, Rows(rows.tokens[part], rows.target[part])).backward()
            optimizer.step()
            schedule.step()
    return model


def retained(model: nn.Module, rows: Rows) -> Tensor:
    """Cross-entropy of the answers."""
    return _cross_entropy(model(rows.tokens), rows.target)


@dataclass(frozen=True)
class Batch:
    """What a method of unlearning sees in a step."""

    forget_logits: Tensor
    forget_target: Tensor
    before: Tensor  # log-probability of the answers to forget under the model as it was
    retain_logits: Tensor
    retain_target: Tensor


def ascent(batch: Batch) -> Tensor:
    """Gradient ascent alone."""
    return lossary.create("gradient_ascent")(batch.forget_logits, batch.forget_target)


def difference(batch: Batch) -> Tensor:
    """Gradient ascent beside training on what is retained."""
    criterion = lossary.create("gradient_difference")
    return criterion(batch.forget_logits, batch.forget_target, batch.retain_logits, batch.retain_target)


def negative_preference(batch: Batch) -> Tensor:
    """Negative preference optimization, beside training on what is retained."""
    criterion = lossary.create("negative_preference_optimization", beta=0.5)
    now = sequence_log_prob(batch.forget_logits, batch.forget_target)
    return criterion(now, batch.before) + _cross_entropy(batch.retain_logits, batch.retain_target)


def simple_negative_preference(batch: Batch) -> Tensor:
    """The same without a reference model, per character."""
    criterion = lossary.create("simple_negative_preference_optimization", beta=4.5)
    now = sequence_log_prob(batch.forget_logits, batch.forget_target)
    length = (batch.forget_target != IGNORED).sum(1)
    return criterion(now, length) + _cross_entropy(batch.retain_logits, batch.retain_target)


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=IGNORED)


METHODS: dict[str, Callable[[Batch], Tensor]] = {
    "gradient ascent": ascent,
    "gradient difference": difference,
    "negative preference": negative_preference,
    "simple negative preference": simple_negative_preference,
}


def unlearn(
    model: nn.Module,
    method: Callable[[Batch], Tensor],
    forget: Rows,
    retain: Rows,
    *,
    steps: int,
    seed: int = 0,
) -> nn.Module:
    """A copy of a model that has been made to forget."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        before = sequence_log_prob(model(forget.tokens), forget.target)
    student = copy.deepcopy(model)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    for _ in range(steps):
        ours, others = (
            torch.randperm(len(rows.tokens), generator=generator)[:BATCH] for rows in (forget, retain)
        )
        batch = Batch(
            forget_logits=student(forget.tokens[ours]),
            forget_target=forget.target[ours],
            before=before[ours],
            retain_logits=student(retain.tokens[others]),
            retain_target=retain.target[others],
        )
        optimizer.zero_grad()
        method(batch).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
    return student


class Judge:
    """Judges models by the facts to forget and to retain, against a model that never saw the former."""

    def __init__(
        self, alphabet: Alphabet, forget: list[Fact], retain: list[Fact], retrained: nn.Module
    ) -> None:
        wording = WORDINGS[1:]  # the one that unlearning has not seen
        self._forget, self._retain = alphabet.rows(forget, wording), alphabet.rows(retain, wording)
        self._wrong = alphabet.wrong_rows(forget, WORDINGS[1])
        self._retrained = self._truth_ratio(retrained)

    def __call__(self, model: nn.Module) -> Outcome:
        """Everything that the table shows."""
        quality = lossary.metrics.forget_quality(self._truth_ratio(model), self._retrained)
        with torch.no_grad():
            log_loss = retained(model, self._retain).item()
        return Outcome(
            p_value=quality.p_value,
            statistic=quality.statistic,
            forget_accuracy=_accuracy(model, self._forget),
            retain_accuracy=_accuracy(model, self._retain),
            retain_log_loss=log_loss,
        )

    def _truth_ratio(self, model: nn.Module) -> Tensor:
        right, wrong = _mean_loss(model, self._forget), _mean_loss(model, self._wrong)
        return torch.from_numpy(lossary.metrics.truth_ratio(right, wrong.view(len(right), -1)))


@torch.no_grad()
def _mean_loss(model: nn.Module, rows: Rows) -> Tensor:
    return -sequence_log_prob(model(rows.tokens), rows.target, average=True)


@torch.no_grad()
def _accuracy(model: nn.Module, rows: Rows) -> float:
    """Share of the answers of which every character is the likeliest."""
    right = (model(rows.tokens).argmax(-1) == rows.target) | (rows.target == IGNORED)
    return right.all(1).double().mean().item()
