"""The order of each row by falling value: that of torch's stable sort, whatever the values."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from lossary.ops.row_order import falling_order

OPERATOR = torch.ops.lossary.falling_order.default


def by_torch(values: torch.Tensor) -> torch.Tensor:
    return values.sort(dim=-1, descending=True, stable=True).indices


def tied_rows(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-2, 3, (5, 40), generator=generator).to(dtype)


numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, math.inf, -math.inf, 5e-324]),
    st.floats(-3, 3, width=32),
    st.floats(allow_nan=False),
)


@given(arrays.arrays("float64", arrays.array_shapes(min_dims=1, max_dims=3, max_side=50), elements=numbers))
def test_doubles_go_as_torch_sorts_them(values):
    values = torch.from_numpy(values)
    torch.testing.assert_close(falling_order(values), by_torch(values), rtol=0, atol=0)


@given(
    arrays.arrays(
        "float32",
        arrays.array_shapes(min_dims=1, max_dims=2, max_side=50),
        elements=st.floats(-4, 4, width=16),
    )
)
def test_floats_go_as_torch_sorts_them(values):
    values = torch.from_numpy(values)
    torch.testing.assert_close(falling_order(values), by_torch(values), rtol=0, atol=0)


@given(arrays.arrays("int64", (3, 40), elements=st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1)))
def test_integers_go_as_torch_sorts_them(values):
    values = torch.from_numpy(values)
    torch.testing.assert_close(falling_order(values), by_torch(values), rtol=0, atol=0)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.int32, torch.uint8, torch.bool, torch.int64, torch.float64]
)
def test_every_dtype_has_an_order(dtype):
    values = tied_rows(dtype)
    assert falling_order(values).equal(by_torch(values))


def test_rows_with_gaps_between_them_or_none_of_their_own():
    values = tied_rows()
    for given_rows in (values.T, values[:, ::3], values[0].expand(4, 40)):
        assert falling_order(given_rows).equal(by_torch(given_rows))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), ()])
def test_nothing_to_order(shape):
    values = torch.zeros(shape)
    assert falling_order(values).equal(by_torch(values))


def test_values_that_the_kernel_refuses_are_left_to_torch():
    values = tied_rows()
    values[1, 7] = math.nan
    assert falling_order(values).equal(by_torch(values))


def test_values_receive_no_gradient():
    values = tied_rows().requires_grad_()
    assert not falling_order(values).requires_grad


def test_the_operator_keeps_the_rules_of_torch():
    torch.library.opcheck(OPERATOR, (tied_rows(),))


def test_transforms_give_the_same_order():
    values = torch.stack([tied_rows(), -tied_rows()], dim=1)
    expected = by_torch(values)
    assert torch.func.vmap(falling_order, in_dims=1, out_dims=1)(values).equal(expected)
    compiled = torch.compile(falling_order, fullgraph=True, backend="aot_eager")
    assert compiled(values).equal(expected)

    def sum_of_first(leaf: torch.Tensor) -> torch.Tensor:
        return leaf.gather(-1, falling_order(leaf))[..., 0].sum()

    gradient = torch.func.grad(sum_of_first)(values)
    assert gradient.equal(torch.zeros_like(values).scatter(-1, expected[..., :1], 1.0))


def test_a_row_may_be_a_view_with_gaps():
    values = torch.tensor([1.0, 9.0, 3.0, 9.0, 2.0, 9.0])[::2]
    assert falling_order(values).tolist() == [1, 2, 0]
