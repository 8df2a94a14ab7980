"""The random numbers that modules draw for their losses."""

import torch
from torch import Tensor, nn


class NormalDraws(nn.Module):
    """Standard normal numbers, other ones at every call.

    Without a generator each call seeds one with the number of the call, which the state dict keeps: all
    workers of a training draw the same, and a training that is resumed goes on where it stopped.

    Args:
        generator: where the numbers come from; None is as above.
    """

    def __init__(self, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.generator = generator
        self.calls = 0

    def forward(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Numbers of this shape, with the device and the dtype of ``like``."""
        generator = self.generator
        if generator is None:
            generator = torch.Generator().manual_seed(self.calls)
        self.calls += 1
        return torch.randn(shape, generator=generator, device=generator.device).to(like)

    def get_extra_state(self) -> dict[str, int]:
        """The number of calls."""
        return {"calls": self.calls}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Go on after the call of this number."""
        self.calls = state["calls"]
