"""Values given out by rank: against sorting by hand, ties, and transforms."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops.rank_assign import rank_assign


@given(keys=st.lists(st.integers(-3, 3), max_size=12), seed=st.integers(0, 2**16))
@settings(max_examples=30)
def test_the_smallest_values_go_to_the_largest_keys_in_their_order(keys, seed):
    values = torch.randn(len(keys), generator=torch.Generator().manual_seed(seed))
    found = rank_assign(values, torch.tensor(keys, dtype=torch.float32))
    order = sorted(range(len(keys)), key=lambda i: (-keys[i], i))
    assert found[order].tolist() == sorted(values.tolist())


def test_gradients_reach_the_values_and_not_the_keys():
    values = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    keys = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (rank_assign(values, keys) * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert values.grad.tolist() == [1.0, 100.0, 10.0]
    assert keys.grad is None


def test_rows_of_a_vmap_are_ranked_apart():
    values, keys = torch.tensor([[3.0, 1.0], [4.0, 9.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert torch.func.vmap(rank_assign)(values, keys).tolist() == [[3.0, 1.0], [4.0, 9.0]]
