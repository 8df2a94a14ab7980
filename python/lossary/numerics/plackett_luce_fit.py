"""Worths of items from rankings of them: the Plackett-Luce and the Bradley-Terry model."""

import warnings
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import ConvergenceWarning, DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import contiguous, numeric, one_axis, to_numpy
from lossary.metrics.options import check_choice, check_flag, check_whole
from lossary.numerics.rankings import Integers, Sizes, flat_rankings

Doubles = NDArray[np.float64]

_METHODS = ("auto", "mm", "lsr", "ilsr", "newton")


class PlackettLuceFit(NamedTuple):
    """Worths of items, as `plackett_luce_fit` and `bradley_terry_fit` give them.

    Attributes:
        worth: log-worths, (n_items,), of mean 0.
        log_likelihood: of the rankings at ``worth``, without the prior.
        n_iter: how many times the worths were moved, by steps of any kind; 0 if they were right at the start.
        converged: whether the last step changed no log-worth by more than ``tol``, or by rounding only;
            always with ``method="lsr"``, which is one step.
        standard_errors: of ``worth``, (n_items,), or None where no covariance was asked for.
        covariance: of ``worth``, (n_items, n_items), or None. Rows sum to 0, as worths have mean 0; the
            variance of the difference of two is ``covariance[i, i] + covariance[j, j] - 2 * covariance[i,
            j]``.
    """

    worth: Doubles
    log_likelihood: float
    n_iter: int
    converged: bool
    standard_errors: Doubles | None
    covariance: Doubles | None


def plackett_luce_fit(
    ranking: Any,
    *,
    n_items: int,
    method: str = "auto",
    alpha: float = 0.0,
    tol: float = 1e-10,
    max_iter: int = 10_000,
    sample_weight: Any = None,
    covariance: bool = False,
) -> PlackettLuceFit:
    r"""The worths under which rankings are most likely, or most likely beside a prior.

    .. math:: \max_\theta \sum_\ell w_\ell \sum_k
        \Big[ \theta_{\pi_{\ell k}} - \log \sum_{m \ge k} \exp(\theta_{\pi_{\ell m}}) \Big]

    The first pool of each ranking is the items that are listed. Without a prior, all methods but ``"lsr"``
    give the same worths:

    - ``"auto"``: ``"mm"``, and Newton steps where they are estimated to be faster.
    - ``"mm"``: minorise-maximise steps, extrapolated. The prior of each worth is a Gamma distribution of
      shape ``alpha + 1`` and rate ``alpha``, here and with ``"auto"``.
    - ``"newton"``: Newton steps, after a few of ``"mm"``. The prior of each log-worth is a normal
      distribution of mean 0 and variance ``1 / (2 alpha)``.
    - ``"ilsr"``: worths as the stationary vector of a walk from losers to winners, again and again;
      ``alpha`` is a rate between any two items, which is no prior.
    - ``"lsr"``: the first of these steps: a fast approximation.

    Args:
        ranking: item numbers, best first: (n_rankings, longest), padded with -1 at the end of a row, or a
            list of rows; `rankings_from_table` makes them of a table. Rows of fewer than two items tell
            nothing.
        n_items: how many items there are, numbered from 0.
        method: how to fit, as above.
        alpha: strength of the prior, at least 0. Above 0, every set of rankings has a fit.
        tol: a step that changes no log-worth by more than this is the last.
        max_iter: most steps, each of which moves the worths once; after them comes a `ConvergenceWarning`,
            and ``converged`` is False.
        sample_weight: (n_rankings,), at least 0: a ranking of weight 3 counts as three.
        covariance: also return the covariance and standard errors: the inverse of the second derivatives of
            what is maximised. Not with ``"lsr"``, nor with ``"ilsr"`` and alpha > 0.

    Returns:
        A `PlackettLuceFit`.

    Raises:
        InvalidInputError: without a prior, comparisons whose graph is not strongly connected (some items
            never beat any of the others, directly or along a chain), or none at all: the message names
            components. An item outside the range or twice in a row; options or weights out of range; too
            many items for ``"newton"``, ``"ilsr"`` or the covariance.
        ShapeError: rankings without two axes, or another number of weights.
        DtypeError: an argument of another type.

    Source: Hunter, MM algorithms for generalized Bradley-Terry models, Annals of Statistics 32, 2004;
        Maystre and Grossglauser, Fast and accurate inference of Plackett-Luce models, NeurIPS 2015; Caron
        and Doucet, Efficient Bayesian inference for generalized Bradley-Terry models, Journal of
        Computational and Graphical Statistics 21, 2012.

    Example:
        >>> fit = plackett_luce_fit([[0, 1], [1, 0]], n_items=2, sample_weight=[3, 1])
        >>> fit.worth.round(4).tolist()  # plus and minus half of log 3
        [0.5493, -0.5493]
    """
    entries, offsets = flat_rankings("ranking", ranking)
    return _fit(
        "ranking",
        entries,
        offsets,
        sample_weight,
        n_items=n_items,
        method=method,
        alpha=alpha,
        tol=tol,
        max_iter=max_iter,
        covariance=covariance,
    )


def bradley_terry_fit(
    pairs: Any,
    *,
    n_items: int,
    method: str = "auto",
    alpha: float = 0.0,
    tol: float = 1e-10,
    max_iter: int = 10_000,
    sample_weight: Any = None,
    covariance: bool = False,
) -> PlackettLuceFit:
    """`plackett_luce_fit` of comparisons of two: log-worths differ by the logit of who beats whom.

    Args:
        pairs: item numbers, (n_pairs, 2): the winner and the loser.
        n_items: how many items there are, numbered from 0.
        method: how to fit, as in `plackett_luce_fit`.
        alpha: strength of the prior, at least 0, as there.
        tol: a step that changes no log-worth by more than this is the last.
        max_iter: most steps, each of which moves the worths once; after them comes a `ConvergenceWarning`,
            and ``converged`` is False.
        sample_weight: (n_pairs,), at least 0: how often each pair came.
        covariance: also return the covariance and standard errors.

    Returns:
        A `PlackettLuceFit`.

    Raises:
        InvalidInputError: as `plackett_luce_fit`.
        ShapeError: pairs of another shape, or another number of weights.
        DtypeError: an argument of another type.

    Source: Bradley and Terry, Rank analysis of incomplete block designs, Biometrika 39, 1952.

    Example:
        >>> fit = bradley_terry_fit([[0, 1], [1, 0]], n_items=2, sample_weight=[3, 1], covariance=True)
        >>> fit.worth.round(4).tolist()
        [0.5493, -0.5493]
        >>> fit.standard_errors.round(4).tolist()  # half of sqrt(1/3 + 1)
        [0.5774, 0.5774]
    """
    entries, offsets = flat_rankings("pairs", pairs)
    if entries.size != 2 * (len(offsets) - 1) or (offsets[1:] != np.arange(2, entries.size + 2, 2)).any():
        raise ShapeError("pairs: got another shape; wanted (n_pairs, 2)")
    if entries.size and entries.min() < 0:
        raise InvalidInputError(f"pairs: got {entries.min()}; wanted item numbers from 0 on")
    return _fit(
        "pairs",
        entries,
        offsets,
        sample_weight,
        n_items=n_items,
        method=method,
        alpha=alpha,
        tol=tol,
        max_iter=max_iter,
        covariance=covariance,
    )


def _fit(
    name: str,
    entries: Integers,
    offsets: Sizes,
    sample_weight: Any,
    *,
    n_items: int,
    method: str,
    alpha: float,
    tol: float,
    max_iter: int,
    covariance: bool,
) -> PlackettLuceFit:
    check_whole("n_items", n_items, 1, 2**26)
    check_choice("method", method, _METHODS)
    check_whole("max_iter", max_iter, 1, 2**62)
    check_flag("covariance", covariance)
    for option, given in (("alpha", alpha), ("tol", tol)):
        if isinstance(given, bool) or not isinstance(given, Real):
            raise DtypeError(f"{option}: got {given!r}; wanted a number, 0 or above")
    weight = None
    if sample_weight is not None:
        column = one_axis("sample_weight", to_numpy("sample_weight", sample_weight))
        weight = contiguous(numeric("sample_weight", column).astype(np.float64))
    worth, log_likelihood, n_iter, change, converged, matrix = _kernels.plackett_luce_fit(
        name,
        entries,
        offsets,
        int(n_items),
        weight,
        method=method,
        alpha=float(alpha),
        tol=float(tol),
        max_iter=int(max_iter),
        covariance=bool(covariance),
    )
    if not converged:
        warnings.warn(
            f"{method!r} stopped after {n_iter} steps, the last of which changed a log-worth by "
            f"{change:.1e}, where tol={tol:.1e}: raise max_iter or tol, try 'newton', or use alpha > 0",
            ConvergenceWarning,
            stacklevel=3,
        )
    square = None if matrix is None else matrix.reshape(n_items, n_items)
    errors = None if square is None else np.sqrt(square.diagonal())
    return PlackettLuceFit(worth, log_likelihood, n_iter, converged, errors, square)
