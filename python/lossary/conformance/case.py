"""`Case`: one loss under test, with its example inputs, its calls and its gradients."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.spec import LossSpec
from lossary.conformance.goldens import GoldenCase, find_goldens, load_goldens
from lossary.conformance.table import CheckError, expect

Inputs = dict[str, Any]


class Case:
    """One loss under test.

    Args:
        spec: the loss.
        goldens: directory of golden files; None when there is none.
    """

    def __init__(self, spec: LossSpec, goldens: str | Path | None = None) -> None:
        self.spec = spec
        self.goldens = goldens

    @property
    def file(self) -> ModuleType:
        """The module in which the loss is written."""
        return sys.modules[self.spec.function.__module__]

    @property
    def reduces(self) -> bool:
        """Whether the loss has the option ``reduction``, with "none" among its choices."""
        parameter = self.spec.signature.parameters.get("reduction")
        return parameter is not None and "none" in get_args(parameter.annotation)

    def inputs(self, *, seed: int = 0, dtype: torch.dtype | None = None) -> Inputs:
        """Fresh example inputs; floating tensors in ``dtype`` when it is given."""
        inputs = self.spec.example_inputs(torch.Generator().manual_seed(seed))
        return inputs if dtype is None else cast(inputs, dtype)

    def golden_cases(self) -> Iterator[GoldenCase]:
        """The cases of every golden file of the loss; none without a directory."""
        if self.goldens is None:
            return
        for path in find_goldens(self.goldens, self.spec.name):
            goldens = load_goldens(path)
            expect(goldens.name == self.spec.name, f"{path.name}: got loss {goldens.name!r}")
            expect(bool(goldens.provenance.strip()), f"{path.name}: says nothing under provenance")
            yield from goldens.cases

    def values(self, inputs: Inputs) -> Tensor:
        """The values of the loss, per element where it offers them."""
        return self.spec.function(**inputs, **({"reduction": "none"} if self.reduces else {}))

    def gradients(
        self, inputs: Inputs, function: Callable[..., Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The value, and the gradient of its sum for each differentiable input; an unused one has zeros."""
        leaves = {
            name: inputs[name].detach().clone().requires_grad_() for name in self.differentiable(inputs)
        }
        value = (function or self.spec.function)(**{**inputs, **leaves})
        expect(isinstance(value, Tensor), f"got {type(value).__name__}; wanted a tensor")
        expect(value.requires_grad, "the value has no graph: no gradient can reach the differentiable inputs")
        found = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True)
        gradients = {
            name: torch.zeros_like(leaf) if gradient is None else gradient
            for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
        }
        return value.detach(), gradients

    def differentiable(self, inputs: Inputs) -> list[str]:
        """Names of the differentiable inputs among these; optional ones may be absent."""
        return [name for name in self.spec.differentiable if isinstance(inputs.get(name), Tensor)]

    def of_differentiable(self, inputs: Inputs) -> tuple[Callable[..., Tensor], tuple[Tensor, ...]]:
        """The loss as a function of the differentiable inputs alone, and these inputs."""
        names = self.differentiable(inputs)
        others = {name: value for name, value in inputs.items() if name not in names}

        def function(*tensors: Tensor) -> Tensor:
            return self.spec.function(**others, **dict(zip(names, tensors, strict=True)))

        return function, tuple(inputs[name] for name in names)

    def batched(self, inputs: Inputs) -> list[str]:
        """Names of the tensors whose leading axis is as long as the first differentiable input's."""
        size = inputs[self.spec.differentiable[0]].shape[:1]
        return [name for name, value in tensors(inputs) if value.ndim and value.shape[:1] == size]


def golden_arguments(golden: GoldenCase) -> Inputs:
    """The inputs and options of a golden case, with tensors in place of arrays."""
    arguments = {**golden.inputs, **golden.params}
    return {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }


def tensors(inputs: Inputs) -> Iterable[tuple[str, Tensor]]:
    """The inputs that are tensors."""
    return [(name, value) for name, value in inputs.items() if isinstance(value, Tensor)]


def floating(inputs: Inputs) -> list[str]:
    """Names of the inputs that are floating tensors."""
    return [name for name, value in tensors(inputs) if value.is_floating_point()]


def cast(inputs: Inputs, dtype: torch.dtype) -> Inputs:
    """The inputs with floating tensors in another dtype."""
    return inputs | {name: inputs[name].to(dtype) for name in floating(inputs)}


def expect_close(got: Any, wanted: Any, what: str, *, rtol: float, atol: float) -> None:
    """Raise CheckError unless two results agree in shape, dtype and value (NaN agrees with nothing)."""
    try:
        torch.testing.assert_close(got, wanted, rtol=rtol, atol=atol)
    except AssertionError as error:
        raise CheckError(f"{what}: {error}") from None


def expect_same_gradients(
    got: dict[str, Tensor], wanted: dict[str, Tensor], what: str, *, rtol: float, atol: float
) -> None:
    """Raise CheckError unless the gradients of each input agree."""
    for name, gradient in wanted.items():
        expect_close(got[name], gradient, f"{what}, gradient of {name}", rtol=rtol, atol=atol)
