"""What a loss file declares about its loss: `LossSpec`, its paper, its exact metrics and its properties."""

import inspect
import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossary import metrics
from lossary.errors import InvalidInputError


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Where the formula comes from.

    Attributes:
        title: full title.
        authors: "Surname, Surname and Surname" or "Surname et al.".
        venue: journal, conference or "arXiv".
        year: year of publication.
        url: a stable address.
        equation: equation, section or table of the formula; empty when the paper numbers none.
    """

    title: str
    authors: str
    venue: str
    year: int
    url: str
    equation: str = ""

    def __str__(self) -> str:
        place = f", {self.equation}" if self.equation else ""
        return f"{self.authors}, {self.title}, {self.venue} {self.year}{place}"

    @property
    def short(self) -> str:
        """One or two authors or the first of more, venue and year."""
        names = re.split(r", | and ", self.authors)
        authors = self.authors if len(names) < 3 else f"{names[0]} et al."
        return f"{authors}, {self.venue} {self.year}"


class Property(Enum):
    """A fact that a loss declares about itself; conformance has a check for each member."""

    NON_NEGATIVE = "the value is never below zero"
    AT_MOST_ONE = "the value is never above one"
    ZERO_AT_TARGET = "the value is zero where the prediction equals the target"
    BATCH_ORDER_FREE = "reordering the batch does not change the value"
    SHIFT_INVARIANT = "adding one constant to the differentiable input does not change the value"
    SCALE_INVARIANT = "scaling the differentiable input by a positive number does not change the value"
    CONVEX = "the value is convex in the differentiable input"
    TWICE_DIFFERENTIABLE = "second derivatives are correct"
    REJECTS_EMPTY_BATCH = "an empty batch is an error, not a zero"


@dataclass(frozen=True, kw_only=True)
class ExactMetric:
    """The exact metric that a loss stands for, and how to compute it from the loss's own inputs.

    Attributes:
        name: a function of `lossary.metrics`.
        adapt: maps the loss's inputs, given by name as NumPy arrays, to the metric's positional arguments, or
            to a dict of its arguments by name; None when the target and the first other input are just that,
            ``(y_true, y_score)``.
        options: keyword arguments of the metric.
        output: which of several outputs is the metric; empty when there is one.
        number: makes one number of a result that is an array; None when it is one.
    """

    name: str
    adapt: Callable[..., tuple[np.ndarray, ...] | dict[str, np.ndarray]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    number: Callable[[Any], float] | None = None

    def __call__(self, **inputs: Any) -> float:
        """Compute the metric on the inputs of the loss (tensors or arrays, by name)."""
        arrays = {
            name: _array(value) if isinstance(value, Tensor) else value for name, value in inputs.items()
        }
        metric = getattr(metrics, self.name)
        if self.adapt is None:
            prediction = next(value for name, value in arrays.items() if name != "target")
            return self._number(metric(arrays["target"], prediction, **self.options))
        arguments = self.adapt(**arrays)
        if isinstance(arguments, dict):
            return self._number(metric(**arguments, **self.options))
        return self._number(metric(*arguments, **self.options))

    def _number(self, result: Any) -> float:
        found = getattr(result, self.output) if self.output else result
        return float(found if self.number is None else self.number(found))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The line along which a loss is drawn where steepest descent from its example shows nothing.

    Attributes:
        inputs: ``inputs(example, parameter)`` returns the inputs that differ from the example, by name; the
            parameter is a scalar tensor.
        low: the parameter's least value.
        high: its greatest.
        words: what the parameter is.
    """

    inputs: Callable[[dict[str, Any], Tensor], dict[str, Any]]
    low: float
    high: float
    words: str


@dataclass(frozen=True, kw_only=True)
class LossSpec:
    """One loss: its function, its module and what is known about them.

    Name, options, shapes and formula are derived from the function, and are written nowhere else.

    Attributes:
        function: the loss; tensors positional, options keyword-only.
        module: the same as an ``nn.Module`` with the same options.
        paper: where the formula comes from.
        differentiable: names of the inputs that receive a gradient.
        example_inputs: ``example_inputs(generator)`` returns small valid inputs by name.
        pairs_with: the exact metrics that the loss stands for.
        unpaired_reason: why ``pairs_with`` is empty; required when it is.
        properties: declared facts, each tested by conformance.
        aliases: other names that ``lossary.get`` accepts, such as the paper's acronym.
        exceptions: conformance checks that do not apply, each with the reason.
        picture: what to draw in place of steepest descent; None for nearly every loss.
        module_sizes: what the module's constructor needs besides options to fit the example inputs, such as
            the sizes of its parameters.
    """

    function: Callable[..., Tensor]
    module: type[nn.Module]
    paper: Paper
    differentiable: tuple[str, ...]
    example_inputs: Callable[[torch.Generator], dict[str, Any]]
    pairs_with: tuple[ExactMetric, ...] = ()
    unpaired_reason: str = ""
    properties: frozenset[Property] = frozenset()
    aliases: tuple[str, ...] = ()
    exceptions: Mapping[str, str] = field(default_factory=dict)
    picture: Picture | None = None
    module_sizes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [name for name in self.differentiable if name not in self.signature.parameters]
        if unknown or not self.differentiable:
            raise InvalidInputError(
                f"differentiable: got {self.differentiable!r}; wanted names of inputs of {self.name}, "
                f"which has {', '.join(self.signature.parameters)}"
            )
        for metric in self.pairs_with:
            if metric.adapt is None and "target" not in self.signature.parameters:
                raise InvalidInputError(
                    f"pairs_with: got {metric.name} without adapt; wanted one, as {self.name} has no target"
                )

    @property
    def name(self) -> str:
        """The registered name: the function's."""
        return self.function.__name__

    @property
    def signature(self) -> inspect.Signature:
        """Inputs (positional), options (keyword-only) and shapes (annotations)."""
        return inspect.signature(self.function)

    def is_found_by(self, words: str) -> bool:
        """Whether each of the words begins a word of the paper, of the loss's name or of an alias.

        Case, accents and punctuation do not count.
        """
        paper = self.paper
        text = (
            f"{paper.title} {paper.authors} {paper.venue} {paper.year} {self.name} {' '.join(self.aliases)}"
        )
        there = _words(text)
        wanted = _words(words)
        return bool(wanted) and all(any(word.startswith(each) for word in there) for each in wanted)

    @property
    def options(self) -> dict[str, Any]:
        """Keyword-only parameters and their defaults."""
        return {
            name: parameter.default
            for name, parameter in self.signature.parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def formula(self) -> str:
        """The docstring's ``.. math::`` block, in LaTeX; empty without one."""
        block = re.search(
            r"^\.\. math::[ ]*(.*)\n((?:[ \t]+.*\n|\n)*)",
            (inspect.getdoc(self.function) or "") + "\n",
            re.MULTILINE,
        )
        return "" if block is None else f"{block[1]}\n{textwrap.dedent(block[2])}".strip()


def _words(text: str) -> list[str]:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.findall(r"[^\W_]+", plain.casefold())


def _array(tensor: Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()  # NumPy has no bfloat16
