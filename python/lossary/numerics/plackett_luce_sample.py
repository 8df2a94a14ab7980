"""Random rankings of the Plackett-Luce model."""

from typing import Any

import numpy as np  # np.random is imported when it is used: it takes as long as half of the metrics
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, numeric, to_numpy
from lossary.metrics.options import check_whole
from lossary.numerics.plackett_luce import score_rows


def plackett_luce_sample(
    scores: Any,
    *,
    num_samples: int = 1,
    top_k: int | None = None,
    generator: "np.random.Generator | int | None" = None,
    gumbel: Any = None,
) -> NDArray[np.int64]:
    """Draw rankings: items in descending order of their score plus Gumbel noise.

    That order has the probabilities of the Plackett-Luce model, and its first items those of a top list.

    Args:
        scores: log-worths of the items, (n_rows, n_items).
        num_samples: rankings of each row.
        top_k: how many items of each ranking are returned, best first; None for all.
        generator: a NumPy generator, or the seed of one; None for another draw every time.
        gumbel: the noise, (n_rows, num_samples, n_items), in place of a draw; equal sums go by item number.

    Returns:
        Item numbers, best first, int64, (n_rows, num_samples, top_k or n_items).

    Raises:
        InvalidInputError: scores or noise that are NaN or infinite; num_samples or top_k out of range.
        ShapeError: scores without two axes, or noise of another shape.
        DtypeError: an argument that is not an array-like, or no generator.

    Source: Yellott, The relationship between Luce's choice axiom, Thurstone's theory of comparative
        judgment, and the double exponential distribution, Journal of Mathematical Psychology 15, 1977.

    Example:
        >>> noise = [[[0.0, 0.0, 0.0], [0.0, 0.0, 10.0]]]
        >>> plackett_luce_sample([[0.0, 9.0, 0.0]], top_k=1, gumbel=noise).tolist()
        [[[1], [2]]]
    """
    matrix = score_rows(scores).astype(np.float64)
    rows, items = matrix.shape
    check_whole("num_samples", num_samples, 0, 2**31)
    if top_k is not None:
        check_whole("top_k", top_k, 0, items)
    noise = _noise(generator, (rows, num_samples, items)) if gumbel is None else _given(gumbel)
    if noise.ndim != 3 or noise.shape[0] != rows or noise.shape[2] != items:
        raise ShapeError(f"gumbel: got shape {noise.shape}; wanted ({rows}, num_samples, {items})")
    order = np.argsort(-(matrix[:, None, :] + noise), axis=-1, kind="stable")
    return order[..., :top_k].astype(np.int64, copy=False)


def _noise(generator: "np.random.Generator | int | None", shape: tuple[int, int, int]) -> Array:
    if isinstance(generator, bool) or not isinstance(
        generator, np.random.Generator | int | np.integer | type(None)
    ):
        raise DtypeError(f"generator: got {generator!r}; wanted a numpy.random.Generator, a seed or None")
    if isinstance(generator, int | np.integer) and generator < 0:
        raise InvalidInputError(f"generator: got {generator}; wanted a seed of 0 or above")
    # Within (0, 1), so that both logarithms are finite.
    uniform = np.random.default_rng(generator).random(shape)
    uniform.clip(np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).eps, out=uniform)
    noise: Array = -np.log(-np.log(uniform))
    return noise


def _given(gumbel: Any) -> Array:
    noise = numeric("gumbel", to_numpy("gumbel", gumbel)).astype(np.float64)
    if not np.isfinite(noise).all():
        raise InvalidInputError("gumbel: got NaN or infinity; wanted finite numbers")
    return noise
