"""`reduce`: from per-element values to the value of a loss."""

import pytest

pytest.importorskip("torch")

import torch
from lossary.authoring import reduce
from lossary.errors import InvalidInputError

VALUES = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
MASK = torch.tensor([[True, False], [True, False]])


def test_mean_is_over_all_elements() -> None:
    assert reduce(VALUES, "mean").item() == 3.0


def test_sum_adds_all_elements() -> None:
    assert reduce(VALUES, "sum").item() == 12.0


def test_none_returns_the_values() -> None:
    assert torch.equal(reduce(VALUES, "none"), VALUES)


def test_mean_leaves_masked_elements_out_of_the_count() -> None:
    assert reduce(VALUES, "mean", mask=MASK).item() == 2.0


def test_sum_leaves_masked_elements_out() -> None:
    assert reduce(VALUES, "sum", mask=MASK).item() == 4.0


def test_none_keeps_the_shape_with_zeros_where_masked() -> None:
    assert reduce(VALUES, "none", mask=MASK).tolist() == [[1.0, 0.0], [3.0, 0.0]]


def test_a_masked_nan_reaches_neither_value_nor_gradient() -> None:
    values = torch.tensor([1.0, float("nan")], requires_grad=True)

    total = reduce(values, "mean", mask=torch.tensor([True, False]))
    total.backward()

    assert total.item() == 1.0
    assert values.grad.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("masked", [True, False])
def test_nothing_that_counts_is_zero_with_a_graph(reduction: str, masked: bool) -> None:
    values = torch.full((2 if masked else 0,), 7.0, requires_grad=True)

    total = reduce(values, reduction, mask=torch.zeros(2, dtype=torch.bool) if masked else None)
    total.backward()

    assert total.item() == 0.0
    assert not values.grad.any()


def test_an_unknown_reduction_names_the_choices() -> None:
    with pytest.raises(InvalidInputError, match="reduction: got 'median'; wanted one of 'mean', 'sum'"):
        reduce(VALUES, "median")


def test_a_reduction_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="reduction: got None"):
        reduce(VALUES, None)
