"""Masks of what counts, checked in one place."""

import torch
from torch import Tensor

from lossary.authoring.validation import check_shape, check_tensor
from lossary.errors import DtypeError


def check_mask(mask: Tensor, shape: tuple[int, ...], *, like: str) -> None:
    """Raise unless ``mask`` is of bool and has this shape, which is that of ``like``."""
    check_tensor("mask", mask)
    if mask.dtype != torch.bool:
        raise DtypeError(f"mask: got dtype {mask.dtype}; wanted torch.bool, True where an entry counts")
    check_shape("mask", mask, shape, like=like)
