"""Numbers that a module keeps per row of the dataset, read and revised a mini-batch at a time.

What a loss needs of more than one mini-batch, such as all negatives of a positive or the past of a sample, is
carried from one visit of the sample to the next.
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


def read_rows(rows: Tensor, index: Tensor, batch: Tensor, name: str = "score") -> Tensor:
    """The numbers of the samples of a batch, (batch,), in the dtype of ``batch``, the argument ``name``.

    Raises:
        DtypeError: ``index`` is not an integer tensor.
        ShapeError: ``index`` is not one number per row of ``batch``.
        InvalidInputError: ``index`` names a row that the dataset does not have.
    """
    check_integer("index", index)
    check_shape("index", index, (batch.shape[0],), like=f"the rows of {name}")
    if checks_values(index):
        wrong = (index < 0) | (index >= rows.numel())
        if bool(wrong.any()):
            raise InvalidInputError(
                f"index: got {index[wrong][0].item()}; wanted dataset rows from 0 to {rows.numel() - 1}"
            )
    return rows[index.long()].to(batch.dtype)


@torch.no_grad()
def revise_rows(rows: Tensor, index: Tensor, values: Tensor, chosen: Tensor | None = None) -> None:
    """Write the values of the chosen samples of a batch, by default of all; the last of a sample wins."""
    index, values = index.long(), values.to(rows.dtype)
    if chosen is not None:
        values = values.where(chosen, rows[index])
    # Every occurrence writes the value of the last one, as the order of the writes is not promised.
    ordered, order = index.sort(stable=True)
    last = order[torch.searchsorted(ordered, index, right=True) - 1]
    rows[index] = values[last]
