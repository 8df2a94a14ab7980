"""One value per positive, over the pairs that it forms with the samples of its batch.

The pairs are taken some positives at a time and computed anew for the gradient, so memory beyond the scores
is one tile, or one row where a row is longer. Means and means of the largest of the piecewise polynomial
surrogates take no pairs at all: they sort.

As in `lossary.ops.all_pairs`, the derivative is given to the operators, so that an exported graph can be
trained, and to autograd functions around them, because ``torch.func`` refuses derivatives registered on
operators.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op

from lossary.errors import InvalidInputError
from lossary.ops.batching import per_example
from lossary.ops.sorted_pairs import SORTED_SURROGATES, row_sums, slope_sums
from lossary.ops.sorted_tops import Tops
from lossary.ops.surrogates import pair_loss, pair_slope

_PAIRS_PER_TILE = 1 << 18  # 2 MB of float64, which caches hold


def pair_row_means(
    score: Tensor,
    target: Tensor,
    *,
    of: Literal["all", "positives", "negatives"],
    surrogate: str,
    margin: float,
    scale: float,
) -> Tensor:
    r"""For each positive the mean of the surrogate over its pairs with other samples.

    .. math:: r_i = \frac{1}{|S|} \sum_{k \in S} \phi(s_i - s_k)

    Args:
        score: s, (N,), float32 or float64.
        target: (N,), bool, True for a positive.
        of: S, the samples that a positive is paired with: all (itself among them), the positives (likewise)
            or the negatives.
        surrogate: the name of phi, in `lossary.ops.surrogates`.
        margin: its margin.
        scale: its scale.

    Returns:
        (N,), 0 at negatives, and everywhere when S is empty. It has first derivatives by ``score``. Square
        and the hinges take n log n time, the others the time of all pairs.

    Raises:
        InvalidInputError: second derivatives are asked for.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([2.0, 1.5, 0.0]), torch.tensor([True, False, False])
        >>> # max(1 - 0.5, 0) and max(1 - 2, 0)
        >>> pair_row_means(score, target, of="negatives", surrogate="hinge", margin=1.0, scale=1.0)
        tensor([0.2500, 0.0000, 0.0000])
    """
    return _apply(score, target, score.new_zeros(()), f"mean_of_{of}", 1.0, surrogate, margin, scale)


def pair_row_log_means(
    score: Tensor, target: Tensor, *, temperature: float, surrogate: str, margin: float, scale: float
) -> Tensor:
    r"""For each positive the logarithm of the mean of the exponentials of its losses against the negatives.

    .. math:: r_i = \log \frac{1}{M} \sum_{j : y_j = 0} e^{\phi(s_i - s_j) / T}

    Neither large nor small temperatures cost digits: T times the value goes to the largest loss of the row
    as T goes to 0, and to the mean as T grows.

    Args:
        score: s, (N,), float32 or float64.
        target: (N,), bool, True for a positive; M negatives.
        temperature: T, above 0.
        surrogate: the name of phi, in `lossary.ops.surrogates`.
        margin: its margin.
        scale: its scale.

    Returns:
        (N,), 0 at negatives, and everywhere without a negative. It has first derivatives by ``score``.

    Raises:
        InvalidInputError: second derivatives are asked for.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([1.0, 1.0, 0.0]), torch.tensor([True, False, False])
        >>> # log((e^1 + e^0) / 2)
        >>> options = {"surrogate": "hinge", "margin": 1.0, "scale": 1.0}
        >>> pair_row_log_means(score, target, temperature=1.0, **options)
        tensor([0.6201, 0.0000, 0.0000])
    """
    return _apply(score, target, score.new_zeros(()), "log_mean_exp", temperature, surrogate, margin, scale)


def pair_row_top_means(
    score: Tensor, target: Tensor, *, share: float, surrogate: str, margin: float, scale: float
) -> Tensor:
    """For each positive the mean of its largest losses against the negatives.

    Args:
        score: (N,), float32 or float64.
        target: (N,), bool, True for a positive; M negatives.
        share: how many of the M losses count, as a share of them, in (0, 1]; the last one counts by the
            fraction that is left.
        surrogate: square, or a hinge: a name in `lossary.ops.surrogates`.
        margin: its margin.
        scale: its scale.

    Returns:
        (N,), 0 at negatives, and everywhere without a negative, in n log n time. It has first derivatives by
        ``score``.

    Raises:
        InvalidInputError: the surrogate is another one, or second derivatives are asked for.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([True, False, False])
        >>> # 1.5 of the losses 2 and 1: (2 + 0.5) / 1.5
        >>> pair_row_top_means(score, target, share=0.75, surrogate="hinge", margin=1.0, scale=1.0)
        tensor([1.6667, 0.0000, 0.0000])
    """
    if surrogate not in SORTED_SURROGATES:
        raise InvalidInputError(
            f"surrogate: got {surrogate!r}; wanted one of {', '.join(sorted(SORTED_SURROGATES))}"
        )
    return _apply(score, target, score.new_zeros(()), "top_mean", share, surrogate, margin, scale)


def pair_row_tails(
    score: Tensor, target: Tensor, threshold: Tensor, *, surrogate: str, margin: float, scale: float
) -> tuple[Tensor, Tensor]:
    """For each positive what of its losses against the negatives lies above a threshold of its own.

    Args:
        score: (N,), float32 or float64.
        target: (N,), bool, True for a positive; M negatives.
        threshold: (N,), in the dtype of ``score``; it receives no gradient.
        surrogate: a name in `lossary.ops.surrogates`.
        margin: its margin.
        scale: its scale.

    Returns:
        The sum of the losses above the threshold, divided by M, with first derivatives by ``score``; and the
        share of the M losses that are above, which has none. Both (N,), and 0 at negatives.

    Raises:
        InvalidInputError: second derivatives are asked for.

    Example:
        >>> import torch
        >>> score, target = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([True, False, False])
        >>> # of the losses 2 and 1 the first is above 1
        >>> options = {"surrogate": "hinge", "margin": 1.0, "scale": 1.0}
        >>> pair_row_tails(score, target, torch.ones(3), **options)
        (tensor([1., 0., 0.]), tensor([0.5000, 0.0000, 0.0000]))
    """
    options = (1.0, surrogate, margin, scale)
    return (
        _apply(score, target, threshold, "mean_above", *options),
        _apply(score.detach(), target, threshold, "share_above", *options),
    )


def _apply(
    score: Tensor, target: Tensor, threshold: Tensor, statistic: str, level: float, *surrogate: Any
) -> Tensor:
    name, margin, scale = surrogate
    options = (statistic, float(level), name, float(margin), float(scale))
    return _rows_of(score, target, threshold, *options).to(score.dtype)


def _rows_of(*inputs: Any) -> Tensor:
    values: Tensor = _Rows.apply(*inputs)
    return values


def _gradient_of(*inputs: Any) -> Tensor:
    gradient: Tensor = _Gradient.apply(*inputs)
    return gradient


@custom_op("lossary::pair_rows", mutates_args=())
def _rows(
    score: Tensor,
    target: Tensor,
    threshold: Tensor,
    statistic: str,
    level: float,
    surrogate: str,
    margin: float,
    scale: float,
) -> Tensor:
    rows, columns, _ = _split(score, target, statistic)
    values = rows.new_zeros(score.shape)
    if rows.numel() == 0 or columns.numel() == 0:
        return values
    if statistic.startswith("mean_of") and surrogate in SORTED_SURROGATES:
        values[target] = row_sums(rows, columns, surrogate, margin, scale) / columns.numel()
        return values
    if statistic == "top_mean":
        values[target] = Tops(rows, columns, level, surrogate, margin, scale).means()
        return values
    limits = threshold.to(rows.dtype).expand(score.shape)[target]
    found = torch.empty_like(rows)
    for part, difference in _tiles(rows, columns):
        loss = pair_loss(difference, surrogate, margin, scale)
        found[part] = _summary(loss, statistic, level, limits[part].unsqueeze(1))
    values[target] = found
    return values


@custom_op("lossary::pair_rows_gradient", mutates_args=())
def _gradient(
    score: Tensor,
    target: Tensor,
    threshold: Tensor,
    weight: Tensor,
    statistic: str,
    level: float,
    surrogate: str,
    margin: float,
    scale: float,
) -> Tensor:
    """Gradient by ``score`` of the sum of the rows' values, weighted by ``weight`` (N,)."""
    rows, columns, among_columns = _split(score, target, statistic)
    gradient = rows.new_zeros(score.shape)
    if rows.numel() == 0 or columns.numel() == 0:
        return gradient.to(score.dtype)
    weight = weight[target].to(rows.dtype)
    if statistic.startswith("mean_of") and surrogate in SORTED_SURROGATES:
        weight = weight / columns.numel()
        of_rows, of_columns = slope_sums(rows, columns, weight, surrogate, margin, scale)
        of_rows = of_rows * weight
    elif statistic == "top_mean":
        of_rows, of_columns = Tops(rows, columns, level, surrogate, margin, scale).slopes(weight)
        of_rows = of_rows * weight
    else:
        limits = threshold.to(rows.dtype).expand(score.shape)[target]
        of_rows, of_columns = torch.empty_like(rows), torch.zeros_like(columns)
        for part, difference in _tiles(rows, columns):
            loss = pair_loss(difference, surrogate, margin, scale)
            share = _shares(loss, statistic, level, limits[part].unsqueeze(1))
            slope = share * pair_slope(difference, surrogate, margin, scale) * weight[part].unsqueeze(1)
            of_rows[part] = slope.sum(1)
            of_columns += slope.sum(0)
    gradient[target] = of_rows
    gradient[among_columns] -= of_columns
    return gradient.to(score.dtype)


def _split(score: Tensor, target: Tensor, statistic: str) -> tuple[Tensor, Tensor, Tensor]:
    """The positives' scores, the scores they are paired with, and which samples these are."""
    match statistic:
        case "mean_of_all":
            among_columns = torch.ones_like(target)
        case "mean_of_positives":
            among_columns = target
        case _:
            among_columns = ~target
    # Only differences count; near 0 the sorted sums of float64 scores keep more digits.
    wide = score.to(accumulator(score))
    wide = wide - wide.mean()
    return wide[target], wide[among_columns], among_columns


def accumulator(score: Tensor) -> torch.dtype:
    """float64, or float32 on the one device type that has no float64."""
    return torch.float32 if score.device.type == "mps" else torch.float64


def _tiles(rows: Tensor, columns: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Blocks of whole rows of the matrix of differences, each with its place."""
    height = max(_PAIRS_PER_TILE // columns.numel(), 1)
    for top in range(0, rows.numel(), height):
        part = slice(top, top + height)
        yield part, rows[part].unsqueeze(1) - columns


def _summary(loss: Tensor, statistic: str, level: float, limit: Tensor) -> Tensor:
    """The statistic of each row of losses."""
    match statistic:
        case "log_mean_exp":
            return _log_mean_exp(loss / level)
        case "share_above":
            return (loss > limit).to(loss.dtype).mean(1)
        case _:
            return (_shares(loss, statistic, level, limit) * loss).sum(1)


def _shares(loss: Tensor, statistic: str, level: float, limit: Tensor) -> Tensor:
    """The derivative of the statistic of each row by its losses."""
    columns = loss.shape[1]
    match statistic:
        case "log_mean_exp":
            return (loss / level).softmax(1) / level
        case "share_above":
            return torch.zeros_like(loss)
        case "mean_above":
            return (loss > limit).to(loss.dtype) / columns
        case _:
            return torch.full_like(loss, 1 / columns)


def _log_mean_exp(exponents: Tensor) -> Tensor:
    """log(mean(exp(x))) of each row, with the digits of small x and of large."""
    largest = exponents.amax(1)
    excess = (exponents - largest.unsqueeze(1)).expm1()
    near = excess.mean(1)
    far = (excess + 1).mean(1)
    return largest + torch.where(near > -0.5, near.log1p(), far.log())


@_rows.register_fake
def _(score: Tensor, *_: Any) -> Tensor:
    return torch.empty_like(score, dtype=accumulator(score))


@_gradient.register_fake
def _(score: Tensor, *_: Any) -> Tensor:
    return torch.empty_like(score)


def _save_inputs(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001
    *tensors, ctx.statistic, ctx.level, ctx.surrogate, ctx.margin, ctx.scale = inputs
    ctx.save_for_backward(*tensors)


def _save_nothing(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    pass


def _backward(ctx: Any, weight: Tensor) -> tuple[Tensor | None, ...]:
    options = (ctx.statistic, ctx.level, ctx.surrogate, ctx.margin, ctx.scale)
    return _gradient_of(*ctx.saved_tensors, weight, *options), *[None] * 7


def _second_backward(ctx: Any, gradient: Tensor) -> tuple[None, ...]:  # noqa: ARG001
    raise InvalidInputError("score: got a request for second derivatives; wanted first derivatives only")


_rows.register_autograd(_backward, setup_context=_save_inputs)
_gradient.register_autograd(_second_backward)


class _Rows(Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        values: Tensor = _rows(*inputs)
        return values

    setup_context = staticmethod(_save_inputs)
    backward = staticmethod(_backward)
    vmap = staticmethod(per_example(_rows_of))


class _Gradient(Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        gradient: Tensor = _gradient(*inputs)
        return gradient

    setup_context = staticmethod(_save_nothing)
    backward = staticmethod(_second_backward)
    vmap = staticmethod(per_example(_gradient_of))
