"""`full_precision`: half precision in and out, float32 inside."""

from typing import NamedTuple

import pytest

pytest.importorskip("torch")

import torch
from lossary.authoring import full_precision


class Terms(NamedTuple):
    value: torch.Tensor
    count: int


@full_precision
def dot(left, right=None, *, scale=None):
    """A matrix product, which autocast narrows; records the dtype inside."""
    seen.append(left.dtype)
    result = left @ (left if right is None else right).T
    return result if scale is None else result * scale


@full_precision
def dot_terms(left):
    return Terms(left.sum(), left.numel())


seen: list[torch.dtype] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    seen.clear()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_and_returned_in_half(dtype: torch.dtype) -> None:
    result = dot(torch.ones(2, 3, dtype=dtype))

    assert seen == [torch.float32]
    assert result.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_wider_dtypes_pass_through(dtype: torch.dtype) -> None:
    result = dot(torch.ones(2, 3, dtype=dtype))

    assert seen == [dtype]
    assert result.dtype == dtype


def test_named_options_are_widened_too() -> None:
    half = torch.ones(2, 3, dtype=torch.float16)

    assert dot(half, scale=torch.tensor(2.0, dtype=torch.float16)).dtype == torch.float16


def test_the_first_floating_input_of_the_signature_decides_whatever_the_order_of_the_call() -> None:
    half, single = torch.ones(2, 3, dtype=torch.bfloat16), torch.ones(2, 3)

    assert dot(right=single, left=half).dtype == torch.bfloat16
    assert dot(left=single, right=half).dtype == torch.float32


def test_autocast_does_not_narrow_a_product_inside() -> None:
    values = torch.full((2, 3), 1.001)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = dot(values)

    assert torch.equal(result, dot(values))


def test_a_named_tuple_comes_back_as_one_in_the_inputs_dtype() -> None:
    terms = dot_terms(torch.ones(4, dtype=torch.float16))

    assert isinstance(terms, Terms)
    assert terms.value.dtype == torch.float16
    assert terms.count == 4


def test_integers_alone_are_left_to_the_function() -> None:
    assert dot(torch.ones(2, 3, dtype=torch.int64)).dtype == torch.int64


def test_devices_without_autocast_work() -> None:
    assert dot(torch.ones(2, 3, dtype=torch.float16, device="meta")).dtype == torch.float16


def test_the_gradient_has_the_dtype_of_the_input() -> None:
    values = torch.ones(2, 3, dtype=torch.float16, requires_grad=True)

    dot(values).sum().backward()

    assert values.grad.dtype == torch.float16


def test_name_and_signature_are_kept() -> None:
    assert dot.__name__ == "dot"
    assert dot.__doc__.startswith("A matrix product")
