"""Modules that own an input of the function: built by ``module_sizes``, compared and reloaded with it."""

from typing import Any

import pytest
import torch
from lossary.authoring import LossSpec, Paper, full_precision
from lossary.conformance import run
from torch import Tensor, nn

CHECKS = ("module_equals_function", "module_options")


@full_precision
def projected(rows: Tensor, weight: Tensor, *, scale: float = 1.0) -> Tensor:
    return scale * (rows @ weight).square().mean()


class Projected(nn.Module):
    def __init__(self, dim: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.scale, self.dim = scale, dim
        self.weight = nn.Parameter(torch.randn(dim))

    def forward(self, rows: Tensor) -> Tensor:
        return projected(rows, self.weight, scale=self.scale)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, scale={self.scale}"


class Forgetful(Projected):
    def __init__(self, dim: int, *, scale: float = 1.0) -> None:
        super().__init__(dim, scale=scale)
        self.shift = torch.randn(())  # in no state dict

    def forward(self, rows: Tensor) -> Tensor:
        return super().forward(rows) + self.shift - self.shift.round()


class Frozen(Projected):
    def forward(self, rows: Tensor) -> Tensor:
        return projected(rows, torch.ones_like(self.weight), scale=self.scale)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    return {"rows": torch.randn(4, 3, generator=generator), "weight": torch.randn(3, generator=generator)}


def statuses(module: type[nn.Module], **sizes: int) -> dict[str, str]:
    spec = LossSpec(
        function=projected,
        module=module,
        paper=Paper(title="t", authors="a", venue="v", year=2000, url="u"),
        differentiable=("rows", "weight"),
        example_inputs=example_inputs,
        unpaired_reason="a test",
        module_sizes=sizes,
    )
    return {outcome.check: outcome.status for outcome in run(spec, checks=CHECKS)}


def test_a_module_with_its_own_weight_passes():
    assert statuses(Projected, dim=3) == dict.fromkeys(CHECKS, "passed")


def test_a_module_that_does_not_use_its_weight_would_be_seen():
    assert statuses(Frozen, dim=3)["module_equals_function"] == "failed"


def test_a_module_whose_state_is_no_state_would_be_seen():
    assert statuses(Forgetful, dim=3)["module_options"] == "failed"


@pytest.mark.parametrize("check", CHECKS)
def test_a_module_whose_sizes_are_missing_is_told(check):
    assert statuses(Projected)[check] == "failed"
