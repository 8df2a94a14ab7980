"""Numbers that a module keeps per row of the dataset, read and revised a mini-batch at a time.

A mini-batch shows a positive only a few of its negatives. What a loss needs of all of them, below a division
or a logarithm, is therefore carried from one visit of the sample to the next.
"""

import torch
from torch import Tensor

from lossary.authoring.validation import check_int, check_integer, check_positive, check_shape, checks_values
from lossary.errors import InvalidInputError


def dataset_rows(num_samples: int) -> Tensor:
    """Zeros, one per sample of the dataset.

    Raises:
        DtypeError: ``num_samples`` is not an int.
        InvalidInputError: ``num_samples`` is not above 0.
    """
    check_int("num_samples", num_samples)
    check_positive("num_samples", num_samples)
    return torch.zeros(num_samples)


def read_rows(rows: Tensor, index: Tensor, score: Tensor) -> Tensor:
    """The numbers of the samples of a batch, (batch,), in the dtype of ``score``.

    Raises:
        DtypeError: ``index`` is not an integer tensor.
        ShapeError: ``index`` is not one number per score.
        InvalidInputError: ``index`` names a row that the dataset does not have.
    """
    check_integer("index", index)
    check_shape("index", index, (score.numel(),), like="the rows of score")
    if checks_values(index):
        wrong = (index < 0) | (index >= rows.numel())
        if bool(wrong.any()):
            raise InvalidInputError(
                f"index: got {index[wrong][0].item()}; wanted dataset rows from 0 to {rows.numel() - 1}"
            )
    return rows[index.long()].to(score.dtype)


@torch.no_grad()
def revise_rows(rows: Tensor, index: Tensor, values: Tensor, positive: Tensor) -> None:
    """Write the values of the positives of a batch; of a sample that comes twice, one of its values stays."""
    index = index.long()
    rows[index] = values.to(rows.dtype).where(positive, rows[index])
