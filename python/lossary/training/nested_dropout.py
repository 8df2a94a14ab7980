"""Nested dropout: features cut after a random length, so that the first ones say most.

A network trained with it compresses what it knows into few features, which leaves less room for wrong labels.
"""

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from lossary.authoring.validation import (
    check_floating,
    check_int,
    check_integer,
    check_ndim,
    check_positive,
    check_real,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


def nested_dropout(
    features: Float[Tensor, "batch features"], length: Integer[Tensor, "lengths"]
) -> Float[Tensor, "batch features"]:
    """Keep the first features and set the others to 0, without a rescaling of those kept.

    Args:
        features: one row per item.
        length: how many to keep, from 1 to all: (1,) for the batch, or one for each row.

    Returns:
        The features; those dropped are 0 and have no gradient.

    Raises:
        ShapeError: ``features`` is not a matrix; ``length`` is not (1,) or one for each row.
        DtypeError: ``features`` is not floating, or ``length`` not integer.
        InvalidInputError: a length is below 1 or above the number of features.

    Source: Chen, Hu, Shen, Ai and Suykens, Compressing Features for Learning With Noisy Labels, IEEE
        Transactions on Neural Networks and Learning Systems, 2022; nested dropout is Rippel, Gelbart and
        Adams, Learning Ordered Representations with Nested Dropout, ICML 2014.

    Example:
        >>> import torch
        >>> nested_dropout(torch.ones(2, 3), torch.tensor([1, 2]))
        tensor([[1., 0., 0.],
                [1., 1., 0.]])
    """
    check_floating("features", features)
    check_ndim("features", features, "batch features")
    check_integer("length", length)
    check_ndim("length", length, "lengths")
    items, size = features.shape
    if length.shape[0] not in (1, items):
        raise ShapeError(f"length: got {length.shape[0]} lengths; wanted 1, or {items}, one for each row")
    if checks_values(length) and length.numel():
        least, most = int(length.min()), int(length.max())
        if least < 1 or most > size:
            raise InvalidInputError(f"length: got lengths from {least} to {most}; wanted 1 to {size}")
    kept = torch.arange(size, device=features.device) < length.unsqueeze(1)
    return features.where(kept, 0.0)


def nested_dropout_distribution(*, size: int, mean: float = 0.0, std: float = 100.0) -> Float[Tensor, "size"]:
    r"""How probable each length is, from 1 to ``size``.

    .. math:: p_i \propto e^{-((i - \mu) / \sigma)^2}

    Args:
        size: how many features there are, at least 1.
        mean: the likeliest length.
        std: the spread, above 0, with no factor of 1/2 as in a normal distribution; 100 for 512 features, 10
            for small images.

    Returns:
        Probabilities, in torch's default dtype.

    Raises:
        DtypeError: ``size`` is not an int, or an option not a number.
        InvalidInputError: ``size`` is below 1, ``mean`` not finite, or ``std`` not above 0.

    Source: the official code of Chen, Hu, Shen, Ai and Suykens, Compressing Features for Learning With Noisy
        Labels, IEEE Transactions on Neural Networks and Learning Systems, 2022.

    Example:
        >>> nested_dropout_distribution(size=2, mean=1.5)
        tensor([0.5000, 0.5000])
    """
    check_int("size", size)
    check_positive("size", size)
    check_real("mean", mean)
    check_positive("std", std)
    lengths = torch.arange(1, size + 1, dtype=torch.float64)
    probability = (-((lengths - mean) / std).square()).softmax(0)
    return probability.to(torch.get_default_dtype())


class NestedDropout(nn.Module):
    """`nested_dropout` with one random length per batch in training, and a fixed one in evaluation.

    Args:
        size: how many features there are.
        mean: as in `nested_dropout_distribution`.
        std: as there.
        length: what evaluation keeps; None keeps all.

    Raises:
        DtypeError: ``size`` or ``length`` is not an int, or an option not a number.
        InvalidInputError: as in `nested_dropout_distribution`; ``length`` is not from 1 to ``size``.

    Example:
        >>> import torch
        >>> layer = NestedDropout(3, length=2).eval()
        >>> layer(torch.ones(1, 3))
        tensor([[1., 1., 0.]])
    """

    probability: Tensor

    def __init__(
        self, size: int, *, mean: float = 0.0, std: float = 100.0, length: int | None = None
    ) -> None:
        super().__init__()
        probability = nested_dropout_distribution(size=size, mean=mean, std=std)
        if length is not None:
            check_int("length", length)
            if not 1 <= length <= size:
                raise InvalidInputError(f"length: got {length}; wanted 1 to {size}")
        self.length = length
        self.register_buffer("probability", probability, persistent=False)

    def forward(
        self, features: Float[Tensor, "batch features"], *, generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch features"]:
        """Drop the features after the length of this batch.

        Args:
            features: one row per item.
            generator: draws the length in training; None is torch's own.

        Returns:
            As `nested_dropout`.

        Raises:
            ShapeError: ``features`` has another number of columns.
            DtypeError: ``features`` is not floating.
        """
        check_ndim("features", features, "batch features")
        size = self.probability.shape[0]
        if features.shape[1] != size:
            raise ShapeError(f"features: got {features.shape[1]} columns; wanted {size}, the size")
        if self.training:
            drawn = torch.multinomial(self.probability, 1, generator=generator) + 1
            return nested_dropout(features, drawn)
        return nested_dropout(features, torch.tensor([self.length or size], device=features.device))

    def extra_repr(self) -> str:
        """The options."""
        return f"size={self.probability.shape[0]}, length={self.length}"
