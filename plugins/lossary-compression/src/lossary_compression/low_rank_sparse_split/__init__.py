"""A weight matrix as a low-rank part and a few whole columns: where to start training in both."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_int, check_ndim
from lossary.errors import InvalidInputError
from torch import Tensor


class LowRankSparseSplit(NamedTuple):
    """The two parts of a weight matrix.

    Attributes:
        low_rank: its best approximation of that rank.
        sparse: the columns of the rest that are kept, 0 in all others.
    """

    low_rank: Float[Tensor, "outputs inputs"]
    sparse: Float[Tensor, "outputs inputs"]


@full_precision
def low_rank_sparse_split(
    weight: Float[Tensor, "outputs inputs"], *, rank: int = 2, channels: int = 1
) -> LowRankSparseSplit:
    r"""Split a weight matrix into its dominant low-rank part and the strongest columns of what remains.

    .. math:: W \approx U_r S_r V_r^\top + (W - U_r S_r V_r^\top)_{:, C}

    Args:
        weight: W, as of a linear layer: a column for each input channel.
        rank: r, of the first part; 0 leaves all to the columns.
        channels: how many columns of the remainder to keep: the longest, of equally long ones those of lower
            index.

    Returns:
        The parts, of the shape of ``weight``. With all columns they add up to it.

    Raises:
        ShapeError: ``weight`` is no matrix.
        DtypeError: ``weight`` is not floating; ``rank`` or ``channels`` is no int.
        InvalidInputError: a value is NaN or infinite; ``rank`` or ``channels`` is beyond the shape.

    Differs from the paper: how it scores columns is not in its abstract; here it is their length.

    Source: Li, Yin, Shen, Xu, Xu, Huang, Wang, Liu and Wang, LOST: Low-rank and Sparse Pre-training
        for Large Language Models, arXiv 2025.

    Example:
        >>> import torch
        >>> split = low_rank_sparse_split(torch.diag(torch.tensor([3.0, 2.0, 1.0])), rank=1)
        >>> split.low_rank.diag(), split.sparse.diag()
        (tensor([3., 0., 0.]), tensor([0., 2., 0.]))
    """
    check_floating("weight", weight)
    check_ndim("weight", weight, "outputs inputs")
    check_finite("weight", weight)
    for name, given, most in (("rank", rank, min(weight.shape)), ("channels", channels, weight.shape[1])):
        check_int(name, given)
        if not 0 <= given <= most:
            raise InvalidInputError(
                f"{name}: got {given}; wanted 0 to {most} for a weight of shape {tuple(weight.shape)}"
            )
    left, singular, right = torch.linalg.svd(weight, full_matrices=False)
    low_rank = (left[:, :rank] * singular[:rank]) @ right[:rank]
    remainder = weight - low_rank
    longest = remainder.square().sum(0).argsort(descending=True, stable=True)
    kept = longest.argsort() < channels
    return LowRankSparseSplit(low_rank, remainder.where(kept, 0.0))
