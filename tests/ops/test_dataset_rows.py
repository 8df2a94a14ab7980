"""Numbers kept per row of the dataset: what a batch reads, what it writes, and errors."""

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.ops.dataset_rows import dataset_rows, read_rows, revise_rows


def test_rows_start_at_zero_and_are_read_in_the_dtype_of_the_batch():
    rows = dataset_rows(4)
    rows[2] = 5.0
    read = read_rows(rows, torch.tensor([2, 0]), torch.zeros(2, 3, dtype=torch.float64), "logits")
    assert read.dtype == torch.float64
    assert read.tolist() == [5.0, 0.0]


def test_the_last_of_a_sample_that_comes_twice_wins():
    rows = dataset_rows(3)
    revise_rows(rows, torch.tensor([1, 0, 1, 1], dtype=torch.int32), torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert rows.tolist() == [2.0, 4.0, 0.0]


def test_samples_that_are_not_chosen_keep_their_rows():
    rows = torch.arange(3.0)
    revise_rows(rows, torch.tensor([0, 2]), torch.tensor([7.0, 8.0]), torch.tensor([True, False]))
    assert rows.tolist() == [7.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (torch.tensor([0, 3]), InvalidInputError),
        (torch.tensor([-1, 0]), InvalidInputError),
        (torch.tensor([0]), ShapeError),
        (torch.tensor([0.0, 1.0]), DtypeError),
    ],
)
def test_a_bad_index_is_named(index, error):
    with pytest.raises(error, match=r"^index: "):
        read_rows(dataset_rows(3), index, torch.zeros(2))
