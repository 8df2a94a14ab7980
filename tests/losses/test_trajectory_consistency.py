"""Trajectory consistency beyond conformance: distillation from the own past, its buffer, flatness, errors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import ShapeError
from lossary.losses.distillation.knowledge_distillation import knowledge_distillation
from lossary.losses.distillation.trajectory_consistency import trajectory_consistency
from lossary.training.trajectory_buffer import TrajectoryBuffer


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.5, 10.0))
@settings(max_examples=15)
def test_it_is_the_distillation_from_the_past(seed, temperature):
    logits = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    for reduction in ("mean", "sum", "none"):
        options = {"temperature": temperature, "reduction": reduction}
        torch.testing.assert_close(
            trajectory_consistency(*logits, **options), knowledge_distillation(*logits, **options)
        )


def test_a_past_of_float16_is_compared_in_float32():
    logits, past = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    loss = trajectory_consistency(logits, past.half())
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, trajectory_consistency(logits, past.half().float()))


def test_a_network_trained_with_its_past_moves_less():
    def drift(weight: float) -> float:
        generator = torch.Generator().manual_seed(0)
        rows, target = torch.randn(32, 4, generator=generator), torch.randint(3, (32,), generator=generator)
        network = torch.nn.Linear(4, 3)
        torch.nn.init.zeros_(network.weight)
        torch.nn.init.zeros_(network.bias)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
        buffer, items = TrajectoryBuffer(32, 3, delay=2), torch.arange(32)
        for epoch in range(8):
            logits = network(rows)
            buffer.update(items, logits, epoch)
            loss = torch.nn.functional.cross_entropy(logits, target)
            if epoch >= 2:
                loss = loss + weight * trajectory_consistency(logits, buffer.past(items, epoch))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return (network(rows) - buffer.past(items, 7)).square().mean().item()

    assert drift(1.0) < drift(0.3) < drift(0.0)


def test_bad_input_is_named_by_its_own_arguments():
    with pytest.raises(ShapeError, match=r"^past_logits: .* as logits"):
        trajectory_consistency(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ShapeError, match=r"^logits: "):
        trajectory_consistency(torch.zeros(3), torch.zeros(3))
